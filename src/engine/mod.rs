//! The runtime: loads, calls the core, performs effects. `decide` and `record` serve callers;
//! `learner` tails the learning log into new snapshots; `remember` writes decisions behind; `rules`
//! swaps catalogs; `publish` takes them to
//! all replicas; `folder` reads them. It knows the store by its contract, never the wire.

mod answer;
mod arms;
mod aside;
mod by_hand;
mod cache;
mod clock;
mod config;
mod decide;
mod erase;
mod error;
mod folder;
mod learner;
mod ledger;
mod live;
mod merge;
mod pacer;
mod profile;
mod promote;
mod publish;
mod quota;
mod record;
mod remember;
mod rules;
mod solver;
mod start;
mod state;

pub use answer::{Decided, Degradation, DegradedPart, ItemOutcome, Recorded, Versions};
pub use by_hand::ByHand;
pub use clock::{Clock, FixedClock, SystemClock};
pub use config::EngineConfig;
pub use decide::DecideCall;
pub use erase::Erasure;
pub use error::{EngineError, StartError};
pub use folder::{Files, FolderError, RulesFolder, read_folder};
pub use ledger::Standing;
pub use pacer::{LineStanding, PacingStanding};
pub use profile::{ProfileView, Written};
pub use publish::{Counts, Publication, Publish, PublishError, Published, Rollback};
pub use record::{EventCall, OutcomeCall};
pub use rules::{Proved, RulesError, RulesStatus, prove};
pub use start::Running;
pub use state::{Engine, Readiness};
