//! SIGTERM and SIGINT: the first asks for an orderly end, the second ends at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::cli::Failure;

/// Exit code of a process that was told twice: 128 + SIGINT, as shells have it.
const TOLD_TWICE: i32 = 130;

/// Cancelled at the first signal; at the second the process ends on the spot.
///
/// # Errors
/// When signals cannot be received.
pub fn stop_on_signals() -> Result<CancellationToken, Failure> {
    let fail = |error| Failure::other("signals cannot be received", error);
    let mut terminate = signal(SignalKind::terminate()).map_err(fail)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(fail)?;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("told to stop: draining; a second signal ends at once");
        stop.cancel();
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::warn!("told twice: ending at once");
        std::process::exit(TOLD_TWICE);
    });
    Ok(stopped)
}
