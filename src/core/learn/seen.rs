//! Which record ids were seen lately: a bounded window that forgets by the order of the log
//! alone.

use std::sync::Arc;

use crate::core::codec::bytes::{CodecError, Reader, Writer};

const WAYS: usize = 8;
const SETS: usize = 4096;
const CHUNK: usize = 64;

/// One set: its latest ids, the newest first; 0 is no id.
type Ways = [u64; WAYS];

/// The window: 4,096 sets of the 8 latest ids that fall into each. An id is remembered until 8
/// others of its set came after it: with ids spread evenly, one of the latest 8,192 is forgotten
/// with a chance of about one in 1,000.
#[derive(Clone, Debug)]
pub struct Seen {
    chunks: Vec<Arc<[Ways; CHUNK]>>,
}

impl Default for Seen {
    fn default() -> Self {
        // One chunk in memory until something is noted.
        let empty = Arc::new([[0; WAYS]; CHUNK]);
        Self { chunks: vec![empty; SETS / CHUNK] }
    }
}

impl Seen {
    /// Notes `id`; answers whether it had been seen already (nothing changes then).
    #[expect(clippy::indexing_slicing, reason = "the set is modulo their number")]
    pub fn note(&mut self, id: u64) -> bool {
        // 0 marks no id: the one id in 2^64 that is 0 is remembered as 1.
        let id = id.max(1);
        let set = (id >> 7) as usize % SETS;
        let chunk = &mut self.chunks[set / CHUNK];
        if chunk[set % CHUNK].contains(&id) {
            return true;
        }
        let ways = &mut Arc::make_mut(chunk)[set % CHUNK];
        ways.rotate_right(1);
        ways[0] = id;
        false
    }

    /// Appends the window.
    pub fn encode(&self, out: &mut Writer) {
        for ways in self.chunks.iter().flat_map(|chunk| chunk.iter()) {
            let used = ways.iter().take_while(|id| **id != 0).count();
            out.u8(used as u8);
            ways.iter().take(used).for_each(|id| out.u64(*id));
        }
    }

    /// Takes a window.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no window.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut seen = Self::default();
        for chunk in &mut seen.chunks {
            for ways in Arc::make_mut(chunk) {
                let used = usize::from(input.u8()?);
                if used > WAYS {
                    return Err(CodecError::Invalid("window of ids"));
                }
                for id in ways.iter_mut().take(used) {
                    *id = input.u64()?;
                }
            }
        }
        Ok(seen)
    }
}
