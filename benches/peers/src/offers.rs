//! The offers and customers that all engines are asked about: those of `arbitra bench`.

use arbitra::cli::bench::catalog::{self, SEED};
use arbitra::core::value::Value;

/// An offer, as its five conditions.
pub struct Offer {
    pub conditions: Vec<Condition>,
}

/// One condition, in its parts.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Condition {
    /// The feature's name; unique among attributes and context.
    pub feature: String,
    pub test: Test,
}

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Test {
    OneOf(Vec<String>),
    /// At least the first and below the second, as they are written.
    Within(String, String),
}

/// A customer: features by name, attributes and context together.
pub struct Customer {
    pub seed: u64,
    pub features: Vec<(String, Value)>,
}

pub fn all(count: usize) -> Vec<Offer> {
    let parsed = |texts: Vec<String>| texts.iter().map(|text| Condition::parse(text)).collect();
    catalog::synthetic_conditions(count, SEED)
        .into_iter()
        .map(|texts| Offer { conditions: parsed(texts) })
        .collect()
}

pub fn customer(seed: u64) -> Customer {
    let mut features = catalog::random_attributes(seed);
    features.extend(catalog::random_context(seed));
    Customer { seed, features }
}

impl Condition {
    /// Reads `customer.c03 in ['v1', 'v4']` and `customer.n03 >= 40.0 && customer.n03 < 540.0`.
    fn parse(text: &str) -> Self {
        let words: Vec<_> = text.split(' ').collect();
        let feature = words[0].split('.').nth(1).expect("a path of two names").to_owned();
        let test = match words[1] {
            "in" => {
                let quoted = text.split('\'').skip(1).step_by(2);
                Test::OneOf(quoted.map(str::to_owned).collect())
            }
            ">=" => Test::Within(words[2].to_owned(), words[6].to_owned()),
            other => panic!("a condition with `{other}`: {text}"),
        };
        Self { feature, test }
    }
}
