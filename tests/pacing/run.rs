//! Deciding an instance online with the service's own prices, tick by tick.

use std::sync::Arc;

use arbitra::core::objective::{Bound, Cost, LineTally, Pacing, Prices, Tally};
use arbitra::core::time::{MINUTE_MS, UnixMs};

use super::hindsight::Hindsight;
use super::instance::Instance;

/// How offers are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The dearest first, until what it needs is gone: caps without prices.
    FirstComeFirstServed,
    /// By value less cost at the prices of the moment.
    Priced,
}

/// What came of it.
pub struct Outcome {
    pub value: f64,
    /// By line: measure and contacts.
    pub sums: Vec<(f64, f64)>,
    pub prices: Vec<f64>,
}

/// Decides all customers in order. A ceiling is also a hard limit, as a quota would be: what does
/// not fit any more is not offered.
pub fn run(instance: &Instance, choice: Choice) -> Outcome {
    let lines = &instance.lines;
    let mut pacing = Pacing::default();
    let mut prices = Prices::of(&pacing, lines);
    let mut sums = vec![(0.0, 0.0); lines.len()];
    let mut tally = Tally::default();
    let mut value = 0.0;
    let mut next = 0;
    for minute in 0..instance.minutes {
        while let Some(chance) = instance.chances.get(next).filter(|own| own.minute == minute) {
            next += 1;
            tally.decisions += 1.0;
            let mut best: Option<(usize, f64, f64)> = None;
            for (offer, worth) in &chance.candidates {
                if !fits(instance, *offer, &sums) {
                    continue;
                }
                let adjusted = match choice {
                    Choice::FirstComeFirstServed => *worth,
                    Choice::Priced => {
                        worth - Cost::of(&prices, lines, &instance.uses[*offer]).at(0.0)
                    }
                };
                if adjusted > best.map_or(0.0, |best| best.1) {
                    best = Some((*offer, adjusted, *worth));
                }
            }
            let Some((offer, _, worth)) = best else { continue };
            value += worth;
            tally.value += worth;
            for each in &instance.uses[offer] {
                let line = usize::from(each.line);
                sums[line].0 += each.contact;
                sums[line].1 += 1.0;
                let own: &mut LineTally =
                    tally.lines.entry(Arc::clone(&lines[line].id)).or_default();
                own.measure += each.contact;
                own.contacts += 1.0;
            }
        }
        let now = UnixMs(instance.start.0 + (minute + 1) * MINUTE_MS);
        pacing.tick(lines, &instance.forecast, &std::mem::take(&mut tally), |_| None, now);
        prices = Prices::of(&pacing, lines);
    }
    let prices = lines.iter().map(|line| pacing.price(&line.id)).collect();
    Outcome { value, sums, prices }
}

fn fits(instance: &Instance, offer: usize, sums: &[(f64, f64)]) -> bool {
    instance.uses[offer].iter().all(|each| {
        let line = usize::from(each.line);
        match instance.lines[line].bound {
            Bound::AtMost(budget) => sums[line].0 + each.contact <= budget,
            _ => true,
        }
    })
}

/// How far the lines that bind in hindsight ended from where they should, at the worst: as a share
/// of the amount for sums, in shares of the contacts for shares. A line binds when its price takes
/// at least 1 % of the value.
pub fn pacing_error(instance: &Instance, outcome: &Outcome, hindsight: &Hindsight) -> f64 {
    let each = instance.lines.iter().enumerate().map(|(number, line)| {
        let (measure, contacts) = outcome.sums[number];
        let amount = line.bound.amount();
        let weight = hindsight.prices[number] * line.bound.budget().abs() / hindsight.value;
        match line.bound {
            Bound::AtMost(_) if weight < 0.01 => 0.0,
            Bound::AtMost(_) => (1.0 - measure / amount).abs(),
            Bound::AtLeast(_) => (1.0 - measure / amount).max(0.0),
            Bound::ShareAtMost(_) => (measure / contacts - amount).max(0.0),
            Bound::ShareAtLeast(_) => (amount - measure / contacts).max(0.0),
        }
    });
    each.fold(0.0, f64::max)
}
