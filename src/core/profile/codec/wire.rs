//! Bytes: varints, keys, numbers, times, sections.

use crate::core::key::Key;
use crate::core::profile::ProfileError;
use crate::core::profile::limits::{TIME_MAX_MS, TIME_MIN_MS, ceil_to};
use crate::core::time::UnixMs;

/// Largest whole number (or number of hundredths) written as a varint.
const WHOLE_MAX: f64 = (1_u64 << 40) as f64;

/// Ascending times: the first as an age, the others as steps.
pub(super) struct Times {
    unit_ms: i64,
    previous: Option<UnixMs>,
}

pub(super) struct Writer {
    out: Vec<u8>,
    clock: UnixMs,
}

impl Writer {
    /// The profile's clock.
    pub(super) fn clock_at(&self) -> UnixMs {
        self.clock
    }

    pub(super) fn new(clock: UnixMs) -> Self {
        Self { out: Vec::with_capacity(1024), clock }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.out
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.out.push(byte);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// LEB128.
    #[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
    pub(super) fn varint(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.out.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.out.push(n as u8);
    }

    /// Zigzag, then LEB128.
    pub(super) fn signed(&mut self, n: i64) {
        self.varint(zigzag(n));
    }

    pub(super) fn key(&mut self, key: Key) {
        self.bytes(&key.0.to_le_bytes());
    }

    pub(super) fn u16(&mut self, n: u16) {
        self.bytes(&n.to_le_bytes());
    }

    pub(super) fn u64(&mut self, n: u64) {
        self.bytes(&n.to_le_bytes());
    }

    pub(super) fn f32(&mut self, x: f32) {
        self.bytes(&x.to_le_bytes());
    }

    /// A finite double, exactly: as a whole number, as hundredths, as a single, or in full.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "guarded by WHOLE_MAX and by comparing the bits that come back"
    )]
    pub(super) fn number(&mut self, x: f64) {
        // Any candidate will do: it is taken only if it gives the same bits back.
        let hundredths = (x * 100.0 + f64::copysign(0.5, x)) as i64;
        if x.abs() < WHOLE_MAX && same(x as i64 as f64, x) {
            self.varint(zigzag(x as i64) << 2);
        } else if x.abs() < WHOLE_MAX && same(hundredths as f64 / 100.0, x) {
            self.varint(zigzag(hundredths) << 2 | 1);
        } else if same(f64::from(x as f32), x) {
            self.byte(2);
            self.f32(x as f32);
        } else {
            self.byte(3);
            self.bytes(&x.to_le_bytes());
        }
    }

    /// A time not after the clock, both rounded up to `unit_ms`.
    #[expect(clippy::cast_sign_loss, reason = "not negative")]
    pub(super) fn age(&mut self, at: UnixMs, unit_ms: i64) {
        let age = ceil_to(self.clock, unit_ms).since(at) / unit_ms;
        self.varint(age.max(0) as u64);
    }

    pub(super) fn times(&self, unit_ms: i64) -> Times {
        Times { unit_ms, previous: None }
    }

    #[expect(clippy::cast_sign_loss, reason = "not negative")]
    pub(super) fn next_time(&mut self, times: &mut Times, at: UnixMs) {
        match times.previous.replace(at) {
            None => self.age(at, times.unit_ms),
            Some(previous) => self.varint((at.since(previous) / times.unit_ms).max(0) as u64),
        }
    }

    /// A length that lets an empty list write nothing, so that its section is left out.
    pub(super) fn count_unless_empty(&mut self, n: usize) {
        if n > 0 {
            self.varint(n as u64);
        }
    }

    /// Writes a section, unless its body is empty.
    pub(super) fn section_unless_empty(&mut self, tag: u8, body: impl FnOnce(&mut Self)) {
        let start = self.out.len();
        self.section(tag, body);
        if self.out.len() == start + 2 {
            self.out.truncate(start);
        }
    }

    /// Writes a section.
    #[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
    pub(super) fn section(&mut self, tag: u8, body: impl FnOnce(&mut Self)) {
        self.byte(tag);
        let place = self.out.len();
        self.byte(0);
        body(self);
        // Most bodies need one or two bytes of length: set the first, move the body for the rest.
        let mut length = self.out.len() - place - 1;
        let mut at = place;
        while length >= 0x80 {
            self.out.insert(at, length as u8 | 0x80);
            length >>= 7;
            at += 1;
        }
        if let Some(byte) = self.out.get_mut(at) {
            *byte = length as u8;
        }
    }
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits()
}

#[expect(clippy::cast_sign_loss, reason = "a bijection of the bits")]
fn zigzag(n: i64) -> u64 {
    ((n << 1) ^ (n >> 63)) as u64
}

#[expect(clippy::cast_possible_wrap, reason = "a bijection of the bits")]
fn unzigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

const SHORT: ProfileError = ProfileError::Malformed("ends too early");

#[derive(Clone, Copy)]
pub(in crate::core::profile) struct Reader<'a> {
    rest: &'a [u8],
    clock: UnixMs,
}

impl<'a> Reader<'a> {
    pub(in crate::core::profile) fn new(rest: &'a [u8]) -> Self {
        Self { rest, clock: UnixMs(0) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that is left.
    pub(in crate::core::profile) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    pub(in crate::core::profile) fn byte(&mut self) -> Result<u8, ProfileError> {
        let (first, rest) = self.rest.split_first().ok_or(SHORT)?;
        self.rest = rest;
        Ok(*first)
    }

    pub(super) fn bytes(&mut self, n: usize) -> Result<&'a [u8], ProfileError> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or(SHORT)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ProfileError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(SHORT)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn varint(&mut self) -> Result<u64, ProfileError> {
        let mut n = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                break;
            }
            n |= part << shift;
            if byte < 0x80 {
                return Ok(n);
            }
        }
        Err(ProfileError::Malformed("number over 64 bits"))
    }

    pub(super) fn signed(&mut self) -> Result<i64, ProfileError> {
        self.varint().map(unzigzag)
    }

    pub(super) fn key(&mut self) -> Result<Key, ProfileError> {
        self.array().map(|b| Key(u32::from_le_bytes(b)))
    }

    pub(super) fn u16(&mut self) -> Result<u16, ProfileError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, ProfileError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A finite single.
    pub(super) fn f32(&mut self) -> Result<f32, ProfileError> {
        let x = self.array().map(f32::from_le_bytes)?;
        x.is_finite().then_some(x).ok_or(ProfileError::NotFinite)
    }

    /// A finite double.
    #[expect(clippy::cast_precision_loss, reason = "written from doubles")]
    pub(super) fn number(&mut self) -> Result<f64, ProfileError> {
        let head = self.varint()?;
        let whole = unzigzag(head >> 2) as f64;
        let x = match head & 3 {
            0 => whole,
            1 => whole / 100.0,
            2 => f64::from(self.f32()?),
            _ => self.array().map(f64::from_le_bytes)?,
        };
        x.is_finite().then_some(x).ok_or(ProfileError::NotFinite)
    }

    /// Reads the profile's clock, to which ages refer.
    pub(in crate::core::profile) fn clock(&mut self) -> Result<UnixMs, ProfileError> {
        let at = self.signed()?;
        if !(TIME_MIN_MS..=TIME_MAX_MS).contains(&at) {
            return Err(ProfileError::Malformed("time out of range"));
        }
        self.clock = UnixMs(at);
        Ok(self.clock)
    }

    /// The profile's clock.
    pub(super) fn clock_at(&self) -> UnixMs {
        self.clock
    }

    pub(in crate::core::profile) fn age(&mut self, unit_ms: i64) -> Result<UnixMs, ProfileError> {
        let base = ceil_to(self.clock, unit_ms);
        let age_ms = self.span(unit_ms)?;
        let at = base.0.saturating_sub(age_ms);
        if at < TIME_MIN_MS {
            return Err(ProfileError::Malformed("time out of range"));
        }
        Ok(UnixMs(at))
    }

    fn span(&mut self, unit_ms: i64) -> Result<i64, ProfileError> {
        let units = i64::try_from(self.varint()?).unwrap_or(i64::MAX);
        Ok(units.saturating_mul(unit_ms))
    }

    pub(super) fn times(&self, unit_ms: i64) -> Times {
        Times { unit_ms, previous: None }
    }

    pub(super) fn next_time(&mut self, times: &mut Times) -> Result<UnixMs, ProfileError> {
        let at = match times.previous {
            None => self.age(times.unit_ms)?,
            Some(previous) => UnixMs(previous.0.saturating_add(self.span(times.unit_ms)?)),
        };
        if at > ceil_to(self.clock, times.unit_ms) {
            return Err(ProfileError::Malformed("time out of range"));
        }
        times.previous = Some(at);
        Ok(at)
    }

    /// A length of at most `max`.
    pub(super) fn count(&mut self, what: &'static str, max: usize) -> Result<usize, ProfileError> {
        let n = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        if n > max {
            return Err(ProfileError::TooMany { what, max });
        }
        Ok(n)
    }

    /// A list with room for `n` entries, but never for more than the bytes left could hold.
    pub(super) fn list<T>(&self, n: usize) -> Vec<T> {
        Vec::with_capacity(n.min(self.rest.len()))
    }

    pub(in crate::core::profile) fn section(&mut self) -> Result<(u8, Self), ProfileError> {
        let tag = self.byte()?;
        let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        let rest = self.bytes(length)?;
        Ok((tag, Self { rest, clock: self.clock }))
    }
}
