//! Sending rows in order: a customer's attributes as they were, then the outcome; many customers at
//! once, one customer in turn.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::cli::client::Connection;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tonic::{Code, Status};

use super::Report;
use super::rows::{Row, Rows};
use crate::api::wire::v1;
use crate::api::wire::v1::interaction_service_client::InteractionServiceClient;
use crate::api::wire::v1::profile_service_client::ProfileServiceClient;
use crate::cli::{Failure, output};

/// Most outcomes of one call.
const WAVE_MAX: usize = 500;
/// Profiles changed side by side.
const CUSTOMERS_AT_ONCE: usize = 32;
/// How often a call is tried while the service is busy or away, and the first pause.
const ATTEMPTS: u32 = 6;
const PAUSE: Duration = Duration::from_millis(200);
/// Most reasons told.
const REASONS_MAX: usize = 10;
/// Most customers whose attributes are remembered, so as not to send them again.
const KNOWN_MAX: usize = 1 << 20;

/// Sends all rows from the `from`th on, counted from 1.
///
/// # Errors
/// A row that cannot be used, or a service that stopped answering.
pub async fn all(
    channel: Connection,
    rows: &Rows<'_>,
    from: usize,
    quiet: bool,
) -> Result<Report, Failure> {
    let mut sender = Sender { channel, known: HashMap::new(), report: Report::default() };
    let bar = output::progress(rows.len() as u64, quiet);
    let mut wave: Vec<Row> = Vec::with_capacity(WAVE_MAX);
    let mut first = from.saturating_sub(1);
    for place in from.saturating_sub(1)..rows.len() {
        let row = rows.get(place).map_err(|error| Failure::Other(error.to_string()))?;
        let Some(row) = row else { break };
        // What a customer was told of before stands, until what is known of the customer changes.
        let ends = wave.len() >= WAVE_MAX
            || (sender.changes(&row)
                && wave.iter().any(|one| one.outcome.customer_id == row.outcome.customer_id));
        if ends {
            sender.send(std::mem::take(&mut wave)).await.map_err(|why| stopped(&why, first))?;
            first = place;
            bar.set_position(place as u64);
        }
        wave.push(row);
    }
    sender.send(wave).await.map_err(|why| stopped(&why, first))?;
    bar.finish_and_clear();
    Ok(sender.report)
}

fn stopped(why: &Status, place: usize) -> Failure {
    Failure::Other(format!(
        "stopped: the service answered {:?}: {}; go on with `--from-row {}`",
        why.code(),
        why.message(),
        place + 1
    ))
}

struct Sender {
    channel: Connection,
    /// Fingerprint of the attributes last sent, by customer.
    known: HashMap<String, u64>,
    report: Report,
}

impl Sender {
    /// Whether the row says something new of its customer.
    fn changes(&self, row: &Row) -> bool {
        !row.attributes.is_empty()
            && self.known.get(&row.outcome.customer_id) != Some(&fingerprint(row))
    }

    async fn send(&mut self, wave: Vec<Row>) -> Result<(), Status> {
        if wave.is_empty() {
            return Ok(());
        }
        self.update(&wave).await?;
        let (numbers, outcomes): (Vec<usize>, Vec<v1::Outcome>) =
            wave.into_iter().map(|row| (row.number, row.outcome)).unzip();
        let request = v1::RecordOutcomesRequest { outcomes };
        let channel = self.channel.clone();
        let answer = patiently(|| {
            let mut client = InteractionServiceClient::new(channel.clone());
            let request = request.clone();
            async move { client.record_outcomes(request).await }
        })
        .await?;
        for (number, result) in numbers.into_iter().zip(answer.into_inner().results) {
            self.note(number, &result)?;
        }
        Ok(())
    }

    /// Sets what was known of the wave's customers, where it changed.
    async fn update(&mut self, wave: &[Row]) -> Result<(), Status> {
        let mut met = HashSet::new();
        let changed: Vec<&Row> = wave
            .iter()
            .filter(|row| self.changes(row) && met.insert(&*row.outcome.customer_id))
            .collect();
        let channel = &self.channel;
        stream::iter(&changed)
            .map(|row| {
                let (set, unset): (Vec<_>, Vec<_>) =
                    row.attributes.iter().partition(|(_, value)| value.is_some());
                let set = set
                    .into_iter()
                    .filter_map(|(name, value)| value.clone().map(|value| (name.clone(), value)));
                let request = v1::UpdateProfileRequest {
                    customer_id: row.outcome.customer_id.clone(),
                    set: set.collect(),
                    unset: unset.into_iter().map(|(name, _)| name.clone()).collect(),
                    ..v1::UpdateProfileRequest::default()
                };
                patiently(move || {
                    let mut client = ProfileServiceClient::new(channel.clone());
                    let request = request.clone();
                    async move { client.update_profile(request).await }
                })
            })
            .buffer_unordered(CUSTOMERS_AT_ONCE)
            .try_for_each(|_| std::future::ready(Ok(())))
            .await?;
        if self.known.len() + changed.len() > KNOWN_MAX {
            self.known.clear();
        }
        for row in changed {
            self.known.insert(row.outcome.customer_id.clone(), fingerprint(row));
        }
        Ok(())
    }

    fn note(&mut self, number: usize, result: &v1::RecordResult) -> Result<(), Status> {
        let report = &mut self.report;
        report.log_position = report.log_position.max(result.log_position);
        match result.status() {
            v1::RecordStatus::Applied => report.applied += 1,
            v1::RecordStatus::Duplicate => report.duplicates += 1,
            v1::RecordStatus::Rejected => {
                report.rejected += 1;
                if report.reasons.len() < REASONS_MAX {
                    let why = result.error.as_ref().map_or("refused", |error| &error.message);
                    report.reasons.push(format!("row {number}: {why}"));
                }
            }
            v1::RecordStatus::Failed | v1::RecordStatus::Unspecified => {
                let why = result.error.as_ref().map_or("not stored", |error| &error.message);
                return Err(Status::unavailable(why));
            }
        }
        Ok(())
    }
}

fn fingerprint(row: &Row) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    format!("{:?}", row.attributes).hash(&mut hasher);
    hasher.finish()
}

/// Calls again, later and later, while the service is busy or away.
async fn patiently<T, F>(mut call: impl FnMut() -> F) -> Result<T, Status>
where
    F: Future<Output = Result<T, Status>>,
{
    let mut pause = PAUSE;
    for _ in 1..ATTEMPTS {
        match call().await {
            Err(status) if status.code() == Code::Unavailable => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            other => return other,
        }
    }
    call().await
}
