//! Offers with a regression of their own over the dense core, beside what all share: a bounded
//! number of them, those with the most outcomes.

use std::sync::Arc;

use super::dense::{Dense, Dot};
use super::weight::Step;
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::key::Key;

/// Share of a new row in the running mean of the predictive variance.
const VARIANCE_SHARE: f64 = 0.05;

/// One offer's regression.
#[derive(Clone, Debug, PartialEq)]
pub struct Own {
    /// Outcomes seen (sum of their weights).
    pub evidence: f64,
    /// Running mean of the variance that its logits had when their outcomes came: what is said of
    /// its uncertainty where an exact answer would cost too much.
    pub variance: f64,
    /// The regression.
    pub dense: Dense,
}

impl Own {
    fn new(prior: f64) -> Self {
        Self { evidence: 0.0, variance: 1.0, dense: Dense::new(prior) }
    }

    /// The exact variance of the logit through these inputs, and `gain` = `P x`.
    #[must_use]
    pub fn variance(&self, inputs: &[Dot], gain: &mut Vec<f32>) -> f64 {
        gain.clear();
        self.dense.gain(inputs, gain);
        self.dense.sum(inputs, gain).variance
    }

    /// Learns an outcome where the declared prior's logit was `prior`; `slots` are in use.
    pub fn learn(
        &mut self,
        inputs: &[Dot],
        slots: usize,
        (prior, label, weight): (f64, f64, f64),
        drift: f64,
    ) {
        self.dense.fit(slots);
        let mut gain = Vec::new();
        let variance = self.variance(inputs, &mut gain);
        let step = Step::new(prior + self.dense.mean(inputs), variance, label, weight);
        self.dense.update(&gain, &step, drift);
        let share = VARIANCE_SHARE.max(1.0 / (self.evidence + 1.0));
        self.variance += share * (variance - self.variance);
        self.evidence += weight;
    }
}

/// The regressions, by offer.
#[derive(Clone, Debug, Default)]
pub struct Owns {
    max: usize,
    /// Ascending by offer.
    list: Vec<(Key, Arc<Own>)>,
}

impl Owns {
    /// None yet; at most `max` ever.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self { max, list: Vec::new() }
    }

    /// The regression of `offer`.
    #[must_use]
    pub fn get(&self, offer: Key) -> Option<&Own> {
        let at = self.list.binary_search_by_key(&offer, |(key, _)| *key).ok()?;
        self.list.get(at).map(|(_, own)| own.as_ref())
    }

    /// The regression of `offer` for change, made with prior variance `prior` when there is room:
    /// free, or that of an offer with less than half the `evidence`.
    pub fn entry(&mut self, offer: Key, evidence: f64, prior: f64) -> Option<&mut Own> {
        if self.list.binary_search_by_key(&offer, |(key, _)| *key).is_err() {
            if self.list.len() >= self.max {
                let least = self
                    .list
                    .iter()
                    .enumerate()
                    .min_by(|(_, a), (_, b)| {
                        a.1.evidence.total_cmp(&b.1.evidence).then(a.0.cmp(&b.0))
                    })
                    .map(|(at, (_, own))| (at, own.evidence));
                match least {
                    Some((at, least)) if least * 2.0 < evidence => drop(self.list.remove(at)),
                    _ => return None,
                }
            }
            let at = self.list.partition_point(|(key, _)| *key < offer);
            self.list.insert(at, (offer, Arc::new(Own::new(prior))));
        }
        let at = self.list.binary_search_by_key(&offer, |(key, _)| *key).ok()?;
        self.list.get_mut(at).map(|(_, own)| Arc::make_mut(own))
    }

    /// Whether every number is finite.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.list.iter().all(|(_, own)| {
            own.evidence.is_finite() && own.variance.is_finite() && own.dense.is_sound()
        })
    }

    /// Appends the state.
    pub fn encode(&self, out: &mut Writer) {
        out.varint(self.list.len() as u64);
        for (offer, own) in &self.list {
            out.key(*offer);
            out.f64(own.evidence);
            out.f64(own.variance);
            own.dense.encode(out);
        }
    }

    /// Takes a state of at most `max` regressions of prior variance `prior` over `slots_max`.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no such state.
    pub fn decode(
        max: usize,
        (prior, slots_max): (f64, usize),
        input: &mut Reader<'_>,
    ) -> Result<Self, CodecError> {
        let mut owns = Self::new(max);
        for _ in 0..input.count(max, 20, "regressions")? {
            let offer = input.key()?;
            if owns.list.last().is_some_and(|(last, _)| *last >= offer) {
                return Err(CodecError::Invalid("order of regressions"));
            }
            let own = Own {
                evidence: input.finite("evidence")?,
                variance: input.finite("variance")?,
                dense: Dense::decode(prior, slots_max, input)?,
            };
            owns.list.push((offer, Arc::new(own)));
        }
        Ok(owns)
    }
}
