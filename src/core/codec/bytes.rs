//! Little-endian byte writer and reader for logs and checkpoints: exact bits, bounded reads.

use crate::core::key::Key;

/// Why stored bytes could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The bytes end before the value does.
    #[error("bytes end too early")]
    Truncated,
    /// The checksum does not fit the bytes.
    #[error("checksum does not match")]
    Checksum,
    /// Written by a version this build does not know.
    #[error("version {0} is not known")]
    Version(u8),
    /// A field holds what its writer can never have written.
    #[error("invalid {0}")]
    Invalid(&'static str),
}

/// Appends values to a byte buffer.
#[derive(Debug, Default)]
pub struct Writer(pub Vec<u8>);

impl Writer {
    /// Appends one byte.
    pub fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    /// Appends four bytes.
    pub fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// Appends eight bytes.
    pub fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// Appends the exact bits of a float.
    pub fn f32(&mut self, value: f32) {
        self.u32(value.to_bits());
    }

    /// Appends the exact bits of a double.
    pub fn f64(&mut self, value: f64) {
        self.u64(value.to_bits());
    }

    /// Appends a key: four bytes.
    pub fn key(&mut self, value: Key) {
        self.u32(value.0);
    }

    /// Appends an unsigned LEB128: one byte below 128, at most ten.
    pub fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value as u8) | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// Appends a signed integer, zigzag: small magnitudes take few bytes.
    pub fn signed(&mut self, value: i64) {
        self.varint(((value << 1) ^ (value >> 63)) as u64);
    }

    /// Appends a length and the bytes.
    pub fn bytes(&mut self, value: &[u8]) {
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }
}

/// Takes values from the front of a byte slice; never reads past its end.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader of all of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Takes `len` bytes.
    ///
    /// # Errors
    /// [`CodecError::Truncated`] when fewer are left.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], CodecError> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(CodecError::Truncated)?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(CodecError::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    /// Takes one byte. Fails when none is left.
    #[expect(clippy::missing_errors_doc, reason = "as `take`")]
    pub fn u8(&mut self) -> Result<u8, CodecError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    /// Takes four bytes. Fails when fewer are left.
    #[expect(clippy::missing_errors_doc, reason = "as `take`")]
    pub fn u32(&mut self) -> Result<u32, CodecError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Takes eight bytes. Fails when fewer are left.
    #[expect(clippy::missing_errors_doc, reason = "as `take`")]
    pub fn u64(&mut self) -> Result<u64, CodecError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// Takes a float, bit by bit as written (may be NaN when the bytes are hostile).
    #[expect(clippy::missing_errors_doc, reason = "as `take`")]
    pub fn f32(&mut self) -> Result<f32, CodecError> {
        Ok(f32::from_bits(self.u32()?))
    }

    /// Takes a double, bit by bit as written (may be NaN when the bytes are hostile).
    #[expect(clippy::missing_errors_doc, reason = "as `take`")]
    pub fn f64(&mut self) -> Result<f64, CodecError> {
        Ok(f64::from_bits(self.u64()?))
    }

    /// Takes a finite double.
    ///
    /// # Errors
    /// Also [`CodecError::Invalid`] naming `what` when it is not finite.
    pub fn finite(&mut self, what: &'static str) -> Result<f64, CodecError> {
        let value = self.f64()?;
        value.is_finite().then_some(value).ok_or(CodecError::Invalid(what))
    }

    /// Takes a finite float.
    ///
    /// # Errors
    /// Also [`CodecError::Invalid`] naming `what` when it is not finite.
    pub fn finite32(&mut self, what: &'static str) -> Result<f32, CodecError> {
        let value = self.f32()?;
        value.is_finite().then_some(value).ok_or(CodecError::Invalid(what))
    }

    /// Takes a key.
    #[expect(clippy::missing_errors_doc, reason = "as `take`")]
    pub fn key(&mut self) -> Result<Key, CodecError> {
        Ok(Key(self.u32()?))
    }

    /// Takes an unsigned LEB128.
    ///
    /// # Errors
    /// Also [`CodecError::Invalid`] when it does not fit 64 bits.
    pub fn varint(&mut self) -> Result<u64, CodecError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(CodecError::Invalid("integer"))
    }

    /// Takes a zigzag integer.
    #[expect(clippy::missing_errors_doc, reason = "as `varint`")]
    pub fn signed(&mut self) -> Result<i64, CodecError> {
        let raw = self.varint()?;
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    /// Takes a count of at most `max` things of at least `each` bytes, so that what is reserved
    /// for them is never more than the bytes could hold.
    ///
    /// # Errors
    /// Also [`CodecError::Invalid`] naming `what` when the count is above `max` or impossible.
    pub fn count(
        &mut self,
        max: usize,
        each: usize,
        what: &'static str,
    ) -> Result<usize, CodecError> {
        let count = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        if count > max || count.saturating_mul(each.max(1)) > self.rest.len() {
            return Err(CodecError::Invalid(what));
        }
        Ok(count)
    }

    /// Takes a length and as many bytes.
    #[expect(clippy::missing_errors_doc, reason = "as `take`")]
    pub fn bytes(&mut self) -> Result<&'a [u8], CodecError> {
        let len = usize::try_from(self.varint()?).map_err(|_| CodecError::Truncated)?;
        self.take(len)
    }
}
