//! What a case says of consents, contact, quotas and who its customer is.

use std::sync::Arc;

use super::Cases;
use crate::core::catalog::fault::Place;
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::source::{CaseSource, ConsentGiven, ConsentWord, GivenSource};
use crate::core::experiment;
use crate::core::key::{Key, id64};
use crate::core::policy::{MONEY_UNITS, Supply};
use crate::core::profile::{ConsentState, DO_NOT_CONTACT};

impl Cases<'_> {
    /// Hash of the id of the case's customer; one that is not named is in no arm of the experiment.
    pub(super) fn customer(&self, source: &CaseSource) -> u64 {
        const TRIES_MAX: u64 = 10_000;
        if let Some(id) = &source.given.customer_id {
            return id64(id);
        }
        let name = id64(&source.name);
        let standard = |customer: &u64| experiment::arm(self.catalog, *customer).is_none();
        (0..TRIES_MAX).map(|number| name ^ number).find(standard).unwrap_or(name)
    }

    /// Consents by purpose; the flag 'do not contact' is one of them.
    pub(super) fn consents(
        &self,
        place: &Place<'_>,
        given: &GivenSource,
    ) -> Vec<(Key, ConsentState)> {
        let purposes = &self.catalog.schema.purposes;
        let mut consents = Vec::new();
        if given.do_not_contact {
            consents.push((DO_NOT_CONTACT, ConsentState::Denied));
        }
        for (name, given) in &given.consents {
            if purposes.contains(name.as_str()) {
                let state = match given {
                    ConsentGiven::Said(granted) => ConsentState::of(*granted),
                    ConsentGiven::Word(ConsentWord::Pending) => ConsentState::Pending,
                    ConsentGiven::Word(ConsentWord::Confirmed) => ConsentState::Confirmed,
                };
                consents.push((Key::of(name), state));
            } else if !self.build.broken().excuses(FileKind::Schema, name) {
                let known = purposes.iter().map(AsRef::as_ref);
                place.key(name).unknown_key("purpose", name, known);
            }
        }
        consents
    }

    /// What is left of quotas: of those not named, enough.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    pub(super) fn supply(&self, place: &Place<'_>, given: &GivenSource) -> Supply {
        let quotas = &self.catalog.policy.spec().quotas;
        let mut left: Vec<u64> = quotas.iter().map(|quota| quota.max).collect();
        for (name, amount) in &given.quotas {
            let Some(index) = quotas.iter().position(|quota| *quota.id == **name) else {
                if !self.build.broken().excuses(FileKind::Policies, name) {
                    let known = quotas.iter().map(|quota| &*quota.id);
                    place.unknown_key("quota", name, known);
                }
                continue;
            };
            let money = quotas.get(index).is_some_and(|quota| quota.is_money());
            let units = amount * if money { MONEY_UNITS } else { 1.0 };
            if let Some(place) = left.get_mut(index) {
                *place = units as u64;
            }
        }
        if given.quotas.is_empty() { Supply::Open } else { Supply::Held(Arc::from(left)) }
    }
}
