//! Contact limits and cool-downs.

use super::names::is_id;
use super::policies::Policies;
use super::windows::{report, time, window};
use crate::core::catalog::fault::Place;
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::source::{
    ContactLimitSource, CoolDownAfter, CoolDownSource, CountedOutcome, MaxSource, Selection,
};
use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;
use crate::core::objective::PACED_MAX;
use crate::core::policy::{Bitset, CoolDownSpec, LimitSpec, TreatmentLimit};

/// Largest number a contact limit may allow: a customer's ring of contacts holds 256, and must hold
/// all that a limit counts.
const LIMIT_MAX: u32 = 200;
/// Longest rest that is not `forever`, days.
const REST_DAYS_MAX: i64 = 3650;

impl Policies<'_> {
    pub(super) fn limit(&mut self, place: &Place<'_>, source: &ContactLimitSource) {
        let id = self.selector.id(place, "a contact limit", &source.id);
        let selected = self.selector.offers(&place.key("applies_to"), &source.applies_to);
        let (channel_mask, channels) = self.selector.channels(place, &source.channels);
        let window = window(place, &source.window, source.zone.as_deref(), self.customers);
        let mut offers = Bitset::of(self.spec.offers, selected);
        offers.subtract(self.transactional);
        let treatments = self.treatments(place, source, channel_mask, &mut offers);
        let max = match source.max {
            MaxSource::Word(_) => return,
            MaxSource::Number(0) => {
                place.key("max").error_hint(
                    "0 is no limit: nothing would ever be offered",
                    "`unlimited` for no limit; a condition to stop offers",
                );
                return;
            }
            MaxSource::Number(max) => max,
        };
        if max > LIMIT_MAX {
            place.key("max").error_hint(
                format!("a limit lies in 1..={LIMIT_MAX}, found {max}"),
                "a customer's last 256 contacts are kept: more cannot be counted",
            );
        }
        let paced = source.pace && self.may_pace(place, source, max);
        let Selection { offers: named, groups, kinds, except } = &source.applies_to;
        self.spec.limits.push(LimitSpec {
            id,
            offers,
            channels,
            channel_mask,
            counts: counted(source),
            per_offer: source.per_offer,
            max,
            window,
            counts_retired: named.is_empty()
                && groups.is_empty()
                && kinds.is_empty()
                && except.is_empty()
                && treatments.is_none(),
            treatments,
            paced,
        });
    }

    /// Whether a limit can be paced: it counts contacts, all offers together, and not too many.
    fn may_pace(&self, place: &Place<'_>, source: &ContactLimitSource, max: u32) -> bool {
        let contact = OutcomeKind::Sent.bit() | OutcomeKind::Impression.bit();
        let why = if source.per_offer {
            "it counts each offer on its own"
        } else if !source.treatments.is_empty() {
            "it is about treatments"
        } else if counted(source) & contact == 0 {
            "it counts answers, not contacts"
        } else if max > PACED_MAX {
            "it allows more than 32 contacts, of which one more is worth next to nothing"
        } else {
            return true;
        };
        let message = format!("this limit cannot be paced: {why}");
        place.key("pace").error_hint(message, "leave `pace` out");
        false
    }

    /// The treatments a limit is about; leaves in `offers` only theirs.
    fn treatments(
        &self,
        place: &Place<'_>,
        source: &ContactLimitSource,
        channel_mask: u64,
        offers: &mut Bitset,
    ) -> Option<TreatmentLimit> {
        if source.treatments.is_empty() {
            return None;
        }
        if source.per_offer {
            let message = "a limit on treatments counts them all together";
            place.key("per_offer").error_hint(message, "leave `per_offer` out");
        }
        let section = place.key("treatments");
        let mut keys: Vec<Key> = Vec::new();
        for (index, name) in source.treatments.iter().enumerate() {
            let known = self.selector.offers.iter().flat_map(|offer| {
                offer.treatments.iter().map(|spec| (format!("{}/{}", offer.id, spec.id), spec.key))
            });
            let known: Vec<(String, Key)> = known.collect();
            match known.iter().find(|(known, _)| known == name) {
                Some((_, key)) => keys.push(*key),
                None if self.selector.build.broken().excuses(FileKind::Offers, name) => {}
                None => {
                    let names = known.iter().map(|(name, _)| name.as_str());
                    section.index(index).unknown("treatment", name, names);
                }
            }
        }
        let exempt = self.selector.offers.iter().filter(|offer| offer.transactional);
        let exempt: Vec<Key> =
            exempt.flat_map(|offer| &offer.treatments).map(|spec| spec.key).collect();
        keys.retain(|key| !exempt.contains(key));
        keys.sort_unstable();
        let mut theirs = Bitset::empty(offers.universe());
        let mut alone = Vec::new();
        for (number, offer) in (0_u32..).zip(self.selector.offers) {
            let on = |channel: u16| {
                let here = move |spec: &&crate::core::catalog::Treatment| spec.channel == channel;
                offer.treatments.iter().filter(here)
            };
            let limited = |spec: &crate::core::catalog::Treatment| keys.contains(&spec.key);
            let channels = offer.treatments.iter().filter(|spec| limited(spec));
            for channel in channels.map(|spec| spec.channel) {
                let bit = 1_u64.checked_shl(u32::from(channel)).unwrap_or(0);
                if channel_mask & bit == 0 {
                    continue;
                }
                theirs.insert(number);
                if on(channel).all(limited) && !alone.contains(&(channel, number)) {
                    alone.push((channel, number));
                }
            }
        }
        offers.intersect(&theirs);
        Some(TreatmentLimit { keys, alone })
    }

    pub(super) fn cool_down(&mut self, place: &Place<'_>, source: &CoolDownSource) {
        let id = self.selector.id(place, "a cool-down", &source.id);
        let selected = self.selector.offers(&place.key("applies_to"), &source.applies_to);
        let section = place.key("by_reason");
        if !source.by_reason.is_empty() && !source.reasons.is_empty() {
            let message = "`reasons` and `by_reason` both say after which reasons";
            section.error_at_key(message, Some("leave `reasons` out".to_owned()));
        }
        let otherwise = source.duration.as_deref().map(|text| rest(&place.key("for"), text));
        if otherwise.is_none() && source.by_reason.is_empty() {
            let hint = "for: 30d, for: forever, or by_reason: { not_now: 7d }".to_owned();
            place.error_at_key(format!("cool-down `{id}` does not say for how long"), Some(hint));
        }
        let mut by_reason: Vec<(Key, Option<i64>)> = source
            .by_reason
            .iter()
            .map(|(reason, text)| (reason, rest(&section.key(reason), text)))
            .inspect(|(reason, _)| self.reason(&section.key(reason), reason))
            .map(|(reason, rest)| (Key::of(reason), rest))
            .collect();
        let named = source.reasons.iter().map(|reason| Key::of(reason));
        by_reason.extend(named.filter_map(|reason| Some((reason, otherwise?))));
        by_reason.sort_unstable();
        by_reason.dedup_by_key(|(reason, _)| *reason);
        self.spec.cool_downs.push(CoolDownSpec {
            id,
            offers: Bitset::of(self.spec.offers, selected),
            after: source.after.all().iter().flat_map(|after| outcomes(*after)).copied().collect(),
            by_reason,
            otherwise: otherwise.filter(|_| source.reasons.is_empty()),
            scope: source.scope,
        });
    }

    fn reason(&self, place: &Place<'_>, reason: &str) {
        if !is_id(reason) {
            let message = format!("`{reason}` is no reason that callers can give");
            place.error_at_key(message, Some(super::names::id_hint()));
        }
    }
}

/// How long it rests, ms; `None`: for ever.
fn rest(place: &Place<'_>, text: &str) -> Option<i64> {
    match text {
        "forever" => None,
        text => Some(time(place, text, REST_DAYS_MAX).unwrap_or(1)),
    }
}

fn outcomes(after: CoolDownAfter) -> &'static [OutcomeKind] {
    match after {
        CoolDownAfter::Reject => &[OutcomeKind::Reject],
        CoolDownAfter::Accept => &[OutcomeKind::Accept, OutcomeKind::Convert],
        CoolDownAfter::Impression => &[OutcomeKind::Impression, OutcomeKind::Sent],
        CoolDownAfter::Click => &[OutcomeKind::Click],
        CoolDownAfter::Convert => &[OutcomeKind::Convert],
        CoolDownAfter::NoResponse => &[OutcomeKind::NoResponse],
    }
}

fn counted(source: &ContactLimitSource) -> u8 {
    let Some(counts) = &source.counts else { return u8::MAX };
    let bits = counts.all().iter().map(|counted| match counted {
        CountedOutcome::Contact => u8::MAX,
        CountedOutcome::Sent => OutcomeKind::Sent.bit(),
        CountedOutcome::Impression => OutcomeKind::Impression.bit(),
        CountedOutcome::Click => OutcomeKind::Click.bit(),
        CountedOutcome::Accept => OutcomeKind::Accept.bit() | OutcomeKind::Convert.bit(),
        CountedOutcome::Reject => OutcomeKind::Reject.bit(),
    });
    bits.fold(0, |all, bits| all | bits)
}

/// Outcomes by name, as bits; `contact` and `accept` stand for two.
pub(super) fn outcome_bits(place: &Place<'_>, name: &str) -> u8 {
    let two = |a: OutcomeKind, b: OutcomeKind| a.bit() | b.bit();
    match (name, OutcomeKind::from_name(name)) {
        ("contact", _) => two(OutcomeKind::Impression, OutcomeKind::Sent),
        ("accept", _) => two(OutcomeKind::Accept, OutcomeKind::Convert),
        (_, Some(kind)) => kind.bit(),
        (_, None) => {
            let known = OutcomeKind::ALL.into_iter().map(OutcomeKind::name);
            place.unknown("outcome", name, known.chain(["contact"]));
            0
        }
    }
}

/// A moment of a rule: RFC 3339, a date in UTC, or a time in a zone.
pub(super) fn moment_at(place: &Place<'_>, text: &str) -> Option<jiff::Timestamp> {
    super::literal::moment(text).map_err(|error| report(place, error)).ok()
}
