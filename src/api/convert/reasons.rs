//! Why an offer ranks where it does, with names.

use super::name;
use crate::api::wire::v1;
use crate::core::arbitration::marketer::interest;
use crate::core::arbitration::score::Factors;
use crate::core::catalog::source::ExponentsSource;
use crate::core::catalog::{Catalog, Scheme, SchemeFormula};
use crate::core::decide::{Placed, PricedLine, Reasons};
use crate::core::feature::FeatureVector;
use crate::core::key::Key;

/// The reasons of an offer that was placed.
pub fn reasons(
    catalog: &Catalog,
    scheme: Option<&Scheme>,
    placed: &Placed,
    reasons: &Reasons,
    features: &FeatureVector,
) -> v1::Reasons {
    let mut factors = factors(scheme, placed);
    factors.extend(reasons.objectives.iter().filter_map(|(index, amount)| {
        let objective = catalog.objectives.get(usize::from(*index))?;
        let share = if placed.factors.value == 0.0 { 0.0 } else { amount / placed.factors.value };
        let counts = scheme.is_some_and(values);
        let contribution = if counts { placed.score * share } else { 0.0 };
        Some(factor(&format!("objective.{}", objective.name), *amount, contribution))
    }));
    factors.extend(reasons.moved.iter().map(|(name, percent)| v1::Factor {
        text: format!("{percent:+.1} %"),
        ..factor(name, 1.0 + percent / 100.0, 0.0)
    }));
    factors.extend(reasons.judgement.iter().flat_map(|(weight, score)| {
        [factor("marketer_score", *score, 0.0), factor("weight", *weight, 0.0)]
    }));
    factors.extend(reasons.formula.map(|number| factor("formula", f64::from(number), 0.0)));
    v1::Reasons {
        because: because(catalog, scheme, placed, reasons),
        factors,
        features: reasons
            .features
            .iter()
            .map(|(key, share)| feature(catalog, features, *key, *share))
            .collect(),
        items: reasons
            .because
            .iter()
            .map(|(item, share)| factor(&item_name(catalog, *item), 0.0, f64::from(*share)))
            .collect(),
        prices: reasons.prices.iter().filter_map(|price| priced(catalog, price)).collect(),
    }
}

/// Whether a scheme ranks by money.
pub fn values(scheme: &Scheme) -> bool {
    matches!(
        scheme.formula,
        SchemeFormula::ExpectedValue
            | SchemeFormula::Pcvl(_)
            | SchemeFormula::Custom(_)
            | SchemeFormula::FirstMatch(_)
            | SchemeFormula::WeightedObjectives(_)
            | SchemeFormula::Constrained
    )
}

/// The factors of a score in the scheme's order. In a product a factor contributes what the score
/// would lose if the factor were 1; in a custom formula contributions are not known and are 0.
pub fn factors(scheme: Option<&Scheme>, placed: &Placed) -> Vec<v1::Factor> {
    let mut factors = of_scheme(scheme, placed);
    let Factors { influence, objection, .. } = placed.factors;
    for (name, moved) in [("influence", influence), ("objection", objection)] {
        if moved != 1.0 {
            let without = if moved > 0.0 { placed.score / moved } else { 0.0 };
            factors.push(factor(name, moved, placed.score - without));
        }
    }
    factors.extend(learned(scheme, placed));
    if placed.diversity != 1.0 {
        let change = placed.score * (placed.diversity - 1.0);
        factors.push(factor("diversity", placed.diversity, change));
    }
    factors
}

/// What the models beside the propensity say, where the scheme has not told it already.
fn learned(scheme: Option<&Scheme>, placed: &Placed) -> Vec<v1::Factor> {
    let Factors { uplift, uplift_deviation, expected_amount, expected_days, .. } = placed.factors;
    let uplift = uplift.filter(|_| !scheme.is_some_and(|scheme| scheme.by_uplift));
    let uplift = uplift.map(|uplift| v1::Factor {
        text: format!("± {uplift_deviation:.4}"),
        ..factor("uplift", uplift, 0.0)
    });
    let amount = expected_amount.map(|amount| factor("expected_amount", amount, 0.0));
    let days = expected_days.map(|days| factor("expected_days", days, 0.0));
    [uplift, amount, days].into_iter().flatten().collect()
}

fn of_scheme(scheme: Option<&Scheme>, placed: &Placed) -> Vec<v1::Factor> {
    let score = placed.score;
    let uplift = placed.factors.uplift.filter(|_| scheme.is_some_and(|scheme| scheme.by_uplift));
    let chance = if uplift.is_some() { "uplift" } else { "propensity" };
    let Factors { propensity, value, lever, context_weight, priority, affinity, .. } =
        placed.factors;
    let propensity = uplift.unwrap_or(propensity);
    match scheme.map(|scheme| &scheme.formula) {
        Some(SchemeFormula::Priority) => vec![
            factor("priority", f64::from(priority), f64::from(priority)),
            factor(chance, propensity, propensity),
        ],
        Some(SchemeFormula::Propensity) => vec![factor(chance, propensity, score)],
        Some(SchemeFormula::ExpectedValue) => {
            let contact = placed.factors.contact_value;
            let mut factors =
                product(&[(chance, propensity, 1.0), ("value", value, 1.0), ("lever", lever, 1.0)]);
            if contact != 0.0 {
                factors.push(factor("contact_value", contact, contact * lever));
            }
            factors
        }
        Some(SchemeFormula::Pcvl(exponents)) => {
            let ExponentsSource { propensity: p, context: c, value: v, lever: l } = *exponents;
            product(&[
                (chance, propensity, p),
                ("context_weight", context_weight, c),
                ("value", value, v),
                ("lever", lever, l),
            ])
        }
        Some(SchemeFormula::Constrained) => constrained(&Factors { propensity, ..placed.factors }),
        Some(SchemeFormula::WeightedObjectives(_)) => {
            vec![factor(chance, propensity, score)]
        }
        Some(SchemeFormula::MarketerScore(scores)) => {
            vec![factor("interest", interest(scores.interest, &placed.factors), score)]
        }
        Some(SchemeFormula::Custom(_) | SchemeFormula::FirstMatch(_)) | None => vec![
            factor("propensity", propensity, 0.0),
            factor("affinity", affinity.unwrap_or(0.0), 0.0),
            factor("value", value, 0.0),
            factor("lever", lever, 0.0),
            factor("context_weight", context_weight, 0.0),
            factor("priority", f64::from(priority), 0.0),
        ],
    }
}

/// Worth and cost as they add up: each factor contributes what the adjusted value would lose
/// without it.
fn constrained(factors: &Factors) -> Vec<v1::Factor> {
    let outcome = factors.propensity * factors.value;
    let worth = outcome + factors.contact_value;
    vec![
        factor("propensity", factors.propensity, factors.lever * outcome),
        factor("value", factors.value, factors.lever * outcome),
        factor("contact_value", factors.contact_value, factors.lever * factors.contact_value),
        factor("lever", factors.lever, (factors.lever - 1.0) * worth),
        factor("cost", factors.cost, -factors.cost),
    ]
}

/// A price that was paid: by unit, and for what the offer uses.
fn priced(catalog: &Catalog, priced: &PricedLine) -> Option<v1::Factor> {
    let (name, unit) = catalog.pacing.priced(priced.line)?;
    let text = format!("{:.4} {} used at {:.4} each", priced.usage, unit, priced.price);
    let text = text.replace("  ", " ");
    let paid = -priced.price * priced.usage;
    Some(v1::Factor { text, ..factor(name, priced.price, paid) })
}

fn product(parts: &[(&str, f64, f64)]) -> Vec<v1::Factor> {
    let powers: Vec<f64> = parts
        .iter()
        .map(|(_, value, exponent)| match *exponent {
            1.0 => *value,
            exponent => value.max(0.0).powf(exponent),
        })
        .collect();
    let whole: f64 = powers.iter().product();
    parts
        .iter()
        .enumerate()
        .map(|(number, (name, value, _))| {
            let others = powers.iter().enumerate().filter(|(other, _)| *other != number);
            let without: f64 = others.map(|(_, power)| power).product();
            factor(name, *value, whole - without)
        })
        .collect()
}

fn factor(name: &str, value: f64, contribution: f64) -> v1::Factor {
    v1::Factor { name: name.to_owned(), value, contribution, text: String::new() }
}

/// A feature by the path of its attribute; what is no attribute (the offer, the channel) by its own
/// name.
fn feature(catalog: &Catalog, seen: &FeatureVector, key: Key, share: f64) -> v1::Factor {
    let slot = catalog.schema.slots.iter().find(|slot| slot.key == key);
    let name = match slot {
        Some(slot) => slot.path.to_string(),
        None => other_feature(catalog, key),
    };
    let number = seen.numeric().binary_search_by_key(&key, |(known, _)| *known).ok();
    let number = number.and_then(|place| seen.numeric().get(place));
    factor(&name, number.map_or(0.0, |(_, number)| f64::from(*number)), share)
}

fn other_feature(catalog: &Catalog, key: Key) -> String {
    if let Some(group) = catalog.groups.iter().find(|group| group.key == key) {
        return format!("group.{}", group.name);
    }
    if let Some(channel) = catalog.channels.iter().find(|channel| channel.key == key) {
        return format!("channel.{}", channel.name);
    }
    match catalog.offer_by_key(key).and_then(|index| catalog.offers.get(index as usize)) {
        Some(offer) => format!("offer.{}", offer.id),
        None => BUILT_IN
            .into_iter()
            .find(|name| Key::of(name) == key)
            .map_or_else(|| key.to_string(), str::to_owned),
    }
}

/// Names that the propensity model gives to what it sees of a candidate.
const BUILT_IN: [&str; 4] = ["affinity", "channel", "placement", "treatment"];

/// The name of an item: that of the offer that stands for it.
pub fn item_name(catalog: &Catalog, item: Key) -> String {
    let offer = catalog.offers.iter().find(|offer| offer.item == item);
    offer.map_or_else(|| name::offer_of(catalog, item), |offer| offer.id.to_string())
}

fn because(
    catalog: &Catalog,
    scheme: Option<&Scheme>,
    placed: &Placed,
    reasons: &Reasons,
) -> String {
    let scheme = scheme.map_or("", |scheme| &*scheme.name);
    let factors = &placed.factors;
    let mut words =
        format!("ranked by `{scheme}` with a propensity of {:.1} %", factors.propensity * 100.0);
    if factors.value != 0.0 {
        words.push_str(&format!(" and a value of {:.2}", factors.value));
    }
    if factors.cost != 0.0 {
        words.push_str(&format!(" less a cost of {:.2}", factors.cost));
    }
    let strongest = reasons.features.iter().find(|(_, share)| *share > 0.0);
    if let Some((key, _)) = strongest {
        let name = feature(catalog, &FeatureVector::default(), *key, 0.0).name;
        words.push_str(&format!("; `{name}` speaks most for it"));
    }
    let names: Vec<String> = reasons
        .because
        .iter()
        .map(|(item, _)| format!("`{}`", item_name(catalog, *item)))
        .collect();
    if !names.is_empty() {
        words.push_str(&format!("; those who chose {} choose it too", names.join(", ")));
    }
    words
}
