//! What is particular to the models beside the propensity: trials, and amounts.

use serde_json::{Value as Json, json};

use super::{Part, amount};
use crate::api::wire::v1;
use crate::cli::output;

/// Tables of trials and of amounts, where there are such models.
pub(super) fn parts(insights: &[v1::ModelInsight]) -> Vec<Part> {
    let trials = insights.iter().filter_map(|own| Some((own, own.trials.as_ref()?)));
    let amounts = insights.iter().filter_map(|own| Some((own, own.amounts.as_ref()?)));
    let uplift = Part {
        title: "what a contact changes",
        header: &[
            "model",
            "shown",
            "withheld",
            "waiting",
            "effect foretold",
            "observed",
            "90 % from",
            "to",
        ],
        texts: 1,
        rows: trials.map(|(own, trials)| trials_row(&own.model, trials)).collect(),
    };
    let amounts = Part {
        title: "amounts",
        header: &[
            "model",
            "amounts",
            "mean",
            "foretold",
            "error",
            "of the mean",
            "root squared error",
            "of the mean",
        ],
        texts: 1,
        rows: amounts.map(|(own, amounts)| amounts_row(own, amounts)).collect(),
    };
    [uplift, amounts].into_iter().filter(|part| !part.rows.is_empty()).collect()
}

fn trials_row(model: &str, own: &v1::TrialQuality) -> Vec<String> {
    let observed = own.effect_observed.as_ref();
    let of = |number: Option<f64>| number.map_or_else(String::new, output::percent);
    vec![
        model.to_owned(),
        output::thousands(own.shown),
        output::thousands(own.withheld),
        output::thousands(own.waiting),
        output::percent(own.effect_foretold),
        of(observed.map(|observed| observed.value)),
        of(observed.map(|observed| observed.lower)),
        of(observed.map(|observed| observed.upper)),
    ]
}

fn amounts_row(model: &v1::ModelInsight, own: &v1::AmountQuality) -> Vec<String> {
    let of = |number| if model.outcomes > 0 { amount(Some(number)) } else { String::new() };
    vec![
        model.model.clone(),
        output::thousands(model.outcomes),
        of(own.observed_mean),
        of(own.foretold_mean),
        of(own.absolute_error),
        of(own.base_absolute_error),
        of(own.root_squared_error),
        of(own.base_root_squared_error),
    ]
}

/// Trials for machines.
pub(super) fn trials_to_json(own: &v1::TrialQuality) -> Json {
    let observed = own.effect_observed.as_ref();
    json!({
        "shown": own.shown,
        "withheld": own.withheld,
        "waiting": own.waiting,
        "effect_foretold": own.effect_foretold,
        "effect_observed": observed.map(|observed| observed.value),
        "effect_lower": observed.map(|observed| observed.lower),
        "effect_upper": observed.map(|observed| observed.upper),
    })
}

/// Amounts for machines.
pub(super) fn amounts_to_json(own: &v1::AmountQuality) -> Json {
    json!({
        "foretold_mean": own.foretold_mean,
        "observed_mean": own.observed_mean,
        "absolute_error": own.absolute_error,
        "base_absolute_error": own.base_absolute_error,
        "root_squared_error": own.root_squared_error,
        "base_root_squared_error": own.base_root_squared_error,
    })
}
