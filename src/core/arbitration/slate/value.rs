//! What a slate is worth: Σ over the slots of weight × score × discount.
//!
//! The discount is what variety asks for: `(1 - α)^r`, with r the offers of the same category in
//! more attended slots of the board. That is the gain of α-nDCG (Clarke, Kolla, Cormack,
//! Vechtomova, Ashkan, Büttcher, MacKinnon, "Novelty and diversity in information retrieval
//! evaluation", SIGIR 2008, §4), with scores as graded relevance and categories as nuggets. As a
//! function of the set of offers it is monotone and submodular.

use super::board::{Board, Entry, Slate};

/// What a slate is worth.
#[must_use]
pub fn value(boards: &[Board], slate: &Slate) -> f64 {
    let slots = boards.iter().zip(&slate.slots);
    slots.map(|(board, slots)| of_board(board, |slot| entry_at(board, slots, slot))).sum()
}

/// Who stands in a slot.
fn entry_at(board: &Board, slots: &[Option<usize>], slot: usize) -> Option<Entry> {
    let position = slots.get(slot).copied().flatten()?;
    let mut entries = board.ranked.iter().flat_map(|entry| board.members(entry));
    entries.find(|entry| entry.position == position).copied()
}

/// What a board is worth, with `at` in its slots.
pub(super) fn of_board(board: &Board, at: impl Fn(usize) -> Option<Entry>) -> f64 {
    let mut sum = 0.0;
    for (slot, weight) in board.weights.iter().enumerate() {
        if let Some(entry) = at(slot) {
            sum += weight * entry.score * discount(board, slot, entry.offer, &at);
        }
    }
    sum
}

/// What counts of the score of `offer` in `slot`, for variety's sake; 1 where nothing is asked.
pub fn discount(
    board: &Board,
    slot: usize,
    offer: u32,
    at: impl Fn(usize) -> Option<Entry>,
) -> f64 {
    let Some(diversity) = &board.diversity else { return 1.0 };
    let Some(category) = diversity.category(offer) else { return 1.0 };
    let own = board.weights.get(slot).copied().unwrap_or(0.0);
    let mut left = 1.0;
    for (other, weight) in board.weights.iter().enumerate() {
        let before = *weight > own || (*weight == own && other < slot);
        let same = |entry: Entry| diversity.category(entry.offer) == Some(category);
        if before && other != slot && at(other).is_some_and(same) {
            left *= 1.0 - diversity.strength;
        }
    }
    left
}
