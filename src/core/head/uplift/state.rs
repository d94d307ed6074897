//! The model as bytes: exactly what it holds, so that a restored one makes identical updates.

use super::{EFFECT_VARIANCES, FORMS, Own, Uplift};
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::codec::cow::{decode_map, encode_map};
use crate::core::head::Evidence;
use crate::core::propensity::{Dense, INPUTS_MAX, Inputs};

const VERSION: u8 = 1;

impl Uplift {
    /// Appends the whole state.
    pub fn encode(&self, out: &mut Writer) {
        out.u8(VERSION);
        out.f64(self.shown);
        out.f64(self.withheld);
        self.evidence.encode(out);
        self.inputs.encode(out);
        for form in &self.forms {
            form.base.encode(out);
            form.effect.encode(out);
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
        let mut model = Self { shown: count(input)?, withheld: count(input)?, ..Self::default() };
        model.evidence = Evidence::decode(input)?;
        model.inputs = Inputs::decode(input)?;
        for (form, variance) in model.forms.iter_mut().zip(EFFECT_VARIANCES) {
            form.base = Dense::decode(super::BASE_VARIANCE, INPUTS_MAX, input)?;
            form.effect = Dense::decode(variance.max(1e-9), INPUTS_MAX, input)?;
        }
        decode_map(&mut model.offers, Own::decode, input)?;
        Ok(model)
    }

    /// Whether every number is one that a model may hold.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.inputs.is_sound()
            && self.forms.iter().all(|form| form.base.is_sound() && form.effect.is_sound())
            && self.offers.iter().all(|(_, own)| own.effects.iter().all(Dense::is_sound))
    }
}

impl Own {
    fn encode(&self, out: &mut Writer) {
        out.f64(self.trials);
        out.f64(self.shown);
        self.evidence.encode(out);
        self.effects.iter().for_each(|dense| dense.encode(out));
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut own =
            Self { trials: count(input)?, shown: count(input)?, ..Self::new(<_>::default()) };
        own.evidence = Evidence::<FORMS>::decode(input)?;
        for (dense, variance) in own.effects.iter_mut().zip(EFFECT_VARIANCES) {
            *dense = Dense::decode(variance.max(1e-9), INPUTS_MAX, input)?;
        }
        Ok(own)
    }
}

fn count(input: &mut Reader<'_>) -> Result<f64, CodecError> {
    let count = input.finite("number of trials")?;
    (count >= 0.0).then_some(count).ok_or(CodecError::Invalid("number of trials"))
}
