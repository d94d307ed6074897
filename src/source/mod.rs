//! Live sources: attributes read in place, at decision time, from the company's own systems. `config`
//! is what a replica is told of them; `sql` and `http` ask; `cell` holds what came to the declared
//! type; `batch` asks for many customers at once and for none twice; `breaker` leaves a source alone
//! that fails; `sources` answers a decision. It knows the catalog's declarations, and no engine.

mod batch;
mod breaker;
mod cell;
mod config;
mod error;
mod http;
mod reading;
mod sources;
mod sql;

pub use config::{Connection, SourcesConfig};
pub use error::{SourceError, SourcesConfigError};
pub use reading::{Reading, SourceUse, UseState};
pub use sources::{SourceStats, Sources};
