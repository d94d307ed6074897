//! The draws of one channel's exploration: in which order its boards are filled, how often that is
//! not the best order known, and what that may cost.

use super::channel::Field;
use super::slate::Refilled;
use crate::core::arbitration::explore::{
    Draw, Exploration, gap_probabilities, in_control, normal, place,
};
use crate::core::arbitration::slate::{Board, Entry, shuffled};
use crate::core::catalog::Channel;
use crate::core::key::{mix64, unit};

/// Purposes of the draws that one decision makes from its seed.
const DRAW_EXPLORE: u64 = 0x6578_706c;
const DRAW_ORDER: u64 = 0x6f72_6465;
const DRAW_TREATMENT: u64 = 0x7472_6561;
const DRAW_COST: u64 = 0x636f_7374;
/// Draws that the cost of an order by draws of belief is estimated from.
const COST_DRAWS: u64 = 32;

/// What a candidate's probability is believed to be.
#[derive(Clone, Copy, Debug, Default)]
struct Belief {
    probability: f64,
    logit: f64,
    deviation: f64,
}

/// The exploration of one channel in one decision.
pub(super) struct Explorer {
    draw: Draw,
    /// Share of uniform orders, and of orders drawn as `draw` says.
    uniform: f64,
    drawn: f64,
    seed: u64,
    /// By board and candidate, where beliefs are drawn from.
    beliefs: Vec<Vec<Belief>>,
}

impl Explorer {
    /// What the channel declares, for these boards and this customer.
    pub(super) fn new(
        channel: &Channel,
        customer: u64,
        seed: u64,
        boards: &[Board],
        fields: &[Field<'_>],
    ) -> Self {
        let rules = &channel.exploration;
        let seed = mix64(seed, u64::from(channel.key.0));
        let mut explorer =
            Self { draw: rules.draw, uniform: 0.0, drawn: 0.0, seed, beliefs: Vec::new() };
        if rules.is_none() {
            return explorer;
        }
        if in_control(customer, u64::from(channel.key.0), rules.control) {
            explorer.uniform = 1.0;
            return explorer;
        }
        if matches!(rules.draw, Draw::Thompson { .. }) {
            explorer.beliefs = fields.iter().map(beliefs).collect();
        }
        explorer.share(rules, boards);
        explorer
    }

    /// Every order as likely: for an arm of the experiment that draws.
    pub(super) fn uniform(channel: &Channel, seed: u64) -> Self {
        let seed = mix64(seed, u64::from(channel.key.0));
        Self { draw: Draw::Ranked, uniform: 1.0, drawn: 0.0, seed, beliefs: Vec::new() }
    }

    /// Sets the shares, within the budget.
    fn share(&mut self, rules: &Exploration, boards: &[Board]) {
        let most = boards.iter().map(|board| board.ranked.len()).max().unwrap_or(0);
        let floor = (rules.floor * most as f64).min(0.5);
        self.uniform = rules.epsilon.max(floor);
        self.drawn = if rules.draw == Draw::Ranked { 0.0 } else { 1.0 - self.uniform };
        let Some(budget) = rules.budget else { return };
        let cost = self.uniform * uniform_cost(boards)
            + if self.drawn > 0.0 { self.drawn * self.drawn_cost(boards) } else { 0.0 };
        if cost > budget {
            self.uniform *= budget / cost;
            self.drawn *= budget / cost;
        }
    }

    /// Probability that the order is drawn.
    pub(super) fn probability(&self) -> f64 {
        (self.uniform + self.drawn).min(1.0)
    }

    /// Shares of uniform orders and of others among all decisions.
    pub(super) fn shares(&self) -> (f64, f64) {
        (self.uniform, self.drawn)
    }

    /// The decision's own draw: its boards in the drawn order, or nothing where the best order
    /// known is used.
    pub(super) fn boards(&self, boards: &[Board]) -> Option<Vec<Board>> {
        let draw = unit(self.seed, DRAW_EXPLORE);
        (draw < self.probability()).then(|| self.reordered(boards, draw < self.uniform, self.seed))
    }

    /// Whether the decision's own draw is a uniform order: then treatments are drawn too.
    pub(super) fn is_uniform(&self) -> bool {
        unit(self.seed, DRAW_EXPLORE) < self.uniform
    }

    /// The seed that treatments are drawn from, in the placement of that number.
    pub(super) fn treatment_seed(&self, placement: u64) -> u64 {
        mix64(mix64(self.seed, DRAW_TREATMENT), placement)
    }

    /// One of the draws the decision could have made, given that it made one.
    pub(super) fn simulated(&self, boards: &[Board], seed: u64) -> Refilled {
        let uniform = unit(seed, DRAW_EXPLORE) * self.probability() < self.uniform;
        self.reordered(boards, uniform, seed)
    }

    fn reordered(&self, boards: &[Board], uniform: bool, seed: u64) -> Vec<Board> {
        let seed = mix64(seed, DRAW_ORDER);
        let numbered = boards.iter().enumerate();
        numbered
            .map(|(number, board)| {
                let seed = mix64(seed, number as u64);
                match self.draw {
                    _ if uniform => shuffled(board, seed),
                    Draw::Ranked => board.clone(),
                    Draw::Thompson { spread } => self.believed(board, number, spread, seed),
                    Draw::Gap { gamma } => gap(board, gamma, seed),
                }
            })
            .collect()
    }

    /// The board with each score as it would be at a draw of its probability.
    fn believed(&self, board: &Board, number: usize, spread: f64, seed: u64) -> Board {
        let mut ranked = board.ranked.clone();
        for entry in &mut ranked {
            entry.score = self.drawn_score(number, entry, spread, seed);
        }
        ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.offer.cmp(&b.offer)));
        Board { ranked, ..board.clone() }
    }

    /// A score counts probability once: it moves as the probability does.
    fn drawn_score(&self, board: usize, entry: &Entry, spread: f64, seed: u64) -> f64 {
        let known = self.beliefs.get(board).and_then(|all| all.get(entry.position));
        let Some(belief) = known.filter(|belief| belief.probability > 0.0) else {
            return entry.score;
        };
        let z = spread * normal(mix64(seed, u64::from(entry.offer)));
        let logit = belief.logit + z * belief.deviation;
        entry.score * crate::core::propensity::weight::sigmoid(logit) / belief.probability
    }

    /// Share of the first slots' score that an order drawn as declared loses in expectation.
    fn drawn_cost(&self, boards: &[Board]) -> f64 {
        cost(boards, |number, board, best| match self.draw {
            Draw::Ranked => 0.0,
            Draw::Gap { gamma } => {
                let scores: Vec<f64> = board.ranked.iter().map(|entry| entry.score).collect();
                let all = gap_probabilities(&scores, gamma);
                scores.iter().zip(all).map(|(score, p)| p * (best - score)).sum()
            }
            Draw::Thompson { spread } => {
                let seed = mix64(mix64(self.seed, DRAW_COST), number as u64);
                let loss = |draw: u64| {
                    let seed = mix64(seed, draw);
                    let score = |entry: &&Entry| self.drawn_score(number, entry, spread, seed);
                    let top = board.ranked.iter().max_by(|a, b| score(a).total_cmp(&score(b)));
                    top.map_or(0.0, |top| best - top.score)
                };
                (0..COST_DRAWS).map(loss).sum::<f64>() / COST_DRAWS as f64
            }
        })
    }
}

fn uniform_cost(boards: &[Board]) -> f64 {
    cost(boards, |_, board, best| {
        let lost: f64 = board.ranked.iter().map(|entry| best - entry.score).sum();
        lost / board.ranked.len().max(1) as f64
    })
}

/// What boards lose at their first slots, as a share of the best there.
fn cost(boards: &[Board], lost: impl Fn(usize, &Board, f64) -> f64) -> f64 {
    let (mut all, mut whole) = (0.0, 0.0);
    for (number, board) in boards.iter().enumerate() {
        let Some(best) = board.ranked.first().map(|entry| entry.score) else { continue };
        let weight = board.weights.first().copied().unwrap_or(1.0);
        all += weight * lost(number, board, best);
        whole += weight * best.abs();
    }
    if whole > 0.0 { all / whole } else { 0.0 }
}

/// The board with the drawn candidate first.
fn gap(board: &Board, gamma: f64, seed: u64) -> Board {
    let scores: Vec<f64> = board.ranked.iter().map(|entry| entry.score).collect();
    let first = place(&gap_probabilities(&scores, gamma), unit(seed, 0));
    let mut drawn = board.clone();
    if let Some(best) = scores.first()
        && first > 0
        && first < drawn.ranked.len()
    {
        let mut entry = drawn.ranked.remove(first);
        entry.score = *best;
        drawn.ranked.insert(0, entry);
    }
    drawn
}

fn beliefs(field: &Field<'_>) -> Vec<Belief> {
    let belief = |candidate: &super::candidates::Candidate| Belief {
        probability: candidate.estimate.probability,
        logit: candidate.estimate.logit_mean,
        deviation: libm::sqrt(candidate.estimate.logit_variance),
    };
    field.candidates.iter().map(belief).collect()
}
