//! Contact limits and cool-downs that never bind, because another one always binds first.

use super::Subject;
use super::findings::Kind;
use crate::core::catalog::fault::Severity;
use crate::core::key::Key;
use crate::core::policy::{Bitset, CoolDownSpec, LimitSpec, Window};

const LIMIT: Kind = (Severity::Warning, "limit-never-binds");
const COOL_DOWN: Kind = (Severity::Warning, "cool-down-never-binds");

/// Looks at all pairs.
pub(super) fn check(subject: &Subject<'_>) {
    let spec = subject.catalog.policy.spec();
    for (number, limit) in spec.limits.iter().enumerate() {
        let binds = spec.limits.iter().enumerate().find(|(other, tighter)| {
            *other != number
                && first(tighter, limit)
                // Of two that are the same, the later one is told of.
                && !(*other > number && first(limit, tighter))
        });
        let Some((_, tighter)) = binds else { continue };
        if subject.findings.add(LIMIT) {
            let message = format!(
                "`{}` never binds: `{}` allows no more over as long a time",
                limit.id, tighter.id
            );
            let hint = format!(
                "{} {} against {} {}",
                limit.max,
                limit.window.words(),
                tighter.max,
                tighter.window.words()
            );
            subject
                .sites
                .at_rule(&limit.id, |place| place.key("max").finding(LIMIT, message, Some(hint)));
        }
    }
    for (number, rest) in spec.cool_downs.iter().enumerate() {
        let covers = spec.cool_downs.iter().enumerate().find(|(other, longer)| {
            *other != number && covered(longer, rest) && !(*other > number && covered(rest, longer))
        });
        let Some((_, longer)) = covers else { continue };
        if subject.findings.add(COOL_DOWN) {
            let message =
                format!("`{}` never binds: `{}` rests the same for as long", rest.id, longer.id);
            subject
                .sites
                .at_rule(&rest.id, |place| place.key("for").finding(COOL_DOWN, message, None));
        }
    }
}

/// Whether wherever `limit` stops an offer, `tighter` does too: it counts all that `limit` counts
/// over no less time, allows no more, and stops no fewer offers on no fewer channels.
fn first(tighter: &LimitSpec, limit: &LimitSpec) -> bool {
    let counts = tighter.counts & limit.counts == limit.counts;
    let channels = tighter.channels.is_empty()
        || (!limit.channels.is_empty()
            && limit.channels.iter().all(|channel| tighter.channels.contains(channel)));
    counts
        && channels
        && subset(&limit.offers, &tighter.offers)
        && limit.channel_mask & tighter.channel_mask == limit.channel_mask
        && (tighter.counts_retired || !limit.counts_retired || limit.per_offer)
        && (limit.per_offer || !tighter.per_offer)
        && tighter.max <= limit.max
        && longer(&tighter.window, &limit.window)
        && tighter.treatments.is_none()
}

/// Whether wherever `rest` rests an offer, `longer` does too.
fn covered(longer: &CoolDownSpec, rest: &CoolDownSpec) -> bool {
    let own = rest.by_reason.iter().map(|(reason, ms)| (*reason, *ms));
    // A reason that nobody declares stands for all others.
    let others = rest.otherwise.map(|ms| (Key(0), ms));
    let lasts = |(reason, ms): (Key, Option<i64>)| match (longer.rest_ms(reason), ms) {
        (Some(None), _) => true,
        (Some(Some(longer)), Some(shorter)) => longer >= shorter,
        _ => false,
    };
    let also =
        longer.by_reason.iter().filter_map(|(reason, _)| Some((*reason, rest.rest_ms(*reason)?)));
    own.chain(others).chain(also).all(lasts)
        && longer.scope == rest.scope
        && rest.after.iter().all(|kind| longer.after.contains(kind))
        && subset(&rest.offers, &longer.offers)
}

fn subset(small: &Bitset, large: &Bitset) -> bool {
    let mut outside = small.clone();
    outside.subtract(large);
    outside.is_empty()
}

/// Whether `long` covers all that `short` covers, at any moment.
fn longer(long: &Window, short: &Window) -> bool {
    match (long, short) {
        (Window::Rolling(long), Window::Rolling(short)) => long >= short,
        (Window::Calendar(long, one), Window::Calendar(short, other)) => {
            let same = (one.customer, &one.default) == (other.customer, &other.default);
            long == short && same
        }
        _ => false,
    }
}
