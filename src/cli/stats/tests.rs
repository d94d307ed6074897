//! Against values worked out by hand.

use super::calibration::calibration_error;
use super::log_loss::{base_log_loss, log_loss, relative_information_gain};
use super::policy::{Matched, snips};
use super::ranking::auc;
use super::wilson::wilson;
use super::*;

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-9, "{a} is not {b}");
}

fn predicted(pairs: &[(f64, u8)]) -> Vec<Predicted> {
    pairs.iter().map(|&(probability, y)| Predicted { probability, positive: y == 1 }).collect()
}

#[test]
fn log_loss_is_the_mean_surprise() {
    // -(ln 0.8 + ln 0.5 + ln 0.9) / 3
    let predictions = predicted(&[(0.8, 1), (0.5, 0), (0.1, 0)]);
    close(log_loss(&predictions).unwrap(), 0.340_550_415_843_993_8);
    assert_eq!(log_loss(&[]), None);
}

#[test]
fn a_certain_mistake_stays_finite() {
    assert!(log_loss(&predicted(&[(0.0, 1), (1.0, 0)])).unwrap() < 28.0);
}

#[test]
fn the_base_predicts_the_rate_so_far() {
    // 1/2 for the first, then 2/3, then 2/4: -(ln 1/2 + ln 1/3 + ln 1/2) / 3
    let predictions = predicted(&[(0.9, 1), (0.9, 0), (0.9, 1)]);
    close(base_log_loss(&predictions).unwrap(), 0.828_302_216_596);
}

#[test]
fn information_gain_is_the_share_of_loss_saved() {
    close(relative_information_gain(0.6, 0.8), 0.25);
    close(relative_information_gain(0.8, 0.8), 0.0);
}

#[test]
fn auc_counts_pairs_in_order_and_ties_half() {
    // Pairs (positive, negative): .8>.6, .8>.2, .4<.6, .4>.2 → 3 of 4.
    close(auc(&predicted(&[(0.8, 1), (0.6, 0), (0.4, 1), (0.2, 0)])).unwrap(), 0.75);
    // One tie, one in order.
    close(auc(&predicted(&[(0.5, 1), (0.5, 0), (0.1, 0)])).unwrap(), 0.75);
    close(auc(&predicted(&[(0.5, 1), (0.5, 0)])).unwrap(), 0.5);
    assert_eq!(auc(&predicted(&[(0.5, 1)])), None);
}

#[test]
fn calibration_error_weighs_the_gaps() {
    // Two bins: {.2, .4} with rate 1/2: gap .2; {.8, .6} with rate 1: gap .3; halves → .25.
    let predictions = predicted(&[(0.2, 0), (0.4, 1), (0.8, 1), (0.6, 1)]);
    close(calibration_error(&predictions, 2).unwrap(), 0.25);
    close(calibration_error(&predicted(&[(1.0, 1)]), 15).unwrap(), 0.0);
}

#[test]
fn wilson_s_interval_is_the_textbook_one() {
    // 8 of 10: 0.4901624715, 0.9433178485 (Wilson's method, z = 1.959964).
    let interval = wilson(8, 10).unwrap();
    close(interval.value, 0.8);
    assert!((interval.lower - 0.490_162_471_5).abs() < 1e-7, "{interval:?}");
    assert!((interval.upper - 0.943_317_848_5).abs() < 1e-7, "{interval:?}");
    let none = wilson(0, 20).unwrap();
    assert_eq!(none.lower, 0.0);
    assert!(none.upper > 0.1 && none.upper < 0.2);
    assert_eq!(wilson(0, 0), None);
}

#[test]
fn snips_weighs_by_rarity() {
    let row = |propensity, reward| Matched { propensity, reward };
    // Weights 2, 4, 4: (2·1 + 4·0 + 4·1) / 10.
    let interval = snips(&[row(0.5, 1.0), row(0.25, 0.0), row(0.25, 1.0)]).unwrap();
    close(interval.value, 0.6);
    // Spread: (2·.4)² + (4·.6)² + (4·.4)² = 8.96.
    close(interval.upper - interval.value, Z95 * 8.96_f64.sqrt() / 10.0);
    assert_eq!(snips(&[]), None);
    assert_eq!(snips(&[row(0.0, 1.0)]), None);
}

#[test]
fn brier_is_the_mean_square() {
    close(super::brier::brier(&predicted(&[(0.8, 1), (0.5, 0)])).unwrap(), (0.04 + 0.25) / 2.0);
    assert_eq!(super::brier::brier(&[]), None);
}
#[test]
fn the_figures_of_a_thousand_predictions_are_those_of_another_program() {
    // Computed apart, pair by pair and bin by bin, in Python.
    let predictions: Vec<Predicted> = (0..1000_u32)
        .map(|n| {
            let probability = (f64::from(n * 7919 % 1009) + 0.5) / 1009.0;
            let draw = f64::from((n * 104_729 + 17) % 1013) / 1013.0;
            Predicted { probability, positive: draw < probability * probability }
        })
        .collect();
    close(log_loss(&predictions).unwrap(), 0.4926733362740382);
    close(auc(&predictions).unwrap(), 0.8833649932157395);
    close(calibration_error(&predictions, 15).unwrap(), 0.17067195242814662);
    close(super::brier::brier(&predictions).unwrap(), 0.1641024456796659);
}
