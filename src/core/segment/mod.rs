//! Scores: what a customer is in the eyes of the organisation (stage, recency, class, value ...),
//! kept current by each event. `spec` says what is scored; `measure` reads a customer's own figure;
//! `population` compares it with everybody's; `score` makes the value that rules read. Pure: the
//! population is part of the models, a function of the learning log.

mod channel;
mod measure;
mod population;
mod score;
mod spec;
#[cfg(test)]
mod tests;

pub use measure::{Move, MoveRecord, moves};
pub use population::{Curve, Population, Populations};
pub use score::{fill, stage};
pub use spec::{Class, Measure, PopulationSpec, ScoreKind, ScoreSpec, Since, Stage};
