//! A bounded map by key whose clone is cheap: 64 shared shards of shared entries. Publishing a
//! snapshot copies 64 pointers; the next change copies one shard's pointers and one entry.

use std::sync::Arc;

use super::bytes::{CodecError, Reader, Writer};
use crate::core::key::Key;

const SHARDS: usize = 64;

/// What an entry is worth: when a shard is full, the entry with the lowest rank (then the lowest
/// key) makes room, so that eviction is a pure function of the state.
pub trait Ranked {
    /// Higher is kept longer.
    fn rank(&self) -> u64;
}

/// A key and what the map holds of it.
pub type Entry<T> = (Key, Arc<T>);
type Shard<T> = Vec<Entry<T>>;

/// The map. Iteration is by shard, then by key: the same on every machine.
#[derive(Clone, Debug)]
pub struct CowMap<T> {
    shards: Vec<Arc<Shard<T>>>,
    shard_max: usize,
}

impl<T: Ranked + Clone> CowMap<T> {
    /// An empty map of at most `max` entries, rounded up to a multiple of 64; a shard that is
    /// full evicts, so a map begins to evict somewhat before it holds `max`.
    #[must_use]
    pub fn new(max: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Arc::new(Vec::new())).collect();
        Self { shards, shard_max: max.div_ceil(SHARDS).max(1) }
    }

    /// The entry of `key`.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&T> {
        let shard = self.shards.get(key.0 as usize % SHARDS)?;
        let at = shard.binary_search_by_key(&key, |entry| entry.0).ok()?;
        shard.get(at).map(|entry| entry.1.as_ref())
    }

    /// The entry of `key` for change, made by `make` when there is none. The evicted entry
    /// comes along, so that others can forget it too.
    #[expect(clippy::indexing_slicing, reason = "modulo the number of shards; `at` was just set")]
    pub fn entry(&mut self, key: Key, make: impl FnOnce() -> T) -> (&mut T, Option<Entry<T>>) {
        let shard = Arc::make_mut(&mut self.shards[key.0 as usize % SHARDS]);
        let mut evicted = None;
        let at = match shard.binary_search_by_key(&key, |entry| entry.0) {
            Ok(at) => at,
            Err(_) => {
                if shard.len() >= self.shard_max {
                    evicted = evict(shard);
                }
                let at = shard.partition_point(|entry| entry.0 < key);
                shard.insert(at, (key, Arc::new(make())));
                at
            }
        };
        (Arc::make_mut(&mut shard[at].1), evicted)
    }

    /// All entries, in an order that depends on the keys alone.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        self.shards.iter().flat_map(|shard| shard.iter().map(|entry| (entry.0, entry.1.as_ref())))
    }

    /// Changes every entry.
    pub fn for_each_mut(&mut self, mut change: impl FnMut(&mut T)) {
        for shard in &mut self.shards {
            for entry in Arc::make_mut(shard) {
                change(Arc::make_mut(&mut entry.1));
            }
        }
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len()).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The most entries it can ever hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.shard_max * SHARDS
    }
}

fn evict<T: Ranked>(shard: &mut Shard<T>) -> Option<Entry<T>> {
    let lowest = shard
        .iter()
        .enumerate()
        .min_by_key(|(_, entry)| (entry.1.rank(), entry.0))
        .map(|(at, _)| at)?;
    Some(shard.remove(lowest))
}

/// Appends a map: a count, then each key and entry.
pub fn encode_map<T: Ranked + Clone>(
    map: &CowMap<T>,
    encode: impl Fn(&T, &mut Writer),
    out: &mut Writer,
) {
    out.varint(map.len() as u64);
    for (key, entry) in map.iter() {
        out.key(key);
        encode(entry, out);
    }
}

/// Takes the entries of a map into one that is empty.
///
/// # Errors
/// [`CodecError`] when the bytes are short or more entries than the map holds.
pub fn decode_map<T: Ranked + Clone>(
    map: &mut CowMap<T>,
    mut decode: impl FnMut(&mut Reader<'_>) -> Result<T, CodecError>,
    input: &mut Reader<'_>,
) -> Result<(), CodecError> {
    let count = input.count(map.capacity(), 5, "number of entries")?;
    for _ in 0..count {
        let key = input.key()?;
        let entry = decode(input)?;
        let (_, evicted) = map.entry(key, || entry);
        if evicted.is_some() {
            return Err(CodecError::Invalid("entries of a map"));
        }
    }
    Ok(())
}
