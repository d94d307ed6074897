//! The example folders are sound and do what their own cases say.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

use std::path::Path;

use arbitra::engine::{RulesError, prove, read_folder};

fn proved(folder: &str) -> usize {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = read_folder(&root).unwrap();
    match prove(&files) {
        Ok(proved) => proved.cases.len(),
        Err(RulesError::Faults(faults)) => {
            panic!("{}", faults.iter().map(|fault| format!("{fault:#?}\n")).collect::<String>())
        }
        Err(RulesError::Cases(failed)) => panic!("{failed:#?}"),
    }
}

#[test]
fn the_bank_is_sound_and_its_cases_pass() {
    assert!(proved("rules") >= 20);
}

#[test]
fn the_coupons_are_sound_and_their_cases_pass() {
    assert!(proved("examples/coupons/rules") >= 1);
}
