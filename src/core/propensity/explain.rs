//! Which features moved an estimate, and by how much.

use super::candidate::Candidate;
use super::encode::{candidate_inputs, pairs};
use super::model::{Prepared, Propensity};
use super::weight::Weight;
use crate::core::key::Key;

impl Propensity {
    /// The `top` attributes with the largest share in the candidate's logit, largest magnitude
    /// first (then by key); a cross of two gives each one half. The biases of group, offer,
    /// channel, placement and treatment stand under their own keys; the intercept and the
    /// declared prior, which say nothing of the customer, are left out.
    #[must_use]
    pub fn contributions(
        &self,
        prepared: &Prepared,
        candidate: &Candidate,
        top: usize,
    ) -> Vec<(Key, f64)> {
        let inputs = candidate_inputs(candidate);
        let group = self.groups.get(candidate.group);
        let offer = self.offers.get(candidate.offer);
        let mean = |weight: Option<Weight>| f64::from(weight.unwrap_or_default().mean);
        let mut shares: Vec<(Key, f64)> = Vec::new();
        for one in &prepared.active {
            let group = mean(group.map(|block| block.get(one.id)));
            let shared = mean(Some(self.table.get(one.id)));
            shares.push((one.name, (shared + group) * f64::from(one.x)));
        }
        for one in inputs.iter().take(3) {
            let shared = mean(Some(self.table.get(one.id)));
            shares.push((one.name, shared * f64::from(one.x)));
        }
        for one in prepared.active.iter().chain(&inputs) {
            let own = mean(offer.map(|block| block.get(one.id)));
            shares.push((one.name, own * f64::from(one.x)));
        }
        for (a, b, id) in pairs(&prepared.active, self.spec.pairs_max) {
            let half = mean(Some(self.table.get(id))) / 2.0;
            shares.push((a.name, half));
            shares.push((b.name, half));
        }
        shares.push((candidate.group, mean(group.map(|block| block.bias))));
        shares.push((candidate.offer, mean(offer.map(|block| block.bias))));
        largest(shares, top)
    }
}

fn largest(mut shares: Vec<(Key, f64)>, top: usize) -> Vec<(Key, f64)> {
    // Stable: the terms of one key are summed in the order they were pushed.
    shares.sort_by_key(|(key, _)| *key);
    let mut summed: Vec<(Key, f64)> = Vec::new();
    for (key, share) in shares {
        match summed.last_mut() {
            Some(last) if last.0 == key => last.1 += share,
            _ => summed.push((key, share)),
        }
    }
    summed.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
    summed.truncate(top);
    summed
}
