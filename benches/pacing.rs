//! Shadow prices against the optimum in hindsight, over families of random instances:
//! `cargo bench --bench pacing`. Prints a table; each row is the mean, and the worst, of its seeds.

#![expect(clippy::indexing_slicing, clippy::panic, reason = "a program for developers")]
#![expect(dead_code, reason = "the tests use the rest")]

#[path = "../tests/pacing/contacts.rs"]
mod contacts;
#[path = "../tests/pacing/hindsight.rs"]
mod hindsight;
#[path = "../tests/pacing/instance.rs"]
mod instance;
#[path = "../tests/pacing/run.rs"]
mod run;

use std::time::{Duration, Instant};

use instance::{Family, Instance, Size, instance, with_goals};
use run::{Choice, pacing_error, run};

const SEEDS: u64 = 5;

fn main() {
    println!("| customers come | decisions | days | offers | lines | priced: mean | worst |");
    println!(
        "| pacing error, worst | first come | a tick of all lines | without foresight, worst |"
    );
    let families = [Family::Even, Family::Diurnal, Family::Bursty, Family::Drift, Family::Jump];
    for family in families {
        for (decisions, days, told) in [(10_000, 1, true), (30_000, 7, false), (100_000, 30, false)]
        {
            for (offers, resources) in [(10, 2), (50, 8), (200, 20)] {
                let size = Size { decisions, offers, resources, days, told };
                row(&format!("{family:?}"), size, |seed| instance(family, size, seed));
            }
        }
    }
    for family in [Family::Even, Family::Diurnal, Family::Bursty, Family::Drift] {
        let size = Size { decisions: 30_000, offers: 50, resources: 8, days: 7, told: false };
        row(&format!("{family:?}, with goals"), size, |seed| with_goals(family, size, seed));
    }
    println!("| contacts | occasions a week | spread | window | priced | without |");
    for (max, a_week, sigma) in CONTACTS {
        for calendar in [false, true] {
            contact_row(max, a_week, sigma, calendar);
        }
    }
}

/// Contacts a week, occasions a week, and how much their worth varies (σ of its logarithm).
const CONTACTS: [(u32, f64, f64); 6] =
    [(1, 5.0, 1.0), (2, 7.0, 0.8), (3, 7.0, 1.0), (2, 20.0, 0.5), (6, 14.0, 0.8), (6, 1.5, 1.0)];

/// Contact limits with and without a price, as shares of what who knew all occasions could have.
fn contact_row(max: u32, a_week: f64, sigma: f64, calendar: bool) {
    let (mut priced, mut free, mut known) = (0.0, 0.0, 0.0);
    for seed in 0..SEEDS {
        let instance = contacts::contacts(max, a_week, sigma, calendar, seed);
        priced += instance.run(true);
        free += instance.run(false);
        known += instance.hindsight();
    }
    let window = if calendar { "week" } else { "7 days" };
    let (priced, free) = (100.0 * priced / known, 100.0 * free / known);
    println!("| {max} | {a_week} | {sigma} | {window} | {priced:.1} % | {free:.1} % |");
}

fn row(name: &str, size: Size, draw: impl Fn(u64) -> Instance) {
    let (mut mean, mut worst, mut error, mut first) = (0.0, f64::MAX, 0.0_f64, 0.0);
    let mut took = Duration::ZERO;
    let (mut ticks, mut lines, mut unforeseen) = (0, 0, String::new());
    let mut least = f64::MAX;
    for seed in 0..SEEDS {
        let instance = draw(seed);
        let known = hindsight::hindsight(&instance);
        let started = Instant::now();
        let priced = run(&instance, Choice::Priced);
        took += started.elapsed();
        ticks += instance.minutes;
        lines = instance.lines.len();
        let share = priced.value / known.value;
        mean += share / SEEDS as f64;
        worst = worst.min(share);
        error = error.max(pacing_error(&instance, &priced, &known));
        if name == "Jump" {
            let possible = hindsight::unforeseen(&instance, instance.minutes / 2) / known.value;
            least = least.min(possible);
            unforeseen = format!(" {:.1} % |", 100.0 * least);
        }
        let unpriced = run(&instance, Choice::FirstComeFirstServed);
        first += unpriced.value / known.value / SEEDS as f64;
    }
    let counts = format!("{} | {} | {}", size.decisions, size.days, size.offers);
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let (mean, worst, first) = (percent(mean), percent(worst), percent(first));
    let (error, minute) = (100.0 * error, took.as_secs_f64() * 1e6 / ticks as f64);
    println!(
        "| {name} | {counts} | {lines} | {mean} | {worst} | {error:.2} % | {first} | \
         {minute:.1} µs |{unforeseen}",
    );
}
