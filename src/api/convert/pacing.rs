//! Where objectives, constraints, budgets and resources stand, as callers see it.

use super::fault::{Faults, Reason};
use super::name;
use super::time::timestamp;
use crate::api::wire::v1;
use crate::core::catalog::Number;
use crate::core::objective::LimitTally;
use crate::core::objective::LineKind;
use crate::core::policy::{LimitSpec, MONEY_UNITS, QuotaSpec};
use crate::engine::{Engine, LineStanding, Standing as QuotaStanding};

/// Most names in one question.
const NAMES_MAX: usize = 128;

/// Where the objectives and constraints asked for stand; none asked means all.
///
/// # Errors
/// A name that is unknown, or a range: what is shown is the present period.
pub fn objectives(
    engine: &Engine,
    request: &v1::GetObjectiveInsightsRequest,
) -> Result<Vec<v1::ObjectiveInsight>, Faults> {
    let catalog = engine.snapshot().catalog.clone();
    let lines = engine.pacing_standing().lines;
    let mut insights: Vec<v1::ObjectiveInsight> = Vec::new();
    for objective in &catalog.objectives {
        let own = format!("{}.target", objective.name);
        let target = lines.iter().find(|line| *line.line.id == *own);
        let weight = match objective.weight {
            Number::Constant(weight) => weight,
            Number::Program(_) => 0.0,
        };
        let name = objective.name.to_string();
        insights.push(v1::ObjectiveInsight { weight, ..insight(name, target) });
    }
    let constraints = lines.iter().filter(|line| line.line.kind == LineKind::Constraint);
    insights.extend(constraints.map(|line| insight(line.line.id.to_string(), Some(line))));
    let mut faults = Faults::default();
    if request.range.is_some() || request.step.is_some() {
        let message = "the present period is shown only, for now";
        faults.add("range", Reason::NotAllowed, message);
    }
    let known: Vec<&str> = insights.iter().map(|insight| insight.objective.as_str()).collect();
    check(&mut faults, "objectives", "objective", &request.objectives, &known);
    let asked = &request.objectives;
    insights.retain(|own| asked.is_empty() || asked.contains(&own.objective));
    faults.done(Some(insights))
}

/// Where the budgets, resources, quotas and contact limits asked for stand, paced or not; none asked
/// means all. `quotas`: where the quotas stand, those of a campaign that is not on left out.
///
/// # Errors
/// A name that is unknown.
pub fn limits(
    engine: &Engine,
    quotas: &[QuotaStanding],
    request: &v1::GetLimitInsightsRequest,
) -> Result<Vec<v1::LimitInsight>, Faults> {
    let catalog = engine.snapshot().catalog.clone();
    let policy = catalog.policy.spec();
    let lines = engine.pacing_standing().lines;
    let mut insights: Vec<v1::LimitInsight> = lines
        .iter()
        .filter(|line| matches!(line.line.kind, LineKind::Budget | LineKind::Resource))
        .map(limit)
        .collect();
    for spec in &policy.quotas {
        let standing = quotas.iter().find(|own| own.id == spec.id);
        match insights.iter_mut().find(|own| *own.limit == *spec.id) {
            Some(paced) => counted(paced, spec, standing),
            None => {
                let limit = spec.id.to_string();
                let mut insight = v1::LimitInsight { limit, ..v1::LimitInsight::default() };
                counted(&mut insight, spec, standing);
                insights.push(insight);
            }
        }
    }
    let pacing = engine.pacing();
    insights.extend(policy.limits.iter().map(|own| contact(own, pacing.limit(&own.id))));
    let mut faults = Faults::default();
    let known: Vec<&str> = insights.iter().map(|insight| insight.limit.as_str()).collect();
    check(&mut faults, "limits", "limit", &request.limits, &known);
    insights.retain(|own| request.limits.is_empty() || request.limits.contains(&own.limit));
    faults.done(Some(insights))
}

fn check(faults: &mut Faults, field: &str, what: &str, asked: &[String], known: &[&str]) {
    for (number, asked) in asked.iter().enumerate().take(NAMES_MAX) {
        if !known.contains(&asked.as_str()) {
            let wrong = name::unknown(Reason::UnknownName, what, asked, known.iter().copied());
            faults.note(format_args!("{field}[{number}]"), wrong);
        }
    }
    faults.bound_count(field, asked.len(), NAMES_MAX);
}

fn insight(objective: String, line: Option<&LineStanding>) -> v1::ObjectiveInsight {
    let mut insight = v1::ObjectiveInsight { objective, ..v1::ObjectiveInsight::default() };
    let Some(LineStanding { line, standing }) = line else { return insight };
    insight.target = Some(line.bound.amount());
    insight.unit = if line.bound.is_share() { "share".to_owned() } else { line.unit.to_string() };
    if let Some(standing) = standing {
        insight.start_time = Some(timestamp(standing.period_start));
        insight.end_time = Some(timestamp(standing.period_end));
        insight.expected = Some(standing.pace);
        insight.actual = standing.attained;
        insight.projected = Some(standing.projected);
        insight.shadow_price = standing.price;
        insight.cost = standing.cost;
    }
    insight
}

fn limit(LineStanding { line, standing }: &LineStanding) -> v1::LimitInsight {
    let mut insight = v1::LimitInsight {
        limit: line.id.to_string(),
        allowed: line.bound.amount(),
        unit: line.unit.to_string(),
        ..v1::LimitInsight::default()
    };
    if let Some(standing) = standing {
        insight.start_time = Some(timestamp(standing.period_start));
        insight.end_time = Some(timestamp(standing.period_end));
        insight.used = standing.attained;
        insight.expected = Some(standing.pace);
        insight.projected = Some(standing.projected);
        insight.shadow_price = standing.price;
        insight.cost = standing.cost;
    }
    insight
}

/// What the ledger counts of a quota is exact, and goes before what was expected of decisions.
fn counted(insight: &mut v1::LimitInsight, spec: &QuotaSpec, standing: Option<&QuotaStanding>) {
    let unit = if spec.is_money() { MONEY_UNITS } else { 1.0 };
    insight.allowed = spec.max as f64 / unit;
    if insight.unit.is_empty() {
        insight.unit = if spec.is_money() { "money" } else { "pieces" }.to_owned();
    }
    let Some(standing) = standing else { return };
    insight.used = standing.used as f64 / unit;
    insight.leased = standing.idle as f64 / unit;
    insight.start_time = standing.period_start.map(timestamp);
    insight.end_time = standing.period_end.map(timestamp);
}

/// A contact limit, by customer: what a window holds in the mean, and what a contact cost lately.
fn contact(spec: &LimitSpec, learned: Option<&LimitTally>) -> v1::LimitInsight {
    v1::LimitInsight {
        limit: spec.id.to_string(),
        allowed: f64::from(spec.max),
        unit: format!("a customer {}", spec.window.words()),
        used: learned.map_or(0.0, LimitTally::held),
        shadow_price: learned.map_or(0.0, LimitTally::price),
        cost: learned.map_or(0.0, |learned| learned.price() * learned.held()),
        ..v1::LimitInsight::default()
    }
}
