//! Why an evaluation stops, and how much work it may still do.

use std::borrow::Cow;

use super::limits::{COST_MAX, TEXT_BYTES_MAX};
use super::types::Slot;

/// The internal, cheap form of [`EvalError`](super::EvalError): no allocation for missing.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stop {
    Missing(Slot),
    Failed(Cow<'static, str>),
}

impl Stop {
    pub(super) fn failed(message: &'static str) -> Self {
        Self::Failed(Cow::Borrowed(message))
    }

    pub(super) fn because(message: String) -> Self {
        Self::Failed(Cow::Owned(message))
    }

    /// Which of two stops a logical operator passes on, whatever their order: a failure rather than
    /// a missing value; of two failures the smaller message, of two missing the lower slot.
    pub(super) fn merge(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Missing(a), Self::Missing(b)) if b < a => other,
            (Self::Failed(a), Self::Failed(b)) if b < a => other,
            (Self::Missing(_), Self::Failed(_)) => other,
            _ => self,
        }
    }
}

/// What is left of the work allowed to one evaluation.
#[derive(Clone, Copy)]
pub(super) struct Budget(u32);

impl Budget {
    pub(super) fn full() -> Self {
        Self(COST_MAX)
    }

    /// At most `cost`, and never more than [`Budget::full`].
    pub(super) fn of(cost: u32) -> Self {
        Self(cost.min(COST_MAX))
    }

    pub(super) fn spend(&mut self, cost: usize) -> Result<(), Stop> {
        let cost = u32::try_from(cost).unwrap_or(u32::MAX);
        match self.0.checked_sub(cost) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => {
                self.0 = 0;
                Err(Stop::failed("cost limit exceeded"))
            }
        }
    }

    /// Pays for a text or byte string of that length, or refuses it.
    pub(super) fn spend_bytes(&mut self, bytes: usize) -> Result<(), Stop> {
        if bytes > TEXT_BYTES_MAX {
            return Err(Stop::failed("cost limit exceeded: text too long"));
        }
        self.spend(bytes / 1024)
    }
}
