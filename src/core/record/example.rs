//! What is learned from: a contact with what was known when it was made.

use std::sync::Arc;

use crate::core::catalog::{Catalog, Offer};
use crate::core::decide::{self, DecisionId, DecisionRecord, RememberedOffer, Request, Snapshot};
use crate::core::expression::Slot;
use crate::core::feature::FeatureVector;
use crate::core::key::Key;
use crate::core::learn::OutcomeRecord;
use crate::core::policy::Subject;
use crate::core::profile::{Contact, Profile};
use crate::core::propensity::{Candidate, Score};
use crate::core::time::UnixMs;
use crate::core::value::Value;

/// Where examples come from: the decisions that are remembered, or, for what none of them made, what
/// is known now.
pub(super) struct Example<'a> {
    snapshot: &'a Snapshot,
    decisions: &'a [Arc<DecisionRecord>],
    /// What is known now, made when first asked for.
    now: Option<FeatureVector>,
    context: &'a [(Slot, Value)],
    /// Hash of the customer's id.
    pub(super) customer: u64,
    at: UnixMs,
}

impl<'a> Example<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        decisions: &'a [Arc<DecisionRecord>],
        context: &'a [(Slot, Value)],
        customer: u64,
        at: UnixMs,
    ) -> Self {
        Self { snapshot, decisions, now: None, context, customer, at }
    }

    /// Whether the decision that made a contact is remembered, so that nothing else need be known.
    pub(super) fn remembers(&self, contact: &Contact) -> bool {
        self.found(contact).is_some()
    }

    /// Looks at the customer as of now, before anything is applied: for contacts whose decisions are
    /// not remembered.
    pub(super) fn look(&mut self, profile: &Profile) {
        let request = Request {
            customer: self.customer,
            context: self.context.to_vec(),
            ..Request::default()
        };
        let frame = decide::frame(self.snapshot, Subject::Known(profile), &request, self.at);
        self.now = Some(decide::features(&self.snapshot.catalog, &frame));
    }

    /// The decision that made a contact, where it is remembered.
    fn found(&self, contact: &Contact) -> Option<(&'a DecisionRecord, &'a RememberedOffer)> {
        let decision = self
            .decisions
            .iter()
            .find(|decision| contact.decision != 0 && decision.id.low() == contact.decision)?;
        let served = decision.served(contact.offer, Some(contact.channel));
        Some((decision, served.or_else(|| decision.served(contact.offer, None))?))
    }

    /// The id of the decision that made a contact, where it is remembered.
    pub(super) fn decision(&self, contact: &Contact) -> Option<DecisionId> {
        self.found(contact).map(|(decision, _)| decision.id)
    }

    /// When the decision that made a contact was, where it is remembered.
    pub(super) fn decided_at(&self, contact: &Contact) -> Option<UnixMs> {
        self.found(contact).map(|(decision, _)| decision.at)
    }

    /// The example of a contact; `None` where the catalog does not have the offer any more.
    pub(super) fn of(
        &self,
        contact: &Contact,
        id: u64,
        at: UnixMs,
        label: f64,
    ) -> Option<OutcomeRecord> {
        let catalog = &*self.snapshot.catalog;
        let offer = catalog.offers.get(catalog.offer_by_key(contact.offer)? as usize)?;
        let found = self.found(contact);
        let features = match found {
            Some((decision, _)) => decision.features.clone(),
            None => self.now.clone().unwrap_or_default(),
        };
        let served = found.map(|(_, served)| served);
        let shown_as = (contact.treatment, contact.channel);
        let asked = candidate(catalog, offer, shown_as, served, &features);
        let model = &self.snapshot.models.propensity;
        let estimate = || model.predict(&model.prepare(&features), &asked).probability;
        #[expect(clippy::cast_possible_truncation, reason = "f32 is enough to learn")]
        let probability_served = served.map_or_else(|| estimate() as f32, |s| s.probability);
        Some(OutcomeRecord {
            id,
            at,
            customer: self.customer,
            candidate: asked,
            label,
            weight: 1.0,
            probability_served,
            selection_probability: served.map_or(1.0, |served| served.selection_probability),
            features,
        })
    }
}

/// What the models are asked about an offer, as it was shown.
pub(super) fn candidate(
    catalog: &Catalog,
    offer: &Offer,
    (treatment, channel): (Key, Key),
    served: Option<&RememberedOffer>,
    features: &FeatureVector,
) -> Candidate {
    let group = catalog.groups.get(usize::from(offer.group)).map(|group| group.key);
    Candidate {
        offer: offer.key,
        group: group.unwrap_or_default(),
        treatment,
        channel,
        placement: Key::default(),
        prior: offer.prior,
        affinity: served.and_then(|served| served.affinity),
        score: offer.prior_score.and_then(|name| Score::of(name, features)),
    }
}
