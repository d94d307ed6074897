//! What every call passes on its way in, outermost first: `observe` (metrics, traces), `admission`
//! (how many at once), `deadline` (how long). `body` watches an answer to its end.

pub mod admission;
mod body;
pub mod deadline;
pub mod observe;
