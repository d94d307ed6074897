//! Where every line stands, for people.

use crate::core::objective::{Line, Standing};
use crate::core::time::UnixMs;
use crate::engine::state::Engine;

/// Where all lines stand, as of one version of the prices.
#[derive(Clone, Debug)]
pub struct PacingStanding {
    /// Version of the prices.
    pub version: u64,
    /// When they were last moved.
    pub at: UnixMs,
    /// By line, as declared.
    pub lines: Vec<LineStanding>,
}

/// Where one line stands.
#[derive(Clone, Debug)]
pub struct LineStanding {
    /// The line.
    pub line: Line,
    /// Where it stands; `None` before the first batch.
    pub standing: Option<Standing>,
}

impl Engine {
    /// Where all lines of the catalog being served stand, over all replicas.
    #[must_use]
    pub fn pacing_standing(&self) -> PacingStanding {
        let catalog = self.snapshot().catalog.clone();
        let (pacing, now) = (self.pacing(), self.now());
        let spec = &catalog.pacing;
        let lines = spec.lines.iter().map(|line| LineStanding {
            line: line.clone(),
            standing: pacing.standing(line, &spec.forecast, now),
        });
        PacingStanding { version: pacing.version(), at: pacing.at(), lines: lines.collect() }
    }
}
