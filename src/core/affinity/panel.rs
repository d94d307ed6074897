//! A sample of customers whose histories are kept, so that settings can be judged by what these
//! customers chose. Which customers is a matter of their hash alone: the `max` lowest of all ever
//! seen (bottom-k sampling: Cohen, Kaplan 2007, "Summarizing data using bottom-k sketches"), so
//! that each customer is as likely as any other and all replicas keep the same.

use std::sync::Arc;

use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::key::{Key, mix64};

use super::choice::recent;

/// Salt of the hash by which customers are chosen.
const SALT: u64 = 0x70_616e_656c;
/// Most items kept of a member's history, the last ones.
const HISTORY_MAX: usize = 256;

/// A member's hash, and its history, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Hash of the customer: no id, and none can be had from it.
    pub rank: u64,
    /// Items and weights.
    pub history: Arc<[(Key, f32)]>,
}

/// The sample, by ascending hash. A clone shares everything.
#[derive(Clone, Debug, Default)]
pub struct Panel {
    members: Arc<Vec<Member>>,
}

impl Panel {
    /// The members, by ascending hash.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Takes in that `customer`, with `history`, chose `item`; of at most `max` members.
    pub fn note(&mut self, max: usize, customer: u64, history: &[(Key, f32)], new: (Key, f32)) {
        let rank = mix64(customer, SALT);
        let place = self.members.binary_search_by_key(&rank, |member| member.rank);
        let full = self.members.len() >= max;
        if place.is_err() && full && self.members.last().is_none_or(|last| last.rank < rank) {
            return;
        }
        let mut kept: Vec<(Key, f32)> = recent(history, HISTORY_MAX).to_vec();
        let known = kept.iter().position(|(item, _)| *item == new.0);
        let before = known.map_or(0.0, |at| kept.remove(at).1);
        kept.push((new.0, before + new.1));
        let history = Arc::from(recent(&kept, HISTORY_MAX));
        let members = Arc::make_mut(&mut self.members);
        match place {
            Ok(at) => {
                if let Some(member) = members.get_mut(at) {
                    member.history = history;
                }
            }
            Err(at) => {
                members.insert(at, Member { rank, history });
                members.truncate(max);
            }
        }
    }

    /// Leaves `customer` out from now on, until it chooses again.
    pub fn forget(&mut self, customer: u64) {
        let rank = mix64(customer, SALT);
        if let Ok(at) = self.members.binary_search_by_key(&rank, |member| member.rank) {
            Arc::make_mut(&mut self.members).remove(at);
        }
    }

    /// Appends the sample.
    pub fn encode(&self, out: &mut Writer) {
        out.varint(self.members.len() as u64);
        for member in self.members.iter() {
            out.u64(member.rank);
            out.varint(member.history.len() as u64);
            for (item, weight) in member.history.iter() {
                out.key(*item);
                out.f32(*weight);
            }
        }
    }

    /// Takes a sample of at most `max` members.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no sample.
    pub fn decode(max: usize, input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let count = input.count(max, 9, "members of a panel")?;
        let mut members: Vec<Member> = Vec::with_capacity(count);
        for _ in 0..count {
            let rank = input.u64()?;
            let length = input.count(HISTORY_MAX, 8, "history of a member")?;
            let mut history = Vec::with_capacity(length);
            for _ in 0..length {
                history.push((input.key()?, input.f32()?));
            }
            if members.last().is_some_and(|last| last.rank >= rank) {
                return Err(CodecError::Invalid("order of a panel"));
            }
            members.push(Member { rank, history: Arc::from(history) });
        }
        Ok(Self { members: Arc::new(members) })
    }
}
