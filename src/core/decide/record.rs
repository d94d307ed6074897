//! What is remembered of a decision so that an outcome can be learned from with what was known
//! when the offer was made: the features, and what was served with which probabilities.

use std::sync::Arc;

use super::decision::{ChannelDecision, Decision, DecisionId};
use crate::core::catalog::Catalog;
use crate::core::codec::{CodecError, Reader, Writer};
use crate::core::feature::FeatureVector;
use crate::core::key::Key;
use crate::core::time::UnixMs;

const FORMAT: u8 = 1;
const OFFERS_MAX: usize = 4_096;
/// Form of a kept answer; one of another form is as if it had not been kept. Raise it whenever what
/// an answer is made of changes.
const ANSWER: u8 = 6;

/// A remembered decision.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionRecord {
    /// Its id.
    pub id: DecisionId,
    /// When it was made.
    pub at: UnixMs,
    /// What the models saw.
    pub features: FeatureVector,
    /// What was served.
    pub offers: Vec<RememberedOffer>,
    /// Key of the interaction that it belonged to.
    pub interaction: Option<Key>,
    /// Version of the shadow prices it was made with; 0 for none.
    pub prices: u64,
    /// Name of the arm of the experiment it was made in; empty where there was none. What comes of
    /// it counts for that arm, whatever the experiments are by then.
    pub arm: Arc<str>,
    /// Catalog hash, seed and the answer itself, where the request may be repeated.
    answer: Option<Answer>,
}

#[derive(Clone, Debug, PartialEq)]
struct Answer {
    catalog: Arc<str>,
    seed: u64,
    channels: Vec<ChannelDecision>,
}

/// An offer that was served.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RememberedOffer {
    /// Key of the channel.
    pub channel: Key,
    /// Key of the placement.
    pub placement: Key,
    /// Key of the offer.
    pub offer: Key,
    /// Key of the treatment.
    pub treatment: Key,
    /// Slot, from 0.
    pub slot: u8,
    /// Propensity as served.
    pub probability: f32,
    /// Probability with which it was selected for the slot.
    pub selection_probability: f32,
    /// Affinity as served.
    pub affinity: Option<f32>,
}

impl DecisionRecord {
    /// What to remember of `decision`; `keep_answer` when its request may be repeated.
    #[must_use]
    pub fn of(catalog: &Catalog, decision: &Decision, keep_answer: bool) -> Self {
        let mut offers = Vec::new();
        for channel in &decision.channels {
            let Some(spec) = catalog.channels.get(usize::from(channel.channel)) else { continue };
            for placement in &channel.placements {
                let place = spec.placements.get(usize::from(placement.placement));
                let place = place.map(|place| place.key).unwrap_or_default();
                for placed in &placement.offers {
                    let Some(offer) = catalog.offers.get(placed.offer as usize) else { continue };
                    let treatment = offer.treatments.get(placed.treatment);
                    #[expect(clippy::cast_possible_truncation, reason = "f32 is enough to learn")]
                    offers.push(RememberedOffer {
                        channel: spec.key,
                        placement: place,
                        offer: offer.key,
                        treatment: treatment.map(|treatment| treatment.key).unwrap_or_default(),
                        slot: u8::try_from(placed.slot).unwrap_or(u8::MAX),
                        probability: placed.estimate.probability as f32,
                        selection_probability: placed.selection_probability as f32,
                        affinity: placed.factors.affinity.map(|affinity| affinity as f32),
                    });
                }
            }
        }
        let answer = keep_answer.then(|| Answer {
            catalog: catalog.version.hash.clone(),
            seed: decision.seed,
            channels: decision.channels.clone(),
        });
        let features = decision.features.clone();
        let interaction = decision.interaction;
        let (id, at, prices) = (decision.id, decision.at, decision.prices);
        let arm = decision.arm.clone();
        Self { id, at, features, offers, interaction, prices, arm, answer }
    }

    /// The remembered answer, if it was kept and given by the catalog with hash `catalog`.
    #[must_use]
    pub fn answer(&self, catalog: &str) -> Option<Decision> {
        let answer = self.answer.as_ref().filter(|answer| &*answer.catalog == catalog)?;
        Some(Decision {
            id: self.id,
            at: self.at,
            seed: answer.seed,
            prices: self.prices,
            arm: self.arm.clone(),
            interaction: self.interaction,
            channels: answer.channels.clone(),
            features: self.features.clone(),
            failures: Vec::new(),
        })
    }

    /// The newest-served entry for an offer, on a channel if one is named.
    #[must_use]
    pub fn served(&self, offer: Key, channel: Option<Key>) -> Option<&RememberedOffer> {
        self.offers
            .iter()
            .find(|served| served.offer == offer && channel.is_none_or(|key| key == served.channel))
    }

    /// Compact bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.u8(FORMAT);
        out.u64((self.id.0 >> 64) as u64);
        out.u64(self.id.low());
        out.signed(self.at.0);
        self.features.encode(&mut out);
        out.varint(self.offers.len() as u64);
        for offer in &self.offers {
            out.key(offer.channel);
            out.key(offer.placement);
            out.key(offer.offer);
            out.key(offer.treatment);
            out.u8(offer.slot);
            out.f32(offer.probability);
            out.f32(offer.selection_probability);
            // Not a number stands for 'unknown'.
            out.f32(offer.affinity.unwrap_or(f32::NAN));
        }
        match &self.answer {
            None => out.u8(0),
            Some(answer) => {
                out.u8(ANSWER);
                out.bytes(answer.catalog.as_bytes());
                out.u64(answer.seed);
                out.bytes(&postcard::to_stdvec(&answer.channels).unwrap_or_default());
            }
        }
        // Records written before there were interactions, prices or arms end here.
        if self.interaction.is_some() || self.prices > 0 || !self.arm.is_empty() {
            out.key(self.interaction.unwrap_or_default());
            out.varint(self.prices);
            if !self.arm.is_empty() {
                out.bytes(self.arm.as_bytes());
            }
        }
        out.0
    }

    /// Reads what `encode` wrote.
    ///
    /// # Errors
    /// When the bytes are not a remembered decision of this format.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut input = Reader::new(bytes);
        if input.u8()? != FORMAT {
            return Err(CodecError::Invalid("format of a remembered decision"));
        }
        let id = DecisionId(u128::from(input.u64()?) << 64 | u128::from(input.u64()?));
        let at = UnixMs(input.signed()?);
        let features = FeatureVector::decode(&mut input)?;
        let count = usize::try_from(input.varint()?).unwrap_or(usize::MAX);
        if count > OFFERS_MAX {
            return Err(CodecError::Invalid("number of remembered offers"));
        }
        let mut offers = Vec::new();
        for _ in 0..count {
            offers.push(RememberedOffer {
                channel: input.key()?,
                placement: input.key()?,
                offer: input.key()?,
                treatment: input.key()?,
                slot: input.u8()?,
                probability: input.finite32("probability")?,
                selection_probability: input.finite32("selection probability")?,
                affinity: Some(input.f32()?).filter(|affinity| affinity.is_finite()),
            });
        }
        let answer = match input.u8()? {
            0 => None,
            form => {
                let catalog = String::from_utf8_lossy(input.bytes()?).into();
                let seed = input.u64()?;
                let kept = input.bytes()?;
                let channels = (form == ANSWER).then(|| postcard::from_bytes(kept).ok()).flatten();
                channels.map(|channels| Answer { catalog, seed, channels })
            }
        };
        let interaction = if input.rest().is_empty() { None } else { Some(input.key()?) };
        let interaction = interaction.filter(|interaction| *interaction != Key::default());
        let prices = if input.rest().is_empty() { 0 } else { input.varint()? };
        let arm: Arc<str> = if input.rest().is_empty() {
            Arc::default()
        } else {
            String::from_utf8_lossy(input.bytes()?).into()
        };
        Ok(Self { id, at, features, offers, interaction, prices, arm, answer })
    }
}
