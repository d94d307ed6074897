//! What a catalog declares about answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::core::expression::Program;
use crate::core::interaction::OutcomeKind;
use crate::core::learn::Stages;
use crate::core::time::DAY_MS;

pub use crate::core::catalog::source::CreditRule;

/// How long answers are waited for on a channel, ms from the contact on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// When silence becomes a no; `None`: never.
    pub silence_ms: Option<i64>,
    /// How long a click can belong to a contact.
    pub click_ms: i64,
    /// How long an acceptance can.
    pub accept_ms: i64,
    /// How long a rejection can.
    pub reject_ms: i64,
    /// How long a conversion can.
    pub convert_ms: i64,
}

impl Default for Windows {
    fn default() -> Self {
        Self {
            silence_ms: Some(DAY_MS),
            click_ms: 7 * DAY_MS,
            accept_ms: 30 * DAY_MS,
            reject_ms: 30 * DAY_MS,
            convert_ms: 90 * DAY_MS,
        }
    }
}

impl Windows {
    /// How long an outcome of that kind can belong to a contact, ms.
    #[must_use]
    pub fn of(&self, kind: OutcomeKind) -> i64 {
        match kind {
            OutcomeKind::Click => self.click_ms,
            OutcomeKind::Convert => self.convert_ms,
            OutcomeKind::Reject | OutcomeKind::NoResponse => self.reject_ms,
            OutcomeKind::Accept | OutcomeKind::Impression | OutcomeKind::Sent => self.accept_ms,
        }
    }
}

/// How outcomes of one kind that name no decision are shared out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Credit {
    /// Who has the credit.
    pub rule: CreditRule,
    /// For [`CreditRule::TimeDecayed`]: how much earlier a contact has half as much, ms.
    pub half_life_ms: i64,
    /// Contacts without a click: how long after them they may claim, ms, what their claim counts,
    /// and a bit for each channel where that holds. `None`: as all others.
    pub view_through: Option<(i64, f64, u64)>,
}

impl Default for Credit {
    fn default() -> Self {
        Self { rule: CreditRule::Last, half_life_ms: 7 * DAY_MS, view_through: None }
    }
}

/// An event that is an answer.
#[derive(Clone, Debug)]
pub struct NaturalSpec {
    /// What it is.
    pub kind: OutcomeKind,
    /// Under which condition.
    pub when: Option<Program>,
    /// Gives the text by which offers are found.
    pub offer: Program,
    /// Offers by that text; indices ascend.
    pub offers: BTreeMap<Arc<str>, SmallVec<[u32; 2]>>,
    /// Gives the money.
    pub value: Option<Program>,
    /// Gives what tells it from others.
    pub order: Option<Program>,
}

/// What a catalog declares about answers.
#[derive(Clone, Debug, Default)]
pub struct AnswersSpec {
    /// Windows by channel index.
    pub windows: Vec<Windows>,
    /// Credit for clicks, acceptances and conversions.
    pub credit: [Credit; 3],
    /// Events that are answers, by event type.
    pub natural: BTreeMap<Arc<str>, Vec<NaturalSpec>>,
    /// The funnel's stages; empty where none is declared.
    pub stages: Stages,
}

impl AnswersSpec {
    /// The windows of a channel.
    #[must_use]
    pub fn windows(&self, channel: usize) -> Windows {
        self.windows.get(channel).copied().unwrap_or_default()
    }

    /// How an outcome is shared out.
    #[must_use]
    pub fn credit(&self, kind: OutcomeKind) -> Credit {
        let place = match kind {
            OutcomeKind::Click => 0,
            OutcomeKind::Convert => 2,
            _ => 1,
        };
        self.credit.get(place).copied().unwrap_or_default()
    }

    /// The stage that an outcome reaches, from 1; 0 when none.
    #[must_use]
    pub fn stage(&self, kind: OutcomeKind) -> u8 {
        let found = self.stages.iter().position(|stage| stage.kind == kind);
        found.map_or(0, |place| place as u8 + 1)
    }

    /// The farthest stage among the outcomes of `bits`; 0 when none.
    #[must_use]
    pub fn reached(&self, bits: u8) -> u8 {
        let kinds = OutcomeKind::ALL.into_iter().filter(|kind| bits & kind.bit() != 0);
        kinds.map(|kind| self.stage(kind)).max().unwrap_or(0)
    }
}
