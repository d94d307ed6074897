//! Solving the weights of affinity beside learning: on a thread of its own, one at a time, and at
//! rest most of the time, so that serving keeps the cores; and the document they are kept in.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

use crate::core::affinity::{Affinity, Weights, solve::solve};
use crate::core::codec::bytes::Writer;
use crate::store::{Store, StoreError};

/// Name of the document.
const WEIGHTS: &str = "models/affinity";
/// How many times as long as it has worked it rests.
const REST: u32 = 4;

/// What is being solved, and what waits for it.
#[derive(Default)]
pub(super) struct Solver {
    due: Option<Arc<Affinity>>,
    running: Option<(Receiver<Option<Weights>>, Instant)>,
    rests_until: Option<Instant>,
    stored: u64,
}

impl Solver {
    /// Solves from `model` when there is time; what waited before is out of date.
    pub(super) fn want(&mut self, model: Arc<Affinity>) {
        self.due = Some(model);
    }

    /// What has been solved since the last call; starts on what waits.
    pub(super) fn poll(&mut self) -> Option<Arc<Weights>> {
        let (solved, over) = match &self.running {
            Some((running, started)) => match running.try_recv() {
                Ok(weights) => (weights, Some(started.elapsed())),
                Err(TryRecvError::Empty) => return None,
                Err(TryRecvError::Disconnected) => (None, Some(started.elapsed())),
            },
            None => (None, None),
        };
        if let Some(took) = over {
            self.running = None;
            self.rests_until = Some(Instant::now() + took * REST);
            report(took, solved.as_ref());
        }
        if self.rests_until.is_none_or(|until| until <= Instant::now())
            && let Some(model) = self.due.take()
        {
            self.start(model);
        }
        solved.map(Arc::new)
    }

    fn start(&mut self, model: Arc<Affinity>) {
        let (send, receive) = sync_channel(1);
        let work = move || {
            // Nobody waits any more when the engine has stopped.
            let _gone = send.send(solve(&model));
        };
        match std::thread::Builder::new().name("affinity".to_owned()).spawn(work) {
            Ok(_) => self.running = Some((receive, Instant::now())),
            Err(error) => tracing::warn!(%error, "weights of affinity cannot be solved now"),
        }
    }

    /// The weights that were kept, unless they cannot be read: then they are solved again.
    pub(super) async fn load(
        &mut self,
        store: &dyn Store,
    ) -> Result<Option<Arc<Weights>>, StoreError> {
        let Some(saved) = store.get_document(WEIGHTS).await? else { return Ok(None) };
        match Weights::from_bytes(&saved.record) {
            Ok(weights) => {
                self.stored = weights.observed();
                Ok(Some(weights))
            }
            Err(error) => {
                tracing::warn!(%error, "the weights of affinity cannot be read; solving again");
                Ok(None)
            }
        }
    }

    /// Keeps `weights` for the next start, unless they were kept before.
    pub(super) async fn save(
        &mut self,
        store: &dyn Store,
        weights: &Weights,
    ) -> Result<(), StoreError> {
        if weights.observed() <= self.stored {
            return Ok(());
        }
        let mut out = Writer::default();
        weights.encode(&mut out);
        let version = store.document_version(WEIGHTS).await?;
        // A conflict means that another replica has just saved its own: as good as ours.
        store.put_document(WEIGHTS, Some(version), out.0.into()).await?;
        self.stored = weights.observed();
        Ok(())
    }
}

fn report(took: Duration, solved: Option<&Weights>) {
    metrics::histogram!("arbitra_affinity_solve_seconds").record(took.as_secs_f64());
    let Some(weights) = solved else { return };
    let chosen = weights.chosen();
    tracing::info!(
        choices = weights.observed(),
        ridge = chosen.ridge,
        blend = chosen.blend,
        panel_ndcg = chosen.ndcg,
        dropped = chosen.dropped,
        took_ms = took.as_millis(),
        "weights of affinity solved"
    );
}
