//! What outcomes teach: the records of the learning log, the models they are applied to, the
//! running measures of how good these are, and their checkpoint. A state is a pure function of
//! the log up to a position.

mod arms;
mod checkpoint;
mod drift;
mod forget;
mod models;
mod record;
mod seen;
mod tally;

pub use arms::{ArmRecord, ArmTallies, ArmTally};
pub use drift::Drift;
pub use forget::ForgetRecord;
pub use models::{Applied, Counts, Models};
pub use record::{Decoded, HISTORY_MAX, ItemRecord, LearningRecord, OutcomeRecord};
pub use tally::{CALIBRATION_BINS, CalibrationBin, Tallies, Tally};

#[cfg(test)]
mod tests;
