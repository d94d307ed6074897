//! Models that stand beside the propensity and are asked only where a catalog uses them: what an
//! offer changes (`uplift`), what a positive outcome brings and how long it takes (`amount`). Lives
//! here: the models and their bytes. Not here: which outcomes teach them (`core::record`), and what
//! their answers are used for. The mathematics are in `docs/learning.md`.

pub mod amount;
mod evidence;
pub mod uplift;

pub use evidence::Evidence;
