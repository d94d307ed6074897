//! The model as bytes: exactly what it holds, so that a restored one makes identical updates.

use super::{Amounts, INPUT_VARIANCES, Own};
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::codec::cow::{decode_map, encode_map};
use crate::core::head::Evidence;
use crate::core::propensity::weight::{decode_weight, encode_weight};
use crate::core::propensity::{Dense, INPUTS_MAX, Inputs};

const VERSION: u8 = 1;

impl Amounts {
    /// Appends the whole state.
    pub fn encode(&self, out: &mut Writer) {
        out.u8(VERSION);
        out.varint(self.count);
        out.f64(self.start);
        out.f64(self.observed);
        out.f64(self.foretold);
        self.evidence.encode(out);
        self.inputs.encode(out);
        for form in &self.forms {
            out.f64(form.dispersion);
            form.dense.encode(out);
        }
        encode_map(&self.offers, Own::encode, out);
    }

    /// Takes a whole state.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no such state.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        match input.u8()? {
            VERSION => {}
            version => return Err(CodecError::Version(version)),
        }
        let mut model = Self { count: input.varint()?, ..Self::default() };
        model.start = input.finite("start of amounts")?;
        model.observed = input.finite("sum of amounts")?;
        model.foretold = input.finite("sum of amounts")?;
        model.evidence = Evidence::decode(input)?;
        model.inputs = Inputs::decode(input)?;
        for (form, variance) in model.forms.iter_mut().zip(INPUT_VARIANCES) {
            form.dispersion = input.finite("dispersion")?;
            form.dense = Dense::decode(variance.max(1e-9), INPUTS_MAX, input)?;
        }
        decode_map(&mut model.offers, Own::decode, input)?;
        model.is_sound().then_some(model).ok_or(CodecError::Invalid("amounts"))
    }

    /// Whether every number is one that a model may hold.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.inputs.is_sound()
            && self.observed >= 0.0
            && self.foretold >= 0.0
            && self.forms.iter().all(|form| form.dispersion > 0.0 && form.dense.is_sound())
    }
}

impl Own {
    fn encode(&self, out: &mut Writer) {
        out.varint(self.count);
        self.parts.iter().for_each(|part| encode_weight(part, out));
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut own = Self { count: input.varint()?, ..Self::default() };
        for part in &mut own.parts {
            *part = decode_weight(input)?;
        }
        Ok(own)
    }
}
