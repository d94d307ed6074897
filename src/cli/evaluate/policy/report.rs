//! The figures, and what they are worth.

use serde::Serialize;

use super::log::{Log, Targets};
use crate::cli::output;
use crate::cli::stats::off_policy::{Estimate, Estimates};
use crate::cli::stats::{Z95, count};

/// Below this effective sample an estimate that rests on weights means nothing: its own standard
/// error is as good as unknown (Owen, "Monte Carlo theory, methods and examples", §9.3).
const ESS_MIN: f64 = 100.0;
/// A single row that bears more than this share of all weight decides the estimate alone.
const LARGEST_SHARE_MAX: f64 = 0.1;

/// An estimate and whether it means something.
#[derive(Clone, Copy, Debug, Serialize)]
struct Judged {
    #[serde(flatten)]
    estimate: Estimate,
    /// Too few rows bear it: do not act on it.
    flagged: bool,
}

/// The difference from what the log earned.
#[derive(Clone, Copy, Debug, Serialize)]
struct Difference {
    #[serde(flatten)]
    estimate: Estimate,
    /// Whether the log can tell it from none, at 95 %.
    significant: bool,
}

/// The report.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    rows: usize,
    actions: usize,
    logged_value: Estimate,
    ips: Judged,
    snips: Judged,
    dm: Judged,
    dr: Judged,
    switch_dr: Judged,
    dr_os: Judged,
    ess: f64,
    mean_weight: f64,
    difference: Difference,
    warnings: Vec<String>,
}

impl Report {
    /// Judges the estimates.
    pub(super) fn of(log: &Log, targets: &Targets, known: &Estimates) -> Self {
        let tiny = known.ess < ESS_MIN || known.largest_share > LARGEST_SHARE_MAX;
        let weighed = |estimate| Judged { estimate, flagged: tiny };
        let modelled = |estimate| Judged { estimate, flagged: false };
        let (difference, mean_weight) = (known.difference, known.mean_weight);
        let significant = !tiny && difference.value.abs() > Z95 * difference.se;
        let mut warnings = targets.warnings.clone();
        if tiny {
            warnings.push(format!(
                "only {:.1} of {} rows bear the weighted estimates (the largest {:.1} % alone): \
                 ips, snips and dr mean nothing, and dm, switch_dr and dr_os say what a model of \
                 the reward believes",
                known.ess,
                log.rows.len(),
                known.largest_share * 100.0
            ));
        }
        if (mean_weight.value - 1.0).abs() > 4.0 * mean_weight.se.max(1e-9) {
            warnings.push(format!(
                "the mean weight is {:.3}, not 1: the policy does what was never logged, or the \
                 logged propensities are not those with which the rows came about",
                mean_weight.value
            ));
        }
        if !tiny && !significant {
            warnings.push(format!(
                "the log cannot tell the policy from the one that made it: the difference is \
                 {:+.6} ± {:.6}",
                difference.value,
                Z95 * difference.se
            ));
        }
        Self {
            rows: log.rows.len(),
            actions: log.actions.len(),
            logged_value: known.logged_value,
            ips: weighed(known.ips),
            snips: weighed(known.snips),
            dm: modelled(known.dm),
            dr: weighed(known.dr),
            switch_dr: modelled(known.switch_dr),
            dr_os: modelled(known.dr_os),
            ess: known.ess,
            mean_weight: mean_weight.value,
            difference: Difference { estimate: difference, significant },
            warnings,
        }
    }

    /// For people.
    pub(super) fn show(&self, from: &str) {
        output::say(&format!("{from}: what the policy would have earned, a row"));
        let line = |name: &str, judged: Judged, what: &str| {
            let Estimate { value, se } = judged.estimate;
            let mark = if judged.flagged { "too few rows bear it" } else { what };
            vec![name.to_owned(), format!("{value:.6}"), format!("{se:.6}"), mark.to_owned()]
        };
        let logged = Judged { estimate: self.logged_value, flagged: false };
        let rows = [
            line("logged", logged, "what the log earned"),
            line("ips", self.ips, "inverse propensity"),
            line("snips", self.snips, "self-normalised"),
            line("dm", self.dm, "a model of the reward by action"),
            line("dr", self.dr, "doubly robust"),
            line("switch_dr", self.switch_dr, "weights above 10 left to the model"),
            line("dr_os", self.dr_os, "weights shrunk, λ = 10"),
        ];
        let header = ["estimate", "value", "standard error", "which is"];
        output::say(&output::table(&header, 1, &rows).to_string());
        output::say(&format!(
            "effective sample {:.1} of {} rows ({}), {} actions",
            self.ess,
            output::thousands(self.rows as u64),
            output::percent(self.ess / count(self.rows.max(1))),
            self.actions
        ));
        for warning in &self.warnings {
            output::say(&format!("note: {warning}"));
        }
    }
}
