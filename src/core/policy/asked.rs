//! What is asked of an offer: for whoever reads a policy rather than runs it.

use std::sync::Arc;

use super::{Gate, Policy};
use crate::core::expression::Program;

/// A condition that must hold of an offer.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'p> {
    /// At which gate.
    pub gate: Gate,
    /// The number of the distinct condition, below [`Policy::atoms`].
    pub atom: u32,
    /// The condition.
    pub program: &'p Program,
    /// Bit per channel (by index) on which it is asked.
    pub channels: u64,
    /// The policy that asks; `None`: the offer itself.
    pub from: Option<&'p Arc<str>>,
}

impl Policy {
    /// All that is asked of `offer`, in order of gates.
    pub fn asked_of(&self, offer: u32) -> impl Iterator<Item = Asked<'_>> {
        self.causes_of(offer).iter().filter_map(|cause| {
            let cause = self.causes.get(*cause as usize)?;
            let atom = self.atoms.get(cause.atom as usize)?;
            Some(Asked {
                gate: cause.gate,
                atom: cause.atom,
                program: &atom.program,
                channels: cause.channels,
                from: cause.from.as_ref(),
            })
        })
    }

    /// The distinct conditions, by number.
    pub fn programs(&self) -> impl Iterator<Item = &Program> {
        self.atoms.iter().map(|atom| &atom.program)
    }
}
