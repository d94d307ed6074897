//! The greedy slate: again and again the placing that adds most, of those that break nothing.
//!
//! For one board without bounds this is the best slate: the best offers in the most attended slots
//! (rearrangement inequality; Hardy, Littlewood, Pólya, *Inequalities*, th. 368). With several
//! boards and q families of bounds (exclusions, limits, groups) that an offer may meet, slates of
//! single offers are a (2 + q)-extendible system, and greedy reaches at least 1 / (2 + q) of the
//! best slate (Mestre, "Greedy in approximation algorithms", ESA 2006, th. 1).

use super::board::{Board, Bounds, Entry, Passed, Slate, SlateRule};
use super::book::Book;
use super::value::discount;

/// Fills the boards. `accept(board, position)` has the last word on each placement (it renders the
/// text, for instance); who is not accepted is out of that board, with its bundle.
#[must_use]
pub fn fill(
    boards: &[Board],
    bounds: &Bounds<'_>,
    accept: impl FnMut(usize, usize) -> bool,
) -> Slate {
    let slate = Slate {
        slots: boards.iter().map(|board| vec![None; board.weights.len()]).collect(),
        passed: Vec::new(),
    };
    let runs = boards.iter().map(Run::new).collect();
    Filling { boards, book: Book::new(bounds), slate, runs }.run(accept)
}

/// How far one board is.
struct Run {
    /// Its slots, the most looked-at first.
    slots: Vec<usize>,
    /// Entries before it are settled.
    cursor: usize,
    /// Entries settled out of order; only where variety or bundles make the order of entries shift.
    settled: Vec<bool>,
}

impl Run {
    fn new(board: &Board) -> Self {
        let mut slots: Vec<usize> = (0..board.weights.len()).collect();
        let weight = |slot: &usize| board.weights.get(*slot).copied().unwrap_or(0.0);
        slots.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then(a.cmp(b)));
        let shifts = board.diversity.is_some() || !board.units.is_empty();
        let settled = if shifts { vec![false; board.ranked.len()] } else { Vec::new() };
        Self { slots, cursor: 0, settled }
    }
}

/// A placing that could be made.
#[derive(Clone, Copy)]
struct Move {
    board: usize,
    /// Number of the entry on its board.
    entry: usize,
    /// Its first slot.
    start: usize,
    /// What it adds.
    gain: f64,
}

struct Filling<'f, 'a> {
    boards: &'f [Board],
    book: Book<'f, 'a>,
    slate: Slate,
    runs: Vec<Run>,
}

impl Filling<'_, '_> {
    fn run(mut self, mut accept: impl FnMut(usize, usize) -> bool) -> Slate {
        loop {
            let mut best: Option<Move> = None;
            for board in 0..self.boards.len() {
                if let Some(next) = self.next(board)
                    && best.is_none_or(|best| next.gain > best.gain)
                {
                    best = Some(next);
                }
            }
            let Some(chosen) = best else { return self.slate };
            self.make(chosen, &mut accept);
        }
    }

    /// The best placing on a board; settles what is bound on the way.
    fn next(&mut self, number: usize) -> Option<Move> {
        let board = self.boards.get(number)?;
        let taken = self.slate.slots.get(number)?;
        let run = self.runs.get(number)?;
        let slot =
            run.slots.iter().copied().find(|slot| taken.get(*slot).is_some_and(Option::is_none))?;
        let mut best: Option<Move> = None;
        let mut index = run.cursor;
        while let Some(entry) = board.ranked.get(index) {
            let gain_max = gain_of(board, slot, entry.score);
            if best.is_some_and(|best| best.gain >= gain_max) {
                break;
            }
            if !self.is_settled(number, index) {
                match self.place_for(number, slot, entry) {
                    Ok(start) => {
                        let gain = self.gain(board, number, entry, start);
                        let better = best.is_none_or(|best| gain > best.gain);
                        if better {
                            best = Some(Move { board: number, entry: index, start, gain });
                        }
                        if board.diversity.is_none() && entry.unit.is_none() {
                            break;
                        }
                    }
                    Err(rule) => {
                        self.pass(number, entry, &rule);
                        self.settle(number, index);
                    }
                }
            }
            index += 1;
        }
        best
    }

    /// Where an entry may start: a single offer in `slot`, a bundle in its best window; or what keeps
    /// it out.
    fn place_for(&mut self, number: usize, slot: usize, entry: &Entry) -> Result<usize, SlateRule> {
        let Some(board) = self.boards.get(number) else { return Err(SlateRule::Placed) };
        let members = board.members(entry);
        if let Some(rule) = self.book.stops(number, members) {
            return Err(rule);
        }
        if members.len() == 1 {
            return Ok(slot);
        }
        let taken = self.slate.slots.get(number).map(Vec::as_slice).unwrap_or_default();
        window(&board.weights, taken, members.len()).ok_or_else(|| {
            let unit = entry.unit.and_then(|unit| board.units.get(usize::from(unit)));
            SlateRule::Bundle(unit.map(|unit| unit.id.clone()).unwrap_or_default())
        })
    }

    fn gain(&self, board: &Board, number: usize, entry: &Entry, start: usize) -> f64 {
        if board.diversity.is_none() && entry.unit.is_none() {
            return gain_of(board, start, entry.score);
        }
        let taken = self.slate.slots.get(number).map(Vec::as_slice).unwrap_or_default();
        let at = |slot: usize| {
            let position = taken.get(slot).copied().flatten()?;
            let mut entries = board.ranked.iter().flat_map(|entry| board.members(entry));
            entries.find(|entry| entry.position == position).copied()
        };
        let members = board.members(entry);
        let each = members.iter().enumerate().map(|(offset, member)| {
            let score = member.score;
            let kept = discount(board, start + offset, member.offer, at);
            // A discount must not make something bad look better.
            gain_of(board, start + offset, if score > 0.0 { score * kept } else { score })
        });
        // By slot, so that a bundle is weighed against single offers.
        #[expect(clippy::cast_precision_loss, reason = "at most 8 offers")]
        let count = members.len() as f64;
        each.sum::<f64>() / count
    }

    fn make(&mut self, chosen: Move, accept: &mut impl FnMut(usize, usize) -> bool) {
        let Move { board: number, entry, start, .. } = chosen;
        let Some(board) = self.boards.get(number) else { return };
        self.settle(number, entry);
        let Some(entry) = board.ranked.get(entry) else { return };
        let members = board.members(entry);
        if !members.iter().all(|member| accept(number, member.position)) {
            if let Some(unit) = entry.unit.and_then(|unit| board.units.get(usize::from(unit))) {
                let rule = SlateRule::Bundle(unit.id.clone());
                self.pass(number, entry, &rule);
            }
            return;
        }
        for (offset, member) in members.iter().enumerate() {
            self.book.place(number, member.offer);
            let slots = self.slate.slots.get_mut(number);
            if let Some(place) = slots.and_then(|slots| slots.get_mut(start + offset)) {
                *place = Some(member.position);
            }
        }
    }

    fn pass(&mut self, number: usize, entry: &Entry, rule: &SlateRule) {
        let Some(board) = self.boards.get(number) else { return };
        for member in board.members(entry) {
            self.slate.passed.push(Passed {
                board: number,
                position: member.position,
                rule: rule.clone(),
            });
        }
    }

    fn is_settled(&self, number: usize, index: usize) -> bool {
        let run = self.runs.get(number);
        run.is_some_and(|run| run.settled.get(index).copied().unwrap_or(false))
    }

    fn settle(&mut self, number: usize, index: usize) {
        let Some(run) = self.runs.get_mut(number) else { return };
        match run.settled.get_mut(index) {
            Some(settled) => *settled = true,
            None => run.cursor = index + 1,
        }
        while run.settled.get(run.cursor).copied().unwrap_or(false) {
            run.cursor += 1;
        }
    }
}

/// What a score adds in a slot. What is worth less than nothing still goes to the most attended
/// slots first, since nobody else wants them.
fn gain_of(board: &Board, slot: usize, score: f64) -> f64 {
    let weight = board.weights.get(slot).copied().unwrap_or(0.0);
    if score >= 0.0 { weight * score } else { score / weight.max(f64::MIN_POSITIVE) }
}

/// The first of `length` free neighbouring slots with the most attention.
fn window(weights: &[f64], taken: &[Option<usize>], length: usize) -> Option<usize> {
    let last = weights.len().checked_sub(length)?;
    let free = |start: usize| {
        taken.get(start..start + length).is_some_and(|slots| slots.iter().all(Option::is_none))
    };
    let attention = |start: usize| weights.iter().skip(start).take(length).sum::<f64>();
    let mut best: Option<usize> = None;
    for start in (0..=last).filter(|start| free(*start)) {
        if best.is_none_or(|best| attention(start) > attention(best)) {
            best = Some(start);
        }
    }
    best
}
