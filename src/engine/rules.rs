//! Swapping catalogs: a good folder replaces the one being served in one step; a bad one changes
//! nothing and says why.

use std::sync::Arc;

use super::folder::RulesFolder;
use super::state::Engine;
use crate::core::catalog::fault::Fault;
use crate::core::catalog::{self, Loaded};
use crate::core::decide::Snapshot;
use crate::core::time::UnixMs;

/// The state of the rules being served.
#[derive(Clone, Debug)]
pub struct RulesStatus {
    /// When the catalog being served was loaded.
    pub loaded_at: UnixMs,
    /// Warnings it came with.
    pub warnings: Vec<Fault>,
    /// Faults of the last folder that was refused since; empty when the last load was good.
    pub refused: Vec<Fault>,
}

/// Why rules were not taken.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// They have faults.
    #[error("{} faults", .0.len())]
    Faults(Vec<Fault>),
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
        let loaded = catalog::load(files).and_then(|loaded| {
            let failed = super::rules_cases(&loaded);
            if failed.is_empty() { Ok(loaded) } else { Err(failed) }
        });
        match loaded {
            Ok(loaded) => Ok(self.swap(loaded)),
            Err(faults) => {
                let before = self.rules.load_full();
                let refused = faults.clone();
                self.rules.store(Arc::new(RulesStatus { refused, ..RulesStatus::clone(&before) }));
                metrics::counter!("arbitra_catalog_loads_total", "result" => "refused").increment(1);
                Err(RulesError::Faults(faults))
            }
        }
    }

    fn swap(&self, loaded: Loaded) -> bool {
        let catalog = Arc::new(loaded.catalog);
        let status = RulesStatus {
            loaded_at: self.now(),
            warnings: loaded.warnings,
            refused: Vec::new(),
        };
        self.rules.store(Arc::new(status));
        if self.snapshot.load().catalog.version == catalog.version {
            return false;
        }
        self.snapshot.rcu(|current| Snapshot {
            catalog: catalog.clone(),
            models: current.models.clone(),
        });
        metrics::counter!("arbitra_catalog_loads_total", "result" => "taken").increment(1);
        true
    }

    /// Follows a folder until it is closed: takes what is good, reports what is not.
    pub fn watch_rules(self: &Arc<Self>, mut folder: RulesFolder) -> tokio::task::JoinHandle<()> {
        let engine = self.clone();
        tokio::spawn(async move {
            while let Some(read) = folder.changed().await {
                match read {
                    Ok(files) => engine.report_reload(engine.take_rules(&files)),
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
            Err(RulesError::Faults(faults)) => {
                tracing::error!(
                    faults = faults.len(),
                    "the changed rules have faults; the last good ones go on being served"
                );
                for fault in faults.iter().take(20) {
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
