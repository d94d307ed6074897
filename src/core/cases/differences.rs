//! What came out, held against what was expected.

use crate::core::catalog::{Catalog, Expected};
use crate::core::decide::{Cause, ChannelDecision, Placed};

/// Every difference on one channel, in words.
pub(super) fn differences(
    catalog: &Catalog,
    expect: &Expected,
    decided: &ChannelDecision,
) -> Vec<String> {
    let placed: Vec<&Placed> =
        decided.placements.iter().flat_map(|placement| &placement.offers).collect();
    let mut failures = Vec::new();
    order(catalog, expect, decided, &placed, &mut failures);
    stops(catalog, expect, decided, &mut failures);
    for (offer, wanted) in &expect.treatments {
        let found = placed.iter().find(|placed| placed.offer == *offer);
        let treatment = found.and_then(|placed| {
            let offer = catalog.offers.get(placed.offer as usize)?;
            Some(&*offer.treatments.get(placed.treatment)?.id)
        });
        if treatment != Some(wanted) {
            let name = name(catalog, *offer);
            let got = match treatment {
                Some(treatment) => format!("it is `{treatment}`"),
                None => fate(catalog, decided, *offer),
            };
            failures.push(format!("expected treatment `{wanted}` of `{name}`: {got}"));
        }
    }
    for (offer, wanted) in &expect.factors {
        let found = placed.iter().find(|placed| placed.offer == *offer);
        let label = format!("{} of `{}`", wanted.name, name(catalog, *offer));
        let (least, most) = wanted.between;
        match found.map(|placed| factor(placed, wanted.name)) {
            Some(Some(number)) if least <= number && number <= most => {}
            Some(Some(number)) => {
                failures.push(format!("expected {label} in {least}..={most}, got {number}"));
            }
            Some(None) => failures.push(format!("expected {label}: it has none")),
            None => {
                let fate = fate(catalog, decided, *offer);
                failures.push(format!("expected {label} in {least}..={most}: {fate}"));
            }
        }
    }
    content(catalog, expect, decided, &placed, &mut failures);
    failures
}

fn factor(placed: &Placed, name: &str) -> Option<f64> {
    let factors = &placed.factors;
    Some(match name {
        "score" => placed.score,
        "propensity" => factors.propensity,
        "affinity" => return factors.affinity,
        "value" => factors.value,
        "lever" => factors.lever,
        "context_weight" => factors.context_weight,
        "priority" => f64::from(factors.priority),
        "influence" => factors.influence,
        "objection" => factors.objection,
        _ => return None,
    })
}

fn order(
    catalog: &Catalog,
    expect: &Expected,
    decided: &ChannelDecision,
    placed: &[&Placed],
    failures: &mut Vec<String>,
) {
    let offers: Vec<u32> = placed.iter().map(|placed| placed.offer).collect();
    let got = || names(catalog, &offers);
    if let Some(wanted) = &expect.offers
        && *wanted != offers
    {
        failures.push(format!("expected {}, got {}", names(catalog, wanted), got()));
    }
    for wanted in expect.includes.iter().filter(|wanted| !offers.contains(wanted)) {
        let why = fate(catalog, decided, *wanted);
        failures.push(format!("expected `{}` among {}: {why}", name(catalog, *wanted), got()));
    }
    for unwanted in expect.excludes.iter().filter(|unwanted| offers.contains(unwanted)) {
        failures.push(format!("did not expect `{}`, got {}", name(catalog, *unwanted), got()));
    }
    if let Some(first) = expect.first
        && offers.first() != Some(&first)
    {
        let why = fate(catalog, decided, first);
        failures.push(format!("expected `{}` first, got {}: {why}", name(catalog, first), got()));
    }
    if let Some(nothing) = expect.no_offer
        && nothing != offers.is_empty()
    {
        let wanted = if nothing { "no offer" } else { "some offer" };
        failures.push(format!("expected {wanted}, got {}", got()));
    }
    if let Some(wanted) = expect.rank
        && wanted != decided.rank
    {
        failures.push(format!("expected the channel to rank {wanted}, it ranks {}", decided.rank));
    }
    for (placement, wanted) in &expect.placements {
        let here = decided.placements.iter().find(|decided| decided.placement == *placement);
        let offers: Vec<u32> =
            here.into_iter().flat_map(|p| &p.offers).map(|placed| placed.offer).collect();
        if offers != *wanted {
            let channel = catalog.channels.get(usize::from(decided.channel));
            let spec = channel.and_then(|channel| channel.placements.get(usize::from(*placement)));
            let place = spec.map_or("?", |spec| &*spec.name);
            let (wanted, got) = (names(catalog, wanted), names(catalog, &offers));
            failures.push(format!("expected {wanted} in placement `{place}`, got {got}"));
        }
    }
}

fn stops(
    catalog: &Catalog,
    expect: &Expected,
    decided: &ChannelDecision,
    failures: &mut Vec<String>,
) {
    for stopped in &expect.stopped {
        let as_expected = decided.fates.of(stopped.offer).is_some_and(|(_, cause)| {
            let by = cause.stop.by.id(name(catalog, stopped.offer));
            cause.stop.gate == stopped.gate && stopped.by.as_deref().is_none_or(|id| id == by)
        });
        if !as_expected {
            let by = stopped.by.as_ref().map_or(String::new(), |by| format!(" `{by}`"));
            failures.push(format!(
                "expected `{}` to be stopped at {}{by}: {}",
                name(catalog, stopped.offer),
                stopped.gate.name(),
                fate(catalog, decided, stopped.offer)
            ));
        }
    }
    for (offer, words) in &expect.reasons {
        let told = decided.fates.of(*offer).map(|(_, cause)| &*cause.stop.message);
        if !told.is_some_and(|told| told.contains(&**words)) {
            failures.push(format!(
                "expected `{}` to be stopped because `{words}`: {}",
                name(catalog, *offer),
                fate(catalog, decided, *offer)
            ));
        }
    }
}

fn content(
    catalog: &Catalog,
    expect: &Expected,
    decided: &ChannelDecision,
    placed: &[&Placed],
    failures: &mut Vec<String>,
) {
    for (offer, field, wanted) in &expect.content {
        let texts = placed.iter().filter(|placed| placed.offer == *offer);
        let found = texts.flat_map(|placed| &placed.content).find(|content| content.name == *field);
        let label = format!("`{}.{field}`", name(catalog, *offer));
        match found {
            Some(content) if content.text.contains(&**wanted) => {}
            Some(content) => failures
                .push(format!("expected {label} to contain `{wanted}`, got `{}`", content.text)),
            None => failures.push(format!(
                "expected {label} to contain `{wanted}`: {}",
                fate(catalog, decided, *offer)
            )),
        }
    }
}

fn name(catalog: &Catalog, offer: u32) -> &str {
    catalog.offers.get(offer as usize).map_or("?", |offer| &*offer.id)
}

fn names(catalog: &Catalog, offers: &[u32]) -> String {
    if offers.is_empty() {
        return "no offer".to_owned();
    }
    let names: Vec<&str> = offers.iter().map(|offer| name(catalog, *offer)).collect();
    format!("[{}]", names.join(", "))
}

/// What became of an offer, in words.
fn fate(catalog: &Catalog, decided: &ChannelDecision, offer: u32) -> String {
    match decided.fates.of(offer) {
        Some((_, Cause { stop, .. })) => {
            let rule = match stop.by.id(name(catalog, offer)) {
                "" => String::new(),
                rule => format!(" `{rule}`"),
            };
            let condition = match &stop.condition {
                Some(condition) => format!(" ({condition})"),
                None => String::new(),
            };
            format!("{}{rule}: {}{condition}", stop.gate.name(), stop.message)
        }
        None => format!("`{}` was placed", name(catalog, offer)),
    }
}
