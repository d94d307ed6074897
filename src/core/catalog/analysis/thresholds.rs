//! Offers whose score can never reach the threshold of a channel's scheme.

use super::findings::Kind;
use super::schemes::used_on;
use super::slots::Declared;
use super::{Subject, offers};
use crate::core::catalog::fault::Severity;
use crate::core::catalog::{Number, Offer, Scheme, SchemeFormula};
use crate::core::experiment::ArmSpec;
use crate::core::expression::Knowledge;

const THRESHOLD: Kind = (Severity::Warning, "threshold-unreachable");

/// Looks at all offers on all channels whose scheme has a threshold.
pub(super) fn check(subject: &Subject<'_>, declared: &Declared<'_>) {
    let catalog = subject.catalog;
    // What customers answer, and the state they are in, may raise any score.
    let arbitration = &catalog.arbitration;
    let states = &catalog.policy.spec().states;
    if !arbitration.influencers.is_empty()
        || !arbitration.objections.is_empty()
        || states.iter().any(|state| !state.levers.is_empty())
    {
        return;
    }
    let knowledge = Knowledge::new(declared);
    for (number, offer) in (0_u32..).zip(&catalog.offers) {
        for treatments in offer.treatments.chunk_by(|a, b| a.channel == b.channel) {
            let Some(treatment) = treatments.first() else { continue };
            let channel = catalog.channels.get(usize::from(treatment.channel));
            let Some(channel) = channel else { continue };
            if used_on(subject, usize::from(treatment.channel), channel).len() > 1 {
                continue;
            }
            let Some(scheme) = catalog.schemes.get(usize::from(channel.scheme)) else { continue };
            let Some(threshold) = scheme.threshold else { continue };
            match most(subject, &knowledge, scheme, offer) {
                Some(most) if most < threshold => {
                    let outside = offers::arms(catalog, |arm| ranks_otherwise(arm, offer))
                        .map(|arms| format!(" outside of {arms}"))
                        .unwrap_or_default();
                    let message = format!(
                        "`{}` never reaches the threshold {threshold} of scheme `{}` on channel \
                         `{}`{outside}",
                        offer.id, scheme.name, channel.name
                    );
                    let hint = format!("its score is at most {most}, however probable it is");
                    subject.at_treatment(THRESHOLD, (number, treatment), message, Some(hint));
                }
                _ => {}
            }
        }
    }
}

/// Whether an offer may be served in this arm whatever the channel's scheme says of it: by another
/// scheme, without a threshold, or without a lever that holds it down.
fn ranks_otherwise(arm: &ArmSpec, offer: &Offer) -> bool {
    arm.has_no_threshold() || arm.scheme().is_some() || (arm.has_no_levers() && offer.lever < 1.0)
}

/// The largest score an offer may have; `None` where that is not known.
fn most(
    subject: &Subject<'_>,
    knowledge: &Knowledge<'_>,
    scheme: &Scheme,
    offer: &Offer,
) -> Option<f64> {
    match &scheme.formula {
        SchemeFormula::Priority => Some(f64::from(offer.priority) + 1.0),
        SchemeFormula::Propensity => Some(1.0),
        SchemeFormula::ExpectedValue => {
            Some((value(subject, knowledge, offer)? * offer.lever).max(0.0))
        }
        _ => None,
    }
}

/// The largest worth of an offer.
fn value(subject: &Subject<'_>, knowledge: &Knowledge<'_>, offer: &Offer) -> Option<f64> {
    if let Some(value) = &offer.value {
        return Some(range(knowledge, value)?.1);
    }
    if !offer.contributions_beyond.is_empty() {
        return None;
    }
    let mut sum = 0.0;
    for (objective, amount) in &offer.contributions {
        let weight = &subject.catalog.objectives.get(usize::from(*objective))?.weight;
        let ((a, b), (c, d)) = (range(knowledge, weight)?, range(knowledge, amount)?);
        let most = [a * c, a * d, b * c, b * d].into_iter().fold(f64::NEG_INFINITY, f64::max);
        sum += most;
    }
    (!sum.is_nan()).then_some(sum)
}

fn range(knowledge: &Knowledge<'_>, number: &Number) -> Option<(f64, f64)> {
    match number {
        Number::Constant(number) => Some((*number, *number)),
        Number::Program(program) => knowledge.range(program),
    }
}
