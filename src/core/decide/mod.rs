//! A decision, whole: a pure function of snapshot, subject, request, time and seed. `decision` is
//! what goes in and comes out; `answers` is what the customer said before; `candidates` scores the
//! survivors; `channel` decides one channel, `slate` which offer takes which slot of it, `content`
//! in which words, `rank` which channel comes first; `paced` is what it comes to for budgets and
//! targets; `record` is what is remembered of a decision for its outcomes.

mod answers;
mod beside;
mod candidates;
mod channel;
mod content;
mod decision;
mod explore;
mod fates;
mod mandatory;
mod paced;
mod rank;
mod record;
mod slate;

pub use beside::withheld;
pub use decision::{
    Cause, ChannelDecision, ChannelRequest, Decision, DecisionId, Fate, Fates, NoOffer, Placed,
    PlacementDecision, PlacementRequest, PricedLine, Reasons, RenderedContent, Request,
};
pub use paced::Paced;
pub use record::{DecisionRecord, RememberedOffer};

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use crate::core::affinity::Affinity;
use crate::core::catalog::Catalog;
use crate::core::catalog::schema::builtin;
use crate::core::experiment::{self, ArmSpec};
use crate::core::expression::Slot;
use crate::core::feature::{FeatureBuilder, FeatureVector};
use crate::core::key::Key;
use crate::core::learn::{Models, PreparedFunnel};
use crate::core::live;
use crate::core::objective::Prices;
use crate::core::policy::{Evaluation, Setting, Subject};
use crate::core::profile::{Contact, Profile};
use crate::core::propensity::weight::logit;
use crate::core::propensity::{Ascribed, Prepared, Propensity};
use crate::core::segment;
use crate::core::time::UnixMs;
use crate::core::value::Value;

/// Everything a decision is made with, but for the customer: immutable, swapped whole.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The rules.
    pub catalog: Arc<Catalog>,
    /// The models, at one position of the learning log.
    pub models: Arc<Models>,
    /// The shadow prices, at one version.
    pub prices: Arc<Prices>,
}

impl Snapshot {
    /// The model that decides the customer with hash `customer`: a challenger with a share of the
    /// customers, else the one that serves.
    #[must_use]
    pub fn propensity(&self, customer: u64) -> &Propensity {
        let challenger = self.catalog.models.challengers.of(customer);
        let challenger = challenger.and_then(|name| self.models.challengers.get(name));
        challenger.map_or(&self.models.propensity, |challenger| &challenger.model)
    }
}

/// What all channels of one decision share.
pub(crate) struct Shared<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) request: &'a Request,
    pub(crate) seed: u64,
    /// Conditions of schemes that failed: text and why.
    pub(crate) failures: RefCell<Vec<(String, String)>>,
    pub(crate) now: UnixMs,
    /// The customer's contacts, oldest first.
    pub(crate) contacts: &'a [Contact],
    /// The customer's arm of the experiment, where it is not the standard one.
    pub(crate) arm: Option<&'a ArmSpec>,
    pub(crate) answers: answers::Answers<'a>,
    pub(crate) interests: Vec<(Key, f32)>,
    /// The model that decides this customer.
    pub(crate) propensity: &'a Propensity,
    pub(crate) prepared: Prepared,
    /// The same for each stage of the funnel, where there is one.
    pub(crate) funnel: PreparedFunnel,
    pub(crate) features: &'a FeatureVector,
    pub(crate) beside: beside::Beside,
    /// What explanations share; made for the first that is asked for.
    pub(crate) ascribed: OnceCell<Ascribed>,
}

impl Shared<'_> {
    pub(crate) fn catalog(&self) -> &Catalog {
        &self.snapshot.catalog
    }

    pub(crate) fn affinity(&self) -> &Affinity {
        &self.snapshot.models.affinity
    }
}

/// Most features one decision may carry.
const FEATURES_MAX: usize = 256;

/// Decides. Total: whatever cannot be computed stops its own candidate and is a reason.
#[must_use]
pub fn decide(
    snapshot: &Snapshot,
    subject: Subject<'_>,
    request: &Request,
    now: UnixMs,
    seed: u64,
) -> Decision {
    let catalog = &*snapshot.catalog;
    let (mut frame, failed) = framed(snapshot, subject, request, now);
    let features = features(catalog, &frame);
    let (interests, contacts) = match subject {
        Subject::Known(profile) => (interests(profile, now), profile.contacts()),
        Subject::Unavailable => (Vec::new(), &[] as &[Contact]),
    };
    let propensity = snapshot.propensity(request.customer);
    let prepared = propensity.prepare(&features);
    let funnel = snapshot.models.funnel.prepare(&catalog.models.answers.stages, &features);
    let failures = RefCell::new(failed);
    let answers = answers::Answers::of(catalog, subject, request.interaction, now);
    let arm = experiment::arm(catalog, request.customer).filter(|_| !request.as_standard);
    let shared = Shared {
        arm,
        snapshot,
        request,
        seed,
        failures,
        now,
        contacts,
        answers,
        interests,
        propensity,
        prepared,
        funnel,
        features: &features,
        beside: beside::Beside::default(),
        ascribed: OnceCell::new(),
    };
    let setting = Setting {
        subject,
        customer: request.customer,
        now,
        supply: &request.supply,
        restriction: shared.arm.map(ArmSpec::restriction).unwrap_or_default(),
    };
    let index_of = |key| catalog.offer_by_key(key);
    let mut evaluation = Evaluation::new(&catalog.policy, setting, &frame, index_of);
    let channels = rank::all(&shared, &mut evaluation, &mut frame);
    let mut failures: Vec<(String, String)> =
        evaluation.failures().map(|(text, why)| (text.to_owned(), why.to_owned())).collect();
    failures.append(&mut shared.failures.borrow_mut());
    drop(shared);
    let id = DecisionId::derive(now, request.customer, seed);
    let interaction = request.interaction;
    let prices = snapshot.prices.version;
    let arm = experiment::arm_name(catalog, request.customer);
    Decision { id, at: now, seed, prices, arm, interaction, channels, features, failures }
}

/// The decision frame before any channel is set: what is known of the customer, and the context.
#[must_use]
pub fn frame(
    snapshot: &Snapshot,
    subject: Subject<'_>,
    request: &Request,
    now: UnixMs,
) -> Vec<Option<Value>> {
    framed(snapshot, subject, request, now).0
}

/// The frame, and the expressions of derived attributes and segments that failed on the way.
fn framed(
    snapshot: &Snapshot,
    subject: Subject<'_>,
    request: &Request,
    now: UnixMs,
) -> (Vec<Option<Value>>, Vec<(String, String)>) {
    let schema = &snapshot.catalog.schema;
    let mut frame: Vec<Option<Value>> = vec![None; schema.slots.len()];
    for (slot, value) in &request.context {
        if let Some(place) = frame.get_mut(slot.0 as usize) {
            *place = Some(value.clone());
        }
    }
    // After the context, so that what needs a consent is masked there too.
    let nobody;
    let profile = match subject {
        Subject::Known(profile) => profile,
        Subject::Unavailable => {
            nobody = Profile::new(now);
            &nobody
        }
    };
    profile.fill_frame(schema, now, &mut frame);
    live::fill(schema, profile, &request.live, &mut frame);
    suppose(&mut frame, &request.overrides);
    if !schema.scores.is_empty() {
        segment::fill(schema, profile, &snapshot.models.populations, now, &mut frame);
        // What is supposed of a score outlives what the customer's own history says of it.
        suppose(&mut frame, &request.overrides);
    }
    if let Some(place) = frame.get_mut(builtin::NOW.0 as usize) {
        *place = Some(Value::Timestamp(now.to_timestamp()));
    }
    let arm = if request.as_standard {
        experiment::STANDARD.into()
    } else {
        experiment::arm_name(&snapshot.catalog, request.customer)
    };
    for (slot, text) in [(builtin::STATE, Arc::default()), (builtin::ARM, arm)] {
        if let Some(place) = frame.get_mut(slot.0 as usize) {
            *place = Some(Value::String(text));
        }
    }
    let failed = crate::core::profile::fill_computed(schema, &mut frame);
    (frame, failed)
}

/// Puts what is supposed in the place of what is known.
fn suppose(frame: &mut [Option<Value>], overrides: &[(Slot, Option<Value>)]) {
    for (slot, value) in overrides {
        if let Some(place) = frame.get_mut(slot.0 as usize) {
            place.clone_from(value);
        }
    }
}

/// What the customer showed interest in, with weights as of `now`, least recent first.
#[must_use]
pub fn interests(profile: &Profile, now: UnixMs) -> Vec<(Key, f32)> {
    profile.interests().iter().map(|interest| (interest.item, interest.weight_at(now))).collect()
}

/// What models see of a frame.
#[must_use]
pub fn features(catalog: &Catalog, frame: &[Option<Value>]) -> FeatureVector {
    let mut builder = FeatureBuilder::new(FEATURES_MAX);
    for (slot, key) in &catalog.schema.features {
        let value = frame.get(slot.0 as usize).and_then(Option::as_ref);
        let logits = &catalog.schema.logits;
        match value.and_then(Value::as_f64).filter(|_| logits.contains(slot)) {
            // Beyond one in 10,000 no score from outside is to be believed.
            Some(score) => builder.number(*key, logit(score.clamp(1e-4, 1.0 - 1e-4))),
            None => builder.push(*key, value),
        }
    }
    builder.finish()
}

#[cfg(test)]
mod tests;
