//! The form of a value in the embedded store: checksum, version, time of expiry, payload.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use crate::store::seal::checksum;

/// Checksum (8), version (8), expiry (8); little endian.
const HEADER_BYTES: usize = 24;

/// A stored value. The checksum covers everything after it and the name it is stored under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    /// The number of the write that stored it.
    pub version: u64,
    /// Milliseconds since 1970 from which it counts as absent; `u64::MAX`: never.
    pub expires_at_ms: u64,
    /// What is stored.
    pub payload: Bytes,
}

impl Cell {
    /// The stored form.
    pub fn encode(place: &[u8], version: u64, expires_at_ms: u64, payload: &[u8]) -> Vec<u8> {
        let mut encoded = Vec::with_capacity(HEADER_BYTES + payload.len());
        encoded.extend_from_slice(&[0; 8]);
        encoded.extend_from_slice(&version.to_le_bytes());
        encoded.extend_from_slice(&expires_at_ms.to_le_bytes());
        encoded.extend_from_slice(payload);
        if let Some((sum, body)) = encoded.split_first_chunk_mut::<8>() {
            *sum = checksum(place, body).to_le_bytes();
        }
        encoded
    }

    /// The value behind its stored form; `None` when that is damaged.
    pub fn decode(place: &[u8], encoded: &[u8]) -> Option<Self> {
        let (sum, body) = encoded.split_first_chunk::<8>()?;
        if u64::from_le_bytes(*sum) != checksum(place, body) {
            return None;
        }
        let (version, rest) = body.split_first_chunk::<8>()?;
        let (expires_at_ms, payload) = rest.split_first_chunk::<8>()?;
        Some(Self {
            version: u64::from_le_bytes(*version),
            expires_at_ms: u64::from_le_bytes(*expires_at_ms),
            payload: Bytes::copy_from_slice(payload),
        })
    }

    /// The time of expiry alone, without checking the sum; `None` when there is no room for one.
    pub fn expiry(encoded: &[u8]) -> Option<u64> {
        encoded.get(16..HEADER_BYTES)?.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))
    }
}

/// Now, milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// When something written at `now_ms` expires; never without a `ttl`, nor with one too long to
/// count.
pub(super) fn expires_at_ms(now_ms: u64, ttl: Option<Duration>) -> u64 {
    let ttl_ms = ttl.map_or(u64::MAX, |ttl| u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX));
    now_ms.saturating_add(ttl_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_decodes_only_whole_and_in_its_place() {
        let encoded = Cell::encode(b"ana", 7, 9, b"profile");
        let cell = Cell::decode(b"ana", &encoded).unwrap();
        assert_eq!(
            (cell.version, cell.expires_at_ms, &*cell.payload),
            (7, 9, b"profile".as_slice())
        );
        assert_eq!(Cell::expiry(&encoded), Some(9));
        assert_eq!(Cell::decode(b"eva", &encoded), None);
        for at in 0..encoded.len() {
            let mut damaged = encoded.clone();
            damaged[at] ^= 1;
            assert_eq!(Cell::decode(b"ana", &damaged), None);
            assert_eq!(Cell::decode(b"ana", &encoded[..at]), None);
        }
    }

    #[test]
    fn a_time_to_live_too_long_to_count_means_never() {
        assert_eq!(expires_at_ms(5, None), u64::MAX);
        assert_eq!(expires_at_ms(5, Some(Duration::MAX)), u64::MAX);
        assert_eq!(expires_at_ms(5, Some(Duration::from_millis(2))), 7);
    }
}
