//! The models beside the propensity, as the log teaches them. They cost nothing until the first
//! record for them comes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::head_tally::HeadTallies;
use super::record::OutcomeRecord;
use super::withheld::{AmountRecord, CameRecord, WithheldRecord};
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::head::amount::Amounts;
use crate::core::head::uplift::{Trial, Uplift};
use crate::core::key::Key;
use crate::core::time::UnixMs;

/// Most withheld offers that wait for what comes of them; over it, the first to close closes early.
/// One takes some 400 bytes.
const WAITING_MAX: usize = 16_384;

/// The models, and the withheld offers that wait.
#[derive(Clone, Debug, Default)]
pub struct Heads {
    /// What a contact changes.
    pub uplift: Arc<Uplift>,
    /// What a positive outcome brings, in the organisation's money.
    pub amounts: Arc<Amounts>,
    /// Days from a decision to its positive outcome.
    pub days: Arc<Amounts>,
    /// How good they were.
    pub tallies: Arc<HeadTallies>,
    /// By customer and offer.
    waiting: Arc<BTreeMap<(u64, Key), WithheldRecord>>,
    /// When each closes.
    closing: Arc<BTreeMap<(i64, u64, Key), ()>>,
    /// How many waited, in a copy that does not hold them.
    waited: usize,
}

impl Heads {
    /// Withheld offers that wait for what comes of them.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len().max(self.waited)
    }

    /// When the first of them closes.
    #[must_use]
    pub fn next_closes_at(&self) -> Option<UnixMs> {
        self.closing.first_key_value().map(|((at, ..), ())| UnixMs(*at))
    }

    /// The models without what waits: all that decisions need.
    #[must_use]
    pub fn serving(&self) -> Self {
        let (waiting, closing) = (Arc::default(), Arc::default());
        Self { waiting, closing, waited: self.waiting.len(), ..self.clone() }
    }

    /// An offer was withheld. One that waits already for the same customer goes on waiting: what is
    /// withheld every day is one trial.
    pub(super) fn withheld(&mut self, record: WithheldRecord) {
        self.pass(record.at);
        let key = (record.customer, record.candidate.offer);
        if self.waiting.contains_key(&key) {
            return;
        }
        while self.waiting.len() >= WAITING_MAX && self.close_first(i64::MAX) {}
        Arc::make_mut(&mut self.closing).insert((record.closes_at.0, key.0, key.1), ());
        Arc::make_mut(&mut self.waiting).insert(key, record);
    }

    /// A customer came to a withheld offer.
    pub(super) fn came(&mut self, record: &CameRecord) {
        self.pass(record.at);
        self.close(record.customer, record.offer, 1.0);
    }

    /// The propensity learned of a contact: the other side of the trial, where its offer is withheld
    /// from others.
    pub(super) fn shown(&mut self, record: &OutcomeRecord) {
        if !self.waiting.is_empty() {
            self.pass(record.at);
        }
        let (withheld, _) = self.uplift.trials_of(record.candidate.offer);
        if withheld > 0.0 {
            self.tried(record);
        }
    }

    /// What a positive outcome brought.
    pub(super) fn amount(&mut self, record: &AmountRecord) {
        let (features, candidate) = (&record.features, &record.candidate);
        let said = |model: &Amounts| {
            model.expect(&model.prepare(features), candidate).map(|expected| expected.mean)
        };
        if let Some(amount) = record.amount {
            Arc::make_mut(&mut self.tallies).amounts.observe(amount, said(&self.amounts));
            Arc::make_mut(&mut self.amounts).learn(&record.features, &record.candidate, amount);
        }
        if let Some(days) = record.days {
            Arc::make_mut(&mut self.tallies).days.observe(days, said(&self.days));
            Arc::make_mut(&mut self.days).learn(&record.features, &record.candidate, days);
        }
    }

    /// Forgets what waits for a customer.
    pub(super) fn forget_customer(&mut self, customer: u64) {
        let of = (customer, Key(0))..=(customer, Key(u32::MAX));
        let offers: Vec<Key> = self.waiting.range(of).map(|((_, offer), _)| *offer).collect();
        for offer in offers {
            self.take(customer, offer);
        }
    }

    /// Lets time go by: what waited long enough becomes a negative.
    pub(super) fn pass(&mut self, at: UnixMs) {
        while self.close_first(at.0) {}
    }

    /// Time went by: closes what is due, so many at most.
    pub(super) fn tick(&mut self, at: UnixMs, closed_max: usize) {
        for _ in 0..closed_max {
            if !self.close_first(at.0) {
                return;
            }
        }
    }

    /// Closes the first that closes by `at`; whether there was one.
    fn close_first(&mut self, at: i64) -> bool {
        let first = self.closing.first_key_value().map(|(key, ())| *key);
        let Some((_, customer, offer)) = first.filter(|(closes_at, ..)| *closes_at <= at) else {
            return false;
        };
        self.close(customer, offer, 0.0);
        true
    }

    fn take(&mut self, customer: u64, offer: Key) -> Option<WithheldRecord> {
        self.waiting.get(&(customer, offer))?;
        let record = Arc::make_mut(&mut self.waiting).remove(&(customer, offer))?;
        Arc::make_mut(&mut self.closing).remove(&(record.closes_at.0, customer, offer));
        Some(record)
    }

    fn close(&mut self, customer: u64, offer: Key, label: f64) {
        let Some(record) = self.take(customer, offer) else { return };
        let WithheldRecord { candidate, features, probability, .. } = &record;
        self.learn(&Trial {
            features,
            candidate,
            shown: false,
            probability: f64::from(*probability),
            label,
        });
    }

    /// Compares a trial with what was foretold of it, then learns it.
    fn learn(&mut self, trial: &Trial<'_>) {
        let prepared = self.uplift.prepare(trial.features);
        let effect = self.uplift.effect(&prepared, trial.candidate, trial.probability);
        let effect = effect.map_or(0.0, |effect| effect.effect);
        let foretold = trial.probability - if trial.shown { 0.0 } else { effect };
        let tally = &mut Arc::make_mut(&mut self.tallies).uplift;
        tally.observe(trial.shown, trial.label, foretold, effect);
        Arc::make_mut(&mut self.uplift).learn(trial);
    }

    fn tried(&mut self, record: &OutcomeRecord) {
        self.learn(&Trial {
            features: &record.features,
            candidate: &record.candidate,
            shown: true,
            probability: f64::from(record.probability_served),
            label: record.label,
        });
    }

    /// Whether every number is one that a model may hold.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.uplift.is_sound() && self.amounts.is_sound() && self.days.is_sound()
    }

    /// Appends the whole state.
    pub fn encode(&self, out: &mut Writer) {
        self.uplift.encode(out);
        self.amounts.encode(out);
        self.days.encode(out);
        out.varint(self.waiting.len() as u64);
        self.waiting.values().for_each(|record| record.encode(out));
    }

    /// Takes a whole state.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no such state.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let (uplift, amounts) = (Uplift::decode(input)?, Amounts::decode(input)?);
        let days = Amounts::decode(input)?;
        let mut heads = Self {
            uplift: Arc::new(uplift),
            amounts: Arc::new(amounts),
            days: Arc::new(days),
            ..Self::default()
        };
        let (mut waiting, mut closing) = (BTreeMap::new(), BTreeMap::new());
        for _ in 0..input.count(WAITING_MAX, 40, "withheld offers")? {
            let record = WithheldRecord::decode(input)?;
            let key = (record.customer, record.candidate.offer);
            closing.insert((record.closes_at.0, key.0, key.1), ());
            waiting.insert(key, record);
        }
        heads.waiting = Arc::new(waiting);
        heads.closing = Arc::new(closing);
        Ok(heads)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::affinity::AffinitySpec;
    use crate::core::feature::FeatureVector;
    use crate::core::key::{mix64, unit};
    use crate::core::learn::{LearningRecord, Models};
    use crate::core::propensity::{Candidate, PropensitySpec};

    const DAY: i64 = 86_400_000;

    fn offer() -> Candidate {
        Candidate { offer: Key::of("card"), ..Candidate::default() }
    }

    fn features(customer: u64) -> FeatureVector {
        FeatureVector::new(vec![(Key::of("keen"), 20 + (customer % 2) as u32)], vec![])
    }

    fn withheld(customer: u64, at: i64) -> LearningRecord {
        LearningRecord::Withheld(WithheldRecord {
            id: mix64(customer, at as u64),
            at: UnixMs(at),
            closes_at: UnixMs(at + 7 * DAY),
            customer,
            candidate: offer(),
            features: features(customer),
            probability: if customer.is_multiple_of(2) { 0.5 } else { 0.2 },
        })
    }

    fn came(customer: u64, at: i64) -> LearningRecord {
        let id = mix64(customer, 99);
        LearningRecord::Came(CameRecord { id, at: UnixMs(at), customer, offer: Key::of("card") })
    }

    fn shown(customer: u64, at: i64, label: f64) -> LearningRecord {
        LearningRecord::Outcome(OutcomeRecord {
            id: mix64(customer, 1),
            at: UnixMs(at),
            customer,
            candidate: offer(),
            features: features(customer),
            label,
            weight: 1.0,
            probability_served: if customer.is_multiple_of(2) { 0.5 } else { 0.2 },
            selection_probability: 1.0,
        })
    }

    fn replayed(records: &[LearningRecord]) -> Models {
        let mut models = Models::new(PropensitySpec::default(), AffinitySpec::default());
        for (position, record) in (1..).zip(records) {
            models.apply(position, &record.encode());
        }
        models
    }

    #[test]
    fn what_is_withheld_is_one_trial_with_its_final_label() {
        let records = [
            withheld(1, 0),
            withheld(1, DAY),
            withheld(2, DAY),
            came(1, 2 * DAY),
            came(3, 2 * DAY),
            withheld(4, 3 * DAY),
        ];
        let heads = replayed(&records).heads;
        assert_eq!((heads.uplift.trials(), heads.waiting()), ((0.0, 1.0), 2));
        let later = replayed(&[&records[..], &[withheld(5, 30 * DAY)]].concat()).heads;
        assert_eq!((later.uplift.trials(), later.waiting()), ((0.0, 3.0), 1));
    }

    #[test]
    fn a_checkpoint_between_changes_nothing_and_the_effect_is_found() {
        let mut records = Vec::new();
        for customer in 0..6_000_u64 {
            let (at, drawn) = (customer as i64 * 60_000, unit(customer, 4));
            let keen = customer % 2 == 0;
            if unit(customer, 3) < 0.5 {
                records.push(withheld(customer, at));
                if drawn < 0.2 {
                    records.push(came(customer, at + 1));
                }
            } else {
                let bought = drawn < if keen { 0.5 } else { 0.2 };
                records.push(shown(customer, at, f64::from(u8::from(bought))));
            }
        }
        records.push(withheld(u64::MAX, 900 * DAY));
        let whole = replayed(&records);
        let mut half = replayed(&records[..3_000]);
        half = Models::restore(&half.checkpoint()).unwrap();
        for (position, record) in (1..).zip(&records).skip(3_000) {
            half.apply(position, &record.encode());
        }
        assert_eq!(half.checkpoint(), whole.checkpoint());
        let uplift = &whole.heads.uplift;
        let effect = |customer| {
            let prepared = uplift.prepare(&features(customer));
            let with = if customer % 2 == 0 { 0.5 } else { 0.2 };
            uplift.effect(&prepared, &offer(), with).unwrap().effect
        };
        assert!((effect(0) - 0.3).abs() < 0.07 && effect(1).abs() < 0.07, "{}", effect(0));
    }

    #[test]
    fn what_waits_is_bounded_and_a_customer_is_forgotten() {
        let mut heads = Heads::default();
        for customer in 0..(WAITING_MAX as u64 + 10) {
            let LearningRecord::Withheld(record) = withheld(customer, 0) else { unreachable!() };
            heads.withheld(record);
        }
        assert_eq!(heads.waiting(), WAITING_MAX);
        assert_eq!(heads.uplift.trials(), (0.0, 10.0));
        heads.forget_customer(WAITING_MAX as u64);
        assert_eq!(heads.waiting(), WAITING_MAX - 1);
    }
}
