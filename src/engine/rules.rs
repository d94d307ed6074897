//! Swapping catalogs: a good folder replaces the one being served in one step; a bad one changes
//! nothing and says why.

use std::sync::{Arc, PoisonError};

use super::aside::{aside, retire};
use super::folder::RulesFolder;
use super::state::Engine;
use crate::core::cases::{self, CaseReport};
use crate::core::catalog::fault::Fault;
use crate::core::catalog::{self, Catalog};
use crate::core::decide::Snapshot;
use crate::core::time::UnixMs;

/// Faults or cases written to the log for one refused folder.
const SHOWN_MAX: usize = 20;

/// The state of the rules being served.
#[derive(Clone, Debug)]
pub struct RulesStatus {
    /// When the catalog being served was loaded.
    pub loaded_at: UnixMs,
    /// Warnings it came with.
    pub warnings: Vec<Fault>,
    /// Why the last folder was refused; `None` when the last load was good.
    pub refused: Option<String>,
}

/// Why rules were not taken.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// They have faults.
    #[error("the rules have {} faults, the first: {}", .0.len(), first(.0))]
    Faults(Vec<Fault>),
    /// They are sound, but do not do what their own cases expect.
    #[error("{} of the rules' cases fail, the first: {}", .0.len(), first_case(.0))]
    Cases(Vec<CaseReport>),
}

fn first(faults: &[Fault]) -> String {
    faults.first().map_or_else(String::new, |fault| {
        format!("{}:{}:{}: {}", fault.file, fault.line, fault.column, fault.message)
    })
}

fn first_case(cases: &[CaseReport]) -> String {
    cases.first().map_or_else(String::new, |case| {
        format!("{}: {}: {}", case.position, case.name, case.failures.join("; "))
    })
}

/// Rules that load and pass their own cases.
#[derive(Debug)]
pub struct Proved {
    /// The catalog.
    pub catalog: Arc<Catalog>,
    /// What is probably not meant.
    pub warnings: Vec<Fault>,
    /// Its cases, all passed.
    pub cases: Vec<CaseReport>,
}

/// Loads `files` and proves them on their cases.
///
/// # Errors
/// With every fault, or every case that failed.
pub fn prove(files: &[(String, Vec<u8>)]) -> Result<Proved, RulesError> {
    let loaded = catalog::load(files).map_err(RulesError::Faults)?;
    let catalog = Arc::new(loaded.catalog);
    let cases = cases::run(&catalog, &loaded.cases);
    let failed: Vec<CaseReport> = cases.iter().filter(|case| !case.passed()).cloned().collect();
    if failed.is_empty() {
        Ok(Proved { catalog, warnings: loaded.warnings, cases })
    } else {
        Err(RulesError::Cases(failed))
    }
}

impl Engine {
    /// What is known of the rules being served.
    #[must_use]
    pub fn rules_status(&self) -> Arc<RulesStatus> {
        self.rules.load_full()
    }

    /// Loads, checks and takes `files`; whether anything changed.
    ///
    /// # Errors
    /// With all faults; what was served goes on being served.
    pub fn take_rules(&self, files: &[(String, Vec<u8>)]) -> Result<bool, RulesError> {
        self.take(prove(files))
    }

    fn take(&self, proved: Result<Proved, RulesError>) -> Result<bool, RulesError> {
        match proved {
            Ok(proved) => Ok(self.swap(proved)),
            Err(error) => {
                let before = self.rules.load_full();
                let refused = Some(error.to_string());
                self.rules.store(Arc::new(RulesStatus { refused, ..RulesStatus::clone(&before) }));
                metrics::counter!("arbitra_catalog_loads_total", "result" => "refused")
                    .increment(1);
                Err(error)
            }
        }
    }

    /// Takes a published catalog, unless a later one serves; whether anything changed.
    pub(super) fn swap_published(&self, proved: Proved) -> bool {
        // Publications come from a caller and from the follower: the later one stands.
        let _one_at_a_time = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = proved.catalog.version.number > self.snapshot.load().catalog.version.number;
        newer && self.swap(proved)
    }

    fn swap(&self, proved: Proved) -> bool {
        let catalog = proved.catalog;
        let status =
            RulesStatus { loaded_at: self.now(), warnings: proved.warnings, refused: None };
        self.rules.store(Arc::new(status));
        if self.snapshot.load().catalog.version == catalog.version {
            return false;
        }
        let before = self.snapshot.rcu(|current| Snapshot {
            catalog: catalog.clone(),
            models: current.models.clone(),
            prices: Arc::new(current.prices.aligned(&catalog.pacing.lines)),
        });
        retire(before.catalog.clone());
        metrics::counter!("arbitra_catalog_loads_total", "result" => "taken").increment(1);
        true
    }

    /// Follows a folder until it is closed: takes what is good, reports what is not.
    pub fn watch_rules(self: &Arc<Self>, mut folder: RulesFolder) -> tokio::task::JoinHandle<()> {
        let engine = self.clone();
        tokio::spawn(async move {
            while let Some(read) = folder.changed().await {
                let published = engine.snapshot.load().catalog.version.number;
                match read {
                    Ok(_) if published > 0 => tracing::warn!(
                        published,
                        "the rules folder changed; a published version serves: `arbitra publish` it"
                    ),
                    Ok(files) => match aside(move || prove(&files)).await {
                        Some(proved) => engine.report_reload(engine.take(proved)),
                        None => tracing::error!("the changed rules could not be compiled"),
                    },
                    Err(error) => tracing::error!(%error, "the rules folder cannot be read"),
                }
            }
        })
    }

    fn report_reload(&self, taken: Result<bool, RulesError>) {
        match taken {
            Ok(true) => {
                let catalog = self.snapshot().catalog.version.hash.clone();
                tracing::info!(%catalog, "took the changed rules");
            }
            Ok(false) => {}
            Err(RulesError::Cases(failed)) => {
                tracing::error!(
                    cases = failed.len(),
                    "the changed rules fail their own cases; the last good ones go on being served"
                );
                for case in failed.iter().take(SHOWN_MAX) {
                    tracing::error!(case = %case.name, at = case.position, "{:?}", case.failures);
                }
            }
            Err(RulesError::Faults(faults)) => {
                tracing::error!(
                    faults = faults.len(),
                    "the changed rules have faults; the last good ones go on being served"
                );
                for fault in faults.iter().take(SHOWN_MAX) {
                    tracing::error!(
                        file = fault.file,
                        line = fault.line,
                        column = fault.column,
                        hint = fault.hint,
                        "{}",
                        fault.message
                    );
                }
            }
        }
    }
}
