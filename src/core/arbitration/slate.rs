//! Slates: which candidate takes which slot. Slots are filled in order of attention; each takes
//! the best candidate left that breaks no exclusion, no limit, and repeats no offer.

use std::sync::Arc;

use crate::core::key::unit;
use crate::core::policy::{Bitset, Gate};

/// A placement to fill.
#[derive(Clone, Debug)]
pub struct Board {
    /// Weight of each slot, first to last.
    pub weights: Vec<f64>,
    /// Offers that may stand here, best first: (offer, position in the caller's candidate list).
    pub ranked: Vec<(u32, usize)>,
}

/// What binds a slate as a whole.
#[derive(Clone, Debug, Default)]
pub struct Bounds<'a> {
    /// Sets of offers of which at most one may be placed, by name.
    pub exclusions: Vec<(&'a Arc<str>, &'a Bitset)>,
    /// Sets of offers of which at most so many may still be placed, by name.
    pub caps: Vec<(&'a Arc<str>, &'a Bitset, u32)>,
}

/// A filled slate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slate {
    /// By board, by slot: position in the candidate list of who took it.
    pub slots: Vec<Vec<Option<usize>>>,
    /// Candidates that were passed over while a slot was free.
    pub passed: Vec<Passed>,
}

/// A candidate that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The board.
    pub board: usize,
    /// Position in its candidate list.
    pub position: usize,
    /// What bound it.
    pub gate: Gate,
    /// Name of the exclusion or limit; empty when the offer stands elsewhere already.
    pub rule: Arc<str>,
}

/// Fills the boards. `accept(board, position)` has the last word on each placement (it renders the
/// text, for instance); who is not accepted is out of that board.
#[must_use]
pub fn fill(
    boards: &[Board],
    bounds: &Bounds<'_>,
    mut accept: impl FnMut(usize, usize) -> bool,
) -> Slate {
    let mut slate = Slate {
        slots: boards.iter().map(|board| vec![None; board.weights.len()]).collect(),
        passed: Vec::new(),
    };
    let mut placed: Vec<u32> = Vec::new();
    let mut excluded = vec![false; bounds.exclusions.len()];
    let mut left: Vec<u32> = bounds.caps.iter().map(|(_, _, left)| *left).collect();
    let mut cursors = vec![0_usize; boards.len()];
    for (board_index, slot) in by_attention(boards) {
        let (Some(board), Some(cursor)) = (boards.get(board_index), cursors.get_mut(board_index))
        else {
            continue;
        };
        while let Some((offer, position)) = board.ranked.get(*cursor).copied() {
            *cursor += 1;
            if let Some((gate, rule)) = bound(offer, bounds, &placed, &excluded, &left) {
                slate.passed.push(Passed { board: board_index, position, gate, rule });
                continue;
            }
            if !accept(board_index, position) {
                continue;
            }
            placed.push(offer);
            for (used, (_, set)) in excluded.iter_mut().zip(&bounds.exclusions) {
                *used |= set.contains(offer);
            }
            for (left, (_, set, _)) in left.iter_mut().zip(&bounds.caps) {
                if set.contains(offer) {
                    *left = left.saturating_sub(1);
                }
            }
            if let Some(place) = slate.slots.get_mut(board_index).and_then(|s| s.get_mut(slot)) {
                *place = Some(position);
            }
            break;
        }
    }
    slate
}

/// The same candidates in an order drawn uniformly at random from `seed`.
#[must_use]
pub fn shuffled(board: &Board, seed: u64) -> Board {
    let mut ranked = board.ranked.clone();
    ranked.sort_by(|(a, _), (b, _)| {
        unit(seed, u64::from(*a)).total_cmp(&unit(seed, u64::from(*b))).then(a.cmp(b))
    });
    Board { weights: board.weights.clone(), ranked }
}

/// All slots of all boards, the most looked-at first; ties by board, then slot.
fn by_attention(boards: &[Board]) -> Vec<(usize, usize)> {
    let mut slots: Vec<(f64, usize, usize)> = boards
        .iter()
        .enumerate()
        .flat_map(|(board, entry)| {
            entry.weights.iter().enumerate().map(move |(slot, weight)| (*weight, board, slot))
        })
        .collect();
    slots.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    slots.into_iter().map(|(_, board, slot)| (board, slot)).collect()
}

fn bound(
    offer: u32,
    bounds: &Bounds<'_>,
    placed: &[u32],
    excluded: &[bool],
    left: &[u32],
) -> Option<(Gate, Arc<str>)> {
    if placed.contains(&offer) {
        return Some((Gate::Outranked, Arc::default()));
    }
    let mut exclusions = bounds.exclusions.iter().zip(excluded);
    if let Some(((name, _), _)) = exclusions.find(|((_, set), used)| **used && set.contains(offer))
    {
        return Some((Gate::Exclusion, Arc::clone(name)));
    }
    let mut caps = bounds.caps.iter().zip(left);
    caps.find(|((_, set, _), left)| **left == 0 && set.contains(offer))
        .map(|((name, _, _), _)| (Gate::ContactLimit, Arc::clone(name)))
}
