//! Checksums over stored bytes: damage is noticed, never served as truth.

use bytes::Bytes;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Bytes a seal adds in front.
pub(super) const SEAL_BYTES: usize = 8;

/// The 64-bit XXH3 of `body`, seeded with that of `place` (the name under which it is stored), so
/// that a value under the wrong name fails as well.
pub(super) fn checksum(place: &[u8], body: &[u8]) -> u64 {
    xxh3_64_with_seed(body, xxh3_64(place))
}

/// `body` with its checksum (8 bytes, little endian) in front.
pub(super) fn seal(place: &[u8], body: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(SEAL_BYTES + body.len());
    sealed.extend_from_slice(&checksum(place, body).to_le_bytes());
    sealed.extend_from_slice(body);
    sealed
}

/// The body of a sealed value without copying it; `None` when it is damaged.
pub(super) fn unseal(place: &[u8], sealed: Bytes) -> Option<Bytes> {
    let (found, body) = sealed.split_first_chunk::<SEAL_BYTES>()?;
    let whole = u64::from_le_bytes(*found) == checksum(place, body);
    whole.then(|| sealed.slice(SEAL_BYTES..))
}

/// The first 8 bytes of `bytes` as a little-endian number.
pub(super) fn leading_u64(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_whole_and_in_its_place() {
        let sealed = seal(b"ana", b"profile");
        assert_eq!(unseal(b"ana", sealed.clone().into()).unwrap(), b"profile".as_slice());
        assert_eq!(unseal(b"eva", sealed.clone().into()), None);
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert_eq!(unseal(b"ana", damaged.into()), None);
            assert_eq!(unseal(b"ana", Bytes::copy_from_slice(&sealed[..at])), None);
        }
    }
}
