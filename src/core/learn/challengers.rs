//! Champion and challengers: models side by side on the same outcomes. Each foretells an outcome
//! before it learns it, and so does the champion, so that they are compared on the same rows. Which
//! challengers there are, and which of them is promoted, is said in the log: a state is still a
//! function of the log alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::answering::correction;
use super::record::OutcomeRecord;
use super::tally::Tally;
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::key::Key;
use crate::core::propensity::{Propensity, PropensitySpec};

/// Most challengers.
pub const CHALLENGERS_MAX: usize = 4;

/// A challenger as declared.
#[derive(Clone, Debug, PartialEq)]
pub struct ChallengerSpec {
    /// Key of its name.
    pub name: Key,
    /// Its settings.
    pub settings: PropensitySpec,
}

/// These challengers there are from now on, and no others.
#[derive(Clone, Debug, PartialEq)]
pub struct ChallengersRecord {
    /// Hash of its id.
    pub id: u64,
    /// All of them.
    pub declared: Vec<ChallengerSpec>,
}

/// A challenger and the champion change places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PromoteRecord {
    /// Hash of its id.
    pub id: u64,
    /// Key of the challenger's name.
    pub name: Key,
}

/// A challenger, and how it did beside the champion since one of them was new.
#[derive(Clone, Debug)]
pub struct Challenger {
    /// The model.
    pub model: Propensity,
    /// How good it was.
    pub tally: Tally,
    /// How good the champion was on the same outcomes.
    pub champion: Tally,
}

/// The challengers. A clone shares them until one of them learns.
#[derive(Clone, Debug, Default)]
pub struct Challengers {
    declared: Vec<ChallengerSpec>,
    by_name: BTreeMap<Key, Arc<Challenger>>,
}

impl Challengers {
    /// As last declared.
    #[must_use]
    pub fn declared(&self) -> &[ChallengerSpec] {
        &self.declared
    }

    /// The challenger of that name.
    #[must_use]
    pub fn get(&self, name: Key) -> Option<&Challenger> {
        self.by_name.get(&name).map(AsRef::as_ref)
    }

    /// Takes up what is declared: what is new, or has other settings now, begins from nothing; what
    /// is declared as before goes on.
    pub(super) fn declare(&mut self, declared: &[ChallengerSpec]) {
        let before = std::mem::take(&mut self.by_name);
        for spec in declared.iter().take(CHALLENGERS_MAX) {
            let goes_on = self.declared.contains(spec).then(|| before.get(&spec.name)).flatten();
            let challenger = goes_on.cloned().unwrap_or_else(|| {
                Arc::new(Challenger {
                    model: Propensity::new(spec.settings.clone()),
                    tally: Tally::default(),
                    champion: Tally::default(),
                })
            });
            self.by_name.insert(spec.name, challenger);
        }
        self.declared = declared.to_vec();
    }

    /// Changes places with the champion: what served before goes on learning under that name, so
    /// that promoting it again returns. Both are compared anew.
    pub(super) fn promote(&mut self, name: Key, champion: &mut Propensity) {
        let Some(challenger) = self.by_name.get_mut(&name).map(Arc::make_mut) else { return };
        std::mem::swap(&mut challenger.model, champion);
        challenger.tally = Tally::default();
        challenger.champion = Tally::default();
    }

    /// Foretells and learns an outcome, which the champion has yet to learn.
    pub(super) fn learn(&mut self, record: &OutcomeRecord, champion: &Propensity) {
        self.each(record, champion, |tally, said| {
            tally.observe(said, record.label);
            (record.label, record.weight)
        });
    }

    /// Learns that what was taken for a negative is a positive.
    pub(super) fn correct(&mut self, record: &OutcomeRecord, champion: &Propensity) {
        self.each(record, champion, |tally, said| {
            tally.correct(said, record.label);
            (1.0, correction(record.label, said))
        });
    }

    fn each(
        &mut self,
        record: &OutcomeRecord,
        champion: &Propensity,
        tell: impl Fn(&mut Tally, f64) -> (f64, f64),
    ) {
        if self.by_name.is_empty() {
            return;
        }
        let (features, candidate) = (&record.features, &record.candidate);
        let served = champion.predict(&champion.prepare(features), candidate).probability;
        for challenger in self.by_name.values_mut().map(Arc::make_mut) {
            let prepared = challenger.model.prepare(features);
            let said = challenger.model.predict(&prepared, candidate).probability;
            let taught = tell(&mut challenger.tally, said);
            tell(&mut challenger.champion, served);
            challenger.model.learn_prepared(prepared, features, candidate, taught, record.at);
        }
    }

    /// Readies what was learned for a clone by pointers.
    pub(super) fn settle(&mut self) {
        let own = self.by_name.values_mut().filter_map(Arc::get_mut);
        own.for_each(|challenger| challenger.model.settle());
    }

    /// Whether every number is one they may hold.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.by_name.values().all(|challenger| challenger.model.is_sound())
    }

    /// Appends all challengers.
    pub(super) fn encode(&self, out: &mut Writer) {
        encode_declared(&self.declared, out);
        out.varint(self.by_name.len() as u64);
        for (name, challenger) in &self.by_name {
            out.key(*name);
            challenger.tally.encode(out);
            challenger.champion.encode(out);
            challenger.model.encode(out);
        }
    }

    /// Takes all challengers.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no challengers.
    pub(super) fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let declared = decode_declared(input)?;
        let mut by_name = BTreeMap::new();
        for _ in 0..input.count(CHALLENGERS_MAX, 4, "challengers")? {
            let name = input.key()?;
            let (tally, champion) = (Tally::decode(input)?, Tally::decode(input)?);
            let model = Propensity::decode(input)?;
            by_name.insert(name, Arc::new(Challenger { model, tally, champion }));
        }
        Ok(Self { declared, by_name })
    }
}

impl ChallengersRecord {
    /// Appends the record.
    pub(super) fn encode(&self, out: &mut Writer) {
        out.u64(self.id);
        encode_declared(&self.declared, out);
    }

    /// Takes a record.
    pub(super) fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self { id: input.u64()?, declared: decode_declared(input)? })
    }
}

impl PromoteRecord {
    /// Appends the record.
    pub(super) fn encode(self, out: &mut Writer) {
        out.u64(self.id);
        out.key(self.name);
    }

    /// Takes a record.
    pub(super) fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self { id: input.u64()?, name: input.key()? })
    }
}

fn encode_declared(declared: &[ChallengerSpec], out: &mut Writer) {
    out.varint(declared.len() as u64);
    for spec in declared {
        out.key(spec.name);
        spec.settings.encode(out);
    }
}

fn decode_declared(input: &mut Reader<'_>) -> Result<Vec<ChallengerSpec>, CodecError> {
    let count = input.count(CHALLENGERS_MAX, 4, "challengers")?;
    (0..count)
        .map(|_| {
            Ok(ChallengerSpec { name: input.key()?, settings: PropensitySpec::decode(input)? })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::affinity::AffinitySpec;
    use crate::core::feature::FeatureBuilder;
    use crate::core::key::{mix64, unit};
    use crate::core::learn::{LearningRecord, Models};
    use crate::core::propensity::{Candidate, Prior};
    use crate::core::time::UnixMs;
    use crate::core::value::Value;

    fn outcome(number: u64) -> Vec<u8> {
        let city = ["Quito", "Lima", "Cali"][(mix64(1, number) % 3) as usize];
        let likely = if city == "Lima" { 0.7 } else { 0.1 };
        let mut features = FeatureBuilder::new(8);
        features.category(Key::of("customer.city"), Some(&Value::from(city)));
        let prior = Prior { probability: 0.2, evidence: 10.0 };
        let candidate = Candidate { offer: Key::of("card"), prior, ..Candidate::default() };
        LearningRecord::Outcome(OutcomeRecord {
            id: number + 1,
            at: UnixMs(number as i64),
            customer: number,
            candidate,
            features: features.finish(),
            label: f64::from(u8::from(unit(2, number) < likely)),
            weight: 1.0,
            probability_served: 0.2,
            selection_probability: 1.0,
        })
        .encode()
    }

    fn spec(name: &str, without: &[&str]) -> ChallengerSpec {
        let without = without.iter().map(|name| Key::of(name)).collect();
        let settings =
            PropensitySpec { without, plain_bits: 10, deep_bits: 10, ..Default::default() };
        ChallengerSpec { name: Key::of(name), settings: settings.bounded() }
    }

    fn declare(id: u64, declared: Vec<ChallengerSpec>) -> Vec<u8> {
        LearningRecord::Challengers(ChallengersRecord { id, declared }).encode()
    }

    #[test]
    fn the_better_model_shows_and_takes_the_place_without_losing_what_it_learned() {
        // The champion does not see the city, on which everything hangs.
        let blind = spec("blind", &["customer.city"]).settings;
        let mut models = Models::new(blind, AffinitySpec::default());
        let seeing = vec![spec("seeing", &[])];
        models.apply(1, &declare(900_001, seeing.clone()));
        for number in 0..600 {
            models.apply(number + 2, &outcome(number));
        }
        let name = Key::of("seeing");
        let compared = models.challengers.get(name).unwrap();
        assert_eq!((compared.tally.count, compared.champion.count), (600, 600));
        let (loss, champion) = (compared.tally.log_loss(), compared.champion.log_loss());
        assert!(loss.unwrap() < champion.unwrap() - 0.05, "{loss:?} {champion:?}");

        // Said again, as by a second replica, it goes on.
        models.apply(700, &declare(900_002, seeing));
        assert_eq!(models.challengers.get(name).unwrap().tally.count, 600);

        let bytes = |model: &Propensity| {
            let mut out = Writer::default();
            model.encode(&mut out);
            out.0
        };
        let learned = bytes(&models.challengers.get(name).unwrap().model);
        let served = bytes(&models.propensity);
        let promote = |id| LearningRecord::Promote(PromoteRecord { id, name }).encode();
        models.apply(701, &promote(900_003));
        assert_eq!(bytes(&models.propensity), learned);
        assert_eq!(bytes(&models.challengers.get(name).unwrap().model), served);
        // Told twice it is done once; what begins from a checkpoint goes on alike.
        models.apply(702, &promote(900_003));
        assert_eq!(bytes(&models.propensity), learned);
        let mut restored = Models::restore(&models.checkpoint()).unwrap();
        for number in 600..700 {
            models.apply(number + 200, &outcome(number));
            restored.apply(number + 200, &outcome(number));
        }
        assert_eq!(models.digest(), restored.digest());
        assert_eq!(models.challengers.get(name).unwrap().tally.count, 100);

        // None declared, none learns; one that is not there cannot be promoted.
        models.apply(1_000, &declare(900_004, Vec::new()));
        assert!(models.challengers.get(name).is_none());
        let before = bytes(&models.propensity);
        models.apply(1_001, &promote(900_005));
        assert_eq!(bytes(&models.propensity), before);
    }
}
