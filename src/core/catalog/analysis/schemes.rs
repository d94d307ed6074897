//! What is declared for the order of offers and then read by no scheme, and schemes that no channel
//! uses.

use std::collections::BTreeSet;

use super::Subject;
use super::findings::Kind;
use crate::core::catalog::fault::{Place, Severity};
use crate::core::catalog::schema::{Schema, builtin};
use crate::core::catalog::source::{OfferSource, SchemeKind};
use crate::core::catalog::{Channel, Offer, Scheme, SchemeFormula};
use crate::core::expression::Program;

const IGNORED: Kind = (Severity::Warning, "scheme-ignores");
/// A request may name a scheme that no channel uses: to compare it.
const UNUSED: Kind = (Severity::Hint, "unused");

/// What an offer may declare for its place in the order.
const FACTORS: [(&str, Factor); 5] = [
    ("value", Factor::Value),
    ("contributes", Factor::Value),
    ("lever", Factor::Lever),
    ("context_weight", Factor::ContextWeight),
    ("priority", Factor::Priority),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Factor {
    Value,
    Lever,
    ContextWeight,
    Priority,
}

/// Looks at all schemes and what offers declare for them.
pub(super) fn check(subject: &Subject<'_>) {
    for (key, factor) in FACTORS {
        ignored(subject, key, factor);
    }
    exponents(subject);
    unused(subject);
}

fn reads(scheme: &Scheme, factor: Factor, schema: &Schema) -> bool {
    match &scheme.formula {
        SchemeFormula::Priority => factor == Factor::Priority,
        SchemeFormula::Propensity => false,
        SchemeFormula::ExpectedValue | SchemeFormula::Constrained => {
            matches!(factor, Factor::Value | Factor::Lever)
        }
        SchemeFormula::Pcvl(exponents) => match factor {
            Factor::Value => exponents.value != 0.0,
            Factor::Lever => exponents.lever != 0.0,
            Factor::ContextWeight => exponents.context != 0.0,
            Factor::Priority => false,
        },
        SchemeFormula::Custom(formula) => {
            formula.programs.iter().any(|program| formula_reads(program, factor, schema))
        }
        SchemeFormula::WeightedObjectives(_) => factor == Factor::Value,
        // They may read whatever their parts do.
        SchemeFormula::FirstMatch(_) | SchemeFormula::MarketerScore(_) => true,
    }
}

fn formula_reads(program: &Program, factor: Factor, schema: &Schema) -> bool {
    let slots = program.slots();
    match factor {
        Factor::Value => {
            let objective = |path: &str| path.starts_with("objective.");
            slots.contains(&builtin::VALUE)
                || slots.iter().filter_map(|slot| schema.slot(*slot)).any(|s| objective(&s.path))
        }
        Factor::Lever => slots.contains(&builtin::LEVER),
        Factor::ContextWeight => slots.contains(&builtin::CONTEXT_WEIGHT),
        Factor::Priority => slots.contains(&builtin::PRIORITY),
    }
}

/// The schemes that a channel may use.
pub(super) fn used_on(subject: &Subject<'_>, index: usize, channel: &Channel) -> BTreeSet<u16> {
    let arbitration = &subject.catalog.arbitration;
    let places = arbitration.places.get(index).into_iter().flatten();
    let uses = arbitration.uses.iter().filter(|used| {
        let places = used.places.get(index);
        places.is_some_and(|placements| *placements != 0)
    });
    let uses = uses.map(|used| used.scheme);
    let named = places.filter_map(|place| place.scheme).chain(uses);
    named.chain([channel.scheme]).collect()
}

/// Those, and the schemes of an experiment's arms, which rank on every channel.
fn used_in_any_arm(subject: &Subject<'_>, index: usize, channel: &Channel) -> BTreeSet<u16> {
    let arms = subject.catalog.experiment.iter().flat_map(|experiment| &experiment.arms);
    let mut used = used_on(subject, index, channel);
    used.extend(arms.filter_map(|arm| arm.scheme()));
    used
}

fn declares(source: &OfferSource, key: &str) -> bool {
    match key {
        "value" => source.value.is_some(),
        "contributes" => !source.contributes.is_empty(),
        "lever" => source.lever.is_some(),
        "context_weight" => source.context_weight.is_some(),
        _ => source.priority != 0,
    }
}

/// Offers that declare a factor which no scheme of their channels reads: told at the first, with
/// the number of others.
fn ignored(subject: &Subject<'_>, key: &'static str, factor: Factor) {
    let catalog = subject.catalog;
    let read: Vec<bool> = catalog
        .channels
        .iter()
        .enumerate()
        .map(|(index, channel)| {
            let mut used = used_in_any_arm(subject, index, channel).into_iter();
            used.any(|scheme| {
                let scheme = catalog.schemes.get(usize::from(scheme));
                scheme.is_none_or(|scheme| reads(scheme, factor, &catalog.schema))
            })
        })
        .collect();
    let unread = |offer: &Offer| {
        let mut treatments = offer.treatments.iter();
        !offer.treatments.is_empty()
            && treatments.all(|t| read.get(usize::from(t.channel)) == Some(&false))
    };
    let found: Vec<u32> = (0_u32..)
        .zip(&catalog.offers)
        .filter(|(number, offer)| {
            unread(offer) && subject.sites.offer(*number).is_some_and(|s| declares(s, key))
        })
        .map(|(number, _)| number)
        .collect();
    let Some(first) = found.first() else { return };
    if !subject.findings.add(IGNORED) {
        return;
    }
    let others = match found.len() - 1 {
        0 => String::new(),
        1 => ", nor of 1 other offer".to_owned(),
        more => format!(", nor of {more} other offers"),
    };
    let message = format!("no scheme of its channels reads this `{key}`{others}");
    let hint = "choose another scheme in `arbitration.yaml`, or leave it out".to_owned();
    subject.sites.at_offer(*first, |place| {
        place.key(key).finding_at_key(IGNORED, message, Some(hint));
    });
}

/// Exponents of 0 leave a factor out that offers on the scheme's channels declare.
fn exponents(subject: &Subject<'_>) {
    let catalog = subject.catalog;
    let Some(file) = &subject.sites.folder.arbitration else { return };
    let top = subject.sites.top(&file.document);
    let section = top.key("schemes");
    for (name, source) in &file.source.schemes {
        let Some(index) = catalog.schemes.iter().position(|scheme| *scheme.name == **name) else {
            continue;
        };
        if source.kind != SchemeKind::Pcvl {
            continue;
        }
        let here = |offer: &Offer| {
            offer.treatments.iter().any(|treatment| {
                let number = usize::from(treatment.channel);
                let channel = catalog.channels.get(number);
                channel.is_some_and(|channel| {
                    let used = used_in_any_arm(subject, number, channel);
                    used.iter().any(|scheme| usize::from(*scheme) == index)
                })
            })
        };
        let place = section.key(name);
        let place = place.key("exponents");
        let exponents = source.exponents;
        let each = [
            ("context", exponents.context, &["context_weight"][..]),
            ("value", exponents.value, &["value", "contributes"]),
            ("lever", exponents.lever, &["lever"]),
        ];
        for (key, exponent, factors) in each {
            if exponent != 0.0 {
                continue;
            }
            let declaring = (0_u32..).zip(&catalog.offers).find(|(number, offer)| {
                let source = subject.sites.offer(*number);
                here(offer)
                    && source.is_some_and(|s| factors.iter().any(|factor| declares(s, factor)))
            });
            if let Some((_, offer)) = declaring {
                let factor = factors.first().copied().unwrap_or_default();
                let message =
                    format!("this leaves out the `{factor}` that `{}` declares", offer.id);
                finding(subject, &place.key(key), message);
            }
        }
    }
}

fn finding(subject: &Subject<'_>, place: &Place<'_>, message: String) {
    if subject.findings.add(IGNORED) {
        place.finding(IGNORED, message, None);
    }
}

fn unused(subject: &Subject<'_>) {
    let Some(file) = &subject.sites.folder.arbitration else { return };
    let top = subject.sites.top(&file.document);
    let section = top.key("schemes");
    let catalog = subject.catalog;
    let channels = catalog.channels.iter().enumerate();
    let used: BTreeSet<u16> =
        channels.flat_map(|(index, channel)| used_in_any_arm(subject, index, channel)).collect();
    for (number, scheme) in (0_u16..).zip(&catalog.schemes) {
        let declared = file.source.schemes.contains_key(&*scheme.name);
        if declared && !used.contains(&number) && subject.findings.add(UNUSED) {
            let message = format!("no channel uses scheme `{}`", scheme.name);
            section.key(&scheme.name).finding_at_key(UNUSED, message, None);
        }
    }
}
