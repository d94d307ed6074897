//! A synthetic catalog for benchmarks, and customers for it: 5 conditions an offer drawn from 200
//! distinct ones, 40 features of which 10 numeric, 3 contact limits. A pure function of its seed.

use std::fmt::Write as _;

use crate::core::key::{mix64, unit};
use crate::core::value::Value;

/// The seed that measurements use.
pub const SEED: u64 = 7;
/// The only channel.
pub const CHANNEL: &str = "web";
/// Its only placement.
pub const PLACEMENT: &str = "main";
/// Slots of the placement.
pub const SLOTS: usize = 3;
/// The event type that customers have.
pub const EVENT: &str = "visit";

/// Categorical features: 22 attributes, then 8 of the context.
const CATEGORICAL: usize = 30;
/// Numeric features: 8 attributes, then 2 of the context.
const NUMERIC: usize = 10;
const CATEGORICAL_ATTRIBUTES: usize = 22;
const NUMERIC_ATTRIBUTES: usize = 8;
/// Values that a categorical feature may take, all equally likely.
const VALUES: usize = 8;
/// Range of a numeric feature, all values equally likely.
const NUMERIC_MAX: f64 = 1000.0;
/// Distinct conditions on one feature: 40 × 5 = 200.
const CONDITIONS_A_FEATURE: usize = 5;
/// Of an offer's 5 conditions, so many are on categorical features; the fifth is on a number.
const CATEGORICAL_CONDITIONS: usize = 4;
const GROUPS: usize = 10;
const OFFERS_A_FILE: usize = 250;

/// Share of the offers that a random customer is eligible for, on average: 20 % up to 100 offers,
/// 10 % up to 1,000, 1 % beyond.
#[must_use]
pub fn eligible_share(offers: usize) -> f64 {
    match offers {
        0..=100 => 0.2,
        101..=1000 => 0.1,
        _ => 0.01,
    }
}

/// A rules folder with `offers` offers, as names and bytes.
#[must_use]
pub fn synthetic_rules(offers: usize, seed: u64) -> Vec<(String, Vec<u8>)> {
    let conditions = Conditions::new(eligible_share(offers), seed);
    let mut files = vec![
        ("schema.yaml".to_owned(), schema().into_bytes()),
        ("channels.yaml".to_owned(), channels().into_bytes()),
        ("policies/limits.yaml".to_owned(), LIMITS.as_bytes().to_vec()),
        ("arbitration.yaml".to_owned(), b"default: expected_value\n".to_vec()),
        ("models.yaml".to_owned(), b"prior: { probability: 0.1, evidence: 10 }\n".to_vec()),
    ];
    let mut first = 0;
    while first < offers {
        let last = offers.min(first + OFFERS_A_FILE);
        let mut text = String::new();
        if first == 0 {
            text.push_str("groups:\n");
            for group in 0..GROUPS {
                let _infallible = writeln!(text, "  g{group}: {{ name: Group {group} }}");
            }
        }
        text.push_str("offers:\n");
        for offer in first..last {
            write_offer(&mut text, offer, &conditions, mix64(seed, offer as u64));
        }
        files.push((format!("offers/{first:05}.yaml"), text.into_bytes()));
        first = last;
    }
    files.sort();
    files
}

/// The five conditions of each offer of `synthetic_rules(offers, seed)`, in order: for those who ask
/// another engine the same.
#[must_use]
pub fn synthetic_conditions(offers: usize, seed: u64) -> Vec<Vec<String>> {
    let conditions = Conditions::new(eligible_share(offers), seed);
    let of = |offer: usize| conditions.draw(mix64(seed, offer as u64));
    (0..offers).map(|offer| of(offer).into_iter().map(str::to_owned).collect()).collect()
}

/// The attributes of a random customer.
#[must_use]
pub fn random_attributes(seed: u64) -> Vec<(String, Value)> {
    features(seed, "c", 0..CATEGORICAL_ATTRIBUTES, "n", 0..NUMERIC_ATTRIBUTES)
}

/// The context of a random moment.
#[must_use]
pub fn random_context(seed: u64) -> Vec<(String, Value)> {
    let categorical = CATEGORICAL_ATTRIBUTES..CATEGORICAL;
    features(seed, "c", categorical, "n", NUMERIC_ATTRIBUTES..NUMERIC)
}

fn features(
    seed: u64,
    categorical: &str,
    categoricals: std::ops::Range<usize>,
    numeric: &str,
    numerics: std::ops::Range<usize>,
) -> Vec<(String, Value)> {
    let text = categoricals.map(|feature| {
        let value = below(VALUES, seed, feature as u64);
        (format!("{categorical}{feature:02}"), Value::from(&*format!("v{value}")))
    });
    let numbers = numerics.map(|feature| {
        let value = unit(seed, 1_000 + feature as u64) * NUMERIC_MAX;
        (format!("{numeric}{feature:02}"), Value::from(value))
    });
    text.chain(numbers).collect()
}

/// A uniform draw below `bound`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "bounds are small"
)]
fn below(bound: usize, seed: u64, purpose: u64) -> usize {
    ((unit(seed, purpose) * bound as f64) as usize).min(bound.saturating_sub(1))
}

/// The 200 conditions, as CEL.
struct Conditions {
    categorical: Vec<String>,
    numeric: Vec<String>,
}

impl Conditions {
    /// Each on one feature, such that four categorical ones and a numeric one, on five features,
    /// hold together with probability `share`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "counts up to 8"
    )]
    fn new(share: f64, seed: u64) -> Self {
        let each = share.powf(1.0 / 5.0);
        let held = ((each * VALUES as f64).round() as usize).clamp(1, VALUES - 1);
        let categorical = held as f64 / VALUES as f64;
        let width = (share / categorical.powi(CATEGORICAL_CONDITIONS as i32)).min(0.95);
        Self {
            categorical: (0..CATEGORICAL)
                .flat_map(|f| (0..CONDITIONS_A_FEATURE).map(move |c| one_of(f, c, held, seed)))
                .collect(),
            numeric: (0..NUMERIC)
                .flat_map(|f| (0..CONDITIONS_A_FEATURE).map(move |c| within(f, c, width)))
                .collect(),
        }
    }

    /// Five conditions on five different features.
    fn draw(&self, seed: u64) -> Vec<&str> {
        let mut drawn = Vec::with_capacity(CATEGORICAL_CONDITIONS + 1);
        let mut features = Vec::with_capacity(CATEGORICAL_CONDITIONS);
        let mut purpose = 0;
        while drawn.len() < CATEGORICAL_CONDITIONS {
            let feature = below(CATEGORICAL, seed, purpose);
            purpose += 1;
            if features.contains(&feature) {
                continue;
            }
            features.push(feature);
            let which = below(CONDITIONS_A_FEATURE, seed, 500 + purpose);
            let at = feature * CONDITIONS_A_FEATURE + which;
            drawn.extend(self.categorical.get(at).map(String::as_str));
        }
        let at = below(self.numeric.len(), seed, 900);
        drawn.extend(self.numeric.get(at).map(String::as_str));
        drawn
    }
}

/// `customer.c03 in ['v1', 'v4', ...]`: `held` of the values, another selection for each condition.
fn one_of(feature: usize, condition: usize, held: usize, seed: u64) -> String {
    let start = below(VALUES, mix64(seed, feature as u64), 7);
    let path = categorical_path(feature);
    // Runs of values that start at different places are different sets.
    let mut values: Vec<_> =
        (0..held).map(|i| format!("'v{}'", (start + condition + i) % VALUES)).collect();
    values.sort();
    format!("{path} in [{}]", values.join(", "))
}

/// `customer.n03 >= 40.0 && customer.n03 < 540.0`: a window of `width` of the range.
#[expect(clippy::cast_precision_loss, reason = "counts up to 5")]
fn within(feature: usize, condition: usize, width: f64) -> String {
    let path = numeric_path(feature);
    let start = condition as f64 / (CONDITIONS_A_FEATURE - 1) as f64 * (1.0 - width);
    let (from, to) = (start * NUMERIC_MAX, (start + width) * NUMERIC_MAX);
    format!("{path} >= {from:.3} && {path} < {to:.3}")
}

fn categorical_path(feature: usize) -> String {
    let of = if feature < CATEGORICAL_ATTRIBUTES { "customer" } else { "context" };
    format!("{of}.c{feature:02}")
}

fn numeric_path(feature: usize) -> String {
    let of = if feature < NUMERIC_ATTRIBUTES { "customer" } else { "context" };
    format!("{of}.n{feature:02}")
}

fn schema() -> String {
    let mut text = String::from("attributes:\n");
    let declare = |text: &mut String, from: (usize, usize), to: (usize, usize)| {
        let values: Vec<_> = (0..VALUES).map(|v| format!("v{v}")).collect();
        for feature in from.0..to.0 {
            let values = values.join(", ");
            let _infallible =
                writeln!(text, "  c{feature:02}: {{ type: string, values: [{values}] }}");
        }
        for feature in from.1..to.1 {
            let _infallible =
                writeln!(text, "  n{feature:02}: {{ type: double, min: 0, max: {NUMERIC_MAX} }}");
        }
    };
    let (attributes, all) = ((CATEGORICAL_ATTRIBUTES, NUMERIC_ATTRIBUTES), (CATEGORICAL, NUMERIC));
    declare(&mut text, (0, 0), attributes);
    text.push_str("context:\n");
    declare(&mut text, attributes, all);
    let _infallible = write!(
        text,
        "events:\n  {EVENT}:\n    fields:\n      amount: {{ type: double, min: 0 }}\n      \
         page: {{ type: string }}\n    item: page\naggregates:\n  \
         visits_30d: {{ function: count, event: {EVENT}, window: 30d, feature: false }}\n  \
         spent: {{ function: sum, event: {EVENT}, field: amount, half_life: 60d, feature: false }}\n"
    );
    text
}

fn channels() -> String {
    format!(
        "channels:\n  {CHANNEL}:\n    locales: [en]\n    placements:\n      \
         {PLACEMENT}: {{ slots: {SLOTS} }}\n"
    )
}

const LIMITS: &str = "contact_limits:
  - { id: daily, max: 200, window: 1d }
  - { id: offer_monthly, per_offer: true, max: 100, window: 30d }
  - { id: group_weekly, applies_to: { groups: [g0] }, max: 150, window: 7d }
";

fn write_offer(text: &mut String, offer: usize, conditions: &Conditions, seed: u64) {
    let group = below(GROUPS, seed, 1_000);
    let value = 1.0 + 99.0 * unit(seed, 1_001);
    let _infallible = write!(
        text,
        "  - id: o{offer:05}\n    name: Offer {offer}\n    group: g{group}\n    kind: sell\n    \
         value: {value:.2}\n    eligibility:\n"
    );
    for condition in conditions.draw(seed) {
        let _infallible = writeln!(text, "      - \"{condition}\"");
    }
    let _infallible = write!(
        text,
        "    treatments:\n      - channel: {CHANNEL}\n        content:\n          \
         title: \"Offer {offer}, for {{{{ customer.c00 | default('you') }}}}\"\n          \
         body: A sentence that says what the offer is about.\n"
    );
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn it_has_two_hundred_distinct_conditions() {
        for offers in [100, 1_000, 10_000] {
            let conditions = Conditions::new(eligible_share(offers), 1);
            let distinct: BTreeSet<_> =
                conditions.categorical.iter().chain(&conditions.numeric).collect();
            assert_eq!(distinct.len(), 200);
        }
    }

    #[test]
    fn every_offer_draws_five_on_different_features() {
        let conditions = Conditions::new(0.2, 1);
        for offer in 0..1_000 {
            let drawn = conditions.draw(mix64(7, offer));
            let features: BTreeSet<_> =
                drawn.iter().filter_map(|condition| condition.split(' ').next()).collect();
            assert_eq!(features.len(), 5);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        assert_eq!(synthetic_rules(300, 5), synthetic_rules(300, 5));
        assert_ne!(synthetic_rules(300, 5), synthetic_rules(300, 6));
    }
}
