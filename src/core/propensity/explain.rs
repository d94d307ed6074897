//! Which features moved an estimate, and by how much.

use super::blend::{self, place};
use super::candidate::Candidate;
use super::crosses::Input;
use super::dense::{Dense, Dot};
use super::encode::{Active, candidate_inputs, group_input};
use super::mixer::{EXPERTS, Parts};
use super::model::{Prepared, Propensity, Said};
use super::weight::{Weight, moderation};
use crate::core::key::Key;

/// What the learners that all offers share ascribe to each attribute of one customer: asked once a
/// decision, however many of its candidates are explained.
#[derive(Clone, Debug)]
pub struct Ascribed {
    /// Attributes, ascending.
    names: Vec<Key>,
    /// Of each attribute, what each learner adds for it, before the blend.
    parts: Vec<Parts>,
    /// The attribute of each active input, by its place among the names.
    of_active: Vec<usize>,
}

/// Shares in one candidate's logit: of the customer's attributes by their place, and of what the
/// candidate brings, by name.
struct Shares<'a> {
    ascribed: &'a Ascribed,
    attributes: Vec<f64>,
    further: Vec<(Key, f64)>,
}

impl Propensity {
    /// What all candidates of a decision share of their explanations.
    #[must_use]
    pub fn ascribe(&self, prepared: &Prepared) -> Ascribed {
        let (crossed, _) = self.crosses.names();
        let mut names: Vec<Key> = prepared.active.iter().map(|one| one.name).collect();
        names.extend_from_slice(crossed);
        names.sort_unstable();
        names.dedup();
        let place_of = |name: &Key| names.binary_search(name).unwrap_or(usize::MAX);
        let of_active: Vec<usize> = prepared.active.iter().map(|one| place_of(&one.name)).collect();
        let of_crossed: Vec<usize> = crossed.iter().map(place_of).collect();
        let mut parts = vec![[0.0; EXPERTS]; names.len()];
        for (one, at) in prepared.active.iter().zip(&of_active) {
            let Some(parts) = parts.get_mut(*at) else { continue };
            let scale = if one.token { 1.0 } else { 2.0 };
            parts[place::STEADY] += self.regressed(&self.steady, one, scale);
            parts[place::DRIFTING] += self.regressed(&self.drifting, one, scale);
            let input = (one.id, one.x);
            parts[place::PLAIN] += self.plain.share(input);
            parts[place::DEEP] += self.deep.share(input);
            parts[place::WIDE] += self.wide.share(input);
        }
        self.crosses.each(&prepared.active, |is_deep, input: Input, members| {
            let (learner, share) = if is_deep {
                (place::DEEP, self.deep.share(input))
            } else {
                (place::PLAIN, self.plain.share(input))
            };
            let each = share / members.len().max(1) as f64;
            for member in members {
                let at = of_crossed.get(usize::from(*member)).copied().unwrap_or(usize::MAX);
                if let Some(part) = parts.get_mut(at).and_then(|parts| parts.get_mut(learner)) {
                    *part += each;
                }
            }
        });
        Ascribed { names, parts, of_active }
    }

    /// The `top` attributes with the largest share in the candidate's logit, largest magnitude
    /// first (then by key): what each learner ascribes to them, by what the learner counts in the
    /// blend; a cross gives each of its attributes an equal part. The biases of group, offer,
    /// channel, placement and treatment stand under their own keys; the common bias and the
    /// declared prior, which say nothing of the customer, are left out; a score that stands in for
    /// the prior has what it differs by.
    #[must_use]
    pub fn contributions(
        &self,
        prepared: &Prepared,
        ascribed: &Ascribed,
        candidate: &Candidate,
        top: usize,
    ) -> Vec<(Key, f64)> {
        let said = self.said(prepared, candidate, self.offers.get(candidate.offer));
        let mut counts = self.blend.shares(blend::stage(said.own.is_some()));
        let kept = moderation(said.steady.variance);
        counts[place::STEADY] *= kept;
        counts[place::DRIFTING] *= kept;
        counts[place::DEEP] /= self.deep.scale(&prepared.deep_inputs);
        counts[place::WIDE] *= moderation(prepared.wide.1);
        let shared = |parts: &Parts| parts.iter().zip(&counts).map(|(a, b)| a * b).sum();
        let attributes = ascribed.parts.iter().map(shared).collect();
        let mut shares = Shares { ascribed, attributes, further: Vec::new() };
        self.of_regressions(prepared, candidate, &said, &counts, &mut shares);
        self.of_blocks(prepared, candidate, &said, &counts, &mut shares);
        if let Some(score) = self.score(candidate) {
            let moved = self.start(candidate) - candidate.prior.logit_mean();
            shares.further.push((score.name, moved));
        }
        shares.largest(top)
    }

    /// What a regression adds for one input.
    fn regressed(&self, regression: &Dense, one: &Active, scale: f32) -> f64 {
        let slot = self.slots.get(one.id);
        slot.map_or(0.0, |slot| regression.mean(&[Dot { slot, x: one.x * scale }]))
    }

    fn of_regressions(
        &self,
        prepared: &Prepared,
        candidate: &Candidate,
        said: &Said<'_>,
        counts: &Parts,
        shares: &mut Shares<'_>,
    ) {
        let [channel, placement, affinity, _] = candidate_inputs(candidate);
        let brought = [channel, placement, affinity, group_input(candidate)];
        let mut add = |regression: &Dense, factor: f64| {
            for one in &brought {
                shares.further.push((one.name, factor * self.regressed(regression, one, 1.0)));
            }
        };
        add(&self.steady, counts[place::STEADY]);
        add(&self.drifting, counts[place::DRIFTING]);
        let Some(own) = said.own else { return };
        let factor = counts[place::OWN] * moderation(own.variance);
        add(&own.dense, factor);
        shares.of_each(prepared, |one| {
            let scale = if one.token { 1.0 } else { 2.0 };
            factor * self.regressed(&own.dense, one, scale)
        });
    }

    fn of_blocks(
        &self,
        prepared: &Prepared,
        candidate: &Candidate,
        said: &Said<'_>,
        counts: &Parts,
        shares: &mut Shares<'_>,
    ) {
        if !self.tells_offers() {
            return;
        }
        let factor = counts[place::BLOCKS] * moderation(said.blocks.variance);
        let mean = |weight: Weight| factor * f64::from(weight.mean);
        if let Some(group) = self.groups.get(candidate.group) {
            if self.groups.len() > 1 {
                shares.of_each(prepared, |one| mean(group.get(one.id)) * f64::from(one.x));
            }
            shares.further.push((candidate.group, mean(group.bias)));
        }
        if let Some(offer) = self.offers.get(candidate.offer) {
            if said.own.is_none() {
                shares.of_each(prepared, |one| mean(offer.get(one.id)) * f64::from(one.x));
            }
            for one in candidate_inputs(candidate) {
                let share = mean(offer.get(one.id)) * f64::from(one.x);
                shares.further.push((one.name, share));
            }
            shares.further.push((candidate.offer, mean(offer.bias)));
        }
    }
}

impl Shares<'_> {
    /// Adds `share` of each of the customer's inputs to its attribute.
    fn of_each(&mut self, prepared: &Prepared, share: impl Fn(&Active) -> f64) {
        for (one, at) in prepared.active.iter().zip(&self.ascribed.of_active) {
            if let Some(attribute) = self.attributes.get_mut(*at) {
                *attribute += share(one);
            }
        }
    }

    fn largest(self, top: usize) -> Vec<(Key, f64)> {
        let attributes = self.ascribed.names.iter().copied().zip(self.attributes);
        let mut all: Vec<(Key, f64)> = attributes.chain(self.further).collect();
        // Stable: the terms of one key are summed in the order they were pushed.
        all.sort_by_key(|(key, _)| *key);
        all.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        all.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
        all.truncate(top);
        all
    }
}
