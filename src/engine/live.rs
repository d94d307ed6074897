//! Live sources in a decision: asked beside the profile, within the deadline, and told with it. A
//! catalog that declares none costs nothing.

use std::time::Duration;

use super::answer::{Degradation, DegradedPart};
use super::config::EngineConfig;
use super::decide::{DecideCall, Loaded};
use super::error::StartError;
use super::state::Engine;
use crate::core::catalog::Catalog;
use crate::source::{SourceError, SourceUse, Sources};

/// Kept back from the deadline for deciding and answering: more than for the store, since a source
/// that is late is an ordinary case.
const ANSWER_RESERVE: Duration = Duration::from_millis(5);

/// The sources of this replica; connects to those of the catalog.
///
/// # Errors
/// When one cannot be asked: at a wrong address, or at none where the catalog says it must.
pub(super) fn sources(config: &EngineConfig, catalog: &Catalog) -> Result<Sources, StartError> {
    let sources = Sources::new(config.sources.clone());
    for spec in &catalog.sources {
        match sources.check(spec) {
            Ok(()) => {}
            Err(error @ SourceError::NotConfigured(_)) if !spec.required => {
                tracing::warn!(source = %spec.name, %error, "a live source will not be read");
            }
            Err(error) => return Err(StartError::Source { name: spec.name.clone(), error }),
        }
    }
    sources.prepare(&catalog.sources);
    Ok(sources)
}

impl Engine {
    /// Loads the profile and reads the live sources at the same time; what was read goes into the
    /// request, and its story into `read`. What a request already has of them is not read again.
    pub(super) async fn load_with_sources(
        &self,
        call: &mut DecideCall,
        read: &mut Option<Vec<SourceUse>>,
    ) -> Loaded {
        let specs = &call.snapshot.catalog.sources;
        if specs.is_empty() || !call.request.live.is_empty() {
            *read = Some(Vec::new());
            return self.load_for_decision(call).await;
        }
        let until = call.deadline.checked_sub(ANSWER_RESERVE).unwrap_or(call.deadline);
        let (loaded, reading) = tokio::join!(
            self.load_for_decision(call),
            self.sources.read(specs, &call.customer, until)
        );
        call.request.live = reading.values;
        *read = Some(reading.uses);
        loaded
    }
}

/// Tells of the sources used with what was loaded.
pub(super) fn tell(loaded: &mut Loaded, read: Option<&[SourceUse]>) {
    for used in read.unwrap_or_default() {
        if let Some(missing) = &used.missing {
            metrics::counter!("arbitra_degradations_total", "part" => "source").increment(1);
            loaded.degradations.push(Degradation {
                part: DegradedPart::Source,
                source: Some(used.name.clone()),
                detail: format!("source `{}`: {missing}", used.name),
            });
        }
        loaded.sources.push(used.clone());
    }
}
