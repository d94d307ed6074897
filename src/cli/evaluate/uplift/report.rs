//! The figures of `evaluate uplift`, and how they are shown.

use std::time::Duration;

use serde::Serialize;

use super::arms::Arms;
use crate::cli::output;
use crate::cli::stats::count;
use crate::cli::stats::uplift::{Tried, areas, by_part, ranked, with_errors};

/// Draws of the bootstrap.
const DRAWS: u64 = 200;
/// Parts of the ranking whose effects are shown.
const PARTS: usize = 10;

/// What was foretold of a row before it was learned from, and what came.
#[derive(Debug)]
pub struct Foretold {
    /// Effect of each treatment, with its deviation.
    pub effects: Vec<(f64, f64)>,
    /// Probability of a positive outcome, by the propensity.
    pub probability: f64,
    /// Which treatment it had.
    pub shown: Option<usize>,
    /// What came of it.
    pub outcome: f64,
}

/// The whole report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    rows: usize,
    /// Means over the treatments.
    qini: f64,
    auuc: f64,
    treatments: Vec<Treatment>,
    rows_per_s: f64,
}

/// One treatment against the control.
#[derive(Clone, Debug, Serialize)]
struct Treatment {
    treatment: String,
    rows: usize,
    control_rows: usize,
    /// Mean outcome of the treated less that of the control.
    effect: f64,
    effect_se: f64,
    /// Mean effect foretold.
    effect_predicted: f64,
    qini: f64,
    qini_se: f64,
    auuc: f64,
    auuc_se: f64,
    /// Of a ranking by probability of the outcome.
    response_qini: f64,
    response_auuc: f64,
    /// Of a ranking at random.
    random_qini: f64,
    random_auuc: f64,
    parts: Vec<Part>,
}

/// A tenth of the ranking.
#[derive(Clone, Debug, Serialize)]
struct Part {
    predicted: f64,
    observed: f64,
    observed_se: f64,
}

/// The figures.
pub fn of(arms: &Arms, foretold: &[Foretold], took: Duration) -> Report {
    let treatments: Vec<Treatment> = arms
        .names
        .iter()
        .enumerate()
        .map(|(number, name)| treatment(number, name, foretold))
        .collect();
    let mean = |of: fn(&Treatment) -> f64| {
        treatments.iter().map(of).sum::<f64>() / count(treatments.len().max(1))
    };
    Report {
        rows: foretold.len(),
        qini: mean(|treatment| treatment.qini),
        auuc: mean(|treatment| treatment.auuc),
        rows_per_s: count(foretold.len()) / took.as_secs_f64().max(1e-9),
        treatments,
    }
}

fn treatment(number: usize, name: &str, foretold: &[Foretold]) -> Treatment {
    let concerned =
        || foretold.iter().filter(move |row| row.shown.is_none_or(|shown| shown == number));
    let tried = |row: &Foretold, predicted: f64| Tried {
        predicted,
        treated: row.shown.is_some(),
        outcome: row.outcome,
    };
    let effect = |row: &Foretold| row.effects.get(number).map_or(0.0, |effect| effect.0);
    let by_effect: Vec<Tried> = concerned().map(|row| tried(row, effect(row))).collect();
    let by_response: Vec<Tried> = concerned().map(|row| tried(row, row.probability)).collect();
    let (whole, errors) = with_errors(&by_effect, DRAWS);
    let response = areas(&ranked(&by_response), |_| 1.0);
    let rows = by_effect.iter().filter(|row| row.treated).count();
    let parts = by_part(&ranked(&by_effect), PARTS);
    let part = |(predicted, observed, observed_se)| Part { predicted, observed, observed_se };
    Treatment {
        treatment: name.to_owned(),
        rows,
        control_rows: by_effect.len() - rows,
        effect: whole.effect,
        effect_se: errors.effect,
        effect_predicted: by_effect.iter().map(|row| row.predicted).sum::<f64>()
            / count(by_effect.len().max(1)),
        qini: whole.qini,
        qini_se: errors.qini,
        auuc: whole.auuc,
        auuc_se: errors.auuc,
        response_qini: response.qini,
        response_auuc: response.auuc,
        random_qini: 0.0,
        random_auuc: whole.effect / 2.0,
        parts: parts.into_iter().map(part).collect(),
    }
}

/// For people.
pub fn show(file: &str, arms: &Arms, report: &Report) {
    output::say(&format!("{file}, one pass, predict then learn; control: {}", arms.control));
    let figure = |number: f64, error: f64| format!("{number:.5} ± {error:.5}");
    for one in &report.treatments {
        output::say(&format!(
            "{} ({} rows) against {} rows of the control",
            one.treatment,
            output::thousands(one.rows as u64),
            output::thousands(one.control_rows as u64)
        ));
        let row = |name: &str, cells: [String; 3]| {
            std::iter::once(name.to_owned()).chain(cells).collect::<Vec<String>>()
        };
        let random = format!("{:.5}", one.random_auuc);
        let rows = [
            row(
                "average effect",
                [figure(one.effect, one.effect_se), String::new(), String::new()],
            ),
            row(
                "Qini",
                [figure(one.qini, one.qini_se), format!("{:.5}", one.response_qini), "0".into()],
            ),
            row(
                "AUUC",
                [figure(one.auuc, one.auuc_se), format!("{:.5}", one.response_auuc), random],
            ),
        ];
        let header = ["figure", "by uplift", "by response", "at random"];
        output::say(&output::table(&header, 1, &rows).to_string());
        show_parts(&one.parts);
    }
    output::say(&format!("{:.0} rows a second on one core", report.rows_per_s));
}

fn show_parts(parts: &[Part]) {
    let largest = parts.iter().map(|part| part.observed.abs()).fold(1e-12, f64::max);
    let bar = |observed: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 24")]
        let length = (observed.abs() / largest * 24.0).round() as usize;
        if observed < 0.0 { format!("-{}", "▒".repeat(length)) } else { "█".repeat(length) }
    };
    let rows: Vec<Vec<String>> = (1..)
        .zip(parts)
        .map(|(number, part)| {
            vec![
                format!("{number}"),
                format!("{:.4}", part.predicted),
                format!("{:.4} ± {:.4}", part.observed, part.observed_se),
                bar(part.observed),
            ]
        })
        .collect();
    let header = ["tenth", "effect foretold", "effect observed", ""];
    let mut table = output::table(&header, 1, &rows);
    if let Some(column) = table.column_mut(3) {
        column.set_cell_alignment(comfy_table::CellAlignment::Left);
    }
    output::say(&table.to_string());
}
