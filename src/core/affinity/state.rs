//! The model as bytes: exactly what it holds.

use super::model::Affinity;
use super::row::Row;
use super::spec::AffinitySpec;
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::codec::cow::{decode_map, encode_map};
use crate::core::time::UnixMs;

impl Affinity {
    /// Appends the whole state, settings included.
    pub fn encode(&self, out: &mut Writer) {
        for size in [self.spec.items_max, self.spec.neighbours_max, self.spec.history_max] {
            out.varint(size as u64);
        }
        out.f64(self.spec.half_life_days);
        out.f64(self.spec.shrinkage);
        out.f64(self.spec.item_exponent);
        out.f64(self.spec.amplification);
        out.f64(self.spec.activity_exponent);
        out.u8(u8::from(self.now.is_some()));
        out.signed(self.now.unwrap_or_default().0);
        out.signed(self.landmark.0);
        out.varint(self.observed);
        encode_map(&self.rows, Row::encode, out);
    }

    /// Takes a whole state.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no such state.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut size = || -> Result<usize, CodecError> {
            usize::try_from(input.varint()?).map_err(|_| CodecError::Invalid("size"))
        };
        let (items_max, neighbours_max, history_max) = (size()?, size()?, size()?);
        let spec = AffinitySpec {
            items_max,
            neighbours_max,
            history_max,
            half_life_days: input.f64()?,
            shrinkage: input.f64()?,
            item_exponent: input.f64()?,
            amplification: input.f64()?,
            activity_exponent: input.f64()?,
        };
        let mut model = Self::new(spec.clone());
        if model.spec != spec {
            return Err(CodecError::Invalid("settings of affinity"));
        }
        let started = input.u8()? == 1;
        let now = UnixMs(input.signed()?);
        model.now = started.then_some(now);
        model.landmark = UnixMs(input.signed()?);
        model.observed = input.varint()?;
        let max = spec.neighbours_max;
        decode_map(&mut model.rows, |input| Row::decode(max, input), input)?;
        Ok(model)
    }
}
