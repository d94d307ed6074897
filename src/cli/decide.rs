//! `arbitra decide`: asks a running service what to offer, and shows it.

use serde_json::{Value as Json, json};

use super::client::{self, ServerArgs};
use super::{Exit, Failure, output, values};
use crate::api::wire::v1;
use crate::api::wire::v1::decision_service_client::DecisionServiceClient;

/// Flags of `decide`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// The customer's id.
    #[arg(long, value_name = "ID")]
    customer: String,
    /// The channel; may be given more than once.
    #[arg(long, value_name = "NAME", required = true)]
    channel: Vec<String>,
    /// A placement of the (one) channel; may be given more than once. Default: all.
    #[arg(long, value_name = "NAME")]
    placement: Vec<String>,
    /// What is known of the moment; may be given more than once.
    #[arg(long, value_name = "NAME=VALUE", value_parser = values::parse_entry)]
    context: Vec<(String, v1::Value)>,
    /// Language of the content.
    #[arg(long, value_name = "TAG", default_value = "")]
    locale: String,
    /// Decide without effects.
    #[arg(long)]
    dry_run: bool,
    /// Say why: what became of every offer.
    #[arg(long)]
    why: bool,
    /// For machines.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Asks and shows.
///
/// # Errors
/// When nobody answers, or the answer is a refusal.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let decision = client::block_on(async {
        let channel = args.server.connect().await?;
        let answer = DecisionServiceClient::new(channel).decide(request(args)).await?.into_inner();
        answer.decision.ok_or_else(|| Failure::Other("the answer holds no decision".to_owned()))
    })?;
    if args.json {
        output::say_json(&to_json(&decision))?;
    } else {
        show(&decision);
    }
    Ok(Exit::Good)
}

fn request(args: &Args) -> v1::DecideRequest {
    let placement = |name: &String| v1::PlacementRequest {
        placement: name.clone(),
        ..v1::PlacementRequest::default()
    };
    let channel = |name: &String| v1::ChannelRequest {
        channel: name.clone(),
        placements: args.placement.iter().map(placement).collect(),
        locale: String::new(),
    };
    let view = if args.why { v1::DecisionView::Full } else { v1::DecisionView::Basic };
    v1::DecideRequest {
        customer_id: args.customer.clone(),
        channels: args.channel.iter().map(channel).collect(),
        context: args.context.iter().cloned().collect(),
        locale: args.locale.clone(),
        view: view.into(),
        dry_run: args.dry_run,
        ..v1::DecideRequest::default()
    }
}

fn show(decision: &v1::Decision) {
    let versions = decision.versions.clone().unwrap_or_default();
    output::say(&format!(
        "decision {} for `{}`, learned up to {}",
        decision.decision_id, decision.customer_id, versions.log_position
    ));
    for channel in &decision.channels {
        for placement in &channel.placements {
            output::say(&format!(
                "\n{} / {} by `{}`",
                channel.channel, placement.placement, placement.scheme
            ));
            if !placement.offers.is_empty() {
                let rows: Vec<_> = placement.offers.iter().map(row).collect();
                let header = ["offer", "says", "treatment", "propensity", "score"];
                output::say(&output::table(&header, 3, &rows).to_string());
            }
            if let Some(none) = &placement.no_offer {
                output::say(&format!("{} left empty: {}", none.empty_slots, none.message));
            }
        }
    }
    for fate in &decision.candidates {
        output::say(&fate_line(fate));
    }
    for used in &decision.sources {
        output::say(&source_line(used));
    }
    for missing in &decision.degradations {
        output::say(&format!("degraded: {}", missing.detail));
    }
}

/// `source scoring: read in 1.2 ms`.
fn source_line(used: &v1::SourceUse) -> String {
    let unknown = match used.unknown.as_slice() {
        [] => String::new(),
        names => format!("; unknown: {}", names.join(", ")),
    };
    let wait_ms = used.wait_seconds * 1000.0;
    format!("source {}: {} in {wait_ms:.1} ms{unknown}", used.source, state_name(used))
}

fn state_name(used: &v1::SourceUse) -> String {
    let name = used.state().as_str_name();
    name.strip_prefix("SOURCE_STATE_").unwrap_or(name).to_lowercase()
}

/// `gold_card on web: eligibility: the customer is under age`.
fn fate_line(fate: &v1::CandidateFate) -> String {
    let place = match (fate.channel.as_str(), fate.placement.as_str()) {
        ("", _) => String::new(),
        (channel, "") => format!(" on {channel}"),
        (channel, placement) => format!(" on {channel}/{placement}"),
    };
    format!("{}{place}: {} {}", fate.offer_id, fate_name(fate), fate.message)
}

fn fate_name(fate: &v1::CandidateFate) -> String {
    let name = fate.fate().as_str_name();
    name.strip_prefix("FATE_").unwrap_or(name).to_lowercase()
}

fn fate_to_json(fate: &v1::CandidateFate) -> Json {
    json!({
        "offer_id": fate.offer_id,
        "channel": fate.channel,
        "placement": fate.placement,
        "fate": fate_name(fate),
        "rule_id": fate.rule_id,
        "condition": fate.condition,
        "message": fate.message,
        "score": fate.score,
    })
}

fn row(offer: &v1::OfferDecision) -> Vec<String> {
    let says = ["title", "subject", "say", "text", "body"]
        .iter()
        .find_map(|field| offer.content.get(*field))
        .map(|content| content.text.clone());
    let propensity = offer.propensity.as_ref().map_or_else(String::new, |p| {
        format!("{:.3} ({:.3}..{:.3})", p.probability, p.lower, p.upper)
    });
    vec![
        offer.offer_id.clone(),
        says.unwrap_or_default(),
        offer.treatment_id.clone(),
        propensity,
        format!("{:.4}", offer.score),
    ]
}

fn to_json(decision: &v1::Decision) -> Json {
    let versions = decision.versions.clone().unwrap_or_default();
    let catalog = versions.catalog.map(|catalog| catalog.hash);
    let channels = decision.channels.iter().map(|channel| {
        let placements = channel.placements.iter().map(|placement| {
            json!({
                "placement": placement.placement,
                "scheme": placement.scheme,
                "offers": placement.offers.iter().map(offer_to_json).collect::<Vec<_>>(),
                "no_offer": placement.no_offer.as_ref().map(|none| &none.message),
            })
        });
        json!({ "channel": channel.channel, "placements": placements.collect::<Vec<_>>() })
    });
    json!({
        "decision_id": decision.decision_id,
        "customer_id": decision.customer_id,
        "catalog": catalog,
        "log_position": versions.log_position,
        "profile_version": versions.profile_version,
        "dry_run": decision.dry_run,
        "channels": channels.collect::<Vec<_>>(),
        "candidates": decision.candidates.iter().map(fate_to_json).collect::<Vec<_>>(),
        "sources": decision.sources.iter().map(source_to_json).collect::<Vec<_>>(),
        "degradations": decision.degradations.iter().map(|d| &d.detail).collect::<Vec<_>>(),
    })
}

fn source_to_json(used: &v1::SourceUse) -> Json {
    json!({
        "source": used.source,
        "state": state_name(used),
        "unknown": used.unknown,
        "refused": used.refused,
        "wait_seconds": used.wait_seconds,
        "age_seconds": used.age_seconds,
    })
}

fn offer_to_json(offer: &v1::OfferDecision) -> Json {
    let content = offer.content.iter().map(|(name, content)| {
        let shown = if content.uri.is_empty() { &content.text } else { &content.uri };
        (name.clone(), Json::from(shown.as_str()))
    });
    json!({
        "offer_id": offer.offer_id,
        "rank": offer.rank,
        "treatment_id": offer.treatment_id,
        "score": offer.score,
        "propensity": offer.propensity.as_ref().map(|p| p.probability),
        "affinity": offer.affinity,
        "value": offer.value,
        "selection_probability": offer.selection_probability,
        "content": content.collect::<serde_json::Map<_, _>>(),
    })
}
