//! What the models beside the propensity say of candidates, asked only where a scheme, a declared
//! value or an explanation needs it; and what the control group is kept from.

use std::cell::OnceCell;

use super::{Request, Shared, Snapshot, decide};
use crate::core::experiment;
use crate::core::head::{amount, uplift};
use crate::core::key::{Key, mix64};
use crate::core::learn::WithheldRecord;
use crate::core::policy::Subject;
use crate::core::propensity::{Candidate, Score};
use crate::core::time::UnixMs;

/// Purpose of the hash that gives a withheld offer its id.
const WITHHELD: u64 = 0x7769_7468;

/// What the candidates of one decision share, made when first asked for.
#[derive(Default)]
pub(crate) struct Beside {
    uplift: OnceCell<uplift::Prepared>,
    amount: OnceCell<amount::Prepared>,
    days: OnceCell<amount::Prepared>,
}

impl Shared<'_> {
    /// What a contact changes, where enough is known; with its deviation when explaining.
    pub(super) fn effect(&self, asked: &Candidate, probability: f64) -> Option<uplift::Effect> {
        let model = &self.snapshot.models.heads.uplift;
        self.catalog().models.heads.uplift_window_ms?;
        if !model.tells() {
            return None;
        }
        let prepared = self.beside.uplift.get_or_init(|| model.prepare(self.features));
        if self.request.explain {
            model.belief(prepared, asked, probability)
        } else {
            model.effect(prepared, asked, probability)
        }
    }

    /// What a positive outcome brings.
    pub(super) fn amount(&self, asked: &Candidate) -> Option<amount::Expected> {
        let model = &self.snapshot.models.heads.amounts;
        self.catalog().models.heads.value.as_ref()?;
        model.expect(self.beside.amount.get_or_init(|| model.prepare(self.features)), asked)
    }

    /// Days from the decision to a positive outcome.
    pub(super) fn days(&self, asked: &Candidate) -> Option<amount::Expected> {
        let model = &self.snapshot.models.heads.days;
        self.catalog().models.heads.days?;
        model.expect(self.beside.days.get_or_init(|| model.prepare(self.features)), asked)
    }
}

/// What the rules would have offered to a customer of the control group, had they not been in it, and
/// did not: one side of the trial that uplift is learned from. Nothing for other customers, and
/// nothing where no uplift is learned.
#[must_use]
pub fn withheld(
    snapshot: &Snapshot,
    subject: Subject<'_>,
    request: &Request,
    now: UnixMs,
    seed: u64,
) -> Vec<WithheldRecord> {
    let catalog = &*snapshot.catalog;
    let Some(window_ms) = catalog.models.heads.uplift_window_ms else { return Vec::new() };
    let Some(kept) = experiment::kept_in_control(catalog, request.customer) else {
        return Vec::new();
    };
    let standard = Request { as_standard: true, explain: false, ..request.clone() };
    let decision = decide(snapshot, subject, &standard, now, seed);
    let mut records: Vec<WithheldRecord> = Vec::new();
    for channel in &decision.channels {
        let spec = catalog.channels.get(usize::from(channel.channel));
        for placed in channel.placements.iter().flat_map(|placement| &placement.offers) {
            let Some(offer) = catalog.offers.get(placed.offer as usize) else { continue };
            let known = records.iter().any(|record| record.candidate.offer == offer.key);
            if known || offer.transactional || kept.contains(placed.offer) {
                continue;
            }
            let group = catalog.groups.get(usize::from(offer.group)).map(|group| group.key);
            let treatment = offer.treatments.get(placed.treatment).map(|treatment| treatment.key);
            #[expect(clippy::cast_possible_truncation, reason = "f32 is enough to learn")]
            records.push(WithheldRecord {
                id: mix64(decision.id.low() ^ WITHHELD, u64::from(offer.key.0)),
                at: now,
                closes_at: UnixMs(now.0.saturating_add(window_ms)),
                customer: request.customer,
                candidate: Candidate {
                    offer: offer.key,
                    group: group.unwrap_or_default(),
                    treatment: treatment.unwrap_or_default(),
                    channel: spec.map(|spec| spec.key).unwrap_or_default(),
                    placement: Key::default(),
                    prior: offer.prior,
                    affinity: placed.factors.affinity.map(|affinity| affinity as f32),
                    score: offer.prior_score.and_then(|name| Score::of(name, &decision.features)),
                },
                features: decision.features.clone(),
                probability: placed.estimate.probability as f32,
            });
        }
    }
    records
}
