//! The account of all lines: what was used, what is left, and the prices that follow from it.
//! A pure function of the batches it was given, so that any replica may keep it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Dual, Forecast, LimitTally, Line, PacedLimit, Step, Traffic};
use crate::core::time::UnixMs;

/// What is kept back of a period's end, as a share of it: what is left in the last moments can
/// otherwise not be used for want of decisions.
const RESERVE: f64 = 0.005;
/// What is left may be used at most so many times as fast as planned.
const CATCH_UP_MAX: f64 = 3.0;
/// The highest price, in scales, of a line that declares none.
const PRICE_SCALES_MAX: f64 = 20.0;
/// Decisions after which the memory of what a decision is worth is halved.
const VALUE_WINDOW: f64 = 20_000.0;
/// Share of the period over which the present rate is averaged.
const RATE_SHARE: f64 = 0.02;

/// What a batch of decisions made of one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LineTally {
    /// Sum of the line's measure over the offers that were placed, as expected.
    pub measure: f64,
    /// Offers placed that the line is about.
    pub contacts: f64,
    /// Sum of the line's measure as it turned out, by the outcomes that came in.
    pub realised: f64,
}

/// What a batch of decisions came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Decisions made.
    pub decisions: f64,
    /// Expected value of what was placed, before prices.
    pub value: f64,
    /// By line.
    pub lines: BTreeMap<Arc<str>, LineTally>,
    /// By contact limit that is paced.
    pub limits: BTreeMap<Arc<str>, LimitTally>,
}

impl Tally {
    /// Adds another batch.
    pub fn add(&mut self, other: &Self) {
        self.decisions += other.decisions;
        self.value += other.value;
        for (id, line) in &other.lines {
            let own = self.lines.entry(id.clone()).or_default();
            own.measure += line.measure;
            own.contacts += line.contacts;
            own.realised += line.realised;
        }
        for (id, limit) in &other.limits {
            self.limits.entry(id.clone()).or_default().add(limit);
        }
    }
}

impl Tally {
    /// Adds what one decision came to for a line.
    pub fn add_line(&mut self, id: &Arc<str>, measure: f64, contacts: f64) {
        let own = match self.lines.get_mut(id) {
            Some(own) => own,
            None => self.lines.entry(id.clone()).or_default(),
        };
        own.measure += measure;
        own.contacts += contacts;
    }
}

/// The account of one line in its present period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Its price.
    pub dual: Dual,
    /// Start of the period the sums are of.
    pub period_start: UnixMs,
    /// Sum of the measure as expected when it was decided.
    pub expected: f64,
    /// Sum of the measure as it turned out.
    pub realised: f64,
    /// Contacts.
    pub contacts: f64,
    /// Decisions.
    pub decisions: f64,
    /// Measure by decision, lately.
    pub rate: f64,
}

impl Account {
    /// What counts as used: what was expected of the decisions made, or what has turned out if
    /// that is more already. Outcomes come late; a budget must not wait for them.
    #[must_use]
    pub fn used(&self) -> f64 {
        self.expected.max(self.realised)
    }
}

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// Start of the period.
    pub period_start: UnixMs,
    /// End of the period.
    pub period_end: UnixMs,
    /// The sum, or the share of the contacts, so far.
    pub attained: f64,
    /// What it should be by now to come out even: a sum, or the share.
    pub pace: f64,
    /// What it comes to at the period's end if it goes on as lately.
    pub projected: f64,
    /// The price, money by unit.
    pub price: f64,
    /// Price × what was used: the value forgone for the bound, in this period.
    pub cost: f64,
}

/// The account of all lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pacing {
    version: u64,
    at: UnixMs,
    traffic: Traffic,
    value: f64,
    decisions: f64,
    accounts: BTreeMap<Arc<str>, Account>,
    limits: BTreeMap<Arc<str>, LimitTally>,
}

impl Pacing {
    /// Grows with every batch.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// When the last batch was taken in.
    #[must_use]
    pub fn at(&self) -> UnixMs {
        self.at
    }

    /// The accounts, by line.
    pub fn accounts(&self) -> impl Iterator<Item = (&Arc<str>, &Account)> {
        self.accounts.iter()
    }

    /// The price of the line of that name.
    #[must_use]
    pub fn price(&self, id: &str) -> f64 {
        self.accounts.get(id).map_or(0.0, |account| account.dual.price)
    }

    /// What was learned of a contact limit.
    #[must_use]
    pub fn limit(&self, id: &str) -> Option<&LimitTally> {
        self.limits.get(id)
    }

    /// Takes in what came of occasions under contact limits. Limits that are gone are forgotten.
    pub fn learn_limits(&mut self, limits: &[PacedLimit], tally: &Tally) {
        self.limits.retain(|id, _| limits.iter().any(|limit| limit.id == *id));
        for limit in limits {
            if let Some(batch) = tally.limits.get(&limit.id) {
                self.limits.entry(limit.id.clone()).or_default().add(batch);
            }
        }
    }

    /// Takes in what was decided up to `now` and moves the prices. `exact` says of a line what a
    /// quota has counted in the present period, where one does. Lines that are gone are forgotten.
    pub fn tick(
        &mut self,
        lines: &[Line],
        forecast: &Forecast,
        tally: &Tally,
        exact: impl Fn(&Line) -> Option<f64>,
        now: UnixMs,
    ) {
        let now = now.max(self.at);
        if self.version > 0 {
            self.traffic.observe(forecast, tally.decisions, self.at, now);
        }
        self.version += 1;
        self.at = now;
        self.value += tally.value.max(0.0);
        self.decisions += tally.decisions;
        if self.decisions > VALUE_WINDOW {
            self.value /= 2.0;
            self.decisions /= 2.0;
        }
        let by_decision = if self.decisions > 0.0 { self.value / self.decisions } else { 0.0 };
        let mut accounts = BTreeMap::new();
        let mut before = std::mem::take(&mut self.accounts);
        let traffic = |end: UnixMs| self.traffic.counted_on(forecast, now, end);
        let moment = Moment { now, decisions: tally.decisions, by_decision, traffic: &traffic };
        for line in lines {
            let mut account = before.remove(&line.id).unwrap_or_default();
            let batch = tally.lines.get(&line.id).copied().unwrap_or_default();
            account.take(line, &batch, exact(line), &moment);
            accounts.insert(line.id.clone(), account);
        }
        self.accounts = accounts;
    }

    /// Where `line` stands at `now`; nothing when it was never taken in.
    #[must_use]
    pub fn standing(&self, line: &Line, forecast: &Forecast, now: UnixMs) -> Option<Standing> {
        let account = self.accounts.get(&line.id)?;
        let (period_start, period_end) = line.period.around(now);
        let fresh = Account { dual: account.dual, ..Account::default() };
        let account = if account.period_start == period_start { *account } else { fresh };
        let left = self.traffic.expected(forecast, now, period_end);
        let total = account.decisions + left;
        let elapsed = if total > 0.0 { account.decisions / total } else { 0.0 };
        let share =
            |measure: f64| if account.contacts > 0.0 { measure / account.contacts } else { 0.0 };
        let (attained, pace, projected) = if line.bound.is_share() {
            let attained = share(account.used());
            (attained, line.bound.amount(), attained)
        } else {
            let used = account.used();
            (used, line.bound.amount() * elapsed, used + account.rate * left)
        };
        let usage = line.bound.usage(account.used(), account.contacts).abs();
        let price = account.dual.price;
        let cost = price * usage;
        Some(Standing { period_start, period_end, attained, pace, projected, price, cost })
    }
}

/// What all lines of one batch share.
struct Moment<'a> {
    now: UnixMs,
    decisions: f64,
    /// Value by decision, lately.
    by_decision: f64,
    /// Decisions to count on from now until a moment.
    traffic: &'a dyn Fn(UnixMs) -> f64,
}

impl Account {
    fn take(&mut self, line: &Line, batch: &LineTally, exact: Option<f64>, moment: &Moment<'_>) {
        let (start, end) = line.period.around(moment.now);
        if self.period_start != start {
            // The price goes on: the next period starts from what the last one has taught.
            *self =
                Self { dual: self.dual, rate: self.rate, period_start: start, ..Self::default() };
        }
        let open = moment.now >= start && moment.now < end;
        if open && moment.decisions > 0.0 {
            self.price(line, batch, moment, (start, end));
        }
        self.expected += batch.measure;
        self.realised += batch.realised;
        if let Some(exact) = exact {
            (self.expected, self.realised) = (exact, exact);
        }
        self.contacts += batch.contacts;
        self.decisions += moment.decisions;
    }

    /// Moves the price by what the batch used beyond its share of what is left.
    fn price(
        &mut self,
        line: &Line,
        batch: &LineTally,
        moment: &Moment<'_>,
        (start, end): (UnixMs, UnixMs),
    ) {
        let kept_back = (end.since(start) as f64 * RESERVE) as i64;
        let ahead = (moment.traffic)(UnixMs(end.0.saturating_sub(kept_back)));
        if ahead == 0.0 && end.since(moment.now) > kept_back {
            // Nothing is known of the traffic yet.
            return;
        }
        let left = (ahead + moment.decisions).max(1.0);
        let total = self.decisions + left;
        let bound = line.bound;
        let size = if bound.is_share() {
            let contacts = self.contacts + batch.contacts;
            let by_decision = contacts / (self.decisions + moment.decisions);
            bound.amount() * by_decision * total
        } else {
            bound.amount()
        };
        let planned = size / total * CATCH_UP_MAX;
        let budget_left = bound.budget() - bound.usage(self.used(), self.contacts);
        let budget_left = match bound {
            super::Bound::AtMost(_) => budget_left.max(0.0),
            super::Bound::AtLeast(_) => budget_left.min(0.0),
            _ => budget_left,
        };
        let target = (budget_left / left).clamp(-planned, planned) * moment.decisions;
        let scale = moment.by_decision * total / size;
        self.dual.step(&Step {
            excess: bound.usage(batch.measure, batch.contacts) - target,
            size,
            share: moment.decisions / total,
            left: ahead / total,
            scale,
            price_max: line.price_max.unwrap_or(scale * PRICE_SCALES_MAX),
        });
        let weight = (moment.decisions / total / RATE_SHARE).min(1.0);
        self.rate += weight * (batch.measure / moment.decisions - self.rate);
    }
}
