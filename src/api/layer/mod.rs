//! What every call passes on its way in, outermost first: `observe` (metrics, traces),
//! `authenticate` (who, and whether they may), `deadline` (how long), `admission` (how many at once,
//! by `pressure`: how long it would take). `body` watches an answer to its end.

pub mod admission;
pub mod authenticate;
mod body;
pub mod deadline;
pub mod observe;
mod pressure;
