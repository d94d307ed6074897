//! One model for each stage of a funnel: how probable the stage is once the one before is reached.
//! The probability of an outcome is the product along its way (chain rule; for conversions behind
//! clicks: Ma et al. 2018, "Entire space multi-task model", eq. 1). There is nothing of it until a
//! catalog declares a funnel and a contact enters it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::tally::Tally;
use super::touch::Stages;
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::feature::FeatureVector;
use crate::core::interaction::OutcomeKind;
use crate::core::propensity::{Candidate, Prepared, Prior, Propensity, PropensitySpec};
use crate::core::time::UnixMs;

/// Most heads: one for each pair of an outcome and the stage before it.
const HEADS_MAX: usize = 16;
/// Stands for 'no stage before'.
const CONTACT: u8 = 15;
/// Settings that differ from the main model's: a stage has fewer outcomes to learn from.
const BITS: u8 = 14;

/// A stage's model.
#[derive(Clone, Debug)]
pub struct Head {
    /// Probability of the stage, given the one before.
    pub model: Propensity,
    /// How good it was: each outcome compared with what it said before it learned.
    pub tally: Tally,
}

/// The models of all stages, by outcome and the stage before it.
#[derive(Clone, Debug, Default)]
pub struct Funnel(BTreeMap<u8, Arc<Head>>);

fn id(stages: &Stages, stage: usize) -> Option<u8> {
    let kind = stages.get(stage.checked_sub(1)?)?.kind as u8;
    let before = stage.checked_sub(2).and_then(|before| stages.get(before));
    Some(kind | before.map_or(CONTACT, |before| before.kind as u8) << 4)
}

/// The candidate as a stage's model sees it: with that stage's own prior.
fn asked(candidate: &Candidate, prior: Prior) -> Candidate {
    // A score speaks of the good end, not of a stage.
    Candidate { prior, score: None, ..*candidate }
}

impl Funnel {
    /// Readies what was learned for a clone by pointers.
    pub fn settle(&mut self) {
        self.0.values_mut().filter_map(Arc::get_mut).for_each(|head| head.model.settle());
    }

    /// The head of a stage, counted from 1; `None` while nothing was learned of it.
    #[must_use]
    pub fn head(&self, stages: &Stages, stage: usize) -> Option<&Head> {
        self.0.get(&id(stages, stage)?).map(AsRef::as_ref)
    }

    /// All heads: the outcome, the one before it (`None`: the contact), and the model.
    pub fn heads(&self) -> impl Iterator<Item = (OutcomeKind, Option<OutcomeKind>, &Head)> {
        self.0.iter().filter_map(|(id, head)| {
            let kind = OutcomeKind::from_code(id & 15)?;
            Some((kind, OutcomeKind::from_code(id >> 4), head.as_ref()))
        })
    }

    /// Whether every number of the heads is one a model may hold.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.0.values().all(|head| head.model.is_sound())
    }

    /// Learns that `stage` (from 1) was reached or not from the one before; `corrects`: silence had
    /// been learned as a negative.
    pub(super) fn learn(
        &mut self,
        stages: &Stages,
        stage: usize,
        (features, candidate): (&FeatureVector, &Candidate),
        (label, corrects): (f64, bool),
        at: UnixMs,
    ) {
        let Some(id) = id(stages, stage) else { return };
        let Some(prior) = stages.get(stage - 1).map(|stage| stage.prior) else { return };
        if self.0.len() >= HEADS_MAX && !self.0.contains_key(&id) {
            return;
        }
        let fresh = || {
            let spec =
                PropensitySpec { plain_bits: BITS, deep_bits: BITS, ..PropensitySpec::default() };
            Arc::new(Head { model: Propensity::new(spec), tally: Tally::default() })
        };
        let head = Arc::make_mut(self.0.entry(id).or_insert_with(fresh));
        let candidate = asked(candidate, prior);
        let prepared = head.model.prepare(features);
        let said = head.model.predict(&prepared, &candidate).probability;
        let weight = if corrects {
            head.tally.correct(said, 1.0);
            super::answering::correction(1.0, said)
        } else {
            head.tally.observe(said, label);
            1.0
        };
        head.model.learn_prepared(prepared, features, &candidate, (label, weight), at);
    }

    /// Does once what all candidates of a decision share; empty without stages.
    #[must_use]
    pub fn prepare(&self, stages: &Stages, features: &FeatureVector) -> PreparedFunnel {
        let heads = (1..=stages.len())
            .map(|stage| self.head(stages, stage).map(|head| head.model.prepare(features)));
        PreparedFunnel(heads.collect())
    }

    /// Probability of each stage of a contact with the candidate: of the first, of the first two,
    /// and so on.
    #[must_use]
    pub fn probabilities(
        &self,
        stages: &Stages,
        prepared: &PreparedFunnel,
        candidate: &Candidate,
    ) -> Probabilities {
        let mut reached = 1.0;
        let stage = |(number, stage): (usize, &super::touch::Stage)| {
            let head = self.head(stages, number + 1);
            let ready = prepared.0.get(number).and_then(Option::as_ref);
            let given = head.zip(ready).map_or(stage.prior.probability, |(head, ready)| {
                head.model.predict(ready, &asked(candidate, stage.prior)).probability
            });
            reached *= given;
            (stage.kind, reached)
        };
        stages.iter().enumerate().map(stage).collect()
    }

    /// Appends all heads.
    pub fn encode(&self, out: &mut Writer) {
        out.varint(self.0.len() as u64);
        for (id, head) in &self.0 {
            out.u8(*id);
            head.tally.encode(out);
            head.model.encode(out);
        }
    }

    /// Takes all heads.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no heads.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let count = input.count(HEADS_MAX, 1, "stages of a funnel")?;
        let mut heads = BTreeMap::new();
        for _ in 0..count {
            let id = input.u8()?;
            let tally = Tally::decode(input)?;
            let model = Propensity::decode(input)?;
            heads.insert(id, Arc::new(Head { model, tally }));
        }
        Ok(Self(heads))
    }
}

/// What one decision's candidates share, by stage.
pub struct PreparedFunnel(Vec<Option<Prepared>>);

/// Probability of each stage.
pub type Probabilities = smallvec::SmallVec<[(OutcomeKind, f64); super::touch::STAGES_MAX]>;
