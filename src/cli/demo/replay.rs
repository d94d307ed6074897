//! The job: for each row the decision, then the outcome of the coupon that was really shown.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use indicatif::ProgressBar;
use tokio::sync::OnceCell;

use super::caller::Caller;
use super::data::Row;
use super::lag::until_learned;
use super::options::Options;
use super::report::{Figures, figures};
use super::world::World;
use crate::cli::stats::Predicted;
use crate::cli::{Failure, client, output};

/// Rows between two looks at how long learning takes.
const LAG_EVERY: usize = 200;

/// What one row gave.
#[derive(Clone, Copy, Debug)]
pub struct Replayed {
    /// The propensity served for the coupon that was shown, with its answer.
    pub predicted: Predicted,
    /// The coupon that was shown.
    pub shown: &'static str,
    /// Whether the engine would have shown the same.
    pub agreed: bool,
    /// Time of `Decide`, at the client.
    pub decide: Duration,
    /// From the outcome's acknowledgement to its use, where it was looked at.
    pub lag: Option<Duration>,
}

/// Known customers: each is introduced once, before the first decision for them.
type Introduced = HashMap<String, Arc<OnceCell<()>>>;

/// Replays `rows`.
///
/// # Errors
/// The first refusal.
pub async fn replay(world: &World, rows: &[Row], options: &Options) -> Result<Figures, Failure> {
    let caller = Caller::new(client::connect(&world.address().to_string()).await?);
    let mut introduced = Introduced::new();
    for row in rows {
        introduced.entry(row.customer.clone()).or_default();
    }
    let bar = output::progress(rows.len() as u64, options.json);
    let mut running = Running::default();
    let started = Instant::now();
    let mut replayed = Vec::with_capacity(rows.len());
    let work = stream::iter(rows.iter().enumerate()).map(|(number, row)| {
        let (mut caller, introduced) = (caller.clone(), introduced.get(&row.customer).cloned());
        let look = (number + 1) % LAG_EVERY == 0;
        async move { one(&mut caller, row, introduced.unwrap_or_default(), look).await }
    });
    let mut work = std::pin::pin!(work.buffered(options.concurrency));
    while let Some(row) = work.try_next().await? {
        running.add(&row, &bar);
        replayed.push(row);
    }
    let elapsed = started.elapsed();
    bar.finish_and_clear();
    let looked: Duration = replayed.iter().filter_map(|row| row.lag).sum();
    // Side by side, looking at one row does not hold up the others.
    let busy = if options.concurrency == 1 { elapsed.saturating_sub(looked) } else { elapsed };
    figures(&replayed, introduced.len(), busy, options, world.store().await)
}

async fn one(
    caller: &mut Caller,
    row: &Row,
    introduced: Arc<OnceCell<()>>,
    look: bool,
) -> Result<Replayed, Failure> {
    let mut introducing = caller.clone();
    introduced.get_or_try_init(|| introducing.introduce(row)).await?;
    let asked = Instant::now();
    let answer = caller.decide(row, false).await?;
    let decide = asked.elapsed();
    let probability = answer
        .propensity(row.shown)
        .ok_or_else(|| Failure::Other(format!("no propensity was served for `{}`", row.shown)))?;
    let position = caller.record(row, &answer.decision_id).await?;
    let acknowledged = Instant::now();
    let lag = match look {
        true => Some(until_learned(caller, row, position, acknowledged).await?),
        false => None,
    };
    Ok(Replayed {
        predicted: Predicted { probability, positive: row.accepted },
        shown: row.shown,
        agreed: answer.choice() == Some(row.shown),
        decide,
        lag,
    })
}

/// What the progress bar says.
#[derive(Default)]
struct Running {
    rows: u32,
    accepted: u32,
    agreed: u32,
    agreed_accepted: u32,
}

impl Running {
    fn add(&mut self, row: &Replayed, bar: &ProgressBar) {
        self.rows += 1;
        self.accepted += u32::from(row.predicted.positive);
        if row.agreed {
            self.agreed += 1;
            self.agreed_accepted += u32::from(row.predicted.positive);
        }
        bar.inc(1);
        if self.agreed > 0 && self.rows.is_multiple_of(50) {
            let history = f64::from(self.accepted) / f64::from(self.rows);
            let engine = f64::from(self.agreed_accepted) / f64::from(self.agreed);
            bar.set_message(format!(
                "accepted: history {}, where the engine agreed {}",
                output::percent(history),
                output::percent(engine)
            ));
        }
    }
}
