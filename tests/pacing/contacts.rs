//! Customers who may be contacted so often in a window, and on which occasions that is done.

use std::collections::BTreeMap;
use std::sync::Arc;

use arbitra::core::objective::{LimitTally, Outlook, PacedLimit, Pacing, Prices, Tally};
use arbitra::core::time::{DAY_MS, UnixMs};
use microlp::{ComparisonOp, OptimizationDirection, Problem, SolveOutcome};

use super::instance::{Draws, START};

const CUSTOMERS: usize = 60;
const DAYS: i64 = 56;
const WINDOW_MS: i64 = 7 * DAY_MS;

/// One occasion to contact a customer.
struct Occasion {
    at: UnixMs,
    customer: usize,
    worth: f64,
}

/// Occasions of all customers, in order of time.
pub struct Contacts {
    pub max: u32,
    /// By week of the calendar rather than in the last seven days.
    calendar: bool,
    occasions: Vec<Occasion>,
}

/// So many occasions a week, whose worth varies so much; one in four brings nothing.
pub fn contacts(max: u32, a_week: f64, sigma: f64, calendar: bool, seed: u64) -> Contacts {
    let mut draws = Draws::new(seed);
    let mut occasions = Vec::new();
    for customer in 0..CUSTOMERS {
        // Some come three times as often as others.
        let rate = a_week * (0.5 + draws.unit());
        let mut day = 0.0;
        loop {
            day -= draws.unit().max(1e-12).ln() * 7.0 / rate;
            if day >= DAYS as f64 {
                break;
            }
            let worth = if draws.unit() < 0.25 { 0.0 } else { 10.0 * draws.lognormal(sigma) };
            let at = UnixMs(START.0 + (day * DAY_MS as f64) as i64);
            occasions.push(Occasion { at, customer, worth });
        }
    }
    occasions.sort_by_key(|own| own.at);
    Contacts { max, calendar, occasions }
}

impl Contacts {
    fn week(at: UnixMs) -> i64 {
        at.since(START).div_euclid(WINDOW_MS)
    }

    /// Whether a contact at `before` still counts at `at`.
    fn counts(&self, before: UnixMs, at: UnixMs) -> bool {
        match self.calendar {
            true => Self::week(before) == Self::week(at),
            false => at.since(before) < WINDOW_MS,
        }
    }

    fn outlook(&self, used: &[UnixMs], at: UnixMs) -> Outlook {
        if self.calendar {
            let passed_ms = at.since(START) - Self::week(at) * WINDOW_MS;
            let due_ms = vec![WINDOW_MS - passed_ms];
            return Outlook { due_ms, window_ms: WINDOW_MS, passed_ms };
        }
        let mut due_ms: Vec<i64> = used.iter().map(|own| WINDOW_MS - at.since(*own)).collect();
        due_ms.push(WINDOW_MS);
        Outlook { due_ms, window_ms: WINDOW_MS, passed_ms: WINDOW_MS }
    }

    /// Value in the second half of the time, when prices have been learned. With or without them.
    pub fn run(&self, priced: bool) -> f64 {
        let id: Arc<str> = "weekly".into();
        let limits = [PacedLimit { index: 0, id: id.clone(), max: self.max }];
        let mut pacing = Pacing::default();
        let mut prices = Prices::default();
        let mut tally = LimitTally::default();
        let mut history: Vec<Vec<UnixMs>> = vec![Vec::new(); CUSTOMERS];
        let (mut value, mut day) = (0.0, 0);
        for own in &self.occasions {
            let today = own.at.since(START) / DAY_MS;
            if today > day {
                day = today;
                let learned = std::mem::take(&mut tally);
                let limits_tally = BTreeMap::from([(id.clone(), learned)]);
                let batch = Tally { limits: limits_tally, ..Tally::default() };
                pacing.learn_limits(&limits, &batch);
                prices = Prices::of(&pacing, &[]).with_limits(&pacing, &limits);
            }
            let used = &mut history[own.customer];
            used.retain(|before| self.counts(*before, own.at));
            assert!(used.len() <= self.max as usize, "never more than the limit");
            let left = self.max - used.len() as u32;
            let outlook = self.outlook(used, own.at);
            tally.occasions += 1.0;
            tally.used += used.len() as f64;
            tally.passed += outlook.passed_ms as f64 / WINDOW_MS as f64;
            if left == 0 {
                continue;
            }
            tally.note(own.worth);
            let price = if priced { prices.contact("weekly", left, &outlook) } else { 0.0 };
            if own.worth > price {
                tally.contacts += 1.0;
                tally.paid += price;
                used.push(own.at);
                value += if Self::late(own) { own.worth } else { 0.0 };
            }
        }
        value
    }

    fn late(own: &Occasion) -> bool {
        own.at.since(START) >= DAYS * DAY_MS / 2
    }

    /// What who knew all occasions of the second half could have had then: a linear programme by
    /// customer, whose matrix of intervals makes its solution whole.
    pub fn hindsight(&self) -> f64 {
        (0..CUSTOMERS).map(|customer| self.hindsight_of(customer)).sum()
    }

    fn hindsight_of(&self, customer: usize) -> f64 {
        let own = self.occasions.iter().filter(|own| own.customer == customer && Self::late(own));
        let own: Vec<&Occasion> = own.collect();
        let mut problem = Problem::new(OptimizationDirection::Maximize);
        let taken: Vec<_> = own.iter().map(|own| problem.add_var(own.worth, (0.0, 1.0))).collect();
        for last in &own {
            let within = own
                .iter()
                .zip(&taken)
                .filter(|(other, _)| other.at <= last.at && self.counts(other.at, last.at));
            let row: Vec<_> = within.map(|(_, taken)| (*taken, 1.0)).collect();
            problem.add_constraint(row, ComparisonOp::Le, f64::from(self.max));
        }
        match problem.solve() {
            Ok(SolveOutcome::Solution(found)) => found.objective(),
            other => panic!("no optimum: {other:?}"),
        }
    }
}
