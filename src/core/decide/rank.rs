//! The channels of one decision against each other: which is worth most, and which gets an offer
//! that several would show.

use super::decision::{ChannelDecision, ChannelRequest, Placed, PlacementDecision};
use super::{Shared, channel};
use crate::core::catalog::{Scheme, SchemeFormula};
use crate::core::key::Key;
use crate::core::policy::Evaluation;
use crate::core::value::Value;

/// Decides all channels asked, in the order asked, each with its rank.
///
/// Each channel is first decided for itself and valued: how the customer answers there, times the
/// expected value of what it would show. Then, from the channel worth most down, each keeps what it
/// would show, or decides again without the offers that the channels before it took and within what
/// they left of contact limits. So no offer stands on two channels, unless the rules allow it, and
/// no limit is exceeded by channels together.
pub(super) fn all(
    shared: &Shared<'_>,
    evaluation: &mut Evaluation<'_>,
    frame: &mut [Option<Value>],
) -> Vec<ChannelDecision> {
    let asked = &shared.request.channels;
    let mut first = true;
    let mut decide = |evaluation: &mut Evaluation<'_>,
                      asked: &ChannelRequest,
                      elsewhere: &[u32],
                      frame: &mut [Option<Value>]| {
        if !std::mem::take(&mut first) {
            evaluation.next_channel();
        }
        channel::decide(shared, evaluation, asked, elsewhere, frame)
    };
    let before = (asked.len() > 1).then(|| evaluation.counts());
    let mut decided: Vec<(usize, ChannelDecision)> = Vec::with_capacity(asked.len());
    for (number, asked) in asked.iter().enumerate() {
        let alone = decide(evaluation, asked, &[], frame);
        decided.extend(alone.map(|decided| (number, decided)));
        before.iter().for_each(|before| evaluation.restore(before));
    }
    if decided.len() > 1 {
        let catalog = shared.catalog();
        let repeats = catalog.arbitration.repeat_across_channels;
        let mut taken: Vec<u32> = Vec::new();
        for place in order(&decided) {
            let Some((number, channel)) = decided.get_mut(place) else { continue };
            let Some(asked) = asked.get(*number) else { continue };
            let clash = !repeats && placed(channel).any(|placed| taken.contains(&placed.offer));
            let key = |placed: &Placed| (placed.offer, channel::treatment_key(catalog, placed));
            let offers: Vec<(u32, Key)> = placed(channel).map(key).collect();
            if clash || !evaluation.note_all(asked.channel, &offers) {
                let elsewhere: &[u32] = if repeats { &[] } else { &taken };
                if let Some(again) = decide(evaluation, asked, elsewhere, frame) {
                    *channel = again;
                }
            }
            taken.extend(placed(channel).map(|placed| placed.offer));
        }
    }
    for (rank, place) in (1_u32..).zip(order(&decided)) {
        if let Some((_, channel)) = decided.get_mut(place) {
            channel.rank = rank;
        }
    }
    decided.into_iter().map(|(_, channel)| channel).collect()
}

/// The offers placed on a channel.
fn placed(channel: &ChannelDecision) -> impl Iterator<Item = &Placed> {
    channel.placements.iter().flat_map(|placement| &placement.offers)
}

/// Places in `decided`, the channel worth most first: those that offer something before those that
/// do not, then by expected value, then by expected answers, then as asked.
fn order(decided: &[(usize, ChannelDecision)]) -> Vec<usize> {
    let worth = |channel: &ChannelDecision| {
        let offers = channel.placements.iter().flat_map(|placement| &placement.offers);
        let answers: f64 = offers.map(|placed| placed.factors.propensity).sum();
        let shows = answers > 0.0;
        (shows, channel.expected_value.unwrap_or(0.0), channel.responsiveness * answers)
    };
    let mut order: Vec<(usize, (bool, f64, f64))> =
        decided.iter().map(|(_, channel)| worth(channel)).enumerate().collect();
    order.sort_by(|(a, x), (b, y)| {
        y.0.cmp(&x.0).then(y.1.total_cmp(&x.1)).then(y.2.total_cmp(&x.2)).then(a.cmp(b))
    });
    order.into_iter().map(|(place, _)| place).collect()
}

/// Expected value of what the placements show: Σ propensity × value; `None` where no scheme in use
/// ranks by value, or nothing shown has any.
pub(super) fn expected_value<'s>(
    placements: &[PlacementDecision],
    scheme: impl Fn(u16) -> Option<&'s Scheme>,
) -> Option<f64> {
    let by_value = placements.iter().any(|placement| scheme(placement.scheme).is_some_and(values));
    let offers = || placements.iter().flat_map(|placement| &placement.offers);
    let valued = by_value && offers().any(|placed| placed.factors.value != 0.0);
    let each = offers().map(|placed| placed.factors.propensity * placed.factors.value);
    valued.then(|| each.sum())
}

/// Whether a scheme ranks by money.
fn values(scheme: &Scheme) -> bool {
    !matches!(
        scheme.formula,
        SchemeFormula::Priority | SchemeFormula::Propensity | SchemeFormula::MarketerScore(_)
    )
}
