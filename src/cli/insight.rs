//! `arbitra insight`: how a running service and the business fare: models, objectives, limits.

mod beside;

use clap::ValueEnum;
use serde_json::{Map, Value as Json, json};

use super::client::{self, Connection, ServerArgs};
use super::{Exit, Failure, output, values};
use crate::api::wire::v1;
use crate::api::wire::v1::insight_service_client::InsightServiceClient;

/// Flags of `insight`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// What to show. Default: all of it.
    #[arg(value_enum)]
    what: Option<What>,
    /// Models offer by offer, not as a whole.
    #[arg(long)]
    by_offer: bool,
    /// For machines.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// A part of what there is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// How good the models are.
    Models,
    /// Where objectives and constraints stand, and what they cost.
    Objectives,
    /// What is left of budgets, quotas and contact limits.
    Limits,
}

/// One part as a table: its title, its header, how many columns from the left are text, its rows.
struct Part {
    title: &'static str,
    header: &'static [&'static str],
    texts: usize,
    rows: Vec<Vec<String>>,
}

/// Asks and shows.
///
/// # Errors
/// When nobody answers, or the answer is a refusal.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let asked = |what| args.what.is_none_or(|only| only == what);
    let (mut parts, mut json) = (Vec::new(), Map::new());
    client::block_on(async {
        let mut service = InsightServiceClient::new(args.server.connect().await?);
        if asked(What::Models) {
            let answer = models(&mut service, args.by_offer).await?;
            json.insert("log_position".to_owned(), answer.log_position.into());
            json.insert("models".to_owned(), answer.insights.iter().map(model_to_json).collect());
            parts.push(models_part(&answer.insights));
            parts.extend(beside::parts(&answer.insights));
        }
        if asked(What::Objectives) {
            let request = v1::GetObjectiveInsightsRequest::default();
            let answer = service.get_objective_insights(request).await?.into_inner().insights;
            json.insert("objectives".to_owned(), answer.iter().map(objective_to_json).collect());
            parts.push(objectives_part(&answer));
        }
        if asked(What::Limits) {
            let request = v1::GetLimitInsightsRequest::default();
            let answer = service.get_limit_insights(request).await?.into_inner().insights;
            json.insert("limits".to_owned(), answer.iter().map(limit_to_json).collect());
            parts.push(limits_part(&answer));
        }
        Ok(())
    })?;
    if args.json {
        output::say_json(&Json::Object(json))?;
    } else {
        parts.iter().for_each(show);
    }
    Ok(Exit::Good)
}

async fn models(
    service: &mut InsightServiceClient<Connection>,
    by_offer: bool,
) -> Result<v1::GetModelInsightsResponse, Failure> {
    let dimensions = if by_offer { vec![v1::Dimension::Offer.into()] } else { Vec::new() };
    let request = v1::GetModelInsightsRequest { dimensions, ..Default::default() };
    Ok(service.get_model_insights(request).await?.into_inner())
}

fn show(part: &Part) {
    if part.rows.is_empty() {
        output::say(&format!("{}: none", part.title));
        return;
    }
    output::say(&format!("{}:", part.title));
    output::say(&output::table(part.header, part.texts, &part.rows).to_string());
}

fn models_part(insights: &[v1::ModelInsight]) -> Part {
    let row = |own: &v1::ModelInsight| {
        let whose = if own.cell.is_empty() { "all".to_owned() } else { own.cell.join(", ") };
        // Measures of nothing would read as measures.
        let of = |text: String| if own.outcomes > 0 { text } else { String::new() };
        vec![
            own.model.clone(),
            whose,
            output::thousands(own.outcomes),
            of(output::percent(own.positive_rate)),
            of(format!("{:.4}", own.log_loss)),
            of(format!("{:.4}", own.base_log_loss)),
            of(format!("{:.3}", own.auc)),
            of(format!("{:.4}", own.calibration_error)),
            of(format!("{:.2}", own.drift)),
            own.champion_log_loss.map_or_else(String::new, |loss| format!("{loss:.4}")),
        ]
    };
    // Amounts are no probabilities: they have a table of their own.
    let insights = insights.iter().filter(|own| own.amounts.is_none());
    Part {
        title: "models",
        header: &[
            "model",
            "offer",
            "outcomes",
            "positive",
            "log loss",
            "of the rate",
            "AUC",
            "calibration error",
            "drift",
            "champion's loss",
        ],
        texts: 2,
        rows: insights.map(row).collect(),
    }
}

fn objectives_part(insights: &[v1::ObjectiveInsight]) -> Part {
    let row = |own: &v1::ObjectiveInsight| {
        vec![
            own.objective.clone(),
            own.unit.clone(),
            amount(Some(own.actual)),
            amount(own.expected),
            amount(own.projected),
            amount(own.target),
            nonzero(own.weight),
            nonzero(own.shadow_price),
            nonzero(own.cost),
            instant(own.end_time.as_ref()),
        ]
    };
    Part {
        title: "objectives",
        header: &[
            "objective",
            "unit",
            "reached",
            "due by now",
            "at the end",
            "target",
            "weight",
            "shadow price",
            "cost",
            "until",
        ],
        texts: 2,
        rows: insights.iter().map(row).collect(),
    }
}

fn limits_part(insights: &[v1::LimitInsight]) -> Part {
    let row = |own: &v1::LimitInsight| {
        vec![
            own.limit.clone(),
            own.unit.clone(),
            amount(Some(own.used)),
            nonzero(own.leased),
            amount(own.expected),
            amount(own.projected),
            amount(Some(own.allowed)),
            nonzero(own.shadow_price),
            nonzero(own.cost),
            instant(own.end_time.as_ref()),
        ]
    };
    Part {
        title: "limits",
        header: &[
            "limit",
            "unit",
            "used",
            "lent",
            "due by now",
            "at the end",
            "allowed",
            "shadow price",
            "cost",
            "until",
        ],
        texts: 2,
        rows: insights.iter().map(row).collect(),
    }
}

/// A number to four digits after the point at most; nothing for none.
fn amount(number: Option<f64>) -> String {
    let text = number.map_or_else(String::new, |number| format!("{number:.4}"));
    if text.contains('.') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

/// The same, where 0 says that there is nothing to say.
fn nonzero(number: f64) -> String {
    amount(Some(number).filter(|number| *number != 0.0))
}

fn instant(at: Option<&prost_types::Timestamp>) -> String {
    at.map(values::instant).unwrap_or_default()
}

fn model_to_json(own: &v1::ModelInsight) -> Json {
    let bin = |bin: &v1::CalibrationBin| {
        let observed = bin.observed.unwrap_or_default();
        json!({
            "predicted": bin.predicted,
            "observed": observed.value,
            "lower": observed.lower,
            "upper": observed.upper,
            "evidence": observed.evidence,
        })
    };
    json!({
        "model": own.model,
        "offer": own.cell.first(),
        "outcomes": own.outcomes,
        "positive_rate": own.positive_rate,
        "log_loss": own.log_loss,
        "base_log_loss": own.base_log_loss,
        "auc": own.auc,
        "calibration_error": own.calibration_error,
        "calibration": own.calibration.iter().map(bin).collect::<Vec<_>>(),
        "drift": own.drift,
        "serving": own.serving,
        "champion_log_loss": own.champion_log_loss,
        "champion_auc": own.champion_auc,
        "trials": own.trials.as_ref().map(beside::trials_to_json),
        "amounts": own.amounts.as_ref().map(beside::amounts_to_json),
    })
}

fn objective_to_json(own: &v1::ObjectiveInsight) -> Json {
    json!({
        "objective": own.objective,
        "unit": own.unit,
        "actual": own.actual,
        "expected": own.expected,
        "projected": own.projected,
        "target": own.target,
        "weight": own.weight,
        "shadow_price": own.shadow_price,
        "cost": own.cost,
        "end_time": own.end_time.as_ref().map(values::instant),
    })
}

fn limit_to_json(own: &v1::LimitInsight) -> Json {
    json!({
        "limit": own.limit,
        "unit": own.unit,
        "used": own.used,
        "leased": own.leased,
        "expected": own.expected,
        "projected": own.projected,
        "allowed": own.allowed,
        "shadow_price": own.shadow_price,
        "cost": own.cost,
        "start_time": own.start_time.as_ref().map(values::instant),
        "end_time": own.end_time.as_ref().map(values::instant),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_well_and_nothing_is_said_of_nothing() {
        assert_eq!(amount(Some(20_000.0)), "20000");
        assert_eq!(amount(Some(0.25)), "0.25");
        assert_eq!(amount(Some(0.0)), "0");
        assert_eq!(amount(Some(f64::INFINITY)), "inf");
        assert_eq!((amount(None), nonzero(0.0)), (String::new(), String::new()));
    }
}
