//! Slots of a cluster (Redis Cluster Specification, "Key distribution model").

use std::sync::OnceLock;

/// Slots in a cluster.
pub(super) const SLOTS: usize = 16_384;

/// The slot of a key: CRC16 (XMODEM) of its hash tag, or of all of it, modulo [`SLOTS`].
pub(super) fn slot_of(key: &str) -> u16 {
    let tag = key
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'))
        .map(|(tag, _)| tag)
        .filter(|tag| !tag.is_empty());
    crc16(tag.unwrap_or(key).as_bytes()) & 0x3FFF
}

fn crc16(bytes: &[u8]) -> u16 {
    let mut crc = 0_u16;
    for &byte in bytes {
        crc ^= u16::from(byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
        }
    }
    crc
}

/// A short text in each slot: the first number, in decimal, that falls into it.
pub(super) fn tag_in(slot: u16) -> &'static str {
    static TAGS: OnceLock<Vec<String>> = OnceLock::new();
    let tags = TAGS.get_or_init(|| {
        let mut tags = vec![String::new(); SLOTS];
        let mut missing = SLOTS;
        for number in 0_u32.. {
            let text = number.to_string();
            if let Some(tag) = tags.get_mut(usize::from(crc16(text.as_bytes()) & 0x3FFF))
                && tag.is_empty()
            {
                *tag = text;
                missing -= 1;
                if missing == 0 {
                    break;
                }
            }
        }
        tags
    });
    tags.get(usize::from(slot)).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        assert_eq!(slot_of("foo"), 12_182);
        assert_eq!(slot_of("arbitra:{foo}:d"), 12_182);
        assert_eq!(slot_of("a{}b"), crc16(b"a{}b") & 0x3FFF);
    }

    #[test]
    fn every_slot_has_a_tag() {
        for slot in 0..16_384 {
            assert_eq!(slot_of(&format!("outbox:{{{}}}", tag_in(slot))), slot);
        }
    }
}
