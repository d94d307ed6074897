//! A whole run with marked values, well and badly said, every line of the log kept down to TRACE; then
//! logs, metrics, traces and the details of every error are searched for them.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::Stdio;

use arbitra::api::wire::v1;
use arbitra::api::wire::v1::catalog_service_client::CatalogServiceClient;
use arbitra::api::wire::v1::decision_service_client::DecisionServiceClient;
use arbitra::api::wire::v1::interaction_service_client::InteractionServiceClient;
use arbitra::api::wire::v1::profile_service_client::ProfileServiceClient;
use tonic::{Response, Status};

use super::support::process::Served;
use super::support::service::{decide, steady, value};
use super::{collector, connect};

/// Whom it is about, and what is known of them; each occurs nowhere else.
const CUSTOMER: &str = "zq-customer-4711";
const NAME: &str = "Zqfirstname";
const INCOME: i64 = 918_273;
const SECRET: &str = "zq-secret-value";
const EMAIL: &str = "zq-mail@bank.example";
const MARKS: [&str; 5] = [CUSTOMER, NAME, "918273", SECRET, EMAIL];

/// What was said to callers whose calls failed, whole.
#[derive(Default)]
struct Errors(Vec<String>);

impl Errors {
    fn note<T>(&mut self, answer: Result<Response<T>, Status>) -> Option<T> {
        match answer {
            Ok(answer) => Some(answer.into_inner()),
            Err(status) => {
                let details = String::from_utf8_lossy(status.details()).into_owned();
                self.0.push(format!("{status:?} {details}"));
                None
            }
        }
    }

    fn fails<T: std::fmt::Debug>(&mut self, answer: Result<Response<T>, Status>) {
        let before = self.0.len();
        let answered = self.note(answer);
        assert_eq!(self.0.len(), before + 1, "it was to fail: {answered:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_is_left_in_logs_metrics_traces_and_errors() {
    let (address, mut arrived) = collector().await;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let data = folder.path().join("data");
    let flags = ["--data", data.to_str().unwrap(), "--otlp", &address, "--log", "trace"];
    let mut served = Served::start_logged(&flags, Stdio::from(fs::File::create(&log).unwrap()));
    let channel = connect(&served).await;
    let mut errors = Errors::default();
    let mut profiles = ProfileServiceClient::new(channel.clone());
    let mut update = steady(CUSTOMER);
    update.set.insert("first_name".into(), value(NAME));
    update.set.insert("monthly_income".into(), value(INCOME));
    errors.note(profiles.update_profile(update.clone()).await).unwrap();
    errors.fails({
        let mut bad = update.clone();
        bad.set.insert("age".into(), value(SECRET));
        profiles.update_profile(bad).await
    });
    errors.fails({
        let bad = v1::UpdateProfileRequest { expected_version: Some(99), ..update.clone() };
        profiles.update_profile(bad).await
    });
    errors.fails({
        let customer_id = CUSTOMER.repeat(40);
        profiles.update_profile(v1::UpdateProfileRequest { customer_id, ..update.clone() }).await
    });
    let mut decisions = DecisionServiceClient::new(channel.clone());
    let email = v1::Identity { r#type: "email".into(), id: EMAIL.into() };
    let full = v1::DecideRequest {
        view: v1::DecisionView::Full.into(),
        request_id: "r-1".into(),
        ..decide(CUSTOMER, &["web", "email"])
    };
    let decided = errors.note(decisions.decide(full.clone()).await).unwrap().decision.unwrap();
    let visitor = v1::DecideRequest { identities: vec![email], ..decide("", &["web"]) };
    errors.note(decisions.decide(visitor).await);
    errors.fails({
        let mut bad = full.clone();
        bad.context.insert("device".into(), value(SECRET));
        bad.context.insert("page".into(), value(INCOME));
        decisions.decide(bad).await
    });
    let mut interactions = InteractionServiceClient::new(channel.clone());
    let event = |fields: &[(&str, v1::Value)]| v1::Event {
        customer_id: CUSTOMER.into(),
        r#type: "complaint".into(),
        fields: fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        ..v1::Event::default()
    };
    let events = vec![event(&[("topic", value("fees"))]), event(&[("topic", value(SECRET))])];
    let told = interactions.record_events(v1::RecordEventsRequest { events }).await;
    errors.0.push(format!("{:?}", errors_of(&told.unwrap().into_inner().results)));
    let outcome = |offer: &str, reason: &str| v1::Outcome {
        customer_id: CUSTOMER.into(),
        decision_id: decided.decision_id.clone(),
        offer_id: offer.into(),
        kind: v1::OutcomeKind::Reject.into(),
        reason: reason.into(),
        order_id: SECRET.into(),
        ..v1::Outcome::default()
    };
    let shown = decided.channels[0].placements.iter().flat_map(|placement| &placement.offers);
    let offer = shown.map(|offer| offer.offer_id.clone()).next().unwrap();
    let outcomes = vec![outcome(&offer, "price"), outcome("gold_crad", "price")];
    let told = interactions.record_outcomes(v1::RecordOutcomesRequest { outcomes }).await;
    errors.0.push(format!("{:?}", errors_of(&told.unwrap().into_inner().results)));
    let about = v1::GetProfileRequest { customer_id: CUSTOMER.into(), ..Default::default() };
    errors.note(profiles.get_profile(about).await).unwrap();
    let mut catalogs = CatalogServiceClient::new(channel);
    errors.fails(catalogs.rollback_catalog(v1::RollbackCatalogRequest::default()).await);
    let erase = v1::EraseProfileRequest { customer_id: CUSTOMER.into(), ..Default::default() };
    errors.note(profiles.erase_profile(erase).await);

    let metrics = fetch(served.started["admin"].as_str().unwrap());
    served.signal("-TERM");
    assert_eq!(served.ended(), Some(0));
    let mut traces = String::new();
    while let Ok(request) = arrived.try_recv() {
        traces.push_str(&format!("{request:?}"));
    }
    let log = fs::read_to_string(&log).unwrap();
    assert!(log.contains("TRACE") && log.contains("administrative act"), "the log is whole");
    assert!(metrics.contains("arbitra_rpc_duration_seconds"), "{metrics}");
    assert!(traces.contains("RecordOutcomes"), "traces arrived");
    assert!(errors.0.len() >= 7, "{}", errors.0.len());
    for (place, text) in [
        ("log", &log),
        ("metrics", &metrics),
        ("traces", &traces),
        ("errors", &errors.0.join("\n")),
    ] {
        for mark in MARKS {
            let line = text.lines().find(|line| line.contains(mark));
            assert!(line.is_none(), "`{mark}` in {place}: {}", line.unwrap_or_default());
        }
    }
}

/// What was said of items that failed: the customer's id comes back with each result, and is no error.
fn errors_of(results: &[v1::RecordResult]) -> Vec<&v1::ItemError> {
    results.iter().filter_map(|result| result.error.as_ref()).collect()
}

fn fetch(admin: &str) -> String {
    let mut stream = std::net::TcpStream::connect(admin.trim_start_matches("http://")).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}
