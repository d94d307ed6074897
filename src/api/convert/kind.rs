//! Closed sets of words: offer kinds and outcome kinds.

use super::fault::{Reason, Wrong};
use crate::api::wire::v1;
use crate::core::catalog::source::OfferKind;
use crate::core::interaction::OutcomeKind;

/// What an offer is for, for the wire.
pub fn offer_kind(kind: OfferKind) -> v1::OfferKind {
    match kind {
        OfferKind::Sell => v1::OfferKind::Sell,
        OfferKind::Retain => v1::OfferKind::Retain,
        OfferKind::Serve => v1::OfferKind::Serve,
        OfferKind::Inform => v1::OfferKind::Inform,
    }
}

/// What an offer is for; `None` where it is not given.
pub fn offer_kind_given(kind: i32) -> Result<Option<OfferKind>, Wrong> {
    match v1::OfferKind::try_from(kind) {
        Ok(v1::OfferKind::Unspecified) => Ok(None),
        Ok(v1::OfferKind::Sell) => Ok(Some(OfferKind::Sell)),
        Ok(v1::OfferKind::Retain) => Ok(Some(OfferKind::Retain)),
        Ok(v1::OfferKind::Serve) => Ok(Some(OfferKind::Serve)),
        Ok(v1::OfferKind::Inform) => Ok(Some(OfferKind::Inform)),
        Err(_) => Err((Reason::OutOfRange, format!("{kind} is no offer kind"))),
    }
}

/// What happened, for the wire.
pub fn outcome_kind(kind: OutcomeKind) -> v1::OutcomeKind {
    match kind {
        OutcomeKind::Impression => v1::OutcomeKind::Impression,
        OutcomeKind::Click => v1::OutcomeKind::Click,
        OutcomeKind::Accept => v1::OutcomeKind::Accept,
        OutcomeKind::Reject => v1::OutcomeKind::Reject,
        OutcomeKind::Convert => v1::OutcomeKind::Convert,
        OutcomeKind::NoResponse => v1::OutcomeKind::NoResponse,
        OutcomeKind::Sent => v1::OutcomeKind::Sent,
    }
}

/// What happened.
pub fn outcome_kind_given(kind: i32) -> Result<OutcomeKind, Wrong> {
    let later = |name: &str| (Reason::NotAllowed, format!("{name} cannot be recorded yet"));
    match v1::OutcomeKind::try_from(kind) {
        Ok(v1::OutcomeKind::Unspecified) => {
            Err((Reason::Required, "what happened is needed".to_owned()))
        }
        Ok(v1::OutcomeKind::Sent) => Ok(OutcomeKind::Sent),
        Ok(v1::OutcomeKind::Impression) => Ok(OutcomeKind::Impression),
        Ok(v1::OutcomeKind::Click) => Ok(OutcomeKind::Click),
        Ok(v1::OutcomeKind::Accept) => Ok(OutcomeKind::Accept),
        Ok(v1::OutcomeKind::Reject) => Ok(OutcomeKind::Reject),
        Ok(v1::OutcomeKind::Convert) => Ok(OutcomeKind::Convert),
        Ok(v1::OutcomeKind::NoResponse) => Ok(OutcomeKind::NoResponse),
        Ok(v1::OutcomeKind::Complain) => Err(later("a complaint")),
        Ok(v1::OutcomeKind::OptOut) => Err(later("an opt-out")),
        Ok(v1::OutcomeKind::Undelivered) => Err(later("a failed delivery")),
        Err(_) => Err((Reason::OutOfRange, format!("{kind} is no outcome kind"))),
    }
}
