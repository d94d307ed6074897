//! The model as bytes: exactly what it holds. Counts and weights are apart: replicas compare the
//! first, and the second is a function of the first at an earlier position.

use super::model::Affinity;
use super::panel::Panel;
use super::row::Row;
use super::spec::AffinitySpec;
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::codec::cow::{decode_map, encode_map};
use crate::core::time::UnixMs;

impl Affinity {
    /// Appends the whole state, settings included; not the weights.
    pub fn encode(&self, out: &mut Writer) {
        let spec = &self.spec;
        let sizes = [spec.items_max, spec.neighbours_max, spec.history_max];
        for size in sizes.into_iter().chain([spec.solved_max, spec.panel_max]) {
            out.varint(size as u64);
        }
        out.f64(self.spec.half_life_days);
        out.f64(self.spec.shrinkage);
        out.u8(u8::from(self.now.is_some()));
        out.signed(self.now.unwrap_or_default().0);
        out.signed(self.landmark.0);
        out.varint(self.observed);
        out.varint(self.solve_at);
        self.panel.encode(out);
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
        let (solved_max, panel_max) = (size()?, size()?);
        let spec = AffinitySpec {
            items_max,
            neighbours_max,
            history_max,
            half_life_days: input.f64()?,
            shrinkage: input.f64()?,
            solved_max,
            panel_max,
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
        model.solve_at = input.varint()?;
        model.panel = Panel::decode(spec.panel_max, input)?;
        let max = spec.neighbours_max;
        decode_map(&mut model.rows, |input| Row::decode(max, input), input)?;
        Ok(model)
    }
}
