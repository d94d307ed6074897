//! `models.yaml`: the models beside the propensity, and who may read what they say.

use super::Build;
use super::literal::span;
use crate::core::catalog::fault::Place;
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::source::{ModelsFile, ResultSource};
use crate::core::catalog::{HeadsSpec, Replaces, Scheme, ValueSpec};
use crate::core::interaction::OutcomeKind;

/// Longest time that is waited for, days.
const WINDOW_DAYS_MAX: i64 = 730;

/// Compiles what is declared.
pub(super) fn compile(build: &Build<'_>) -> HeadsSpec {
    let Some(file) = &build.folder.models else { return HeadsSpec::default() };
    let top = build.place(&file.document);
    let source: &ModelsFile = &file.source;
    let uplift_window_ms =
        source.uplift.as_ref().and_then(|uplift| match span(&uplift.window, WINDOW_DAYS_MAX) {
            Ok(ms) => Some(ms),
            Err(error) => {
                top.key("uplift").key("window").error(error.message);
                None
            }
        });
    if source.uplift.is_some() && !has_control(build) && !build.broken().lost(FileKind::Experiments)
    {
        let message = "no control group: nothing is withheld, and no uplift can be learned";
        let hint = "give `experiments.yaml` an arm of kind `control`, of one per cent or more";
        top.key("uplift").warn_at_key(message, Some(hint.to_owned()));
    }
    let value = source.value.as_ref().map(|value| {
        let place = top.key("value");
        if !(0.0..=1e6).contains(&value.evidence) {
            place.key("evidence").error("an evidence lies in 0..=1000000");
        }
        let replaces = value.replaces.as_ref();
        ValueSpec {
            outcomes: outcomes(&place, &value.outcomes),
            replaces: replaces.and_then(|name| replaced(build, &place.key("replaces"), name)),
            evidence: value.evidence,
        }
    });
    let days = source.time_to_outcome.as_ref();
    let days = days.map(|days| outcomes(&top.key("time_to_outcome"), &days.outcomes));
    HeadsSpec { uplift_window_ms, value, days }
}

fn has_control(build: &Build<'_>) -> bool {
    use crate::core::catalog::source::ArmKindSource;
    let file = build.folder.experiments.as_ref();
    file.is_some_and(|file| file.source.arms.values().any(|arm| arm.kind == ArmKindSource::Control))
}

fn outcomes(place: &Place<'_>, named: &[ResultSource]) -> u8 {
    if named.is_empty() {
        place.key("outcomes").error("name at least one of `accept` and `convert`");
    }
    named.iter().fold(0, |bits, one| {
        bits | match one {
            ResultSource::Accept => OutcomeKind::Accept.bit(),
            ResultSource::Convert => OutcomeKind::Convert.bit(),
        }
    })
}

fn replaced(build: &Build<'_>, place: &Place<'_>, name: &str) -> Option<Replaces> {
    if name == "value" {
        return Some(Replaces::Value);
    }
    let file = build.folder.objectives.as_ref();
    let names: Vec<&str> = file
        .map(|file| file.source.objectives.keys().map(String::as_str).collect())
        .unwrap_or_default();
    let asked = name.strip_prefix("objective.").unwrap_or(name);
    let found = names.iter().position(|known| *known == asked);
    if let Some(found) = found.filter(|_| name.starts_with("objective.")) {
        build.programs.note_path(&format!("objective.{asked}"));
        return u16::try_from(found).ok().map(Replaces::Objective);
    }
    if !build.broken().excuses(FileKind::Objectives, asked) {
        let known: Vec<String> = names.iter().map(|name| format!("objective.{name}")).collect();
        let known = std::iter::once("value").chain(known.iter().map(String::as_str));
        place.unknown("amount to replace:", name, known);
    }
    None
}

/// Schemes may read only what is learned.
pub(super) fn readers(build: &Build<'_>, spec: &HeadsSpec, schemes: &[Scheme]) {
    let file = build.arbitration();
    let top = build.place(&file.document);
    let section = top.key("schemes");
    let rest = [
        (spec.uplift_window_ms.is_some(), "uplift", "uplift: {}"),
        (spec.value.is_some(), "expected_amount", "value: {}"),
        (spec.days.is_some(), "expected_days", "time_to_outcome: {}"),
    ];
    for scheme in schemes.iter().filter(|scheme| file.source.schemes.contains_key(&*scheme.name)) {
        let reads = [scheme.reads_uplift, scheme.reads_amount, scheme.reads_days];
        for ((learned, name, section_text), reads) in rest.iter().zip(reads) {
            if reads && !learned && !build.broken().lost(FileKind::Models) {
                let message =
                    format!("scheme `{}` reads `{name}`, which nothing learns", scheme.name);
                let hint = format!("add `{section_text}` to `models.yaml`");
                section.key(&scheme.name).error_at_key(message, Some(hint));
            }
        }
    }
}
