//! What the cases of a folder have shown of its rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::core::catalog::Catalog;
use crate::core::decide::ChannelDecision;
use crate::core::expression::Frame;
use crate::core::policy::StoppedBy;

/// Which conditions held and did not hold, and which rules stopped an offer, in some case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// By number of the distinct condition: whether it held once.
    pub held: Vec<bool>,
    /// Whether it once did not, was unknown or failed.
    pub stopped: Vec<bool>,
    /// Ids of the policies, limits, cool-downs and exclusions that stopped an offer.
    pub rules: BTreeSet<Arc<str>>,
    /// The offers that were placed, by index.
    pub placed: BTreeSet<u32>,
}

impl Coverage {
    /// Nothing seen yet of that catalog.
    #[must_use]
    pub fn new(catalog: &Catalog) -> Self {
        let atoms = catalog.policy.atoms();
        Self { held: vec![false; atoms], stopped: vec![false; atoms], ..Self::default() }
    }

    /// Notes one decided channel; the frame is the one it was decided with.
    pub fn note(&mut self, catalog: &Catalog, decided: &ChannelDecision, frame: &Frame) {
        let seen = self.held.iter_mut().zip(&mut self.stopped);
        for (program, (held, stopped)) in catalog.policy.programs().zip(seen) {
            match program.eval_bool(frame) {
                Ok(true) => *held = true,
                _ => *stopped = true,
            }
        }
        for cause in &decided.fates.causes {
            if let StoppedBy::Rule(id) = &cause.stop.by {
                self.rules.insert(id.clone());
            }
        }
        let placed = decided.placements.iter().flat_map(|placement| &placement.offers);
        self.placed.extend(placed.map(|placed| placed.offer));
    }

    /// Number of conditions that both held and did not.
    #[must_use]
    pub fn conditions(&self) -> usize {
        self.held.iter().zip(&self.stopped).filter(|(held, stopped)| **held && **stopped).count()
    }
}
