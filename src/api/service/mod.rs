//! The services, one file each: a request in, its conversion, one call of the engine, its answer
//! converted back. What is declared and not built yet says so.

mod catalog;
mod decide_stream;
mod decision;
mod export;
mod identify;
mod import;
mod insight;
mod interaction;
mod profile;
mod record_stream;

pub use catalog::Catalogs;
pub use decision::Decisions;
pub use insight::Insights;
pub use interaction::Interactions;
pub use profile::Profiles;

use std::time::Instant;

use tonic::Request;

use super::layer::deadline::Deadline;

/// When the answer to `request` must be on its way; now where no layer has said.
fn deadline<T>(request: &Request<T>) -> Instant {
    request.extensions().get::<Deadline>().map_or_else(Instant::now, |deadline| deadline.0)
}
