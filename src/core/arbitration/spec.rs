//! What a catalog declares about arbitration beside its schemes.

use super::channels::ChannelRanking;
use super::influence::InfluencerSpec;
use super::objection::ObjectionSpec;
use super::slate::{BundleSpec, Diversity};
use crate::core::expression::Program;

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct ArbitrationSpec {
    /// Which scheme where and for whom, in order.
    pub uses: Vec<UseSpec>,
    /// By channel, by placement.
    pub places: Vec<Vec<PlaceSpec>>,
    /// By channel: most offers of one group over all its placements.
    pub max_per_group: Vec<Option<u32>>,
    /// Offers shown together.
    pub bundles: Vec<BundleSpec>,
    /// Whether one answer may show an offer on several channels.
    pub repeat_across_channels: bool,
    /// How channels are ranked.
    pub channel_ranking: ChannelRanking,
    /// Outcomes that move scores for a while.
    pub influencers: Vec<InfluencerSpec>,
    /// What a rejection's reason does for the rest of an interaction.
    pub objections: Vec<ObjectionSpec>,
}

/// Where and for whom a scheme is used.
#[derive(Clone, Debug)]
pub struct UseSpec {
    /// By channel: a bit per placement where it fits.
    pub places: Vec<u128>,
    /// For whom; `None`: for all.
    pub when: Option<Program>,
    /// Index of the scheme.
    pub scheme: u16,
}

impl UseSpec {
    /// Whether it is about a placement of a channel.
    #[must_use]
    pub fn fits(&self, channel: u16, placement: u16) -> bool {
        let bit = 1_u128.checked_shl(u32::from(placement)).unwrap_or(0);
        self.places.get(usize::from(channel)).is_some_and(|placements| placements & bit != 0)
    }
}

/// How one placement arbitrates.
#[derive(Clone, Debug, Default)]
pub struct PlaceSpec {
    /// Index of its own scheme; `None`: the channel's.
    pub scheme: Option<u16>,
    /// Most offers of one group in it.
    pub max_per_group: Option<u32>,
    /// Variety within it.
    pub diversity: Option<Diversity>,
}

impl ArbitrationSpec {
    /// What is declared of a placement.
    #[must_use]
    pub fn place(&self, channel: u16, placement: u16) -> Option<&PlaceSpec> {
        self.places.get(usize::from(channel))?.get(usize::from(placement))
    }
}
