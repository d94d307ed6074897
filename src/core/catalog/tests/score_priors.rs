//! Which score an offer begins from.

use super::{check, sound, with};
use crate::core::key::Key;

const MODELS: &str = "score_priors:
  - { score: customer.liking, applies_to: { offers: [loan] } }
  - { score: customer.other }
";

fn schema() -> String {
    let scores = "  liking: { type: double }\n  other: { type: double }\n";
    with("schema.yaml", "attributes:\n", &format!("attributes:\n{scores}"))
}

#[test]
fn an_offer_begins_from_the_score_of_the_first_entry_that_selects_it() {
    let schema = schema();
    let catalog = sound(&[("schema.yaml", &schema), ("models.yaml", MODELS)]).catalog;
    let scores: Vec<Option<Key>> = catalog.offers.iter().map(|offer| offer.prior_score).collect();
    let key = |name| Some(Key::of(name));
    assert_eq!(scores, [key("customer.other"), key("customer.liking")]);
    assert_eq!(catalog.schema.logits.len(), 2, "models see their logits");
    let none = sound(&[("schema.yaml", &schema)]).catalog;
    assert!(none.offers.iter().all(|offer| offer.prior_score.is_none()));
}

#[test]
fn what_is_no_score_is_a_fault_where_it_stands() {
    check(
        &[("models.yaml", "score_priors:\n  - { score: customer.agee }\n")],
        &[
            "models.yaml:2:14: there is no number that models see `customer.agee` (did you mean `customer.income`?)",
        ],
    );
}
