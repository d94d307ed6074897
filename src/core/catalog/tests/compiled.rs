//! What a sound folder becomes.

use super::super::schema::SeriesState;
use super::super::{Number, SchemeFormula, load};
use super::{folder, sound};
use crate::core::arbitration::formula::ByOffer;
use crate::core::catalog::fault::Severity;

#[test]
fn a_sound_folder_compiles() {
    let loaded = sound(&[]);
    let catalog = &loaded.catalog;
    let gold = &catalog.offers[0];
    assert_eq!(&*gold.id, "gold_card");
    assert!((gold.lever - 2.5).abs() < 1e-12);
    assert!((gold.prior.probability - 0.2).abs() < 1e-12);
    assert!(matches!(gold.value, Some(Number::Program(_))));
    assert_eq!(gold.treatments.len(), 2);
    assert_eq!(catalog.channels[1].placements.len(), 2);
    assert!((catalog.channels[0].exploration.epsilon - 0.1).abs() < 1e-12);
    let careful = &catalog.schemes[usize::from(catalog.channels[0].scheme)];
    let SchemeFormula::Custom(ByOffer { programs, by_offer, .. }) = &careful.formula else {
        panic!("{careful:?}")
    };
    assert_eq!((programs.len(), by_offer.as_slice()), (2, [0, 1].as_slice()));
    // hero takes both, list only the loan; sms only the card.
    let reach: Vec<usize> =
        catalog.reach.iter().flatten().map(crate::core::policy::Bitset::count).collect();
    assert_eq!(reach, [1, 2, 1]);
    assert_eq!(loaded.cases.len(), 1);
    assert_eq!(loaded.cases[0].history.len(), 2);
}

#[test]
fn aggregates_of_one_definition_share_a_series() {
    let schema = sound(&[]).catalog.schema;
    assert_eq!(schema.aggregates.len(), 3);
    assert_eq!(schema.series.len(), 2);
    let thirty_days = schema.series.iter().find(|series| series.field.is_some()).unwrap();
    let day = 24 * 60 * 60 * 1000;
    assert_eq!(thirty_days.state, SeriesState::Buckets { bucket_ms: day, buckets_max: 31 });
}

#[test]
fn derived_attributes_stand_in_order_of_dependency() {
    let schema = sound(&[]).catalog.schema;
    let order: Vec<&str> =
        schema.computed.iter().map(|slot| &*schema.slot(*slot).unwrap().path).collect();
    assert_eq!(order, ["customer.spender", "customer.rich", "segment.vip"]);
}

#[test]
fn features_leave_out_what_is_withheld() {
    let schema = sound(&[]).catalog.schema;
    let names: Vec<&str> =
        schema.features.iter().map(|(slot, _)| &*schema.slot(*slot).unwrap().path).collect();
    assert!(names.contains(&"customer.age") && names.contains(&"segment.vip"));
    assert!(!names.contains(&"customer.name") && !names.contains(&"customer.health"));
}

#[test]
fn the_hash_is_of_content_not_of_order() {
    let mut files = folder(&[]);
    let first = load(&files).unwrap().catalog.version;
    files.reverse();
    assert_eq!(load(&files).unwrap().catalog.version, first);
    files[0].1.push(b'\n');
    assert_ne!(load(&files).unwrap().catalog.version, first);
}

#[test]
fn what_is_odd_is_a_warning() {
    let offers = super::with("offers/cards.yaml", "- customer.age >= offer.min_age", "- 1 < 2");
    let sensitive = "health: { type: string, sensitive: true }";
    let schema = super::with("schema.yaml", sensitive, "health: { type: string, feature: false }");
    let loaded =
        sound(&[("schema.yaml", &schema), ("offers/cards.yaml", &offers), ("notes.yml", "a: 1")]);
    let found = super::lines(&loaded.warnings, Severity::Warning);
    let expected = [
        "notes.yml:0:0: this file is none of a rules folder's: it is ignored",
        "offers/cards.yaml:17:9: this always holds",
        "schema.yaml:7:3: nothing uses `customer.health`",
        "schema.yaml:16:3: nothing counts the event `page_view`",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}");
    }
}
