//! How the arms of the experiment fare.

use super::kind::outcome_kind;
use crate::api::wire::v1;
use crate::core::catalog::Catalog;
use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;
use crate::core::learn::{ArmTallies, ArmTally};

/// Share of the intervals that hold the true value.
const COVERAGE: f64 = 0.9;
/// Standard deviations to either side that hold [`COVERAGE`] of a normal distribution.
const Z: f64 = 1.644_853_626_951_472_7;

/// One insight an arm; the lift is over the arm named `control`, where there is one.
pub fn insights(catalog: &Catalog, tallies: &ArmTallies) -> Vec<v1::OfferInsight> {
    let Some(experiment) = &catalog.experiment else { return Vec::new() };
    let control = experiment
        .arms
        .iter()
        .find(|arm| matches!(arm.kind, crate::core::experiment::ArmKind::Control(_)));
    let control = control.map(|arm| (&*arm.name, tallies.arm(Key::of(&arm.name))));
    let names = experiment.names();
    names
        .map(|name| {
            let tally = tallies.arm(Key::of(name));
            let compared = control.as_ref().filter(|(control, _)| *control != name);
            insight(name, &tally, compared.map(|(_, control)| control))
        })
        .collect()
}

fn insight(name: &str, tally: &ArmTally, control: Option<&ArmTally>) -> v1::OfferInsight {
    let outcomes = OutcomeKind::ALL.into_iter().filter(|kind| tally.of(*kind) > 0);
    v1::OfferInsight {
        cell: vec![name.to_owned()],
        start_time: None,
        decisions: tally.decisions,
        outcomes: outcomes
            .map(|kind| v1::OutcomeTotal { kind: outcome_kind(kind).into(), count: tally.of(kind) })
            .collect(),
        predicted_positives: 0.0,
        observed_rate: Some(rate(tally)),
        value: tally.value,
        lift: control.map(|control| lift(tally, control)),
    }
}

/// Positive outcomes and decisions.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn share(tally: &ArmTally) -> (f64, f64) {
    let positives = tally.of(OutcomeKind::Accept).max(tally.of(OutcomeKind::Convert));
    (positives.min(tally.decisions) as f64, tally.decisions as f64)
}

/// Acceptances a decision, with Wilson's interval (Wilson 1927, equation 3).
fn rate(tally: &ArmTally) -> v1::Estimate {
    let (positives, decisions) = share(tally);
    let (p, lower, upper) = wilson(positives, decisions);
    v1::Estimate { value: p, lower, upper, coverage: COVERAGE, evidence: decisions }
}

fn wilson(positives: f64, count: f64) -> (f64, f64, f64) {
    if count <= 0.0 {
        return (0.0, 0.0, 1.0);
    }
    let p = positives / count;
    let scale = 1.0 + Z * Z / count;
    let middle = (p + Z * Z / (2.0 * count)) / scale;
    let reach = Z * (p * (1.0 - p) / count + Z * Z / (4.0 * count * count)).sqrt() / scale;
    (p, (middle - reach).clamp(0.0, p), (middle + reach).clamp(p, 1.0))
}

/// Difference of two rates with its interval (Newcombe 1998, "Interval estimation for the
/// difference between independent proportions", method 10).
fn lift(tally: &ArmTally, control: &ArmTally) -> v1::Estimate {
    let ((k, n), (l, m)) = (share(tally), share(control));
    let ((p, p_low, p_high), (q, q_low, q_high)) = (wilson(k, n), wilson(l, m));
    let below = ((p - p_low).powi(2) + (q_high - q).powi(2)).sqrt();
    let above = ((p_high - p).powi(2) + (q - q_low).powi(2)).sqrt();
    let value = p - q;
    let evidence = n.min(m);
    v1::Estimate { value, lower: value - below, upper: value + above, coverage: COVERAGE, evidence }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(decisions: u64, accepts: u64) -> ArmTally {
        let mut tally = ArmTally { decisions, ..ArmTally::default() };
        tally.outcomes[OutcomeKind::Accept as usize] = accepts;
        tally
    }

    #[test]
    fn a_lift_has_newcombes_interval() {
        // Newcombe 1998, table II, 56/70 against 48/80, at 95 %: 0.0524 to 0.3339; at 90 % it lies
        // within that.
        let lift = lift(&tally(70, 56), &tally(80, 48));
        assert!((lift.value - 0.2).abs() < 1e-12);
        assert!(lift.lower > 0.0524 && lift.lower < 0.09, "{}", lift.lower);
        assert!(lift.upper < 0.3339 && lift.upper > 0.29, "{}", lift.upper);
    }
}
