//! What the log holds for the models beside the propensity: that an offer was withheld from a
//! customer of the control group, that the customer came to it all the same, and what a positive
//! outcome brought.

use super::record::{decode_candidate, encode_candidate};
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::feature::FeatureVector;
use crate::core::key::Key;
use crate::core::propensity::Candidate;
use crate::core::time::UnixMs;

/// An offer that would have been shown, had the customer not been in the control group.
#[derive(Clone, Debug, PartialEq)]
pub struct WithheldRecord {
    /// Hash of decision and offer.
    pub id: u64,
    /// When it was decided.
    pub at: UnixMs,
    /// When silence becomes an answer.
    pub closes_at: UnixMs,
    /// Hash of the customer's id.
    pub customer: u64,
    /// What was withheld.
    pub candidate: Candidate,
    /// What was known.
    pub features: FeatureVector,
    /// Probability of the positive outcome by the propensity model.
    pub probability: f32,
}

/// A customer of the control group came to an offer without having been shown it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CameRecord {
    /// Hash of the outcome's id.
    pub id: u64,
    /// When.
    pub at: UnixMs,
    /// Hash of the customer's id.
    pub customer: u64,
    /// The offer.
    pub offer: Key,
}

/// What a positive outcome brought, and how long it took.
#[derive(Clone, Debug, PartialEq)]
pub struct AmountRecord {
    /// Hash of the outcome's id.
    pub id: u64,
    /// When.
    pub at: UnixMs,
    /// What was shown.
    pub candidate: Candidate,
    /// What was known when it was decided.
    pub features: FeatureVector,
    /// Its value, in the organisation's money; `None`: it had none.
    pub amount: Option<f64>,
    /// Days from the decision to the outcome; `None`: the decision is not known.
    pub days: Option<f64>,
}

impl WithheldRecord {
    pub(super) fn encode(&self, out: &mut Writer) {
        out.u64(self.id);
        out.signed(self.at.0);
        out.signed(self.closes_at.0);
        out.u64(self.customer);
        encode_candidate(&self.candidate, out);
        out.f32(self.probability);
        self.features.encode(out);
    }

    pub(super) fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self {
            id: input.u64()?,
            at: UnixMs(input.signed()?),
            closes_at: UnixMs(input.signed()?),
            customer: input.u64()?,
            candidate: decode_candidate(input)?,
            probability: input.finite32("probability")?,
            features: FeatureVector::decode(input)?,
        })
    }
}

impl CameRecord {
    pub(super) fn encode(self, out: &mut Writer) {
        out.u64(self.id);
        out.signed(self.at.0);
        out.u64(self.customer);
        out.key(self.offer);
    }

    pub(super) fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let (id, at) = (input.u64()?, UnixMs(input.signed()?));
        Ok(Self { id, at, customer: input.u64()?, offer: input.key()? })
    }
}

impl AmountRecord {
    pub(super) fn encode(&self, out: &mut Writer) {
        out.u64(self.id);
        out.signed(self.at.0);
        encode_candidate(&self.candidate, out);
        for number in [self.amount, self.days] {
            out.u8(u8::from(number.is_some()));
            number.into_iter().for_each(|number| out.f64(number));
        }
        self.features.encode(out);
    }

    pub(super) fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let (id, at) = (input.u64()?, UnixMs(input.signed()?));
        let candidate = decode_candidate(input)?;
        let mut number = || match input.u8()? {
            0 => Ok(None),
            1 => input.finite("amount").map(Some),
            _ => Err(CodecError::Invalid("amount")),
        };
        let (amount, days) = (number()?, number()?);
        Ok(Self { id, at, candidate, features: FeatureVector::decode(input)?, amount, days })
    }
}
