//! The run: a floor and a target at a time, in turns, several times, so that what drifts (heat,
//! neighbours) drifts for both.

use std::sync::Arc;
use std::time::Duration;

use indicatif::ProgressBar;

use super::child::{self, Process};
use super::floor;
use super::load::{Callers, Stretch};
use super::report::{self, Budget, Comparison, Side};
use super::requests::{self, Call};
use crate::cli::{Exit, Failure, output};

/// Share of the full rate at which "half load" is measured.
const HALF: f64 = 0.5;

/// Flags of `bench serve`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Sizes of the catalogs.
    #[arg(long, value_name = "N,N", value_delimiter = ',', default_value = "100,1000,10000")]
    offers: Vec<usize>,
    /// Length of one measurement.
    #[arg(long, value_name = "S", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Times that floor and target take turns.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Connections to each server.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
    /// Callers over these connections, each waiting for its answer.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    callers: u16,
    /// A Redis server to use; it is written to. Default: one of its own, from the path.
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
    /// For machines.
    #[arg(long)]
    json: bool,
}

/// Measures and reports.
///
/// # Errors
/// When something cannot be started or called.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let runtime = super::runtime()?;
    let comparisons = runtime.block_on(measure(args))?;
    if args.json {
        output::say_json(&comparisons)?;
    } else {
        report::show(&comparisons);
    }
    Ok(Exit::Good)
}

async fn measure(args: &Args) -> Result<Vec<Comparison>, Failure> {
    let own;
    let redis = match &args.redis {
        Some(url) => url.clone(),
        None => {
            own = child::redis().await?;
            own.address.clone()
        }
    };
    let steps = (args.offers.len() as u64 + 1) * u64::from(args.rounds) * 4;
    let bar = output::progress(steps, args.json);
    let run = Run { args, redis: &redis, bar: &bar };
    floor::fill(&redis, &requests::customers()).await?;
    let floor = child::again(&["bench", "floor", "--redis", &redis])?;
    let mut comparisons = Vec::new();
    let decisions = Arc::new(requests::decisions());
    for &offers in &args.offers {
        let target = run.target(offers)?;
        let budget = Budget::decide(offers);
        let what = format!("Decide, {} offers", output::thousands(offers as u64));
        comparisons.push(run.compare(&what, budget, &floor, &target, &decisions).await?);
    }
    let target = run.target(args.offers.first().copied().unwrap_or(100))?;
    let events = Arc::new(requests::events());
    let budget = Budget::RECORD;
    comparisons.push(run.compare("RecordEvents", budget, &floor, &target, &events).await?);
    bar.finish_and_clear();
    Ok(comparisons)
}

struct Run<'a> {
    args: &'a Args,
    redis: &'a str,
    bar: &'a ProgressBar,
}

impl Run<'_> {
    /// A service with so many offers, in a corner of Redis of its own.
    fn target(&self, offers: usize) -> Result<Process, Failure> {
        let prefix = format!("bench-{}-{offers}:", std::process::id());
        let offers = offers.to_string();
        let arguments = ["bench", "target", "--redis", self.redis, "--prefix", &prefix, "--offers"];
        child::again(&[&arguments[..], &[offers.as_str()]].concat())
    }

    async fn compare(
        &self,
        what: &str,
        budget: Budget,
        floor: &Process,
        target: &Process,
        calls: &Arc<Vec<Call>>,
    ) -> Result<Comparison, Failure> {
        let Args { connections, callers, .. } = *self.args;
        let (connections, callers) = (usize::from(connections), usize::from(callers));
        let floor = Callers::connect(&floor.address, connections, callers).await?;
        let target = Callers::connect(&target.address, connections, callers).await?;
        if let Some(channel) = target.channel() {
            requests::make_known(&channel).await?;
        }
        let time = Duration::from_secs(self.args.seconds);
        for side in [&floor, &target] {
            self.bar.set_message(format!("{what}: warming up"));
            side.run(calls, time, None).await?;
        }
        let full = self.turns(what, "full load", &floor, &target, calls, (None, None)).await?;
        let rates = (Some(full.0.rate * HALF), Some(full.1.rate * HALF));
        let half = self.turns(what, "half load", &floor, &target, calls, rates).await?;
        Ok(Comparison::new(what, budget, full, half))
    }

    /// Floor and target in turns.
    async fn turns(
        &self,
        what: &str,
        load: &str,
        floor: &Callers,
        target: &Callers,
        calls: &Arc<Vec<Call>>,
        rates: (Option<f64>, Option<f64>),
    ) -> Result<(Side, Side), Failure> {
        let time = Duration::from_secs(self.args.seconds);
        let (mut floors, mut targets): (Vec<Stretch>, Vec<Stretch>) = (Vec::new(), Vec::new());
        for _ in 0..self.args.rounds {
            self.bar.set_message(format!("{what}: {load}"));
            floors.push(floor.run(calls, time, rates.0).await?);
            self.bar.inc(1);
            targets.push(target.run(calls, time, rates.1).await?);
            self.bar.inc(1);
        }
        Ok((Side::of(&floors)?, Side::of(&targets)?))
    }
}
