//! What could have been had by somebody who knew everything in advance: the optimum of the linear
//! programme over the whole instance.
//!
//! `max Σ v·x` subject to the lines and to at most one offer a customer equals, by strong duality,
//! the least of `D(μ) = Σ μ·budget + Σ_customers max(0, max_offer(v - μ·use))` over μ ≥ 0. D is
//! convex and piecewise linear with few variables, so cutting planes (Kelley 1960) reach its least
//! value, each step a small linear programme; D at any μ bounds the optimum from above.

use arbitra::core::objective::Bound;
use microlp::{ComparisonOp, OptimizationDirection, Problem, SolveOutcome};

use super::instance::{Chance, Instance};

/// The optimum and its prices.
pub struct Hindsight {
    /// Value, from above: never less than the optimum.
    pub value: f64,
    /// How far at most it is above it, as a share.
    pub gap: f64,
    pub prices: Vec<f64>,
}

const CUTS_MAX: usize = 600;
const GAP: f64 = 3e-4;

pub fn hindsight(instance: &Instance) -> Hindsight {
    let roofs = roofs(instance);
    let mut prices: Vec<f64> = roofs.iter().map(|roof| 0.01 * roof).collect();
    let mut cuts: Vec<(f64, Vec<f64>)> = Vec::new();
    let mut best = Hindsight { value: f64::MAX, gap: f64::MAX, prices: prices.clone() };
    for number in 0..CUTS_MAX {
        let (value, slack) = dual(instance, &prices);
        if value < best.value {
            (best.value, best.prices) = (value, prices.clone());
        }
        let at_zero = value - dot(&slack, &prices);
        cuts.push((at_zero, slack));
        let Some((floor, next)) = least(&cuts, &roofs) else { break };
        best.gap = (best.value - floor) / best.value;
        if best.gap < GAP {
            break;
        }
        // Half-way steps keep the planes near the best point; every tenth goes all the way.
        let far = if number % 10 == 9 { 1.0 } else { 0.4 };
        let between = |(next, best): (&f64, &f64)| far * next + (1.0 - far) * best;
        prices = next.iter().zip(&best.prices).map(between).collect();
    }
    best
}

/// What could have been had by somebody who knew everything but that a change comes at `minute`: up
/// to then the optimum with the share of the budgets that the decisions have, then the optimum with
/// the rest. Whoever keeps more back than that loses it where no change comes.
pub fn unforeseen(instance: &Instance, minute: i64) -> f64 {
    let half = |late: bool| {
        let chances = instance.chances.iter().filter(|chance| (chance.minute >= minute) == late);
        let chances: Vec<Chance> = chances.cloned().collect();
        let share = chances.len() as f64 / instance.chances.len() as f64;
        let mut half = Instance { chances, ..instance.clone() };
        for line in &mut half.lines {
            if let Bound::AtMost(budget) = line.bound {
                line.bound = Bound::AtMost(share * budget);
            }
        }
        hindsight(&half).value
    };
    half(false) + half(true)
}

/// D at `prices`, and its subgradient: what is left of each line.
pub fn dual(instance: &Instance, prices: &[f64]) -> (f64, Vec<f64>) {
    let usage = |offer: usize| {
        instance.uses[offer].iter().map(|each| {
            let line = usize::from(each.line);
            (line, instance.lines[line].bound.usage(each.contact, 1.0))
        })
    };
    let cost: Vec<f64> = (0..instance.uses.len())
        .map(|offer| usage(offer).map(|(line, used)| prices[line] * used).sum())
        .collect();
    let mut slack: Vec<f64> = instance.lines.iter().map(|line| line.bound.budget()).collect();
    let mut value = dot(&slack, prices);
    for chance in &instance.chances {
        let worth = chance.candidates.iter().map(|(offer, worth)| (*offer, worth - cost[*offer]));
        let best = worth.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, worth)| *worth > 0.0);
        if let Some((offer, worth)) = best {
            value += worth;
            for (line, used) in usage(offer) {
                slack[line] -= used;
            }
        }
    }
    (value, slack)
}

/// The least point under all cuts: value ≥ `at_zero + slack·prices`.
fn least(cuts: &[(f64, Vec<f64>)], roofs: &[f64]) -> Option<(f64, Vec<f64>)> {
    let mut problem = Problem::new(OptimizationDirection::Minimize);
    let value = problem.add_var(1.0, (0.0, f64::INFINITY));
    let prices: Vec<_> = roofs.iter().map(|roof| problem.add_var(0.0, (0.0, *roof))).collect();
    for (at_zero, slack) in cuts {
        let mut row = vec![(value, 1.0)];
        row.extend(prices.iter().zip(slack).map(|(price, slack)| (*price, -slack)));
        problem.add_constraint(row, ComparisonOp::Ge, *at_zero);
    }
    match problem.solve() {
        Ok(SolveOutcome::Solution(found)) => {
            let at = prices.iter().map(|price| found[*price]).collect();
            Some((found.objective(), at))
        }
        _ => None,
    }
}

/// The same optimum as one linear programme with a variable for every customer and offer.
pub fn directly(instance: &Instance) -> f64 {
    let mut problem = Problem::new(OptimizationDirection::Maximize);
    let mut by_line: Vec<Vec<(microlp::Variable, f64)>> = vec![Vec::new(); instance.lines.len()];
    for chance in &instance.chances {
        let mut one = Vec::new();
        for (offer, worth) in &chance.candidates {
            let share = problem.add_var(*worth, (0.0, 1.0));
            one.push((share, 1.0));
            for each in &instance.uses[*offer] {
                let line = usize::from(each.line);
                by_line[line].push((share, instance.lines[line].bound.usage(each.contact, 1.0)));
            }
        }
        problem.add_constraint(one, ComparisonOp::Le, 1.0);
    }
    for (line, row) in instance.lines.iter().zip(by_line) {
        problem.add_constraint(row, ComparisonOp::Le, line.bound.budget());
    }
    match problem.solve() {
        Ok(SolveOutcome::Solution(found)) => found.objective(),
        other => panic!("no optimum: {other:?}"),
    }
}

/// Above these no price is looked for: thirty contacts' worth, by a unit or by the share bound.
fn roofs(instance: &Instance) -> Vec<f64> {
    let scale = scale(instance);
    let roof = |line: &arbitra::core::objective::Line| match line.bound {
        Bound::ShareAtMost(share) | Bound::ShareAtLeast(share) => 30.0 * scale / share,
        _ => 30.0 * scale,
    };
    instance.lines.iter().map(roof).collect()
}

/// The usual worth of a contact.
fn scale(instance: &Instance) -> f64 {
    let best = instance
        .chances
        .iter()
        .map(|chance| chance.candidates.iter().map(|(_, worth)| *worth).fold(0.0, f64::max));
    best.sum::<f64>() / instance.chances.len() as f64
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
