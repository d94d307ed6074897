//! What outcomes teach: the records of the learning log, the models they are applied to, the
//! running measures of how good these are, and their checkpoint. A state is a pure function of
//! the log up to a position.

mod answering;
mod arms;
mod challengers;
mod checkpoint;
mod drift;
mod forget;
mod funnel;
mod head_tally;
mod heads;
mod models;
mod packed;
mod pending;
mod record;
mod seen;
mod tally;
mod touch;
mod withheld;

pub use arms::{ArmRecord, ArmTallies, ArmTally};
pub use challengers::{
    CHALLENGERS_MAX, Challenger, ChallengerSpec, Challengers, ChallengersRecord, PromoteRecord,
};
pub use drift::Drift;
pub use forget::ForgetRecord;
pub use funnel::{Funnel, Head, PreparedFunnel, Probabilities};
pub use head_tally::{AmountTally, HeadTallies, Side, UpliftTally};
pub use heads::Heads;
pub use models::{Applied, Counts, Models};
pub use pending::{PENDING_BYTES_MAX, PENDING_MAX, Pending, PendingCounts};
pub use record::{Decoded, HISTORY_MAX, ItemRecord, LearningRecord, OutcomeRecord};
pub use tally::{CALIBRATION_BINS, CalibrationBin, Tallies, Tally};
pub use touch::{AnswerRecord, STAGES_MAX, ShownRecord, Stage, Stages, TickRecord};
pub use withheld::{AmountRecord, CameRecord, WithheldRecord};

#[cfg(test)]
mod answer_tests;
#[cfg(test)]
mod tests;
