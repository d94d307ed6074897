//! The slate of one channel: what is to be filled, what binds it, the best way to fill it, and with
//! which probability each offer takes its slot.

use super::candidates::Candidate;
use super::channel::Field;
use super::explore::Explorer;
use crate::core::arbitration::slate::{
    Board, Bounds, Entry, GroupCap, Passed, Proof, Slate, best, fill,
};
use crate::core::catalog::Catalog;
use crate::core::key::mix64;
use crate::core::policy::Evaluation;

/// Purpose of the draws that a decision could have made.
const DRAW_SIMULATE: u64 = 0x7369_6d75;
/// How often a better slate may turn out not to be showable before the greedy one is taken.
const REFUSALS_MAX: usize = 4;
/// Random orders that a selection probability is estimated from.
const SIMULATIONS: u64 = 64;

/// How far mandatory offers stand above the best score.
const LEAD: f64 = 1e6;

/// The board of a placement's candidates.
pub(super) fn board(
    catalog: &Catalog,
    channel: u16,
    field: &Field<'_>,
    number: usize,
) -> (Board, Vec<Passed>) {
    let slots = field.asked.slots.min(field.placement.slots) as usize;
    let weights = field.placement.weights.iter().copied().take(slots).collect();
    let scores = field.candidates.iter().map(|candidate| libm::fabs(candidate.score));
    let lead = LEAD * (1.0 + scores.fold(0.0, f64::max));
    let worthy = field.candidates.iter().take(field.worthy).enumerate();
    let entries = worthy.map(|(position, candidate)| Entry {
        offer: candidate.offer,
        position,
        // Whatever their scores, mandatory ones take the slots that are looked at most.
        score: candidate.score + if position < field.mandatory { lead } else { 0.0 },
        unit: None,
    });
    let spec = &catalog.arbitration;
    let bit = 1_u64.checked_shl(u32::from(channel)).unwrap_or(0);
    let bundles = spec.bundles.iter().filter(|bundle| bundle.channels & bit != 0);
    let (mut board, passed) = Board::new(weights, entries.collect(), bundles);
    board.lead = field.mandatory;
    board.diversity =
        spec.place(channel, field.asked.placement).and_then(|place| place.diversity.clone());
    let passed = passed.into_iter();
    let passed = passed.map(|(position, rule)| Passed { board: number, position, rule });
    (board, passed.collect())
}

/// What binds the slate of a channel as a whole.
pub(super) fn bounds<'a>(
    catalog: &'a Catalog,
    evaluation: &Evaluation<'_>,
    channel: u16,
    fields: &[Field<'_>],
) -> Bounds<'a> {
    let bit = 1_u64.checked_shl(u32::from(channel)).unwrap_or(0);
    let policy = catalog.policy.spec();
    let limits = policy.limits.iter().zip(evaluation.limits());
    let quotas = policy.quotas.iter().enumerate();
    let spec = &catalog.arbitration;
    let whole = spec.max_per_group.get(usize::from(channel)).copied().flatten();
    let whole = whole.map(|max| GroupCap { board: None, max });
    let each = fields.iter().enumerate().filter_map(|(board, field)| {
        let max = spec.place(channel, field.asked.placement)?.max_per_group?;
        Some(GroupCap { board: Some(board), max })
    });
    Bounds {
        exclusions: catalog
            .exclusions
            .iter()
            .map(|exclusion| (&exclusion.id, &exclusion.offers))
            .collect(),
        caps: limits
            .filter(|(limit, _)| limit.channel_mask & bit != 0 && !limit.per_offer)
            .map(|(limit, state)| (&limit.id, &limit.offers, state.remaining))
            .chain(
                quotas.filter(|(_, quota)| quota.channel_mask & bit != 0).map(|(index, quota)| {
                    (&quota.id, &quota.offers, evaluation.quota_places(index))
                }),
            )
            .collect(),
        groups: &policy.groups,
        group_caps: whole.into_iter().chain(each).collect(),
    }
}

/// The slate of a channel.
pub(super) struct Composed {
    /// What the scores alone ask for.
    pub(super) ranked: Slate,
    /// What is shown.
    pub(super) shown: Slate,
    /// Whether that was drawn at random.
    pub(super) explored: bool,
}

/// Boards in an order that was drawn.
pub(super) type Refilled = Vec<Board>;

/// A slate in the order that was drawn.
pub(super) fn in_order(
    drawn: &[Board],
    bounds: &Bounds<'_>,
    accept: &mut impl FnMut(usize, usize) -> bool,
) -> Slate {
    fill(drawn, bounds, accept)
}

/// The greedy slate, or a better one where it is small. `accept` says whether a placing can be made.
pub(super) fn ranked(
    boards: &[Board],
    bounds: &Bounds<'_>,
    accept: &mut impl FnMut(usize, usize) -> bool,
) -> Slate {
    let mut refused: Vec<(usize, usize)> = Vec::new();
    let greedy = fill(boards, bounds, |board, position| {
        let accepted = accept(board, position);
        if !accepted {
            refused.push((board, position));
        }
        accepted
    });
    for _ in 0..REFUSALS_MAX {
        let (better, _proof): (Option<Slate>, Proof) = best(boards, bounds, &greedy, &refused);
        let Some(better) = better else { break };
        let known = refused.len();
        for (board, slots) in better.slots.iter().enumerate() {
            for position in slots.iter().flatten() {
                if !accept(board, *position) {
                    refused.push((board, *position));
                }
            }
        }
        if refused.len() == known {
            return better;
        }
    }
    greedy
}

/// The probabilities with which offers take their slots.
pub(super) struct Chances {
    /// Probability that the order was drawn.
    drawn: f64,
    /// Shares of uniform orders, in which treatments are drawn too, and of other drawn orders.
    shares: (f64, f64),
    /// Random slates, where the probability has no closed form.
    simulated: Option<Vec<Slate>>,
}

impl Chances {
    /// Exact where every candidate is as likely as any other to take any slot in a random order:
    /// orders are uniform, on one board without bundles, with one slot or without bounds that could
    /// hold anybody back. Elsewhere estimated from orders the decision could have drawn; `accept`
    /// as it is known by now.
    pub(super) fn new(
        boards: &[Board],
        bounds: &Bounds<'_>,
        (explorer, seed): (&Explorer, u64),
        accept: impl Fn(usize, usize) -> bool,
    ) -> Self {
        let drawn = explorer.probability();
        let shares = explorer.shares();
        let (_, otherwise) = shares;
        let free = match boards {
            _ if drawn == 0.0 => true,
            [] => true,
            [board] => otherwise == 0.0 && is_free(board, bounds, &accept),
            _ => false,
        };
        let simulate = drawn > 0.0 && !free;
        let simulated = simulate.then(|| {
            let seed = mix64(seed, DRAW_SIMULATE);
            let each = (0..SIMULATIONS).map(|number| {
                let boards = explorer.simulated(boards, mix64(seed, number));
                fill(&boards, bounds, &accept)
            });
            each.collect()
        });
        Self { drawn, shares, simulated }
    }

    /// Whether the probabilities are estimates.
    pub(super) fn estimated(&self) -> bool {
        self.simulated.is_some()
    }

    /// Probability that a candidate of `candidates` takes a slot, as its treatment: (1 - d) if the
    /// ranked slate puts it there and the treatment is the best, plus d times its share of the drawn
    /// orders, 1 / n, or (hits + 1/n) / (draws + 1), times that of its treatment.
    pub(super) fn of(
        &self,
        ranked: &Slate,
        (board, slot): (usize, usize),
        (position, candidate): (usize, &Candidate),
        candidates: usize,
    ) -> f64 {
        let taken = |slate: &Slate| {
            let slots = slate.slots.get(board);
            slots.and_then(|slots| slots.get(slot)) == Some(&Some(position))
        };
        #[expect(clippy::cast_precision_loss, reason = "offers are at most 50,000")]
        let even = 1.0 / candidates.max(1) as f64;
        #[expect(clippy::cast_precision_loss, reason = "at most SIMULATIONS")]
        let share = match &self.simulated {
            None => even,
            Some(slates) => {
                let hits = slates.iter().filter(|slate| taken(slate)).count() as f64;
                (hits + even) / (slates.len() as f64 + 1.0)
            }
        };
        let (uniform, otherwise) = self.shares;
        let even = uniform / f64::from(candidate.choices.max(1));
        let best = if candidate.is_best { otherwise } else { 0.0 };
        let treatment = if self.drawn > 0.0 { (even + best) / (uniform + otherwise) } else { 1.0 };
        let chosen = taken(ranked) && candidate.is_best;
        f64::from(u8::from(chosen)) * (1.0 - self.drawn) + self.drawn * share * treatment
    }
}

/// Whether no bound could keep any candidate of the only board from any slot.
fn is_free(board: &Board, bounds: &Bounds<'_>, accept: &impl Fn(usize, usize) -> bool) -> bool {
    if board.lead > 0
        || !board.units.is_empty()
        || !board.ranked.iter().all(|entry| accept(0, entry.position))
    {
        return false;
    }
    let slots = board.weights.len();
    let among = |holds: &dyn Fn(u32) -> bool| {
        board.ranked.iter().filter(|entry| holds(entry.offer)).count().min(slots)
    };
    let excludes = bounds.exclusions.iter().any(|(_, set)| among(&|offer| set.contains(offer)) > 1);
    let caps = bounds
        .caps
        .iter()
        .any(|(_, set, left)| among(&|offer| set.contains(offer)) > *left as usize);
    let groups = bounds.group_caps.iter().any(|cap| (cap.max as usize) < slots);
    !excludes && !caps && !groups
}
