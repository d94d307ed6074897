//! Looks through the outboxes of a cluster: at once where something may have been left, and in turn
//! through all of them, so that what a dead replica left is found within 64 seconds, or when the next one starts.

use std::sync::{Arc, Weak};
use std::time::Duration;

use redis::Pipeline;
use tokio::time::{Instant, sleep, timeout};

use super::connection::Place;
use super::outbox::Outbox;
use super::slot::SLOTS;
use crate::store::StoreError;

/// Outboxes looked at in one step: all of them in 64; the first time without pause.
const STEP: u16 = 256;
/// Steps are this far apart.
const STEP_EVERY: Duration = Duration::from_secs(1);
/// Time for more to come that is cleared in one go.
const GATHER: Duration = Duration::from_millis(20);
/// Doubtful slots looked at in one step.
const DOUBTFUL_MAX: usize = 64;
/// After a fault the next look waits this long.
const AFTER_FAULT: Duration = Duration::from_millis(200);
/// Commits moved at once.
const PAGE: usize = 64;

/// Runs until nobody uses the outbox any more.
pub(super) async fn run(outbox: Weak<Outbox>) {
    let mut next: u16 = 0;
    let mut first_round = true;
    let mut due = Instant::now();
    loop {
        {
            let Some(outbox) = outbox.upgrade() else { return };
            outbox.clear().await;
            let mut failed = false;
            for slot in outbox.take_doubtful(DOUBTFUL_MAX) {
                if let Err(error) = sweep(&outbox, slot).await {
                    tracing::debug!(%error, slot, "an outbox could not be emptied yet");
                    outbox.doubt(slot);
                    failed = true;
                }
            }
            if due <= Instant::now() {
                match look(&outbox, next..next.saturating_add(STEP)).await {
                    Ok(()) => {
                        next = next.saturating_add(STEP);
                        if usize::from(next) >= SLOTS {
                            (next, first_round) = (0, false);
                        }
                    }
                    Err(error) => {
                        tracing::debug!(%error, "outboxes could not be looked through yet");
                        failed = true;
                    }
                }
                due = Instant::now() + if first_round { GATHER } else { STEP_EVERY };
            }
            if failed {
                sleep(AFTER_FAULT).await;
            }
        }
        wait(&outbox, due).await;
    }
}

/// Until something was moved or left behind, or the next step is due.
async fn wait(outbox: &Weak<Outbox>, due: Instant) {
    let Some(outbox) = outbox.upgrade() else { return };
    let left = due.saturating_duration_since(Instant::now());
    if timeout(left, outbox.something.notified()).await.is_ok() {
        drop(outbox);
        sleep(GATHER).await;
    }
}

/// Marks the slots among these whose outbox is not empty.
async fn look(outbox: &Arc<Outbox>, slots: std::ops::Range<u16>) -> Result<(), StoreError> {
    let slots: Vec<u16> = slots.filter(|slot| usize::from(*slot) < SLOTS).collect();
    let keys: Vec<String> = slots.iter().map(|slot| outbox.keys.outbox(*slot)).collect();
    for (node, positions) in outbox.connections.spread(&keys).await? {
        let mut pipe = Pipeline::with_capacity(positions.len());
        for key in positions.iter().filter_map(|position| keys.get(*position)) {
            pipe.cmd("EXISTS").arg(key);
        }
        let found: Vec<bool> = outbox.connections.pipeline(Place::Node(node), &pipe).await?;
        for (position, _) in positions.iter().zip(found).filter(|(_, found)| *found) {
            if let Some(slot) = slots.get(*position) {
                outbox.doubt(*slot);
            }
        }
    }
    Ok(())
}

/// Moves what is in one outbox to the log.
async fn sweep(outbox: &Outbox, slot: u16) -> Result<(), StoreError> {
    let mut last = redis::cmd("GET");
    last.arg(&outbox.keys.log_last);
    let place = Place::read(&outbox.keys.log);
    // Before the outbox is read: see `outbox`.
    let known: Option<u64> = outbox.connections.command(place, &last).await?;
    let posted = outbox.posted(slot).await?;
    for some in posted.chunks(PAGE) {
        outbox.deliver(slot, known.unwrap_or(0), some.to_vec()).await?;
    }
    Ok(())
}
