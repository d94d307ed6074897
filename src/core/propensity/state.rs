//! The model as bytes: exactly what it holds, so that a restored one makes identical updates.

use std::sync::Arc;

use super::blend::Blend;
use super::block::Block;
use super::crosses::{ATTRIBUTES_MAX, Crosses};
use super::deep::Deep;
use super::dense::Dense;
use super::model::Propensity;
use super::numeric::Numeric;
use super::own::Owns;
use super::plain::Plain;
use super::slots::Slots;
use super::spec::PropensitySpec;
use super::trust::Trust;
use super::wide::Wide;
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::codec::cow::{decode_map, encode_map};
use crate::core::feature::FEATURES_MAX;
use crate::core::key::Key;
use crate::core::time::UnixMs;

/// Layout of the bytes; another is refused.
const VERSION: u8 = 4;
/// The layout before scores could be priors.
const WITHOUT_TRUSTS: u8 = 3;

impl Propensity {
    /// Appends the whole state, settings included.
    pub fn encode(&self, out: &mut Writer) {
        out.u8(VERSION);
        self.spec.encode(out);
        out.varint(self.learned);
        out.signed(self.latest_at.0);
        self.slots.encode(out);
        self.steady.encode(out);
        self.drifting.encode(out);
        let (names, numbers) = self.crosses.names();
        for list in [names, numbers] {
            out.varint(list.len() as u64);
            list.iter().for_each(|name| out.key(*name));
        }
        self.plain.encode(out);
        self.deep.encode(out);
        self.wide.encode(out);
        self.blend.encode(out);
        self.owns.encode(out);
        encode_map(&self.groups, Block::encode, out);
        encode_map(&self.offers, Block::encode, out);
        encode_map(&self.numerics, Numeric::encode, out);
        encode_map(&self.trusts, Trust::encode, out);
    }

    /// Takes a whole state.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no such state.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let version = input.u8()?;
        match version {
            VERSION | WITHOUT_TRUSTS => {}
            version => return Err(CodecError::Version(version)),
        }
        let spec = PropensitySpec::decode(input)?;
        let mut model = Self::new(spec.clone());
        if model.spec != spec {
            return Err(CodecError::Invalid("settings of propensity"));
        }
        model.learned = input.varint()?;
        model.latest_at = UnixMs(input.signed()?);
        model.slots = Slots::decode(spec.dense_max, input)?;
        model.steady = Dense::decode(spec.dense_variance, spec.dense_max, input)?;
        model.drifting = Dense::decode(spec.dense_variance, spec.dense_max, input)?;
        let (names, numbers) = (decode_names(input)?, decode_names(input)?);
        model.crosses = Arc::new(Crosses::of(names, numbers, &spec));
        model.plain = Plain::decode(spec.plain_bits, input)?;
        model.deep = Deep::decode(spec.deep_bits, input)?;
        model.wide = Wide::decode(spec.plain_bits, spec.wide_variance, input)?;
        model.blend = Blend::decode(input)?;
        model.owns = Owns::decode(spec.owns_max, (spec.own_variance, spec.dense_max), input)?;
        let slots = spec.group_weights_max;
        decode_map(&mut model.groups, |input| Block::decode(slots, input), input)?;
        let slots = spec.offer_weights_max;
        decode_map(&mut model.offers, |input| Block::decode(slots, input), input)?;
        decode_map(&mut model.numerics, Numeric::decode, input)?;
        if version >= VERSION {
            decode_map(&mut model.trusts, Trust::decode, input)?;
        }
        Ok(model)
    }
}

fn decode_names(input: &mut Reader<'_>) -> Result<Vec<Key>, CodecError> {
    let count = input.count(ATTRIBUTES_MAX, 4, "names of attributes")?;
    let names = (0..count).map(|_| input.key()).collect::<Result<Vec<_>, _>>()?;
    let ascending = names.is_sorted_by(|a, b| a < b);
    ascending.then_some(names).ok_or(CodecError::Invalid("order of attributes"))
}

impl PropensitySpec {
    /// Appends the settings.
    pub fn encode(&self, out: &mut Writer) {
        let mut spec = self.clone();
        let (sizes, bits, numbers) = spec.fields();
        sizes.into_iter().for_each(|size| out.varint(*size as u64));
        bits.into_iter().for_each(|bits| out.u8(*bits));
        numbers.into_iter().for_each(|number| out.f64(*number));
        out.varint(self.without.len() as u64);
        self.without.iter().for_each(|name| out.key(*name));
    }

    /// Takes settings.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no settings.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut spec = Self::default();
        let (sizes, bits, numbers) = spec.fields();
        for size in sizes {
            *size = usize::try_from(input.varint()?).map_err(|_| CodecError::Invalid("size"))?;
        }
        for bits in bits {
            *bits = input.u8()?;
        }
        for number in numbers {
            *number = input.f64()?;
        }
        let count = input.count(FEATURES_MAX, 4, "names left out")?;
        spec.without = (0..count).map(|_| input.key()).collect::<Result<_, _>>()?;
        Ok(spec)
    }
}
