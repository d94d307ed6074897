//! Random instances of online allocation: customers come one by one, each with the offers they may
//! have and what each is worth; lines bind what is chosen over the whole period.

use std::sync::Arc;

use arbitra::core::key::{mix64, unit};
use arbitra::core::objective::{Bound, Forecast, Line, LineKind, Period, Use};
use arbitra::core::time::{DAY_MS, MINUTE_MS, UnixMs};

/// How customers come, and how what they are worth changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Evenly, all of one kind.
    Even,
    /// Few at night, many in the evening; worth follows the hour, and not for all offers alike.
    Diurnal,
    /// In bursts of a quarter of an hour, of ten times the usual, by customers that are worth more.
    Bursty,
    /// Diurnal, and worth almost doubles from start to end.
    Drift,
    /// Diurnal, and worth triples at half time, which nobody could know.
    Jump,
}

/// How large an instance is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub decisions: usize,
    pub offers: usize,
    pub resources: usize,
    pub days: i64,
    /// Whether the traffic of a day is told beforehand, as far as people may know it.
    pub told: bool,
}

/// One customer to decide for.
#[derive(Clone)]
pub struct Chance {
    /// Minute in which the customer comes.
    pub minute: i64,
    /// Offers the customer may have: index, expected value.
    pub candidates: Vec<(usize, f64)>,
}

/// An instance: everything that comes, and what binds.
#[derive(Clone)]
pub struct Instance {
    pub start: UnixMs,
    pub minutes: i64,
    pub forecast: Forecast,
    pub lines: Vec<Line>,
    /// By offer: what one contact uses.
    pub uses: Vec<Vec<Use>>,
    pub chances: Vec<Chance>,
}

/// Draws in order from one seed.
pub struct Draws {
    seed: u64,
    drawn: u64,
}

impl Draws {
    pub fn new(seed: u64) -> Self {
        Self { seed: mix64(seed, 0x7061_6365), drawn: 0 }
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        self.drawn += 1;
        unit(self.seed, self.drawn)
    }

    /// Lognormal with median 1.
    pub fn lognormal(&mut self, sigma: f64) -> f64 {
        let (radius, angle) = (self.unit().max(1e-12), self.unit());
        let normal = (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos();
        (sigma * normal).exp()
    }
}

/// A quarter past midnight in no special zone: 2026-01-05, a Monday.
pub const START: UnixMs = UnixMs(1_767_571_200_000);

/// A line over the whole instance.
pub fn line(id: &str, bound: Bound, minutes: i64) -> Line {
    Line {
        id: id.into(),
        kind: LineKind::Resource,
        unit: Arc::default(),
        bound,
        period: Period::Span(START, UnixMs(START.0 + minutes * MINUTE_MS)),
        price_max: None,
        quota: None,
    }
}

/// The instance of that family, size and seed. Budgets lie between 15 % and 115 % of what would be
/// used without prices, so that some bind hard and some not at all.
pub fn instance(family: Family, size: Size, seed: u64) -> Instance {
    let mut draws = Draws::new(seed);
    let density = (2.0 / size.resources as f64).clamp(0.15, 0.6);
    let mut uses: Vec<Vec<Use>> = Vec::with_capacity(size.offers);
    for _ in 0..size.offers {
        let mut own = Vec::new();
        for resource in 0..size.resources {
            if draws.unit() < density {
                let contact = 0.5 + 1.5 * draws.unit();
                own.push(Use { line: resource as u16, contact, positive: 0.0 });
            }
        }
        uses.push(own);
    }
    let minutes = size.days * DAY_MS / MINUTE_MS;
    let chances = chances(family, size, minutes, &mut draws);
    let mut greedy = vec![0.0; size.resources];
    for chance in &chances {
        let best = chance.candidates.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        for each in best.into_iter().flat_map(|(offer, _)| &uses[*offer]) {
            greedy[usize::from(each.line)] += each.contact;
        }
    }
    let lines = greedy.iter().enumerate().map(|(number, used)| {
        let budget = (used * (0.15 + draws.unit())).max(20.0);
        line(&format!("r{number:02}"), Bound::AtMost(budget), minutes)
    });
    let lines = lines.collect();
    let forecast = if size.told { told(family, size, minutes) } else { Forecast::default() };
    Instance { start: START, minutes, forecast, lines, uses, chances }
}

/// How many come in a day, and when; nobody knows of bursts.
fn told(family: Family, size: Size, minutes: i64) -> Forecast {
    let per_day = Some(size.decisions as f64 / size.days as f64);
    if family == Family::Bursty {
        return Forecast { per_day, hours: Vec::new(), within: None };
    }
    let weights: Vec<f64> =
        (0..24).map(|hour| moment(family, hour * 60 + 30, minutes, 0).0).collect();
    let mean = weights.iter().sum::<f64>() / 24.0;
    Forecast { per_day, hours: weights.iter().map(|weight| weight / mean).collect(), within: None }
}

/// Traffic and worth of a minute.
fn moment(family: Family, minute: i64, minutes: i64, seed: u64) -> (f64, f64, f64) {
    let elapsed = minute as f64 / minutes as f64;
    let hour = (minute as f64 / 60.0) % 24.0;
    let turn = std::f64::consts::TAU * hour / 24.0;
    let evening = if (18.0..22.0).contains(&hour) { 1.2 } else { 0.0 };
    let day = 0.15 + 0.8 * (1.0 - (turn - 0.3).cos()) + evening;
    match family {
        Family::Even => (1.0, 1.0, 0.0),
        Family::Diurnal => (day, 1.0 + 0.4 * turn.sin(), 0.5 * turn.cos()),
        Family::Bursty => {
            let burst = mix64(seed, (minute / 15) as u64).is_multiple_of(12);
            if burst { (10.0, 1.3, 0.0) } else { (0.6, 1.0, 0.0) }
        }
        Family::Drift => (day, 0.7 + 0.6 * elapsed, 0.0),
        Family::Jump => (day, if elapsed < 0.5 { 1.0 } else { 3.0 }, 0.0),
    }
}

fn chances(family: Family, size: Size, minutes: i64, draws: &mut Draws) -> Vec<Chance> {
    let worth: Vec<f64> = (0..size.offers).map(|_| 10.0 * draws.lognormal(0.6)).collect();
    let reach = (8.0 / size.offers as f64).min(0.5);
    let eligible: Vec<f64> = (0..size.offers).map(|_| (0.5 + draws.unit()) * reach).collect();
    let seed = (draws.unit() * 1e9) as u64;
    let total: f64 = (0..minutes).map(|minute| moment(family, minute, minutes, seed).0).sum();
    let mut chances = Vec::with_capacity(size.decisions);
    let mut due = 0.0;
    for minute in 0..minutes {
        let (traffic, level, tilt) = moment(family, minute, minutes, seed);
        due += traffic / total * size.decisions as f64;
        while (chances.len() as f64) < due && chances.len() < size.decisions {
            let customer = level * draws.lognormal(0.5);
            let mut candidates = Vec::new();
            for offer in 0..size.offers {
                if draws.unit() < eligible[offer] {
                    let tilt = if offer % 3 == 0 { 1.0 + tilt } else { 1.0 };
                    let value = worth[offer] * customer * tilt * draws.lognormal(0.5);
                    candidates.push((offer, value));
                }
            }
            chances.push(Chance { minute, candidates });
        }
    }
    chances
}

/// The same with goals besides budgets: at least 30 % of contacts go to offers that serve, which
/// are worth a third of the others; complaints stay at or below 0.5 % of contacts; and one measure
/// must reach more than it would by itself.
pub fn with_goals(family: Family, size: Size, seed: u64) -> Instance {
    let mut instance = instance(family, size, seed);
    let mut draws = Draws::new(seed ^ 0x676f_616c);
    let first = instance.lines.len() as u16;
    let (care, complaints, reached) = (first, first + 1, first + 2);
    let serves: Vec<bool> = (0..size.offers).map(|offer| offer % 3 == 1).collect();
    for (offer, uses) in instance.uses.iter_mut().enumerate() {
        let serving = f64::from(u8::from(serves[offer]));
        let complaint = if serves[offer] { 0.001 } else { 0.0025 + 0.012 * draws.unit() };
        uses.push(Use { line: care, contact: serving, positive: 0.0 });
        uses.push(Use { line: complaints, contact: complaint, positive: 0.0 });
        if offer % 4 == 0 {
            uses.push(Use { line: reached, contact: 1.0 + draws.unit(), positive: 0.0 });
        }
    }
    let mut by_itself = 0.0;
    for chance in &mut instance.chances {
        for (offer, worth) in &mut chance.candidates {
            if serves[*offer] {
                *worth *= 0.33;
            }
        }
        let best = chance.candidates.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let uses = best.into_iter().flat_map(|(offer, _)| &instance.uses[*offer]);
        by_itself += uses.filter(|own| own.line == reached).map(|own| own.contact).sum::<f64>();
    }
    let minutes = instance.minutes;
    instance.lines.push(line("care", Bound::ShareAtLeast(0.3), minutes));
    instance.lines.push(line("complaints", Bound::ShareAtMost(0.005), minutes));
    instance.lines.push(line("reached", Bound::AtLeast(1.1 * by_itself), minutes));
    instance
}
