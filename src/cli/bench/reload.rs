//! Publishing under load: a service at half of what it can do, a changed catalog published several
//! times, and what callers notice of it, in windows of a second.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::load::{Callers, Stretch};
use super::report::Side;
use super::requests::{self, Call};
use super::{catalog, child};
use crate::api::wire::v1;
use crate::api::wire::v1::catalog_service_client::CatalogServiceClient;
use crate::cli::{Exit, Failure, output};

/// Share of the full rate that is asked for.
const HALF: f64 = 0.5;
/// One window.
const WINDOW: Duration = Duration::from_secs(1);
/// Windows after a swap that still count as changed: what was served before is freed in them.
const AFTER: usize = 2;
/// By how much the time of answers may grow while rules change.
const SPIKE_MAX: f64 = 2.0;

/// Flags of `bench reload`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Offers in the catalog.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    offers: usize,
    /// Versions published.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Quiet windows before each.
    #[arg(long, value_name = "S", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=600))]
    quiet: u32,
    /// A Redis server to use; it is written to. Default: one of its own, from the path.
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
    /// For machines.
    #[arg(long)]
    json: bool,
}

/// What was noticed.
#[derive(Debug, Serialize)]
struct Report {
    offers: usize,
    /// Calls a second that were asked for.
    rate: f64,
    /// Without a change.
    quiet: Side,
    /// While a version is published and taken.
    changing: Side,
    /// Worst window's p99 of each, ms.
    quiet_worst_ms: f64,
    changing_worst_ms: f64,
    /// p99 while changing, as a multiple of the quiet one.
    p99_ratio: f64,
    /// From sending a changed folder to serving it, ms, each.
    swap_ms: Vec<f64>,
    /// Calls that failed. The first would have ended the run.
    failed: u32,
}

/// Measures and reports; a spike above twice the quiet p99 is a finding.
///
/// # Errors
/// When something cannot be started, or a call fails.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let report = super::runtime()?.block_on(measure(args))?;
    if args.json {
        output::say_json(&report)?;
    } else {
        show(&report);
    }
    Ok(if report.p99_ratio <= SPIKE_MAX { Exit::Good } else { Exit::Findings })
}

async fn measure(args: &Args) -> Result<Report, Failure> {
    let own;
    let redis = match &args.redis {
        Some(url) => url.clone(),
        None => {
            own = child::redis().await?;
            own.address.clone()
        }
    };
    let prefix = format!("bench-reload-{}:", std::process::id());
    let offers = args.offers.to_string();
    let arguments =
        ["bench", "target", "--redis", &redis, "--prefix", &prefix, "--offers", &offers];
    let target = child::again(&arguments)?;
    let callers = Callers::connect(&target.address, 4, 64).await?;
    let channel = callers.channel().ok_or_else(|| Failure::Other("no connection".to_owned()))?;
    requests::make_known(&channel).await?;
    let calls = Arc::new(requests::decisions());
    callers.run(&calls, WINDOW * 2, None).await?;
    let rate = callers.run(&calls, WINDOW * 3, None).await?.rate() * HALF;
    let bar = output::progress(u64::from(args.rounds), args.json);
    let (mut quiet, mut changing, mut swap_ms) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..args.rounds {
        for _ in 0..args.quiet {
            quiet.push(callers.run(&calls, WINDOW, Some(rate)).await?);
        }
        let publishing = publish(target.address.clone(), args.offers, round).await?;
        changing.append(&mut until(&callers, &calls, rate, || publishing.is_finished()).await?);
        let took = publishing.join();
        let took = took.map_err(|_panic| Failure::Other("not published".to_owned()))??;
        swap_ms.push(took.as_secs_f64() * 1e3);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let (quiet_side, changing_side) = (Side::of(&quiet)?, Side::of(&changing)?);
    Ok(Report {
        offers: args.offers,
        rate,
        quiet_worst_ms: worst(&quiet),
        changing_worst_ms: worst(&changing),
        p99_ratio: changing_side.p99_ms / quiet_side.p99_ms,
        quiet: quiet_side,
        changing: changing_side,
        swap_ms,
        failed: 0,
    })
}

/// Windows until `done`, and a few more.
async fn until(
    callers: &Callers,
    calls: &Arc<Vec<Call>>,
    rate: f64,
    done: impl Fn() -> bool,
) -> Result<Vec<Stretch>, Failure> {
    let mut windows = Vec::new();
    let mut after = 0;
    while after < AFTER {
        if done() {
            after += 1;
        }
        windows.push(callers.run(calls, WINDOW, Some(rate)).await?);
    }
    Ok(windows)
}

/// Publishes the catalog with another name for its first offer, from a thread of its own as another
/// program would: what it does for it must not hold up the callers measured. The thread ends with
/// how long it took until that serves.
async fn publish(
    address: String,
    offers: usize,
    round: u32,
) -> Result<JoinHandle<Result<Duration, Failure>>, Failure> {
    let made = tokio::task::spawn_blocking(move || changed(offers, round)).await;
    let request = made.map_err(|error| Failure::other("no catalog", error))?;
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::other("no runtime", error))?;
        runtime.block_on(async {
            let started = Instant::now();
            let client = CatalogServiceClient::connect(format!("http://{address}")).await;
            let mut client = client.map_err(|error| Failure::other("not connected", error))?;
            client.publish_catalog(request).await?;
            Ok(started.elapsed())
        })
    };
    Ok(std::thread::spawn(work))
}

fn changed(offers: usize, round: u32) -> v1::PublishCatalogRequest {
    let named = |content: Vec<u8>| {
        let name = format!("name: Offer 0, edition {round}\n");
        String::from_utf8_lossy(&content).replacen("name: Offer 0\n", &name, 1)
    };
    let files = catalog::synthetic_rules(offers, catalog::SEED).into_iter();
    let files = files.map(|(path, content)| v1::RuleFile { path, content: named(content).into() });
    v1::PublishCatalogRequest { files: files.collect(), ..Default::default() }
}

#[expect(clippy::cast_precision_loss, reason = "times below a minute, in ns")]
fn worst(windows: &[Stretch]) -> f64 {
    let p99 = |window: &Stretch| window.times.value_at_quantile(0.99) as f64 / 1e6;
    windows.iter().map(p99).fold(0.0, f64::max)
}

fn show(report: &Report) {
    let row = |name: &str, side: &Side, worst: f64| {
        vec![
            name.to_owned(),
            side.rounds.len().to_string(),
            format!("{:.0}", side.rate),
            format!("{:.2}", side.p50_ms),
            format!("{:.2}", side.p99_ms),
            format!("{worst:.2}"),
        ]
    };
    let rows = [
        row("quiet", &report.quiet, report.quiet_worst_ms),
        row("changing", &report.changing, report.changing_worst_ms),
    ];
    let header = ["windows of 1 s", "number", "calls/s", "p50 ms", "p99 ms", "worst p99 ms"];
    output::say(&output::table(&header, 1, &rows).to_string());
    let swaps: Vec<_> = report.swap_ms.iter().map(|ms| format!("{ms:.0}")).collect();
    let offers = output::thousands(report.offers as u64);
    output::say(&format!(
        "{offers} offers; from sending a version to serving it, ms: {}",
        swaps.join(", ")
    ));
    output::say(&format!(
        "p99 {:.2} times the quiet one (at most {SPIKE_MAX}); {} calls failed",
        report.p99_ratio, report.failed
    ));
}
