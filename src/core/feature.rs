//! What a model sees of a customer and a context: tokens of categories, and numbers.

use crate::core::codec::bits::{BitReader, BitWriter};
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::key::Key;
use crate::core::value::{MapKey, Value};

/// Token of an attribute that is declared but has no value (or a number that is not finite).
pub const MISSING: u32 = 0;
/// Token of an attribute known to be nothing.
pub const NULL: u32 = 1;
/// Token of `false`.
pub const FALSE: u32 = 2;
/// Token of `true`.
pub const TRUE: u32 = 3;
/// Hashed tokens lie in `HASHED_MIN..2^20`: wide enough for identifiers (of 10,000 values some 5
/// in 1,000 share a token), narrow enough for the learning log.
pub const HASHED_MIN: u32 = 16;
const TOKEN_BITS: u32 = 20;
const SMALL_BITS: u32 = 4;

/// Most features one vector may hold, whatever a configuration says.
pub const FEATURES_MAX: usize = 1024;

/// A bounded set of features, sorted by name (then token), so that equal sets are equal bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeatureVector {
    categorical: Vec<(Key, u32)>,
    numeric: Vec<(Key, f32)>,
}

/// Token of a text value.
#[must_use]
pub fn token(text: &str) -> u32 {
    let space = (1_u64 << TOKEN_BITS) - u64::from(HASHED_MIN);
    (u64::from(Key::of(text).0) % space) as u32 + HASHED_MIN
}

impl FeatureVector {
    /// The vector of these features: sorted, without doubles, numbers that are not finite turned
    /// into [`MISSING`] tokens, and cut to [`FEATURES_MAX`].
    #[must_use]
    pub fn new(categorical: Vec<(Key, u32)>, numeric: Vec<(Key, f32)>) -> Self {
        let mut builder = FeatureBuilder::new(FEATURES_MAX);
        for (name, token) in categorical {
            builder.push_token(name, token);
        }
        for (name, number) in numeric {
            builder.number(name, f64::from(number));
        }
        builder.finish()
    }

    /// Name and token of each category, ascending; a list's attribute occurs several times.
    #[must_use]
    pub fn categorical(&self) -> &[(Key, u32)] {
        &self.categorical
    }

    /// Name and finite number, ascending by name; a name occurs once.
    #[must_use]
    pub fn numeric(&self) -> &[(Key, f32)] {
        &self.numeric
    }

    /// How many features there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.categorical.len() + self.numeric.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends the vector: two counts, the length of the bits, then Rice-coded names, tokens of
    /// 6, 21 or 34 bits and numbers of 12, 23, 26 or
    /// 35 bits.
    pub fn encode(&self, out: &mut Writer) {
        out.varint(self.categorical.len() as u64);
        out.varint(self.numeric.len() as u64);
        let mut bits = BitWriter::default();
        bits.ascending(self.categorical.iter().map(|(name, _)| name.0));
        bits.ascending(self.numeric.iter().map(|(name, _)| name.0));
        for (_, token) in &self.categorical {
            put_token(&mut bits, *token);
        }
        for (_, number) in &self.numeric {
            put_number(&mut bits, *number);
        }
        out.bytes(&bits.finish());
    }

    /// Takes a vector.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short, hold more than [`FEATURES_MAX`] features, or what
    /// [`FeatureVector::encode`] never writes.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let categorical = usize::try_from(input.varint()?).unwrap_or(usize::MAX);
        let numeric = usize::try_from(input.varint()?).unwrap_or(usize::MAX);
        if categorical.saturating_add(numeric) > FEATURES_MAX {
            return Err(CodecError::Invalid("number of features"));
        }
        let mut bits = BitReader::new(input.bytes()?);
        let names = bits.ascending(categorical)?;
        let numbers = bits.ascending(numeric)?;
        let mut vector = Self::default();
        for name in names {
            vector.categorical.push((Key(name), take_token(&mut bits)?));
        }
        for name in numbers {
            vector.numeric.push((Key(name), take_number(&mut bits)?));
        }
        if !vector.is_canonical() {
            return Err(CodecError::Invalid("order of features"));
        }
        Ok(vector)
    }

    fn is_canonical(&self) -> bool {
        self.categorical.is_sorted_by(|a, b| a < b)
            && self.numeric.is_sorted_by(|a, b| a.0 < b.0)
            && self.numeric.iter().all(|(_, number)| number.is_finite())
    }
}

/// The names of a vector's features: what vectors of one catalog share.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeatureNames {
    categorical: Vec<Key>,
    numeric: Vec<Key>,
}

impl FeatureNames {
    /// Appends the names.
    pub fn encode(&self, out: &mut Writer) {
        out.varint(self.categorical.len() as u64);
        out.varint(self.numeric.len() as u64);
        self.categorical.iter().chain(&self.numeric).for_each(|name| out.key(*name));
    }

    /// Takes names.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or name more than [`FEATURES_MAX`] features.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let categorical = input.count(FEATURES_MAX, 0, "number of features")?;
        let numeric = input.count(FEATURES_MAX, 0, "number of features")?;
        let mut take = |count: usize| (0..count).map(|_| input.key()).collect::<Result<_, _>>();
        Ok(Self { categorical: take(categorical)?, numeric: take(numeric)? })
    }
}

impl FeatureVector {
    /// The names of its features.
    #[must_use]
    pub fn names(&self) -> FeatureNames {
        FeatureNames {
            categorical: self.categorical.iter().map(|(name, _)| *name).collect(),
            numeric: self.numeric.iter().map(|(name, _)| *name).collect(),
        }
    }

    /// Its values without their names, as bits.
    #[must_use]
    pub fn encode_values(&self) -> Vec<u8> {
        let mut bits = BitWriter::default();
        self.categorical.iter().for_each(|(_, token)| put_token(&mut bits, *token));
        self.numeric.iter().for_each(|(_, number)| put_number(&mut bits, *number));
        bits.finish()
    }

    /// The vector of [`FeatureVector::encode_values`] with these names.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are not values of such a vector.
    pub fn decode_values(names: &FeatureNames, values: &[u8]) -> Result<Self, CodecError> {
        let mut bits = BitReader::new(values);
        let mut vector = Self::default();
        for name in &names.categorical {
            vector.categorical.push((*name, take_token(&mut bits)?));
        }
        for name in &names.numeric {
            vector.numeric.push((*name, take_number(&mut bits)?));
        }
        match vector.is_canonical() {
            true => Ok(vector),
            false => Err(CodecError::Invalid("order of features")),
        }
    }
}

/// Gathers features of one decision, at most `features_max`; what comes after is counted, not
/// kept.
#[derive(Debug)]
pub struct FeatureBuilder {
    vector: FeatureVector,
    features_max: usize,
    dropped: usize,
}

impl FeatureBuilder {
    /// An empty builder; `features_max` is capped at [`FEATURES_MAX`].
    #[must_use]
    pub fn new(features_max: usize) -> Self {
        let features_max = features_max.min(FEATURES_MAX);
        Self { vector: FeatureVector::default(), features_max, dropped: 0 }
    }

    /// Adds an attribute by the type of its value: numbers, instants (s since 1970) and durations
    /// (s) as numbers, everything else as tokens; `None` as [`MISSING`].
    pub fn push(&mut self, name: Key, value: Option<&Value>) {
        match value {
            Some(Value::Int(_) | Value::Uint(_) | Value::Double(_)) => {
                self.number(name, value.and_then(Value::as_f64).unwrap_or(f64::NAN));
            }
            Some(Value::Timestamp(at)) => self.number(name, at.as_millisecond() as f64 / 1e3),
            Some(Value::Duration(span)) => self.number(name, span.as_secs_f64()),
            _ => self.category(name, value),
        }
    }

    /// Adds an attribute as a category whatever its type: a list gives a token for each element
    /// (an empty one [`MISSING`]), a map one for each entry.
    pub fn category(&mut self, name: Key, value: Option<&Value>) {
        match value {
            Some(Value::List(list)) if !list.is_empty() => {
                for element in list.iter().take(self.features_max) {
                    self.push_token(name, value_token(element));
                }
            }
            Some(Value::Map(map)) if !map.is_empty() => {
                for (key, element) in map.iter().take(self.features_max) {
                    let key = match key {
                        MapKey::Bool(key) => key.to_string(),
                        MapKey::Int(key) => key.to_string(),
                        MapKey::Uint(key) => key.to_string(),
                        MapKey::String(key) => key.to_string(),
                    };
                    let joined = format!("{key}={}", value_token(element));
                    self.push_token(name, token(&joined));
                }
            }
            Some(value) => self.push_token(name, value_token(value)),
            None => self.push_token(name, MISSING),
        }
    }

    /// Adds a number; one that is not finite counts as missing, one beyond a float's range is
    /// clamped to it.
    pub fn number(&mut self, name: Key, number: f64) {
        if !number.is_finite() {
            self.push_token(name, MISSING);
        } else if self.has_room() {
            let bound = f64::from(f32::MAX);
            // Adding zero turns a negative zero into the positive one.
            self.vector.numeric.push((name, number.clamp(-bound, bound) as f32 + 0.0));
        }
    }

    /// Adds a token.
    pub fn push_token(&mut self, name: Key, token: u32) {
        if self.has_room() {
            self.vector.categorical.push((name, token));
        }
    }

    /// How many features did not fit.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// The vector, in canonical order; of two numbers of one name the first is kept.
    #[must_use]
    pub fn finish(mut self) -> FeatureVector {
        self.vector.categorical.sort_unstable();
        self.vector.categorical.dedup();
        self.vector.numeric.sort_by_key(|(name, _)| *name);
        self.vector.numeric.dedup_by_key(|(name, _)| *name);
        self.vector
    }

    fn has_room(&mut self) -> bool {
        let room = self.vector.len() < self.features_max;
        self.dropped += usize::from(!room);
        room
    }
}

fn value_token(value: &Value) -> u32 {
    match value {
        Value::Null => NULL,
        Value::Bool(false) => FALSE,
        Value::Bool(true) => TRUE,
        Value::Int(number) => token(&number.to_string()),
        Value::Uint(number) => token(&number.to_string()),
        Value::Double(number) if number.is_finite() => token(&number.to_string()),
        Value::Double(_) => MISSING,
        Value::String(text) | Value::Type(text) => token(text),
        Value::Bytes(bytes) => token(&String::from_utf8_lossy(bytes)),
        Value::Timestamp(at) => token(&at.to_string()),
        Value::Duration(span) => token(&span.to_string()),
        // A list within a list, or a map within one: its shape alone.
        Value::List(list) => token(&format!("list of {}", list.len())),
        Value::Map(map) => token(&format!("map of {}", map.len())),
    }
}

fn put_token(bits: &mut BitWriter, token: u32) {
    if token < 1 << SMALL_BITS {
        bits.put(0b01, 2);
        bits.put(token, SMALL_BITS);
    } else if token < 1 << TOKEN_BITS {
        bits.put(0, 1);
        bits.put(token, TOKEN_BITS);
    } else {
        bits.put(0b11, 2);
        bits.put(token, 32);
    }
}

fn take_token(bits: &mut BitReader<'_>) -> Result<u32, CodecError> {
    if bits.take(1)? == 0 {
        bits.take(TOKEN_BITS)
    } else if bits.take(1)? == 0 {
        bits.take(SMALL_BITS)
    } else {
        bits.take(32)
    }
}

fn put_number(bits: &mut BitWriter, number: f32) {
    // Small whole numbers (counts, days, ages), whole numbers, hundredths (prices, rates): what
    // attributes mostly hold; each only where it gives back the exact number.
    let whole = number as i32;
    let hundredths = (f64::from(number) * 100.0).round() as i32;
    if whole as f32 == number && (-1024..1024).contains(&whole) {
        bits.put(0b0, 1);
        bits.put(whole.wrapping_add(1024) as u32, 11);
    } else if whole as f32 == number && (-(1 << 23)..1 << 23).contains(&whole) {
        bits.put(0b01, 2);
        bits.put(whole.wrapping_add(1 << 23) as u32, 24);
    } else if of_hundredths(hundredths) == number && (-(1 << 19)..1 << 19).contains(&hundredths) {
        bits.put(0b011, 3);
        bits.put(hundredths.wrapping_add(1 << 19) as u32, 20);
    } else {
        bits.put(0b111, 3);
        bits.put(number.to_bits(), 32);
    }
}

fn take_number(bits: &mut BitReader<'_>) -> Result<f32, CodecError> {
    Ok(if bits.take(1)? == 0 {
        (bits.take(11)? as i32 - 1024) as f32
    } else if bits.take(1)? == 0 {
        (bits.take(24)? as i32 - (1 << 23)) as f32
    } else if bits.take(1)? == 0 {
        of_hundredths(bits.take(20)? as i32 - (1 << 19))
    } else {
        f32::from_bits(bits.take(32)?)
    })
}

fn of_hundredths(hundredths: i32) -> f32 {
    (f64::from(hundredths) / 100.0) as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round_trip(vector: &FeatureVector) -> usize {
        let mut out = Writer::default();
        vector.encode(&mut out);
        assert_eq!(&FeatureVector::decode(&mut Reader::new(&out.0)).unwrap(), vector);
        out.0.len()
    }

    #[test]
    fn thirty_categories_and_ten_numbers_take_250_bytes() {
        let mut builder = FeatureBuilder::new(40);
        for n in 0..30 {
            let name = Key::of(&format!("customer.category_{n}"));
            builder.category(name, Some(&Value::from(format!("value {n}").as_str())));
        }
        for n in 0..10 {
            let number = if n < 5 { f64::from(n * 100) } else { f64::from(n) * 1.37 };
            builder.push(Key::of(&format!("customer.number_{n}")), Some(&Value::from(number)));
        }
        let bytes = round_trip(&builder.finish());
        assert!(bytes <= 250, "{bytes}");
    }

    #[test]
    fn missing_is_told_from_null_and_from_values() {
        let name = Key::of("income");
        let tokens = |value: Option<Value>| {
            let mut builder = FeatureBuilder::new(8);
            builder.push(name, value.as_ref());
            builder.finish().categorical().to_vec()
        };
        assert_eq!(tokens(None), [(name, MISSING)]);
        assert_eq!(tokens(Some(Value::Double(f64::NAN))), [(name, MISSING)]);
        assert_eq!(tokens(Some(Value::Null)), [(name, NULL)]);
        assert_eq!(tokens(Some(Value::Bool(true))), [(name, TRUE)]);
        assert_eq!(tokens(Some("high".into())), [(name, token("high"))]);
        let list = Value::List(["a", "b", "a"].map(Value::from).to_vec().into());
        assert_eq!(tokens(Some(list)).len(), 2);
    }

    #[test]
    fn more_than_the_limit_is_dropped_and_counted() {
        let mut builder = FeatureBuilder::new(3);
        for n in 0..10 {
            builder.push_token(Key(n), n);
        }
        assert_eq!(builder.dropped(), 7);
        assert_eq!(builder.finish().len(), 3);
    }

    proptest! {
        #[test]
        fn any_vector_round_trips(
            tokens in prop::collection::vec((any::<u32>().prop_map(Key), any::<u32>()), 0..50),
            numbers in prop::collection::vec((any::<u32>().prop_map(Key), any::<f32>()), 0..20),
        ) {
            round_trip(&FeatureVector::new(tokens, numbers));
        }
    }
}
