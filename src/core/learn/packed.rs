//! A contact that waits, in few bytes: what many contacts share (names of features, candidates,
//! funnels) is kept once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::record::{OutcomeRecord, decode_candidate, encode_candidate};
use super::touch::{Stages, decode_stages, encode_stages};
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::feature::{FeatureNames, FeatureVector};
use crate::core::propensity::{Candidate, Score};
use crate::core::time::UnixMs;

/// Most different shapes that wait at a time.
const SHAPES_MAX: usize = 8_192;
/// Bytes of a contact in a checkpoint beside its values, at most.
const FIXED_BYTES: usize = 56;

/// What contacts share.
#[derive(Clone, Debug, PartialEq)]
struct Shape {
    names: FeatureNames,
    /// Without the affinity, and with only the name of the score.
    candidate: Candidate,
    stages: Stages,
}

impl Shape {
    fn encode(&self, out: &mut Writer) {
        self.names.encode(out);
        encode_candidate(&self.candidate, out);
        encode_stages(&self.stages, out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self {
            names: FeatureNames::decode(input)?,
            candidate: decode_candidate(input)?,
            stages: decode_stages(input)?,
        })
    }

    fn of(shown: &OutcomeRecord, stages: &Stages) -> Self {
        let score = shown.candidate.score.map(|score| Score { logit: 0.0, ..score });
        let candidate = Candidate { affinity: None, score, ..shown.candidate };
        Self { names: shown.features.names(), candidate, stages: stages.clone() }
    }
}

/// The shapes in use, by their bytes, with how many contacts have each: what is kept is a pure
/// function of what waits.
#[derive(Clone, Debug, Default)]
pub(super) struct Shapes(BTreeMap<Arc<[u8]>, (Arc<Shape>, usize)>);

impl Shapes {
    /// The shape, as it is known already where it is.
    fn find(&self, shape: Shape) -> (Arc<[u8]>, Arc<Shape>) {
        let mut bytes = Writer::default();
        shape.encode(&mut bytes);
        match self.0.get_key_value(&*bytes.0) {
            Some((key, (shape, _))) => (key.clone(), shape.clone()),
            None => (bytes.0.into(), Arc::new(shape)),
        }
    }

    /// Counts a contact's shape once more; `false` when there is no room for another shape.
    pub(super) fn count(&mut self, packed: &Packed) -> bool {
        if self.0.len() >= SHAPES_MAX && !self.0.contains_key(&packed.key) {
            return false;
        }
        let fresh = || (packed.shape.clone(), 0);
        self.0.entry(packed.key.clone()).or_insert_with(fresh).1 += 1;
        true
    }

    /// Counts a contact's shape once less.
    pub(super) fn release(&mut self, packed: &Packed) {
        if let Some(known) = self.0.get_mut(&packed.key) {
            known.1 -= 1;
            if known.1 == 0 {
                self.0.remove(&packed.key);
            }
        }
    }
}

/// A contact that waits.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    key: Arc<[u8]>,
    shape: Arc<Shape>,
    values: Arc<[u8]>,
    customer: u64,
    shown_at: UnixMs,
    /// Not a number where nothing is known.
    affinity: f32,
    probability_served: f32,
    selection_probability: f32,
}

impl Packed {
    /// Packs what was shown.
    pub(super) fn of(shown: &OutcomeRecord, stages: &Stages, shapes: &Shapes) -> Self {
        let (key, shape) = shapes.find(Shape::of(shown, stages));
        Self {
            key,
            shape,
            values: shown.features.encode_values().into(),
            customer: shown.customer,
            shown_at: shown.at,
            affinity: shown.candidate.affinity.unwrap_or(f32::NAN),
            probability_served: shown.probability_served,
            selection_probability: shown.selection_probability,
        }
    }

    /// What was shown, as the record of an outcome at `at` with `label`.
    pub(super) fn outcome(&self, touch: u64, at: UnixMs, label: f64) -> OutcomeRecord {
        let affinity = Some(self.affinity).filter(|affinity| affinity.is_finite());
        // The values were packed here, by these names.
        let features = FeatureVector::decode_values(&self.shape.names, &self.values);
        let features = features.unwrap_or_default();
        let score = self.shape.candidate.score;
        let score = score.and_then(|score| Score::of(score.name, &features));
        OutcomeRecord {
            id: touch,
            at,
            customer: self.customer,
            candidate: Candidate { affinity, score, ..self.shape.candidate },
            features,
            label,
            weight: 1.0,
            probability_served: self.probability_served,
            selection_probability: self.selection_probability,
        }
    }

    /// Hash of the customer's id.
    pub(super) fn customer(&self) -> u64 {
        self.customer
    }

    /// The funnel that it entered.
    pub(super) fn stages(&self) -> &Stages {
        &self.shape.stages
    }

    /// What it takes in a checkpoint, at most, its shape apart.
    pub(super) fn bytes(&self) -> usize {
        self.values.len() + FIXED_BYTES
    }

    /// Appends all but the shape.
    fn encode(&self, out: &mut Writer) {
        out.bytes(&self.values);
        out.u64(self.customer);
        out.signed(self.shown_at.0);
        out.f32(self.affinity);
        out.f32(self.probability_served);
        out.f32(self.selection_probability);
    }

    fn decode(
        (key, shape): (Arc<[u8]>, Arc<Shape>),
        input: &mut Reader<'_>,
    ) -> Result<Self, CodecError> {
        let values: Arc<[u8]> = input.bytes()?.into();
        FeatureVector::decode_values(&shape.names, &values)?;
        Ok(Self {
            key,
            shape,
            values,
            customer: input.u64()?,
            shown_at: UnixMs(input.signed()?),
            affinity: input.f32()?,
            probability_served: input.finite32("probability served")?,
            selection_probability: input.finite32("selection probability")?,
        })
    }
}

/// Writes contacts, each shape once, numbered as first met.
#[derive(Default)]
pub(super) struct PackedWriter(BTreeMap<Arc<[u8]>, u64>);

impl PackedWriter {
    /// Appends a contact.
    pub(super) fn put(&mut self, packed: &Packed, out: &mut Writer) {
        let next = self.0.len() as u64;
        let number = *self.0.entry(packed.key.clone()).or_insert(next);
        out.varint(number);
        if number == next {
            out.0.extend_from_slice(&packed.key);
        }
        packed.encode(out);
    }
}

/// Reads what [`PackedWriter`] wrote.
#[derive(Default)]
pub(super) struct PackedReader(Vec<Shape>);

impl PackedReader {
    /// Takes a contact.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no contact.
    pub(super) fn take(
        &mut self,
        shapes: &Shapes,
        input: &mut Reader<'_>,
    ) -> Result<Packed, CodecError> {
        let number = usize::try_from(input.varint()?).unwrap_or(usize::MAX);
        if number == self.0.len() {
            self.0.push(Shape::decode(input)?);
        }
        let shape = self.0.get(number).cloned();
        let shape = shape.ok_or(CodecError::Invalid("shape of a contact"))?;
        Packed::decode(shapes.find(shape), input)
    }
}
