//! `arbitra profile CUSTOMER`: what a running service knows of a customer.

use serde_json::{Value as Json, json};

use super::client::{self, ServerArgs};
use super::{Exit, Failure, output, values};
use crate::api::wire::v1;
use crate::api::wire::v1::profile_service_client::ProfileServiceClient;

/// Flags of `profile`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// The customer's id.
    customer: String,
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
    let profile = client::block_on(async {
        let channel = args.server.connect().await?;
        let request = v1::GetProfileRequest {
            customer_id: args.customer.clone(),
            ..v1::GetProfileRequest::default()
        };
        let answer = ProfileServiceClient::new(channel).get_profile(request).await?.into_inner();
        answer.profile.ok_or_else(|| Failure::Other("the answer holds no profile".to_owned()))
    })?;
    if args.json {
        output::say_json(&to_json(&profile))?;
    } else {
        show(&profile);
    }
    Ok(Exit::Good)
}

fn show(profile: &v1::Profile) {
    if profile.version == 0 {
        output::say(&format!("nothing is known of `{}`: a new customer", profile.customer_id));
        return;
    }
    output::say(&format!("customer `{}`, version {}", profile.customer_id, profile.version));
    let named = profile.attributes.iter().map(|entry| ("attribute", entry));
    let derived = profile.derived.iter().map(|entry| ("derived", entry));
    let rows: Vec<_> = named
        .chain(derived)
        .chain(profile.scores.iter().map(|entry| ("score", entry)))
        .map(|(kind, (name, value))| vec![kind.to_owned(), name.clone(), values::show(value)])
        .collect();
    if !rows.is_empty() {
        output::say(&output::table(&["kind", "name", "value"], 3, &rows).to_string());
    }
    let segments: Vec<_> = profile.segments.iter().map(|s| s.segment.as_str()).collect();
    if !segments.is_empty() {
        output::say(&format!("segments: {}", segments.join(", ")));
    }
    for consent in &profile.consents {
        let channel = if consent.channel.is_empty() { "every channel" } else { &consent.channel };
        let state = lower(consent.state().as_str_name(), "CONSENT_STATE_");
        output::say(&format!("consent: {} on {channel}: {state}", consent.purpose));
    }
    let rows: Vec<_> = profile.offers.iter().map(offer_row).collect();
    if !rows.is_empty() {
        output::say(&output::table(&["offer", "history", "last"], 3, &rows).to_string());
    }
}

fn offer_row(offer: &v1::OfferHistory) -> Vec<String> {
    let counts =
        offer.counts.iter().map(|count| format!("{} {}", count.count, outcome(count.kind)));
    let last = outcome(offer.last_kind);
    vec![offer.offer_id.clone(), counts.collect::<Vec<_>>().join(", "), last]
}

fn outcome(kind: i32) -> String {
    let kind = v1::OutcomeKind::try_from(kind).unwrap_or_default();
    lower(kind.as_str_name(), "OUTCOME_KIND_")
}

fn lower(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_lowercase()
}

fn to_json(profile: &v1::Profile) -> Json {
    let offers = profile.offers.iter().map(|offer| {
        let counts =
            offer.counts.iter().map(|count| (outcome(count.kind), Json::from(count.count)));
        json!({
            "offer_id": offer.offer_id,
            "counts": counts.collect::<serde_json::Map<_, _>>(),
            "last": outcome(offer.last_kind),
            "rests_until": offer.rest_time.as_ref().map(values::instant),
        })
    });
    let consents = profile.consents.iter().map(|consent| {
        json!({
            "purpose": consent.purpose,
            "channel": consent.channel,
            "state": lower(consent.state().as_str_name(), "CONSENT_STATE_"),
        })
    });
    json!({
        "customer_id": profile.customer_id,
        "version": profile.version,
        "attributes": values::entries_to_json(&profile.attributes),
        "derived": values::entries_to_json(&profile.derived),
        "scores": values::entries_to_json(&profile.scores),
        "segments": profile.segments.iter().map(|s| &s.segment).collect::<Vec<_>>(),
        "consents": consents.collect::<Vec<_>>(),
        "offers": offers.collect::<Vec<_>>(),
        "items": profile.items.iter().map(|i| (i.item.clone(), Json::from(i.strength)))
            .collect::<serde_json::Map<_, _>>(),
    })
}
