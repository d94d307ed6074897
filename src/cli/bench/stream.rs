//! A campaign's stream: how many customers a second one stream decides for, with the embedded store.
//! The client shares the machine, so besides the rate the service's own processor time is read: what
//! counts for a campaign is decisions per core.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use serde::Serialize;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

use super::child;
use super::requests::{self, Call};
use crate::api::wire::v1;
use crate::api::wire::v1::decide_item_result::Result as Answer;
use crate::api::wire::v1::decision_service_client::DecisionServiceClient;
use crate::cli::{Exit, Failure, client, output};

/// Decisions a second a core, at 100 offers (the house's budget).
const BUDGET: f64 = 50_000.0;
/// Items in one message: as many as the service takes.
const ITEMS: usize = 256;
/// Items sent and not answered yet, at most.
const IN_FLIGHT: usize = 4 * ITEMS;
/// Clock ticks a second in `/proc`: the same on every Linux that there is.
const TICKS: f64 = 100.0;

/// Flags of `bench stream`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Offers in the catalog.
    #[arg(long, value_name = "N", default_value_t = 100)]
    offers: usize,
    /// Length of the measurement, after a warm-up of the same length.
    #[arg(long, value_name = "S", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// A Redis server instead of the embedded store.
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
    /// Decide without remembering, as a campaign's dry run does.
    #[arg(long)]
    dry_run: bool,
    /// For machines.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Debug, Serialize)]
struct Report {
    offers: usize,
    decisions: u64,
    /// By the clock, client and service sharing the machine.
    decisions_per_second: f64,
    /// By the service's processor time; absent where it cannot be read.
    decisions_per_core_second: Option<f64>,
    budget: f64,
}

/// Measures and reports.
///
/// # Errors
/// When something cannot be started or called.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let report = super::runtime()?.block_on(measure(args))?;
    if args.json {
        output::say_json(&report)?;
        return Ok(Exit::Good);
    }
    let per_core = report
        .decisions_per_core_second
        .map_or_else(|| "not known".to_owned(), |rate| format!("{rate:.0}"));
    let row = [
        format!("{} offers", report.offers),
        report.decisions.to_string(),
        format!("{:.0}", report.decisions_per_second),
        per_core,
        format!("{:.0}", report.budget),
    ];
    let header = ["stream", "decisions", "a second", "a second a core", "budget"];
    output::say(&output::table(&header, 1, &[row.to_vec()]).to_string());
    output::say("a core: by the processor time of the service alone, its background work included");
    Ok(Exit::Good)
}

async fn measure(args: &Args) -> Result<Report, Failure> {
    let offers = args.offers.to_string();
    let mut arguments = vec!["bench", "target", "--offers", &offers];
    let prefix = format!("bench-{}-stream:", std::process::id());
    if let Some(redis) = &args.redis {
        arguments.extend(["--redis", redis, "--prefix", &prefix]);
    }
    let target = child::again(&arguments)?;
    let channel = client::connect(&target.address).await?;
    requests::make_known(&channel).await?;
    let time = Duration::from_secs(args.seconds);
    stream(&channel, time, args.dry_run).await?;
    let used = target.processor_ticks();
    let started = Instant::now();
    let decisions = stream(&channel, time, args.dry_run).await?;
    let elapsed = started.elapsed().as_secs_f64();
    let used = used.zip(target.processor_ticks()).map(|(before, after)| after - before);
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let count = decisions as f64;
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let per_core = used.filter(|ticks| *ticks > 0).map(|ticks| count * TICKS / ticks as f64);
    Ok(Report {
        offers: args.offers,
        decisions,
        decisions_per_second: count / elapsed,
        decisions_per_core_second: per_core,
        budget: BUDGET,
    })
}

/// Keeps one stream full for `time`; how many were decided.
async fn stream(channel: &Channel, time: Duration, dry_run: bool) -> Result<u64, Failure> {
    let (messages, sent) = mpsc::channel(1);
    let room = Arc::new(Semaphore::new(IN_FLIGHT));
    let feeding = tokio::spawn(feed(messages, room.clone(), time, dry_run));
    let mut client = DecisionServiceClient::new(channel.clone());
    let mut answers = client.decide_stream(ReceiverStream::new(sent)).await?.into_inner();
    let mut decided = 0;
    while let Some(answer) = answers.next().await {
        let results = answer?.results;
        room.add_permits(results.len());
        for result in &results {
            match &result.result {
                Some(Answer::Decision(decision)) if decision.degradations.is_empty() => {}
                other => return Err(Failure::Other(format!("not decided: {other:?}"))),
            }
        }
        decided += results.len() as u64;
    }
    feeding.await.map_err(|error| Failure::other("the stream was not fed", error))?;
    Ok(decided)
}

/// Sends messages as long as there is time, and room for their answers.
async fn feed(
    messages: mpsc::Sender<v1::DecideStreamRequest>,
    room: Arc<Semaphore>,
    time: Duration,
    dry_run: bool,
) {
    let started = Instant::now();
    let mut items: Vec<v1::DecideItem> = Vec::new();
    for (number, call) in requests::decisions().iter().cycle().enumerate() {
        if let Call::Decide(request) = call {
            let request = v1::DecideRequest { dry_run, ..(**request).clone() };
            items.push(v1::DecideItem { item_id: number.to_string(), request: Some(request) });
        }
        if items.len() < ITEMS {
            continue;
        }
        let Ok(permits) = room.acquire_many(ITEMS as u32).await else { return };
        permits.forget();
        let items = std::mem::take(&mut items);
        let message = v1::DecideStreamRequest { defaults: None, items };
        if started.elapsed() >= time || messages.send(message).await.is_err() {
            return;
        }
    }
}
