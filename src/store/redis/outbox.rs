//! In a cluster the learning log is with one node and a customer's record with another, and a script
//! is atomic on one node only. So a commit writes its log entries, under an id of its own, into the
//! outbox of the customer's slot, together with the record; then they are moved to the log, and
//! the commit is acknowledged. If the mover dies or the log is out of reach, any replica moves them
//! later: it looks through all outboxes, which are as many as slots, and bounded.
//!
//! In the order of the commits of a customer: a mover moves what was in the slot's outbox before it as
//! well, in one go.
//!
//! Moved exactly once: the log remembers the id, at first as not certain (by the position it got),
//! and, when the outbox is known to be empty of it, with the last position at that time; such ids
//! are forgotten [`WINDOW`] entries later. A mover says which position it knew before it saw the
//! entry in the outbox, and is refused when that is more than [`WINDOW`] back, since the id may have
//! been forgotten; it then looks whether the entry is still there. So it can never be late unseen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use redis::Script;
use tokio::sync::Notify;

use super::connection::{Connections, Place};
use super::keys::Keys;
use super::link::call;
use super::log::seal_entry;
use super::slot::slot_of;
use crate::store::StoreError;

/// How far the log may grow while one entry is moved; as many ids are remembered.
pub(super) const WINDOW: u64 = 65_536;
/// Moved entries waiting to be cleared away; what is beyond is found by the sweep.
const MOVED_MAX: usize = 65_536;
/// How often a mover may be told that it is late.
const MOVES_MAX: usize = 8;

/// Keys: log, last position, ids. Arguments: position known before, window; then for each set its id,
/// the number of its entries, and these. Answers `{1, position of the last set}`, or
/// `{0, last position}` when late, and then nothing is moved.
const MOVE: &str = r"
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
local late = last - tonumber(ARGV[1]) > tonumber(ARGV[2])
local at, position = 3, last
while at <= #ARGV do
  local known = tonumber(redis.call('ZSCORE', KEYS[3], ARGV[at]) or '0')
  local count = tonumber(ARGV[at + 1])
  if known == 0 then
    if late then
      return {0, last}
    end
    for entry = at + 2, at + 1 + count do
      last = last + 1
      redis.call('XADD', KEYS[1], string.format('%.0f-0', last), 'e', ARGV[entry])
    end
    redis.call('SET', KEYS[2], string.format('%.0f', last))
    redis.call('ZADD', KEYS[3], string.format('%.0f', -last), ARGV[at])
    position = last
  elseif known < 0 then
    position = -known
  else
    position = last
  end
  at = at + 2 + count
end
return {1, position}
";

/// Keys: last position, ids. Arguments: window, ids that no outbox has any more.
const CERTAIN: &str = r"
local last = tonumber(redis.call('GET', KEYS[1]) or '0')
for id = 2, #ARGV do
  redis.call('ZADD', KEYS[2], 'XX', string.format('%.0f', math.max(last, 1)), ARGV[id])
end
local old = string.format('(%.0f', last - tonumber(ARGV[1]))
redis.call('ZREMRANGEBYSCORE', KEYS[2], 1, old)
return last
";

/// The entries of one commit on their way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Posted {
    /// Version of the record (8 bytes, BE) and an id of the commit (16): in the order of commits.
    pub id: Vec<u8>,
    /// The entries, sealed.
    pub sealed: Vec<Vec<u8>>,
}

/// As they lie in an outbox: id, and packed entries.
pub(super) type InOutbox = (Vec<u8>, Vec<u8>);

impl Posted {
    /// From the outbox; `None` when it is damaged.
    pub fn open((id, packed): InOutbox) -> Option<Self> {
        let sealed = unpack(&packed)?;
        (id.len() == 24).then_some(Self { id, sealed })
    }
}

/// The outboxes of a cluster, as one process sees them.
#[derive(Debug)]
pub(super) struct Outbox {
    pub(super) connections: Arc<Connections>,
    pub(super) keys: Keys,
    moving: Script,
    certain: Script,
    process: u64,
    count: AtomicU64,
    /// The last position of the log that this process knows of.
    seen: AtomicU64,
    /// Moved, and perhaps still in the outbox of their slot.
    moved: Mutex<Vec<(u16, Vec<u8>)>>,
    /// Slots in whose outbox something of ours may have been left.
    doubtful: Mutex<BTreeSet<u16>>,
    pub(super) something: Notify,
    is_swept: AtomicBool,
}

impl Outbox {
    pub fn new(connections: Arc<Connections>, keys: Keys) -> Self {
        Self {
            connections,
            keys,
            moving: Script::new(MOVE),
            certain: Script::new(CERTAIN),
            process: getrandom::u64().unwrap_or_default(),
            count: AtomicU64::new(0),
            seen: AtomicU64::new(0),
            moved: Mutex::default(),
            doubtful: Mutex::default(),
            something: Notify::new(),
            is_swept: AtomicBool::new(false),
        }
    }

    /// An id that no other commit has.
    pub fn next_id(&self) -> [u8; 16] {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        (u128::from(self.process) << 64 | u128::from(count)).to_be_bytes()
    }

    /// The log has reached this position.
    pub fn seen(&self, position: u64) {
        self.seen.fetch_max(position, Ordering::Relaxed);
    }

    /// A position that the log had reached by now.
    pub fn known(&self) -> u64 {
        self.seen.load(Ordering::Relaxed)
    }

    /// Sees to it that outboxes are looked through as long as this lives.
    pub fn keep_swept(self: &Arc<Self>) {
        if !self.is_swept.swap(true, Ordering::Relaxed) {
            drop(tokio::spawn(super::sweep::run(Arc::downgrade(self))));
        }
    }

    /// Entries of this slot may have been left behind.
    pub fn doubt(&self, slot: u16) {
        lock(&self.doubtful).insert(slot);
        self.something.notify_one();
    }

    pub(super) fn take_doubtful(&self, slots_max: usize) -> Vec<u16> {
        let mut doubtful = lock(&self.doubtful);
        std::iter::from_fn(|| doubtful.pop_first()).take(slots_max).collect()
    }

    /// Moves what was seen in the outbox of `slot`, all of it up to the last; `known` was the log's
    /// position before that. Answers the position of the last entry.
    pub async fn deliver(
        &self,
        slot: u16,
        known: u64,
        posted: Vec<Posted>,
    ) -> Result<u64, StoreError> {
        let keys = [&*self.keys.log, &self.keys.log_last, &self.keys.log_moved];
        let (mut known, mut posted) = (known, posted);
        for _ in 0..MOVES_MAX {
            let Some(own) = posted.last().cloned() else { return Ok(known) };
            let mut call = call(&self.moving, &keys);
            call.arg(known).arg(WINDOW);
            for Posted { id, sealed } in &posted {
                call.arg(id).arg(sealed.len());
                for entry in sealed {
                    call.arg(entry);
                }
            }
            let place = Place::write(&self.keys.log);
            let (done, position): (u8, u64) =
                self.connections.script(place, &self.moving, &call).await?;
            self.seen(position);
            if done == 1 {
                self.clear_later(slot, posted);
                return Ok(position);
            }
            known = position;
            posted = self.posted(slot).await?;
            posted.retain(|other| other.id <= own.id);
            if posted.last() != Some(&own) {
                // Another has moved and cleared it.
                return Ok(position);
            }
        }
        Err(self.connections.corrupt("the log grows faster than an entry can be moved to it"))
    }

    /// What is in an outbox, in order.
    pub(super) async fn posted(&self, slot: u16) -> Result<Vec<Posted>, StoreError> {
        let key = self.keys.outbox(slot);
        let mut all = redis::cmd("HGETALL");
        all.arg(&key);
        let found: Vec<InOutbox> = self.connections.command(Place::read(&key), &all).await?;
        let count = found.len();
        let mut posted: Vec<Posted> = found.into_iter().filter_map(Posted::open).collect();
        if posted.len() < count {
            tracing::error!(key, "entries in an outbox are damaged and left there");
        }
        posted.sort();
        Ok(posted)
    }

    fn clear_later(&self, slot: u16, posted: Vec<Posted>) {
        let mut moved = lock(&self.moved);
        if moved.len() < MOVED_MAX {
            moved.extend(posted.into_iter().map(|posted| (slot, posted.id)));
        }
        self.something.notify_one();
    }

    /// Takes what was moved out of the outboxes, and tells the log that it is certain.
    pub(super) async fn clear(&self) {
        let moved = std::mem::take(&mut *lock(&self.moved));
        let mut by_slot: BTreeMap<u16, BTreeSet<Vec<u8>>> = BTreeMap::new();
        for (slot, id) in moved {
            by_slot.entry(slot).or_default().insert(id);
        }
        let cleared = by_slot.into_iter().map(async |(slot, ids)| {
            let outbox = self.keys.outbox(slot);
            let mut remove = redis::cmd("HDEL");
            remove.arg(&outbox);
            for id in &ids {
                remove.arg(id);
            }
            let removed: Result<(), _> =
                self.connections.command(Place::write(&outbox), &remove).await;
            if removed.is_err() {
                // Found by the sweep: there already in the log, and cleared then.
                self.doubt(slot);
                return BTreeSet::new();
            }
            ids
        });
        let ids: Vec<Vec<u8>> =
            futures::future::join_all(cleared).await.into_iter().flatten().collect();
        for ids in ids.chunks(512) {
            let mut call = call(&self.certain, &[&self.keys.log_last, &self.keys.log_moved]);
            call.arg(WINDOW);
            for id in ids {
                call.arg(id);
            }
            let place = Place::write(&self.keys.log);
            let told: Result<u64, _> = self.connections.script(place, &self.certain, &call).await;
            if let Err(error) = told {
                // They stay remembered, which costs some bytes each.
                tracing::debug!(%error, "ids of moved log entries could not be confirmed");
            }
        }
    }
}

/// Something may be in the outbox of the slot until it is known to be in the log.
pub(super) struct Doubt<'a> {
    outbox: &'a Outbox,
    slot: u16,
    open: bool,
}

impl<'a> Doubt<'a> {
    pub fn about(outbox: &'a Outbox, key: &str) -> Self {
        Self { outbox, slot: slot_of(key), open: true }
    }

    pub fn settled(mut self) {
        self.open = false;
    }
}

impl Drop for Doubt<'_> {
    /// Also when the caller gave up in the middle.
    fn drop(&mut self) {
        if self.open {
            self.outbox.doubt(self.slot);
        }
    }
}

/// Entries as they lie in an outbox: each sealed, after its length (4 bytes, LE).
pub(super) fn pack(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(entries.iter().map(|entry| entry.len() + 4).sum());
    for entry in entries {
        let length = u32::try_from(entry.len()).unwrap_or(u32::MAX);
        packed.extend_from_slice(&length.to_le_bytes());
        packed.extend_from_slice(entry);
    }
    packed
}

/// The entries; `None` when they are not whole.
pub(super) fn unpack(mut packed: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    while !packed.is_empty() {
        let (length, rest) = packed.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (entry, rest) = rest.split_at_checked(length)?;
        entries.push(entry.to_vec());
        packed = rest;
    }
    Some(entries)
}

/// All entries, sealed.
pub(super) fn seal_all(entries: &[Bytes]) -> Vec<Vec<u8>> {
    entries.iter().map(|entry| seal_entry(entry)).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_entries_come_back_whole_or_not_at_all() {
        let entries = vec![b"one".to_vec(), Vec::new(), vec![7; 300]];
        let packed = pack(&entries);
        assert_eq!(unpack(&packed), Some(entries));
        assert_eq!(unpack(&packed[..packed.len() - 1]), None);
        assert_eq!(unpack(&[]), Some(vec![]));
    }
}
