//! The sources of a replica: reads, for one decision, all that the catalog declares, in parallel.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::future::join_all;
use tokio::time::Instant;

use super::batch::{Answer, Connector, Source};
use super::config::SourcesConfig;
use super::error::SourceError;
use super::http::HttpConnector;
use super::reading::{Reading, SourceUse, UseState};
use super::sql::SqlConnector;
use crate::core::live::{Access, SourceSpec};

/// Figures of one source since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceStats {
    /// Queries made.
    pub queries: u64,
}

/// The sources, as this replica was told of them.
#[derive(Default)]
pub struct Sources {
    config: SourcesConfig,
    at_work: RwLock<HashMap<Arc<str>, Arc<Source>>>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Sources {
    /// Sources that are where `config` says.
    #[must_use]
    pub fn new(config: SourcesConfig) -> Self {
        Self { config, at_work: RwLock::default() }
    }

    /// Whether this replica was told where a source is, and can ask there.
    ///
    /// # Errors
    /// When it was not told, or not anything that can be asked; without the address.
    pub fn check(&self, spec: &SourceSpec) -> Result<(), SourceError> {
        let Some(connection) = self.config.of(&spec.name) else {
            return Err(SourceError::NotConfigured(spec.name.to_ascii_uppercase()));
        };
        let scheme = connection.url.split(':').next().unwrap_or_default();
        let schemes = spec.access.schemes();
        if schemes.contains(&scheme) {
            return Ok(());
        }
        let known = schemes.join("` or `");
        let name = spec.name.to_ascii_uppercase();
        Err(SourceError::failed(format!(
            "the address in `ARBITRA_SOURCE_{name}_URL` must begin with `{known}:`"
        )))
    }

    /// Connects to the sources of a catalog ahead of the first decision. Must be called on a tokio
    /// runtime.
    pub fn prepare(&self, specs: &[Arc<SourceSpec>]) {
        for spec in specs {
            let _at_work = self.source(spec);
        }
    }

    /// Figures of a source; `None`: never asked.
    #[must_use]
    pub fn stats(&self, name: &str) -> Option<SourceStats> {
        let at_work = self.at_work.read().unwrap_or_else(PoisonError::into_inner);
        at_work.get(name).map(|source| SourceStats { queries: source.queries() })
    }

    /// Drops the answers held about a customer; those under way are held again.
    pub fn forget(&self, customer: &str) {
        let at_work = self.at_work.read().unwrap_or_else(PoisonError::into_inner);
        at_work.values().for_each(|source| source.forget(customer));
    }

    /// Reads what the sources say of a customer, until `deadline`. Never fails: what is missing is
    /// unknown, and told.
    pub async fn read(
        &self,
        specs: &[Arc<SourceSpec>],
        customer: &str,
        deadline: std::time::Instant,
    ) -> Reading {
        let deadline = Instant::from_std(deadline);
        let reads = specs.iter().map(|spec| self.read_one(spec, customer, deadline));
        let mut reading = Reading::default();
        for (spec, (values, used)) in specs.iter().zip(join_all(reads).await) {
            if used.state != UseState::NotConfigured {
                let slots = spec.fields.iter().map(|field| field.slot);
                reading.values.extend(slots.zip(values));
            }
            reading.uses.push(used);
        }
        reading
    }

    async fn read_one(
        &self,
        spec: &Arc<SourceSpec>,
        customer: &str,
        deadline: Instant,
    ) -> (Vec<Option<crate::core::value::Value>>, SourceUse) {
        let started = Instant::now();
        let answered = match self.source(spec) {
            Ok(source) => source.ask(customer, deadline).await,
            Err(error) => Err(error),
        };
        let (answer, age, error) = match answered {
            Ok((answer, age)) => (answer, age, None),
            Err(error) => {
                let values = vec![None; spec.fields.len()];
                (Arc::new(Answer { values, ..Answer::default() }), None, Some(error))
            }
        };
        let state = match &error {
            None if !answer.is_there => UseState::Absent,
            None if age.is_some() => UseState::Cached,
            None => UseState::Read,
            Some(error) => state(error),
        };
        let name = |place: &usize| spec.fields.get(*place).map(|field| Arc::clone(&field.name));
        let refused: Vec<Arc<str>> = answer.refused.iter().filter_map(name).collect();
        let fields = spec.fields.iter().zip(&answer.values);
        let unknown = fields.filter(|(_, value)| value.is_none());
        let used = SourceUse {
            name: Arc::clone(&spec.name),
            state,
            unknown: unknown.map(|(field, _)| Arc::clone(&field.name)).collect(),
            missing: missing(spec, error.as_ref(), &refused),
            refused,
            took: started.elapsed(),
            age: age.unwrap_or(Duration::ZERO),
        };
        count(&used);
        (answer.values.clone(), used)
    }

    /// The source at work for a declaration; a changed declaration takes the place of the former.
    fn source(&self, spec: &Arc<SourceSpec>) -> Result<Arc<Source>, SourceError> {
        let known = self.at_work.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(&spec.name)
            && found.fingerprint() == spec.fingerprint
        {
            return Ok(Arc::clone(found));
        }
        drop(known);
        let Some(connection) = self.config.of(&spec.name) else {
            return Err(SourceError::NotConfigured(spec.name.to_ascii_uppercase()));
        };
        let mut known = self.at_work.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(&spec.name)
            && found.fingerprint() == spec.fingerprint
        {
            return Ok(Arc::clone(found));
        }
        let connector = self.check(spec).and_then(|()| match &spec.access {
            Access::Sql { .. } => SqlConnector::new(spec, connection).map(Connector::Sql),
            _ => HttpConnector::new(spec, connection).map(Connector::Http),
        });
        let connector =
            connector.unwrap_or_else(|error| Connector::Broken(error.to_string().into()));
        let source = Arc::new(Source::new(Arc::clone(spec), connector));
        known.insert(Arc::clone(&spec.name), Arc::clone(&source));
        Ok(source)
    }
}

fn state(error: &SourceError) -> UseState {
    match error {
        SourceError::NotConfigured(_) => UseState::NotConfigured,
        SourceError::CircuitOpen => UseState::CircuitOpen,
        SourceError::Busy => UseState::Busy,
        SourceError::Late => UseState::Late,
        SourceError::Failed(_) => UseState::Failed,
    }
}

/// What a decision had to do without, in words. A source that is optional on this replica, and of
/// which it was told nothing, is not missed.
fn missing(spec: &SourceSpec, error: Option<&SourceError>, refused: &[Arc<str>]) -> Option<String> {
    match error {
        Some(SourceError::NotConfigured(_)) if !spec.required => None,
        Some(error) => Some(format!("{error}: its attributes are at their defaults or unknown")),
        None if refused.is_empty() => None,
        None => Some(format!("not as declared, and so unknown: {}", refused.join(", "))),
    }
}

fn count(used: &SourceUse) {
    let (name, result) = (used.name.to_string(), used.state.name());
    metrics::counter!("arbitra_source_reads_total", "source" => name.clone(), "result" => result)
        .increment(1);
    metrics::histogram!("arbitra_source_read_seconds", "source" => name.clone())
        .record(used.took.as_secs_f64());
    if !used.refused.is_empty() {
        metrics::counter!("arbitra_source_values_refused_total", "source" => name)
            .increment(used.refused.len() as u64);
    }
}
