//! Live sources for the wire.

use crate::api::wire::v1;
use crate::source::{SourceUse, UseState};

/// A use of a source.
pub fn used(used: &SourceUse) -> v1::SourceUse {
    let state = match used.state {
        UseState::Read => v1::SourceState::Read,
        UseState::Cached => v1::SourceState::Cached,
        UseState::Absent => v1::SourceState::Absent,
        UseState::NotConfigured => v1::SourceState::NotConfigured,
        UseState::Late => v1::SourceState::Late,
        UseState::Failed => v1::SourceState::Failed,
        UseState::CircuitOpen => v1::SourceState::CircuitOpen,
        UseState::Busy => v1::SourceState::Busy,
    };
    let names = |names: &[std::sync::Arc<str>]| names.iter().map(ToString::to_string).collect();
    v1::SourceUse {
        source: used.name.to_string(),
        state: state.into(),
        unknown: names(&used.unknown),
        refused: names(&used.refused),
        wait_seconds: used.took.as_secs_f64(),
        age_seconds: used.age.as_secs_f64(),
    }
}
