//! Which features moved an estimate, and by how much.

use super::blend::{self, place};
use super::candidate::Candidate;
use super::crosses::Input;
use super::dense::{Dense, Dot};
use super::encode::{Active, candidate_inputs, group_input};
use super::mixer::Parts;
use super::model::{Prepared, Propensity, Said};
use super::weight::{Weight, moderation};
use crate::core::key::Key;

impl Propensity {
    /// The `top` attributes with the largest share in the candidate's logit, largest magnitude
    /// first (then by key): what each learner ascribes to them, by what the learner counts in the
    /// blend; a cross gives each of its attributes an equal part. The biases of group, offer,
    /// channel, placement and treatment stand under their own keys; the common bias and the
    /// declared prior, which say nothing of the customer, are left out.
    #[must_use]
    pub fn contributions(
        &self,
        prepared: &Prepared,
        candidate: &Candidate,
        top: usize,
    ) -> Vec<(Key, f64)> {
        let said = self.said(prepared, candidate, self.offers.get(candidate.offer));
        let shares = self.blend.shares(blend::stage(said.own.is_some()));
        let mut all: Vec<(Key, f64)> = Vec::new();
        self.of_regressions(prepared, candidate, &said, &shares, &mut all);
        self.of_crosses(prepared, &shares, &mut all);
        self.of_blocks(prepared, candidate, &said, &shares, &mut all);
        largest(all, top)
    }

    fn of_regressions(
        &self,
        prepared: &Prepared,
        candidate: &Candidate,
        said: &Said<'_>,
        shares: &Parts,
        all: &mut Vec<(Key, f64)>,
    ) {
        let kept = moderation(said.steady.variance);
        let mut dense: Vec<(&Dense, f64)> = vec![
            (&self.steady, shares[place::STEADY] * kept),
            (&self.drifting, shares[place::DRIFTING] * kept),
        ];
        if let Some(own) = said.own {
            dense.push((&own.dense, shares[place::OWN] * moderation(own.variance)));
        }
        let [channel, placement, affinity, _] = candidate_inputs(candidate);
        let own = [channel, placement, affinity, group_input(candidate)];
        for (regression, factor) in dense {
            let mut add = |one: &Active, scale: f32| {
                if let Some(slot) = self.slots.get(one.id) {
                    let dot = Dot { slot, x: one.x * scale };
                    all.push((one.name, factor * regression.mean(&[dot])));
                }
            };
            for one in &prepared.active {
                add(one, if one.token { 1.0 } else { 2.0 });
            }
            own.iter().for_each(|one| add(one, 1.0));
        }
    }

    fn of_crosses(&self, prepared: &Prepared, shares: &Parts, all: &mut Vec<(Key, f64)>) {
        let (plain, deep) = (shares[place::PLAIN], shares[place::DEEP]);
        let wide = shares[place::WIDE] * moderation(prepared.wide.1);
        let scale = self.deep.scale(&prepared.deep_inputs);
        let share = |is_deep: bool, input: Input| {
            if is_deep {
                deep * self.deep.share(input) / scale
            } else {
                plain * self.plain.share(input)
            }
        };
        for one in &prepared.active {
            let input = (one.id, one.x);
            let single = wide * self.wide.share(input);
            all.push((one.name, share(false, input) + share(true, input) + single));
        }
        let (names, _) = self.crosses.names();
        self.crosses.each(&prepared.active, |is_deep, input, members| {
            let each = share(is_deep, input) / members.len().max(1) as f64;
            let named = members.iter().filter_map(|at| names.get(usize::from(*at)));
            all.extend(named.map(|name| (*name, each)));
        });
    }

    fn of_blocks(
        &self,
        prepared: &Prepared,
        candidate: &Candidate,
        said: &Said<'_>,
        shares: &Parts,
        all: &mut Vec<(Key, f64)>,
    ) {
        if !self.tells_offers() {
            return;
        }
        let factor = shares[place::BLOCKS] * moderation(said.blocks.variance);
        let group = self.groups.get(candidate.group);
        let offer = self.offers.get(candidate.offer);
        let mean = |weight: Option<Weight>| factor * f64::from(weight.unwrap_or_default().mean);
        let inputs = candidate_inputs(candidate);
        if self.groups.len() > 1 {
            for one in &prepared.active {
                let weight = group.map(|block| block.get(one.id));
                all.push((one.name, mean(weight) * f64::from(one.x)));
            }
        }
        let features = said.own.is_none();
        for one in prepared.active.iter().filter(|_| features).chain(&inputs) {
            let weight = offer.map(|block| block.get(one.id));
            all.push((one.name, mean(weight) * f64::from(one.x)));
        }
        all.push((candidate.group, mean(group.map(|block| block.bias))));
        all.push((candidate.offer, mean(offer.map(|block| block.bias))));
    }
}

fn largest(mut shares: Vec<(Key, f64)>, top: usize) -> Vec<(Key, f64)> {
    // Stable: the terms of one key are summed in the order they were pushed.
    shares.sort_by_key(|(key, _)| *key);
    let mut summed: Vec<(Key, f64)> = Vec::new();
    for (key, share) in shares {
        match summed.last_mut() {
            Some(last) if last.0 == key => last.1 += share,
            _ => summed.push((key, share)),
        }
    }
    summed.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
    summed.truncate(top);
    summed
}
