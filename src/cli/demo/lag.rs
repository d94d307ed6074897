//! How long an outcome takes from its acknowledgement to the next decision's model.

use std::time::{Duration, Instant};

use super::caller::Caller;
use super::data::Row;
use crate::cli::Failure;

/// Longer than any lag that could still be called real time; beyond it the demo gives up.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// Pause between looks: what is measured is at most this much too long.
const PAUSE: Duration = Duration::from_micros(500);

/// Asks (without effects) until decisions are made with the model that has learned up to
/// `position`; the time since `acknowledged`.
///
/// # Errors
/// A refusal, or when the model never gets there.
pub async fn until_learned(
    caller: &mut Caller,
    row: &Row,
    position: u64,
    acknowledged: Instant,
) -> Result<Duration, Failure> {
    loop {
        let answer = caller.decide(row, true).await?;
        let waited = acknowledged.elapsed();
        if answer.log_position >= position {
            return Ok(waited);
        }
        if waited > WAIT_MAX {
            return Err(Failure::Other(format!(
                "decisions use the learning log up to {}, not {position}, after {WAIT_MAX:?}",
                answer.log_position
            )));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
