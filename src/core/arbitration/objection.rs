//! Objections: what a rejection's reason does to other offers for the rest of the interaction.

use std::sync::Arc;

use super::formula::ByOffer;
use crate::core::expression::Frame;
use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;
use crate::core::policy::Bitset;
use crate::core::profile::Answer;

/// A declared objection.
#[derive(Clone, Debug)]
pub struct ObjectionSpec {
    /// The reason, for reasons.
    pub reason: Arc<str>,
    /// Its key.
    pub key: Key,
    /// What it does.
    pub adjustments: Vec<Adjustment>,
}

/// What an objection does to some offers.
#[derive(Clone, Debug)]
pub struct Adjustment {
    /// Which offers; `None`: all.
    pub offers: Option<Bitset>,
    /// Only those of the group of the offer that was objected to.
    pub same_group: bool,
    /// Only offers for which it holds; `None`: all.
    pub when: Option<ByOffer>,
    /// By how much, in percent.
    pub percent: f64,
}

/// The objections made in this interaction.
#[derive(Clone, Debug, Default)]
pub struct Objections<'a> {
    /// Each with the group of the offer it was about.
    made: Vec<(&'a ObjectionSpec, Option<u16>)>,
}

impl<'a> Objections<'a> {
    /// Reads them from the answers given so far; `group_of` is the group of an offer by its key.
    /// The same reason on offers of the same group counts once.
    #[must_use]
    pub fn of(
        specs: &'a [ObjectionSpec],
        answers: &[Answer],
        group_of: impl Fn(Key) -> Option<u16>,
    ) -> Self {
        let mut made: Vec<(&ObjectionSpec, Option<u16>)> = Vec::new();
        let rejected = answers.iter().filter(|answer| answer.kind == OutcomeKind::Reject);
        for answer in rejected {
            let Some(spec) = specs.iter().find(|spec| spec.key == answer.reason) else { continue };
            let group = group_of(answer.offer);
            if !made.iter().any(|(known, other)| known.key == spec.key && *other == group) {
                made.push((spec, group));
            }
        }
        Self { made }
    }

    /// Whether none was made.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.made.is_empty()
    }

    /// What they do to an offer of a group: reason and percent. A condition that is unknown or
    /// fails does not hold.
    pub fn on<'o>(
        &'o self,
        offer: u32,
        group: u16,
        frame: &'o Frame,
    ) -> impl Iterator<Item = (&'a Arc<str>, f64)> + 'o {
        self.made.iter().flat_map(move |(spec, objected)| {
            let objected = *objected;
            let fits = move |adjustment: &&Adjustment| {
                adjustment.offers.as_ref().is_none_or(|offers| offers.contains(offer))
                    && (!adjustment.same_group || objected == Some(group))
                    && adjustment.when.as_ref().is_none_or(|when| {
                        let program = when.program(offer);
                        program.is_some_and(|program| program.eval_bool(frame) == Ok(true))
                    })
            };
            let spec: &'a ObjectionSpec = spec;
            spec.adjustments
                .iter()
                .filter(fits)
                .map(|adjustment| (&spec.reason, adjustment.percent))
        })
    }

    /// The factor on an offer of a group: 1 + Σ percent, not below 0.
    #[must_use]
    pub fn factor(&self, offer: u32, group: u16, frame: &Frame) -> f64 {
        if self.made.is_empty() {
            return 1.0;
        }
        let sum: f64 = self.on(offer, group, frame).map(|(_, percent)| percent).sum();
        (1.0 + sum / 100.0).max(0.0)
    }
}
