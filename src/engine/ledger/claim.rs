//! What a decision takes from quotas.

use super::hold::HoldKey;
use super::named;
use crate::core::catalog::Catalog;
use crate::core::catalog::source::ContactPoint;
use crate::core::decide::Decision;
use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;
use crate::core::policy::{QuotaCount, QuotaSpec};
use crate::core::time::UnixMs;

/// Units of one quota for one offer placed.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Claim {
    /// Name of the pool.
    pub(super) pool: String,
    /// How many.
    pub(super) units: u64,
    /// Index of the channel that it was placed on.
    pub(super) channel: u16,
    /// For an outcome to come; `None`: used up by the decision.
    pub(super) hold: Option<ClaimHold>,
}

/// What a claim waits for.
#[derive(Clone, Debug)]
pub(super) struct ClaimHold {
    pub(super) customer: String,
    pub(super) offer: Key,
    pub(super) decision: u64,
    pub(super) since: UnixMs,
    pub(super) until: UnixMs,
    /// Bits of the outcomes that use the unit up.
    pub(super) awaits: u8,
}

impl Claim {
    pub(super) fn hold_key(&self) -> Option<HoldKey> {
        let hold = self.hold.as_ref()?;
        Some((self.pool.clone(), hold.customer.clone(), hold.offer))
    }
}

/// Bits of the outcomes that use a unit up on a channel; `None`: the decision itself does.
pub(super) fn awaited(quota: &QuotaSpec, contact: ContactPoint) -> Option<u8> {
    let accept = OutcomeKind::Accept.bit() | OutcomeKind::Convert.bit();
    match (quota.counts, contact) {
        (QuotaCount::Contact, ContactPoint::Decision) => None,
        (QuotaCount::Contact | QuotaCount::Impression, _) => Some(OutcomeKind::Impression.bit()),
        (QuotaCount::Accept, _) => Some(accept),
        (QuotaCount::Convert, _) => Some(OutcomeKind::Convert.bit()),
    }
}

/// All that `decision`, for `customer`, takes.
pub(in crate::engine) fn claims(
    catalog: &Catalog,
    decision: &Decision,
    customer: &str,
) -> Vec<Claim> {
    let quotas = &catalog.policy.spec().quotas;
    let mut claims = Vec::new();
    for decided in &decision.channels {
        let bit = 1_u64.checked_shl(u32::from(decided.channel)).unwrap_or(0);
        let Some(channel) = catalog.channels.get(usize::from(decided.channel)) else { continue };
        for placed in decided.placements.iter().flat_map(|placement| &placement.offers) {
            let Some(offer) = catalog.offers.get(placed.offer as usize) else { continue };
            for quota in quotas.iter().filter(|quota| quota.binds(placed.offer, bit)) {
                let Some((pool, _)) = named(quota, decision.at) else { continue };
                let hold = awaited(quota, channel.contact).map(|awaits| ClaimHold {
                    customer: customer.to_owned(),
                    offer: offer.key,
                    decision: decision.id.low(),
                    since: decision.at,
                    until: UnixMs(decision.at.0.saturating_add(quota.hold_ms)),
                    awaits,
                });
                let units = quota.cost(placed.offer);
                claims.push(Claim { pool, units, channel: decided.channel, hold });
            }
        }
    }
    claims
}
