//! The model as bytes: exactly what it holds, so that a restored one makes identical updates.

use super::block::Block;
use super::model::Propensity;
use super::numeric::Numeric;
use super::spec::PropensitySpec;
use super::table::{Table, decode_weight, encode_weight};
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::codec::cow::{decode_map, encode_map};
use crate::core::time::UnixMs;

impl Propensity {
    /// Appends the whole state, settings included.
    pub fn encode(&self, out: &mut Writer) {
        encode_spec(&self.spec, out);
        out.varint(self.learned);
        out.signed(self.latest_at.0);
        encode_weight(&self.intercept, out);
        self.table.encode(out);
        encode_map(&self.groups, Block::encode, out);
        encode_map(&self.offers, Block::encode, out);
        encode_map(&self.numerics, Numeric::encode, out);
    }

    /// Takes a whole state.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no such state.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let spec = decode_spec(input)?;
        let mut model = Self::new(spec.clone());
        if model.spec != spec {
            return Err(CodecError::Invalid("settings of propensity"));
        }
        model.learned = input.varint()?;
        model.latest_at = UnixMs(input.signed()?);
        model.intercept = decode_weight(input)?;
        model.table = Table::decode(spec.table_bits, input)?;
        let slots = spec.group_weights_max;
        decode_map(&mut model.groups, |input| Block::decode(slots, input), input)?;
        let slots = spec.offer_weights_max;
        decode_map(&mut model.offers, |input| Block::decode(slots, input), input)?;
        decode_map(&mut model.numerics, Numeric::decode, input)?;
        Ok(model)
    }
}

fn encode_spec(spec: &PropensitySpec, out: &mut Writer) {
    out.u8(spec.table_bits);
    for size in [
        spec.offers_max,
        spec.groups_max,
        spec.offer_weights_max,
        spec.group_weights_max,
        spec.numerics_max,
        spec.bins,
        spec.pairs_max,
    ] {
        out.varint(size as u64);
    }
    for number in [
        spec.bias_variance,
        spec.main_variance,
        spec.pair_variance,
        spec.group_variance,
        spec.offer_variance,
        spec.drift,
    ] {
        out.f64(number);
    }
}

fn decode_spec(input: &mut Reader<'_>) -> Result<PropensitySpec, CodecError> {
    let table_bits = input.u8()?;
    let mut size = || -> Result<usize, CodecError> {
        usize::try_from(input.varint()?).map_err(|_| CodecError::Invalid("size"))
    };
    let mut spec = PropensitySpec {
        table_bits,
        offers_max: size()?,
        groups_max: size()?,
        offer_weights_max: size()?,
        group_weights_max: size()?,
        numerics_max: size()?,
        bins: size()?,
        pairs_max: size()?,
        ..PropensitySpec::default()
    };
    spec.bias_variance = input.f64()?;
    spec.main_variance = input.f64()?;
    spec.pair_variance = input.f64()?;
    spec.group_variance = input.f64()?;
    spec.offer_variance = input.f64()?;
    spec.drift = input.f64()?;
    Ok(spec)
}
