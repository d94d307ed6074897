//! Bit writer and reader, and Rice codes for sorted keys (Rice and Plaunt 1971): 32-bit keys in
//! ascending order cost about 32 + 1.5 - log2(n) bits each.

use super::bytes::CodecError;

/// Appends bits, lowest first, to bytes.
#[derive(Debug, Default)]
pub struct BitWriter {
    bytes: Vec<u8>,
    pending: u64,
    held: u32,
}

impl BitWriter {
    /// Appends the low `bits` (at most 32) of `value`.
    pub fn put(&mut self, value: u32, bits: u32) {
        let masked = u64::from(value) & ((1_u64 << bits) - 1);
        self.pending |= masked << self.held;
        self.held += bits;
        while self.held >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.held -= 8;
        }
    }

    /// Appends ascending keys: a five-bit parameter, then each difference by its Rice code.
    pub fn ascending(&mut self, keys: impl ExactSizeIterator<Item = u32> + Clone) {
        let rice = cheapest(keys.clone());
        self.put(rice, 5);
        let mut previous = 0;
        for key in keys {
            let delta = key.wrapping_sub(previous);
            previous = key;
            for _ in 0..(delta >> rice) {
                self.put(1, 1);
            }
            self.put(0, 1);
            self.put(delta, rice);
        }
    }

    /// The bytes, the last padded with zero bits.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        if self.held > 0 {
            self.bytes.push(self.pending as u8);
        }
        self.bytes
    }
}

/// The Rice parameter that takes fewest bits, among those next to the mean difference.
fn cheapest(keys: impl ExactSizeIterator<Item = u32> + Clone) -> u32 {
    let count = keys.len().max(1) as u64;
    let last = keys.clone().last().unwrap_or(0);
    let near = (u64::from(last) / count).checked_ilog2().unwrap_or(0).min(31);
    let cost = |rice: u32| {
        let mut previous = 0;
        let unary = keys.clone().fold(0_u64, |sum, key| {
            let delta = key.wrapping_sub(previous);
            previous = key;
            sum + u64::from(delta >> rice)
        });
        unary + count * u64::from(rice)
    };
    (near.saturating_sub(1)..=(near + 1).min(31)).min_by_key(|rice| cost(*rice)).unwrap_or(near)
}

/// Takes bits written by [`BitWriter`].
#[derive(Debug)]
pub struct BitReader<'a> {
    bytes: std::slice::Iter<'a, u8>,
    pending: u64,
    held: u32,
}

impl<'a> BitReader<'a> {
    /// A reader of all of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes: bytes.iter(), pending: 0, held: 0 }
    }

    /// Takes `bits` (at most 32) bits.
    ///
    /// # Errors
    /// [`CodecError::Truncated`] when fewer are left.
    pub fn take(&mut self, bits: u32) -> Result<u32, CodecError> {
        while self.held < bits {
            let byte = self.bytes.next().ok_or(CodecError::Truncated)?;
            self.pending |= u64::from(*byte) << self.held;
            self.held += 8;
        }
        let value = self.pending & ((1_u64 << bits) - 1);
        self.pending >>= bits;
        self.held -= bits;
        Ok(value as u32)
    }

    /// Takes `count` ascending keys.
    ///
    /// # Errors
    /// [`CodecError::Truncated`], or [`CodecError::Invalid`] when a key leaves 32 bits.
    pub fn ascending(&mut self, count: usize) -> Result<Vec<u32>, CodecError> {
        let rice = self.take(5)?;
        let mut previous = 0_u32;
        let mut keys = Vec::with_capacity(count.min(1024));
        for _ in 0..count {
            let mut quotient = 0_u64;
            while self.take(1)? == 1 {
                quotient += 1;
            }
            let delta = (quotient << rice) | u64::from(self.take(rice)?);
            previous = u32::try_from(u64::from(previous) + delta)
                .map_err(|_| CodecError::Invalid("key"))?;
            keys.push(previous);
        }
        Ok(keys)
    }
}
