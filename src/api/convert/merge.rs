//! Merges and receipts of erasures.

use super::bounds::{ID_BYTES_MAX, IDENTITIES_MAX, REQUEST_ID_BYTES_MAX};
use super::fault::{Faults, Reason};
use super::time::timestamp;
use crate::api::wire::v1;
use crate::engine::Erasure;

/// Checks a merge.
///
/// # Errors
/// With every bad field.
pub fn check(request: &v1::MergeProfilesRequest) -> Result<(), Faults> {
    let mut faults = Faults::default();
    faults.bound_text("request_id", &request.request_id, REQUEST_ID_BYTES_MAX);
    faults.bound_text("customer_id", &request.customer_id, ID_BYTES_MAX);
    if request.customer_id.is_empty() {
        faults.add("customer_id", Reason::Required, "the customer that stays is needed");
    }
    let merged = &request.merged_customer_ids;
    if merged.is_empty() {
        faults.add("merged_customer_ids", Reason::Required, "at least one is needed");
    }
    if faults.bound_count("merged_customer_ids", merged.len(), IDENTITIES_MAX) {
        for (number, id) in merged.iter().enumerate() {
            let field = format!("merged_customer_ids[{number}]");
            faults.bound_text(&field, id, ID_BYTES_MAX);
            if id.is_empty() {
                faults.add(&field, Reason::Required, "must not be empty");
            }
            if *id == request.customer_id {
                faults.add(&field, Reason::Duplicate, "is the customer that stays");
            }
        }
    }
    faults.done(Some(()))
}

/// The receipt of an erasure.
#[must_use]
pub fn receipt(erasure: &Erasure) -> v1::EraseProfileResponse {
    let kinds = [
        ("profile", erasure.profiles),
        ("identities", erasure.identities),
        ("decisions", erasure.decisions),
        ("learning_log", erasure.forgets),
    ];
    let erased = kinds.map(|(kind, count)| v1::ErasedData {
        kind: kind.to_owned(),
        count,
        crypto_erased: false,
    });
    v1::EraseProfileResponse {
        receipt_id: format!("{:032x}", erasure.receipt),
        erase_time: Some(timestamp(erasure.erased_at)),
        erased: erased.into(),
    }
}
