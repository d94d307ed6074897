//! The best slate, where it is small: by assignment where nothing but 'each offer once' binds, by
//! branch and bound where exclusions, limits, groups, bundles or variety do.

use super::assign::assign;
use super::board::{Board, Bounds, Entry, Slate};
use super::book::Book;
use super::value::{of_board, value};

/// Most slots, over all boards, for which the best slate is looked for.
pub const SLOTS_MAX: usize = 12;
/// Most entries of a board that are tried.
const ENTRIES_MAX: usize = 64;
/// Most placings that are tried, of few candidates and of many.
const NODES_MAX: usize = 4_000;
const NODES_MAX_OF_MANY: usize = 500;
/// From so many candidates on they are many: a decision over a large catalog has little time.
const MANY: usize = 100;
/// Gains below this part of the value are rounding.
const GAIN_MIN: f64 = 1e-9;

/// How much is known of a slate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It is the best there is.
    Best,
    /// The greedy one, or a better one; perhaps not the best.
    Greedy,
}

/// The best slate that is no worse than `greedy`, the slate that [`super::fill`] gives; `refused` are
/// placings (board, position) that cannot be made. `None`: `greedy` is as good.
#[must_use]
pub fn best(
    boards: &[Board],
    bounds: &Bounds<'_>,
    greedy: &Slate,
    refused: &[(usize, usize)],
) -> (Option<Slate>, Proof) {
    if is_best(boards, greedy) {
        return (None, Proof::Best);
    }
    let slots: usize = boards.iter().map(|board| board.weights.len()).sum();
    let negative = |board: &Board| board.ranked.last().is_some_and(|entry| entry.score < 0.0);
    if slots > SLOTS_MAX || boards.iter().any(negative) {
        return (None, Proof::Greedy);
    }
    let floor = value(boards, greedy);
    let least = floor + GAIN_MIN * floor.max(f64::MIN_POSITIVE);
    let plain = boards.iter().all(|board| board.diversity.is_none() && board.units.is_empty());
    if plain {
        let slate = assigned(boards, slots, refused);
        if keeps(boards, bounds, &slate) {
            let better = value(boards, &slate) > least;
            return (better.then(|| completed(boards, bounds, slate, refused)), Proof::Best);
        }
    }
    let mut search = Search::new(boards, bounds, refused, least);
    search.from(0);
    let proof = if search.complete() { Proof::Best } else { Proof::Greedy };
    let found = search.found;
    (
        found.map(|slots| completed(boards, bounds, Slate { slots, passed: Vec::new() }, refused)),
        proof,
    )
}

/// Whether the greedy slate is the best without looking further: nobody was in anybody's way.
fn is_best(boards: &[Board], greedy: &Slate) -> bool {
    let slots: usize = boards.iter().map(|board| board.weights.len()).sum();
    let plain = boards.iter().all(|board| board.diversity.is_none() && board.units.is_empty());
    plain && (slots <= 1 || greedy.passed.is_empty() && boards.len() == 1)
}

/// The best assignment when each offer may stand once.
fn assigned(boards: &[Board], slots: usize, refused: &[(usize, usize)]) -> Slate {
    // Of each board more than `slots` offers are never needed.
    let mut offers: Vec<u32> = boards
        .iter()
        .enumerate()
        .flat_map(|(number, board)| {
            let open = board.ranked.iter();
            let open = open.filter(move |entry| !refused.contains(&(number, entry.position)));
            open.take(slots).map(|entry| entry.offer)
        })
        .collect();
    offers.sort_unstable();
    offers.dedup();
    let mut rows = Vec::with_capacity(slots);
    for (number, board) in boards.iter().enumerate() {
        let mut scores = vec![-1.0; offers.len()];
        for entry in &board.ranked {
            if let Ok(column) = offers.binary_search(&entry.offer)
                && !refused.contains(&(number, entry.position))
                && let Some(score) = scores.get_mut(column)
            {
                *score = entry.score;
            }
        }
        for weight in &board.weights {
            rows.push(scores.iter().map(|score| weight * score).collect());
        }
    }
    let mut taken = assign(&rows).into_iter();
    let slots = boards.iter().map(|board| {
        let each = board.weights.iter().map(|_| {
            let offer = *offers.get(taken.next().flatten()?)?;
            board.ranked.iter().find(|entry| entry.offer == offer).map(|entry| entry.position)
        });
        each.collect()
    });
    Slate { slots: slots.collect(), passed: Vec::new() }
}

/// Whether a slate of single offers breaks none of the bounds.
fn keeps(boards: &[Board], bounds: &Bounds<'_>, slate: &Slate) -> bool {
    let mut book = Book::new(bounds);
    for (number, (board, slots)) in boards.iter().zip(&slate.slots).enumerate() {
        for position in slots.iter().flatten() {
            let found = board.ranked.iter().find(|entry| entry.position == *position);
            let Some(entry) = found else { return false };
            if book.stops(number, std::slice::from_ref(entry)).is_some() {
                return false;
            }
            book.place(number, entry.offer);
        }
    }
    true
}

/// The slate with what is worth nothing in the slots left, and what was passed over in words.
fn completed(
    boards: &[Board],
    bounds: &Bounds<'_>,
    slate: Slate,
    refused: &[(usize, usize)],
) -> Slate {
    let mut book = Book::new(bounds);
    let mut slate = slate;
    let mut placed: Vec<(usize, usize)> = Vec::new();
    for (number, (board, slots)) in boards.iter().zip(&slate.slots).enumerate() {
        let entries = board.ranked.iter().flat_map(|entry| board.members(entry));
        for entry in entries.filter(|entry| slots.contains(&Some(entry.position))) {
            book.place(number, entry.offer);
            placed.push((number, entry.position));
        }
    }
    for (number, (board, slots)) in boards.iter().zip(&mut slate.slots).enumerate() {
        for entry in &board.ranked {
            let known = placed.contains(&(number, entry.position));
            if known || refused.contains(&(number, entry.position)) {
                continue;
            }
            let free = slots.iter_mut().find(|slot| slot.is_none());
            match (book.stops(number, board.members(entry)), free) {
                (Some(rule), _) => {
                    let members = board.members(entry).iter();
                    slate.passed.extend(members.map(|member| super::board::Passed {
                        board: number,
                        position: member.position,
                        rule: rule.clone(),
                    }));
                }
                (None, Some(slot)) if entry.unit.is_none() => {
                    *slot = Some(entry.position);
                    book.place(number, entry.offer);
                }
                _ => {}
            }
        }
    }
    slate
}

/// Branch and bound over the slots, board by board.
struct Search<'s, 'a> {
    boards: &'s [Board],
    refused: &'s [(usize, usize)],
    book: Book<'s, 'a>,
    /// All slots in order: (board, slot).
    order: Vec<(usize, usize)>,
    /// By board, by slot: who stands there.
    at: Vec<Vec<Option<Entry>>>,
    /// By board: offers with the most each can score, best first.
    most: Vec<Vec<(u32, f64)>>,
    /// What a slate must beat.
    least: f64,
    found: Option<Vec<Vec<Option<usize>>>>,
    nodes: usize,
    nodes_max: usize,
    cut: bool,
}

impl<'s, 'a> Search<'s, 'a> {
    fn new(
        boards: &'s [Board],
        bounds: &'s Bounds<'a>,
        refused: &'s [(usize, usize)],
        least: f64,
    ) -> Self {
        let each = boards.iter().enumerate();
        let order = each
            .flat_map(|(number, board)| (0..board.weights.len()).map(move |slot| (number, slot)));
        let most = boards.iter().map(|board| {
            let entries = board.ranked.iter().take(ENTRIES_MAX);
            let mut most: Vec<(u32, f64)> = entries
                .flat_map(|entry| {
                    let members = board.members(entry);
                    let top = members.iter().map(|member| member.score).fold(0.0, f64::max);
                    members.iter().map(move |member| (member.offer, top))
                })
                .collect();
            most.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            most
        });
        let entries: usize = boards.iter().map(|board| board.ranked.len()).sum();
        Self {
            boards,
            refused,
            book: Book::new(bounds),
            order: order.collect(),
            at: boards.iter().map(|board| vec![None; board.weights.len()]).collect(),
            most: most.collect(),
            least,
            found: None,
            nodes: 0,
            nodes_max: if entries < MANY { NODES_MAX } else { NODES_MAX_OF_MANY },
            cut: boards.iter().any(|board| board.ranked.len() > ENTRIES_MAX),
        }
    }

    /// Whether everything was tried.
    fn complete(&self) -> bool {
        !self.cut && self.nodes < self.nodes_max
    }

    /// Tries everything for the slots from the `depth`-th on.
    fn from(&mut self, depth: usize) {
        if self.nodes >= self.nodes_max {
            return;
        }
        self.nodes += 1;
        let Some((number, slot)) = self.order.get(depth).copied() else {
            let reached = self.reached();
            if reached > self.least {
                self.least = reached + GAIN_MIN * reached;
                let positions = |slots: &Vec<Option<Entry>>| {
                    slots.iter().map(|entry| entry.map(|entry| entry.position)).collect()
                };
                self.found = Some(self.at.iter().map(positions).collect());
            }
            return;
        };
        if self.standing(number, slot).is_some() {
            return self.from(depth + 1);
        }
        if self.reached() + self.rest(depth) <= self.least {
            return;
        }
        let boards = self.boards;
        let Some(board) = boards.get(number) else { return };
        for entry in board.ranked.iter().take(ENTRIES_MAX) {
            self.try_entry(depth, (number, slot), entry);
        }
        self.from(depth + 1);
    }

    fn try_entry(&mut self, depth: usize, (number, slot): (usize, usize), entry: &Entry) {
        let boards = self.boards;
        let Some(board) = boards.get(number) else { return };
        let members = board.members(entry);
        let free = |slot: usize| {
            let slots = self.at.get(number);
            slots.and_then(|slots| slots.get(slot)).is_some_and(Option::is_none)
        };
        let refused = |member: &Entry| self.refused.contains(&(number, member.position));
        if !(slot..slot + members.len()).all(free)
            || members.iter().any(refused)
            || self.book.stops(number, members).is_some()
        {
            return;
        }
        for (offset, member) in members.iter().enumerate() {
            self.book.place(number, member.offer);
            self.set(number, slot + offset, Some(*member));
        }
        self.from(depth + 1);
        for (offset, member) in members.iter().enumerate().rev() {
            self.book.remove(number, member.offer);
            self.set(number, slot + offset, None);
        }
    }

    fn standing(&self, board: usize, slot: usize) -> Option<Entry> {
        self.at.get(board)?.get(slot).copied().flatten()
    }

    fn set(&mut self, board: usize, slot: usize, entry: Option<Entry>) {
        if let Some(place) = self.at.get_mut(board).and_then(|slots| slots.get_mut(slot)) {
            *place = entry;
        }
    }

    /// What stands already is worth; more offers can only take from it.
    fn reached(&self) -> f64 {
        let boards = self.boards.iter().enumerate();
        boards.map(|(number, board)| of_board(board, |slot| self.standing(number, slot))).sum()
    }

    /// The most that the free slots from the `depth`-th on can add: the best offers left of each
    /// board in its most attended slots.
    fn rest(&self, depth: usize) -> f64 {
        let mut sum = 0.0;
        for (number, board) in self.boards.iter().enumerate() {
            let open = self.order.get(depth..).unwrap_or_default().iter();
            let open =
                open.filter(|(of, slot)| *of == number && self.standing(*of, *slot).is_none());
            let mut weights: Vec<f64> =
                open.filter_map(|(_, slot)| board.weights.get(*slot).copied()).collect();
            weights.sort_by(|a, b| b.total_cmp(a));
            let most = self.most.get(number).map(Vec::as_slice).unwrap_or_default();
            let left = most.iter().filter(|(offer, _)| !self.book.holds(*offer));
            sum += weights.iter().zip(left).map(|(weight, (_, most))| weight * most).sum::<f64>();
        }
        sum
    }
}
