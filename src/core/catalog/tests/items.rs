//! Which item an offer stands for.

use super::{check, sound, with};
use crate::core::key::Key;

#[test]
fn offers_stand_for_what_their_attribute_names_or_for_themselves() {
    let plain = "attributes: { margin: 12.5, min_age: 18 }";
    let named = "attributes: { margin: 12.5, min_age: 18, product: card }";
    let offers = with("offers/cards.yaml", plain, named);
    let folder = [("offers/cards.yaml", offers.as_str()), ("models.yaml", "items_by: product\n")];
    let items = |folder: &[(&str, &str)]| -> Vec<Key> {
        sound(folder).catalog.offers.iter().map(|offer| offer.item).collect()
    };
    assert_eq!(items(&folder), [Key::of("card"), Key::of("loan")]);
    assert_eq!(items(&folder[..1]), [Key::of("gold_card"), Key::of("loan")]);
    let own = with("offers/cards.yaml", plain, &format!("item: gold\n    {named}"));
    assert_eq!(items(&[("offers/cards.yaml", &own), folder[1]])[0], Key::of("gold"));
}

#[test]
fn an_attribute_that_no_offer_has_as_a_text_is_a_fault() {
    check(
        &[("models.yaml", "items_by: margin\n")],
        &["models.yaml:1:11: there is no text attribute of offers `margin`"],
    );
}
