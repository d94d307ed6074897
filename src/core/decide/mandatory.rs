//! Mandatory offers stand before all others, whatever their scores.

use super::candidates::Candidate;

/// Puts the mandatory ones first; otherwise the order stays.
pub(super) fn first(candidates: &mut [Candidate], must: &[u32]) {
    if !must.is_empty() {
        candidates.sort_by_key(|candidate| !must.contains(&candidate.offer));
    }
}
