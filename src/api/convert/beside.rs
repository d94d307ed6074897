//! How the models beside the propensity fare: the funnel's stages, uplift, value, time to outcome.

use super::model;
use crate::api::wire::v1;
use crate::core::catalog::Catalog;
use crate::core::interaction::OutcomeKind;
use crate::core::learn::{AmountTally, Models, Tally};

/// Names of the models that stand beside the propensity in a catalog.
pub fn names(catalog: &Catalog) -> Vec<String> {
    let heads = &catalog.models.heads;
    let stages = catalog.models.answers.stages.iter();
    let mut names: Vec<String> = stages.map(|stage| stage_name(stage.kind)).collect();
    let declared = [
        (heads.uplift_window_ms.is_some(), "uplift"),
        (heads.value.is_some(), "value"),
        (heads.days.is_some(), "time_to_outcome"),
    ];
    names.extend(declared.iter().filter(|(has, _)| *has).map(|(_, name)| (*name).to_owned()));
    names
}

/// How the model of that name fares; `None` where the catalog has none.
pub fn insight(catalog: &Catalog, models: &Models, name: &str) -> Option<v1::ModelInsight> {
    let tallies = &models.heads.tallies;
    let insight = match name {
        "uplift" => uplift(models),
        "value" => amounts(&tallies.amounts),
        "time_to_outcome" => amounts(&tallies.days),
        _ => {
            let stages = &catalog.models.answers.stages;
            let number = stages.iter().position(|stage| stage_name(stage.kind) == name)?;
            match models.funnel.head(stages, number + 1) {
                Some(head) => model::insight(&head.tally, Vec::new()),
                None => model::insight(&Tally::default(), Vec::new()),
            }
        }
    };
    Some(v1::ModelInsight { model: name.to_owned(), ..insight })
}

fn stage_name(kind: OutcomeKind) -> String {
    let name = match kind {
        OutcomeKind::Click => "click",
        OutcomeKind::Accept => "accept",
        _ => "convert",
    };
    format!("funnel.{name}")
}

fn uplift(models: &Models) -> v1::ModelInsight {
    let tally = &models.heads.tallies.uplift;
    let count = tally.outcomes.count;
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let observed = tally.effect().map(|(effect, deviation)| {
        // Central 90 % of the normal distribution.
        let reach = 1.644_853_626_951_472_7 * deviation;
        v1::Estimate {
            value: effect,
            lower: (effect - reach).max(-1.0),
            upper: (effect + reach).min(1.0),
            coverage: 0.9,
            evidence: count as f64,
        }
    });
    let trials = v1::TrialQuality {
        shown: tally.shown.count,
        withheld: tally.withheld.count,
        effect_foretold: mean(tally.effects, count),
        effect_observed: observed,
        waiting: models.heads.waiting() as u64,
    };
    v1::ModelInsight { trials: Some(trials), ..model::insight(&tally.outcomes, Vec::new()) }
}

fn amounts(tally: &AmountTally) -> v1::ModelInsight {
    let [squares, base_squares] = tally.squares;
    let quality = v1::AmountQuality {
        foretold_mean: mean(tally.foretold, tally.count),
        observed_mean: mean(tally.observed, tally.count),
        absolute_error: mean(tally.distance, tally.count),
        base_absolute_error: mean(tally.base_distance, tally.count),
        root_squared_error: mean(squares, tally.count).sqrt(),
        base_root_squared_error: mean(base_squares, tally.count).sqrt(),
    };
    v1::ModelInsight {
        outcomes: tally.count,
        auc: 0.0,
        amounts: Some(quality),
        ..model::insight(&Tally::default(), Vec::new())
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn mean(sum: f64, count: u64) -> f64 {
    if count > 0 { sum / count as f64 } else { 0.0 }
}
