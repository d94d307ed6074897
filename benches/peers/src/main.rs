//! Who may get what, asked of three engines in one run: `ours`, `with_cel` and `with_zen`, over the
//! same `offers` and customers, with the same answer. Each is timed in turn, customer after
//! customer, for several rounds; what is told is the median round.

mod offers;
mod ours;
mod with_cel;
mod with_zen;

use std::hint::black_box;
use std::time::{Duration, Instant};

use offers::{Customer, Offer};

/// As the product's binary does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CUSTOMERS: u64 = 32;
const ROUNDS: usize = 7;
/// At least so long is each engine timed in a round.
const ROUND: Duration = Duration::from_millis(300);
/// What is promised at 1,000 offers, against the better of the peers.
const TIMES_MIN: f64 = 20.0;

/// One engine, ready: for each customer, the eligible offers in ascending order.
trait Engine {
    fn name(&self) -> &'static str;
    /// Whether this is the peer as it comes, and not as an element of an engine built around it.
    fn counts(&self) -> bool {
        true
    }
    fn eligible(&mut self, customer: usize) -> Vec<u32>;
}

fn main() {
    println!("{CUSTOMERS} customers; the median of {ROUNDS} rounds; microseconds a customer\n");
    println!("| offers | engine | µs | against ours |\n|---|---|---|---|");
    let mut met = true;
    for count in [100, 1_000, 10_000] {
        let offers = offers::all(count);
        let customers: Vec<_> = (0..CUSTOMERS).map(offers::customer).collect();
        let mut engines = engines(count, &offers, &customers);
        let eligible = assert_equal_answers(&mut engines);
        println!("| {count} | all: {eligible:.1} offers eligible, on average | | |");
        let times = measure(&mut engines);
        let ours = times[0];
        let mut better = f64::INFINITY;
        for (engine, time) in engines.iter().zip(&times) {
            println!("| {count} | {} | {time:.1} | {:.1} |", engine.name(), time / ours);
            if engine.name() != ours::NAME && engine.counts() {
                better = better.min(*time);
            }
        }
        if count == 1_000 {
            met = better / ours >= TIMES_MIN;
        }
    }
    println!("\nat 1,000 offers at least {TIMES_MIN} times faster than the better peer: {met}");
    std::process::exit(i32::from(!met));
}

fn engines(count: usize, offers: &[Offer], customers: &[Customer]) -> Vec<Box<dyn Engine>> {
    let mut engines: Vec<Box<dyn Engine>> = vec![Box::new(ours::Policy::new(count, customers))];
    for form in with_cel::FORMS {
        engines.push(Box::new(with_cel::Programs::new(form, offers, customers)));
    }
    engines.push(Box::new(with_cel::Shared::new(offers, customers)));
    engines.push(Box::new(with_zen::Expressions::new(offers, customers)));
    engines.push(Box::new(with_zen::Table::new(offers, customers)));
    engines
}

/// The number of eligible offers on average.
fn assert_equal_answers(engines: &mut [Box<dyn Engine>]) -> f64 {
    let mut eligible = 0;
    for customer in 0..CUSTOMERS as usize {
        let mut answers =
            engines.iter_mut().map(|engine| (engine.name(), engine.eligible(customer)));
        let (_, expected) = answers.next().expect("ours comes first");
        for (name, answer) in answers {
            assert_eq!(answer, expected, "{name} answers otherwise for customer {customer}");
        }
        eligible += expected.len();
    }
    assert!(eligible > 0, "nobody may get anything");
    eligible as f64 / CUSTOMERS as f64
}

/// The median time of each, in microseconds a customer. They take turns, so that a slower minute of
/// the machine slows all.
fn measure(engines: &mut [Box<dyn Engine>]) -> Vec<f64> {
    let mut rounds = vec![Vec::with_capacity(ROUNDS); engines.len()];
    for _ in 0..ROUNDS {
        for (engine, rounds) in engines.iter_mut().zip(&mut rounds) {
            let start = Instant::now();
            let mut asked = 0_u32;
            while start.elapsed() < ROUND {
                for customer in 0..CUSTOMERS as usize {
                    black_box(engine.eligible(customer));
                }
                asked += CUSTOMERS as u32;
            }
            rounds.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(asked));
        }
    }
    let median = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    rounds.into_iter().map(median).collect()
}
