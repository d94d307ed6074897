//! From survivors to scored candidates.

use super::Shared;
use super::decision::{PlacementRequest, PricedLine};
use crate::core::arbitration::score::{Factors, Ranking};
use crate::core::catalog::{Channel, Offer, Replaces, Scheme, SchemeFormula, ValueSpec};
use crate::core::expression::{EvalError, Slot};
use crate::core::head::amount::Expected;
use crate::core::interaction::OutcomeKind;
use crate::core::key::{Key, unit};
use crate::core::learn::Probabilities;
use crate::core::objective::{Cost, Rates, Weights};
use crate::core::policy::{Bitset, StateSpec};
use crate::core::propensity::{self, Estimate, Score};
use crate::core::value::Value;

/// An offer with its best treatment for a placement, and its score there.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) offer: u32,
    pub(super) treatment: usize,
    pub(super) score: f64,
    pub(super) factors: Factors,
    pub(super) estimate: Estimate,
    /// Probability of each stage of the funnel.
    pub(super) funnel: Probabilities,
    /// How many treatments could show it here.
    pub(super) choices: u32,
    /// Whether the treatment is the best of them.
    pub(super) is_best: bool,
    /// Whether its cost has the prices of contacts in it.
    pub(super) charged: bool,
}

/// What a contact is worth to the customer that a limit leaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct ContactPrice {
    /// Place among the limits that are paced.
    pub(super) number: u16,
    /// Place among all limits.
    pub(super) limit: u16,
    /// Money.
    pub(super) price: f64,
}

/// A survivor that could not become a candidate, and why.
pub(super) struct Unscored {
    pub(super) offer: u32,
    pub(super) placement: u16,
    /// `None`: no treatment's conditions hold.
    pub(super) error: Option<EvalError>,
}

/// Scores survivors on one channel.
pub(super) struct Scorer<'a> {
    shared: &'a Shared<'a>,
    channel_index: u16,
    channel: &'a Channel,
    weights: Weights,
    /// Affinity by offer index, computed once per channel decision.
    affinities: Vec<(u32, Option<f32>)>,
    pub(super) unscored: Vec<Unscored>,
    /// Treatments that a limit stops.
    pub(super) closed: Vec<Key>,
    /// The customer's state in effect: it moves levers.
    pub(super) state: Option<&'a StateSpec>,
    /// Levers count 1.
    pub(super) no_levers: bool,
    /// By contact limit that is paced here.
    pub(super) contacts: Vec<ContactPrice>,
}

impl<'a> Scorer<'a> {
    pub(super) fn new(
        shared: &'a Shared<'a>,
        channel_index: u16,
        channel: &'a Channel,
        frame: &[Option<Value>],
    ) -> Self {
        let weights = Weights::of(shared.catalog(), frame);
        let (affinities, unscored) = (Vec::new(), Vec::new());
        let (closed, state) = (Vec::new(), None);
        Self {
            shared,
            channel_index,
            channel,
            weights,
            affinities,
            unscored,
            closed,
            state,
            no_levers: false,
            contacts: Vec::new(),
        }
    }

    pub(super) fn shared(&self) -> &'a Shared<'a> {
        self.shared
    }

    pub(super) fn weights(&self) -> &Weights {
        &self.weights
    }

    /// What an offer costs on each line that has a price, where its scheme asks.
    pub(super) fn prices(
        &self,
        candidate: &Candidate,
        scheme: Option<&Scheme>,
        frame: &[Option<Value>],
    ) -> Vec<PricedLine> {
        if !scheme.is_some_and(|scheme| scheme.reads_cost) {
            return Vec::new();
        }
        let pacing = &self.shared.catalog().pacing;
        let prices = &self.shared.snapshot.prices;
        let priced = |line| prices.get(line) != 0.0;
        let rates = self.rates(&candidate.funnel, &candidate.estimate);
        let uses = pacing.uses(candidate.offer, self.channel_index, frame, &rates, priced);
        let uses = uses.unwrap_or_default();
        let lines = uses.iter().filter_map(|each| {
            let line = pacing.lines.get(usize::from(each.line))?;
            let usage = line.bound.usage(each.at(candidate.factors.propensity), 1.0);
            Some(PricedLine { line: each.line, price: prices.get(each.line), usage })
        });
        let lines = lines.chain(self.contacts.iter().filter_map(|each| {
            let under = self.limits(each.limit, candidate.offer) && each.price > 0.0;
            let number = u16::try_from(pacing.lines.len()).ok()?.checked_add(each.number)?;
            under.then_some(PricedLine { line: number, price: each.price, usage: 1.0 })
        }));
        lines.collect()
    }

    /// Whether an offer is under the contact limit of that place.
    fn limits(&self, limit: u16, offer: u32) -> bool {
        let spec = self.shared.catalog().policy.spec().limits.get(usize::from(limit));
        spec.is_some_and(|spec| spec.offers.contains(offer))
    }

    /// What the propensity model is asked about an offer's treatment.
    pub(super) fn propensity_candidate(
        &self,
        offer: u32,
        treatment: usize,
        affinity: Option<f64>,
    ) -> Option<propensity::Candidate> {
        let catalog = self.shared.catalog();
        let offer = catalog.offers.get(offer as usize)?;
        let group = catalog.groups.get(usize::from(offer.group))?;
        #[expect(clippy::cast_possible_truncation, reason = "an affinity lies in [0, 1]")]
        Some(propensity::Candidate {
            offer: offer.key,
            group: group.key,
            treatment: offer.treatments.get(treatment)?.key,
            channel: self.channel.key,
            placement: Key::default(),
            prior: offer.prior,
            affinity: affinity.map(|affinity| affinity as f32),
            score: offer.prior_score.and_then(|name| Score::of(name, self.shared.features)),
        })
    }

    /// Scores the survivors that have a treatment for `placement`.
    pub(super) fn score(
        &mut self,
        asked: &PlacementRequest,
        ranking: &Ranking<'_>,
        survivors: &Bitset,
        frame: &mut [Option<Value>],
    ) -> Vec<Candidate> {
        let catalog = self.shared.catalog();
        let mut here = survivors.clone();
        let reach = catalog.reach.get(usize::from(self.channel_index));
        if let Some(reach) = reach.and_then(|reach| reach.get(usize::from(asked.placement))) {
            here.intersect(reach);
        }
        if !asked.only.is_empty() {
            here.intersect(&Bitset::of(here.universe(), asked.only.iter().copied()));
        }
        for offer in &asked.without {
            here.remove(*offer);
        }
        let offers: Vec<u32> = here.iter().collect();
        self.read_affinities(&offers);
        let mut candidates = Vec::with_capacity(offers.len());
        for index in offers {
            let Some(offer) = catalog.offers.get(index as usize) else { continue };
            match self.best(index, offer, asked.placement, ranking, frame) {
                Ok(Some(candidate)) => candidates.push(candidate),
                Ok(None) => {
                    self.unscored.push(Unscored {
                        offer: index,
                        placement: asked.placement,
                        error: None,
                    });
                }
                Err(error) => self.unscored.push(Unscored {
                    offer: index,
                    placement: asked.placement,
                    error: Some(error),
                }),
            }
        }
        candidates
    }

    /// The offer with the best of its treatments for the placement; none when none may be shown.
    fn best(
        &self,
        index: u32,
        offer: &Offer,
        placement: u16,
        ranking: &Ranking<'_>,
        frame: &mut [Option<Value>],
    ) -> Result<Option<Candidate>, EvalError> {
        let mut base: Option<(Factors, Cost)> = None;
        let mut best: Option<Candidate> = None;
        let mut choices = 0;
        for treatment in 0..offer.treatments.len() {
            let at = (index, offer, placement);
            let Some(shown) = self.shown_as(at, treatment, &mut base, ranking, frame)? else {
                continue;
            };
            choices += 1;
            if best.as_ref().is_none_or(|best| shown.score > best.score) {
                best = Some(shown);
            }
        }
        Ok(best.map(|best| Candidate { choices, ..best }))
    }

    /// The candidate as one of its treatments, drawn uniformly from `seed`.
    pub(super) fn drawn(
        &self,
        candidate: &Candidate,
        placement: u16,
        ranking: &Ranking<'_>,
        seed: u64,
        frame: &mut [Option<Value>],
    ) -> Option<Candidate> {
        let offer = self.shared.catalog().offers.get(candidate.offer as usize)?;
        let mut base: Option<(Factors, Cost)> = None;
        let draw = unit(seed, u64::from(candidate.offer)) * f64::from(candidate.choices);
        let mut left = draw;
        for treatment in 0..offer.treatments.len() {
            let at = (candidate.offer, offer, placement);
            let shown = self.shown_as(at, treatment, &mut base, ranking, frame).ok()?;
            let Some(shown) = shown else { continue };
            if left < 1.0 {
                let is_best = shown.treatment == candidate.treatment;
                return Some(Candidate { choices: candidate.choices, is_best, ..shown });
            }
            left -= 1.0;
        }
        None
    }

    /// An offer as one of its treatments; none when that may not be shown.
    fn shown_as(
        &self,
        (index, offer, placement): (u32, &Offer, u16),
        treatment: usize,
        base: &mut Option<(Factors, Cost)>,
        ranking: &Ranking<'_>,
        frame: &mut [Option<Value>],
    ) -> Result<Option<Candidate>, EvalError> {
        let Some(spec) = offer.treatments.get(treatment) else { return Ok(None) };
        let bit = 1_u128.checked_shl(u32::from(placement)).unwrap_or(0);
        let fits = spec.channel == self.channel_index && spec.placements & bit != 0;
        if !fits
            || self.closed.contains(&spec.key)
            || !spec.when.iter().all(|when| when.eval_bool(frame) == Ok(true))
        {
            return Ok(None);
        }
        let affinity = self.affinity(index);
        let Some(asked) = self.propensity_candidate(index, treatment, affinity) else {
            return Ok(None);
        };
        let estimate = self.shared.propensity.predict(&self.shared.prepared, &asked);
        let models = &self.shared.snapshot.models;
        let stages = &self.shared.catalog().models.answers.stages;
        let funnel = models.funnel.probabilities(stages, &self.shared.funnel, &asked);
        let (known, cost) = match *base {
            // What comes with the positive outcome differs by treatment where a funnel says so.
            Some(known) if funnel.is_empty() => known,
            _ => {
                let rates = self.rates(&funnel, &estimate);
                let made = self.factors((index, offer), &asked, ranking, frame, &rates)?;
                *base.insert(made)
            }
        };
        let propensity = ranking.propensity(&estimate, &asked.belief());
        let factors = Factors {
            propensity,
            cost: cost.at(propensity),
            uncertainty: libm::sqrt(estimate.logit_variance),
            lever: self.lever(index, known.lever),
            ..self.with_uplift(known, ranking, &asked, propensity)
        };
        let score = ranking.score(&factors, index, offer, frame)?;
        let (choices, is_best) = (1, true);
        let offer = index;
        let charged = ranking.scheme.reads_cost;
        Ok(Some(Candidate {
            offer,
            treatment,
            score,
            factors,
            estimate,
            funnel,
            choices,
            is_best,
            charged,
        }))
    }

    /// The lever of an offer for this customer: its own, moved by the state in effect, or 1.
    fn lever(&self, offer: u32, own: f64) -> f64 {
        if self.no_levers {
            return 1.0;
        }
        own * self.state.map_or(1.0, |state| state.lever(offer))
    }

    /// How often clicks and conversions come with a positive outcome.
    pub(super) fn rates(&self, funnel: &[(OutcomeKind, f64)], estimate: &Estimate) -> Rates {
        self.shared.catalog().pacing.rates.with(funnel, estimate.probability)
    }

    /// The factors that do not depend on the treatment, but for `rates`; also writes `objective.*`
    /// for formulas.
    fn factors(
        &self,
        (index, offer): (u32, &Offer),
        asked: &propensity::Candidate,
        ranking: &Ranking<'_>,
        frame: &mut [Option<Value>],
        rates: &Rates,
    ) -> Result<(Factors, Cost), EvalError> {
        let mut contributions = self.weights.contributions(offer, frame, rates)?;
        let catalog = self.shared.catalog();
        let heads = &catalog.models.heads;
        let replaces = heads.value.as_ref().and_then(|value| Some((value, value.replaces?)));
        let explains = self.shared.request.explain;
        let wants_amount = ranking.scheme.reads_amount || replaces.is_some() || explains;
        let brought = if wants_amount { self.shared.amount(asked) } else { None };
        if let Some(((spec, Replaces::Objective(objective)), brought)) = replaces.zip(brought) {
            let weight = self.weights.by_objective.get(usize::from(objective)).copied();
            let own = contributions.iter_mut().find(|(known, _)| *known == objective);
            for (_, amount) in own.into_iter() {
                *amount = blended(*amount, weight.unwrap_or(0.0) * brought.mean, spec, &brought);
            }
        }
        let formula = &ranking.scheme.formula;
        if matches!(formula, SchemeFormula::Custom(_) | SchemeFormula::FirstMatch(_)) {
            for (number, objective) in (0_u16..).zip(&catalog.objectives) {
                let own = contributions.iter().find(|(known, _)| *known == number);
                write(frame, objective.slot, own.map_or(0.0, |(_, amount)| *amount));
            }
        }
        let (value, contact_value) = match &offer.value {
            Some(value) => {
                let declared = value.eval(frame)?;
                let value = match (replaces, &brought) {
                    (Some((spec, Replaces::Value)), Some(brought)) => {
                        blended(declared, brought.mean, spec, brought)
                    }
                    _ => declared,
                };
                (value, 0.0)
            }
            None => {
                let value = contributions.iter().map(|(_, amount)| amount).sum();
                (value, self.weights.of_contact(offer, frame)?)
            }
        };
        let cost = if ranking.scheme.reads_cost {
            let prices = &self.shared.snapshot.prices;
            let mut cost = catalog.pacing.cost(prices, index, self.channel_index, frame, rates)?;
            let under = self.contacts.iter().filter(|each| self.limits(each.limit, index));
            cost.contact += under.map(|each| each.price).sum::<f64>();
            cost
        } else {
            Cost::default()
        };
        let (influence, objection) = self.shared.answers.factors(index, offer, frame);
        let factors = Factors {
            propensity: 0.0,
            uncertainty: 0.0,
            affinity: asked.affinity.map(f64::from),
            value,
            contact_value,
            cost: 0.0,
            lever: offer.lever,
            context_weight: offer.context_weight.eval(frame)?,
            priority: offer.priority,
            influence,
            objection,
            uplift: None,
            uplift_deviation: 0.0,
            expected_amount: brought.map(|brought| brought.mean),
            expected_days: if ranking.scheme.reads_days || explains {
                self.shared.days(asked).map(|days| days.mean)
            } else {
                None
            },
        };
        Ok((factors, cost))
    }

    /// The factors with what the contact changes, where somebody asks.
    fn with_uplift(
        &self,
        factors: Factors,
        ranking: &Ranking<'_>,
        asked: &propensity::Candidate,
        propensity: f64,
    ) -> Factors {
        if !ranking.scheme.reads_uplift && !self.shared.request.explain {
            return factors;
        }
        let effect = self.shared.effect(asked, propensity);
        Factors {
            uplift: effect.map(|effect| effect.effect),
            uplift_deviation: effect.map_or(0.0, |effect| effect.deviation),
            ..factors
        }
    }

    fn read_affinities(&mut self, offers: &[u32]) {
        if self.shared.interests.is_empty() {
            return;
        }
        let unknown: Vec<u32> = offers
            .iter()
            .copied()
            .filter(|offer| {
                self.affinities.binary_search_by_key(offer, |(known, _)| *known).is_err()
            })
            .collect();
        let catalog = self.shared.catalog();
        let items: Vec<Key> = unknown
            .iter()
            .filter_map(|offer| catalog.offers.get(*offer as usize).map(|offer| offer.item))
            .collect();
        let scores = self.shared.affinity().scores(&self.shared.interests, &items);
        self.affinities.extend(unknown.into_iter().zip(scores));
        self.affinities.sort_by_key(|(offer, _)| *offer);
    }

    fn affinity(&self, offer: u32) -> Option<f64> {
        let found = self.affinities.binary_search_by_key(&offer, |(known, _)| *known).ok()?;
        self.affinities.get(found).and_then(|(_, affinity)| *affinity).map(f64::from)
    }
}

/// A declared amount and a learned one, by what each is worth: `(n learned + n0 declared) / (n + n0)`.
fn blended(declared: f64, learned: f64, spec: &ValueSpec, brought: &Expected) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let n = brought.evidence as f64;
    if n + spec.evidence > 0.0 {
        (n * learned + spec.evidence * declared) / (n + spec.evidence)
    } else {
        declared
    }
}

fn write(frame: &mut [Option<Value>], slot: Slot, number: f64) {
    if let Some(place) = frame.get_mut(slot.0 as usize) {
        *place = Some(Value::Double(number));
    }
}
