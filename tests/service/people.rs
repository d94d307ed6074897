use std::sync::Arc;

use arbitra::api::ApiConfig;
use arbitra::api::wire::v1;
use arbitra::store::{RedisConfig, RedisStore, Store};

use crate::support::redis_server::RedisServer;
use crate::support::service::{Service, decide, offers, steady, value};

async fn replica(server: &RedisServer) -> Service {
    let config = RedisConfig::new(server.url().parse().unwrap());
    let store: Arc<dyn Store> = Arc::new(RedisStore::new(&config).unwrap());
    Service::on(ApiConfig::default(), |_| store).await
}

fn cookie(id: &str) -> v1::Identity {
    v1::Identity { r#type: "cookie".into(), id: id.into() }
}

fn login(id: &str, customer: &str) -> v1::Event {
    v1::Event {
        event_id: id.to_owned(),
        customer_id: customer.to_owned(),
        r#type: "login".to_owned(),
        ..v1::Event::default()
    }
}

async fn record(service: &Service, events: Vec<v1::Event>) -> Vec<v1::RecordResult> {
    let request = v1::RecordEventsRequest { events };
    service.interactions().record_events(request).await.unwrap().into_inner().results
}

async fn profile(service: &Service, customer: &str) -> v1::Profile {
    let request = v1::GetProfileRequest { customer_id: customer.into(), ..Default::default() };
    service.profiles().get_profile(request).await.unwrap().into_inner().profile.unwrap()
}

fn merge(into: &str, merged: &[&str]) -> v1::MergeProfilesRequest {
    v1::MergeProfilesRequest {
        customer_id: into.into(),
        merged_customer_ids: merged.iter().map(|id| (*id).to_owned()).collect(),
        ..v1::MergeProfilesRequest::default()
    }
}

#[tokio::test]
async fn a_visitor_becomes_a_known_customer_with_all_that_happened() {
    let service = Service::start().await;
    service.profiles().update_profile(steady("cookie:8f3a")).await.unwrap();
    record(&service, vec![login("e1", "cookie:8f3a"), login("e2", "cookie:8f3a")]).await;
    let shown = service.decisions().decide(decide("cookie:8f3a", &["web"])).await.unwrap();
    let shown = shown.into_inner().decision.unwrap();
    record(&service, vec![login("e3", "ana")]).await;

    let request = merge("ana", &["cookie:8f3a"]);
    let merged = service.profiles().merge_profiles(request.clone()).await.unwrap().into_inner();
    assert_eq!(merged.customer_id, "ana");
    let again = service.profiles().merge_profiles(request).await.unwrap().into_inner();
    assert_eq!(again, merged, "a repetition changes nothing");
    let held = profile(&service, "cookie:8f3a").await;
    assert_eq!(
        (held.customer_id.as_str(), &held.merged_customer_ids),
        ("ana", &vec!["cookie:8f3a".to_owned()])
    );
    assert_eq!(held.derived["logins_30d"], value(3));
    assert_eq!(held.attributes["age"], value(40));

    // What comes late to the old name counts once, and retries are known under both names.
    let late = vec![login("e4", "cookie:8f3a"), login("e1", "ana"), login("e3", "cookie:8f3a")];
    let statuses: Vec<_> = record(&service, late).await.iter().map(|r| r.status()).collect();
    use v1::RecordStatus::{Applied, Duplicate};
    assert_eq!(statuses, [Applied, Duplicate, Duplicate]);
    assert_eq!(profile(&service, "ana").await.derived["logins_30d"], value(4));

    // The decision made for the visitor can still be answered, by either name.
    for (customer, kind) in
        [("ana", v1::OutcomeKind::Impression), ("cookie:8f3a", v1::OutcomeKind::Accept)]
    {
        let outcome = v1::Outcome {
            customer_id: customer.into(),
            decision_id: shown.decision_id.clone(),
            offer_id: offers(&shown)[0].clone(),
            kind: kind.into(),
            ..v1::Outcome::default()
        };
        let request = v1::RecordOutcomesRequest { outcomes: vec![outcome] };
        let results = service.interactions().record_outcomes(request).await.unwrap().into_inner();
        assert_eq!(results.results[0].status(), Applied);
        assert_eq!(results.results[0].attributions.len(), usize::from(customer != "ana"));
    }
    let decided = service.decisions().decide(decide("cookie:8f3a", &["web"])).await.unwrap();
    assert_eq!(decided.into_inner().decision.unwrap().customer_id, "ana");
    service.stopped().await;
}

#[tokio::test]
async fn several_identities_mean_the_customer_that_the_first_known_one_leads_to() {
    let service = Service::start().await;
    let update =
        v1::UpdateProfileRequest { identities: vec![cookie("1"), cookie("2")], ..steady("") };
    let first = service.profiles().update_profile(update).await.unwrap().into_inner();
    assert_eq!(first.customer_id, "cookie:1");
    let update = v1::UpdateProfileRequest { identities: vec![cookie("2")], ..steady("ana") };
    let known = service.profiles().update_profile(update).await.unwrap().into_inner();
    assert_eq!(known.customer_id, "ana", "and cookie 2 stays where it leads already");
    let event = v1::Event { identities: vec![cookie("9"), cookie("2")], ..login("e1", "") };
    let results = record(&service, vec![event]).await;
    assert_eq!(results[0].status(), v1::RecordStatus::Applied);
    assert_eq!(results[0].customer_id, "cookie:1");
    assert_eq!(profile(&service, "cookie:2").await.customer_id, "cookie:1");
    let request =
        v1::DecideRequest { identities: vec![cookie("9"), cookie("2")], ..decide("", &["web"]) };
    let decision =
        service.decisions().decide(request).await.unwrap().into_inner().decision.unwrap();
    assert_eq!(decision.customer_id, "cookie:1");
    service.stopped().await;
}

/// Two replicas merge four customers in every direction at once, circles among them, while events
/// arrive under every name: one customer stays, with every event once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn merges_in_circles_at_once_lose_and_double_nothing() {
    let server = RedisServer::start();
    let (one, two) = (replica(&server).await, replica(&server).await);
    let names = ["a", "b", "c", "d"];
    for round in 0..5 {
        let name = |n: usize| format!("{}{round}", names[n % 4]);
        let mut work = Vec::new();
        for n in 0..4 {
            record(&one, vec![login(&format!("{round}-first-{n}"), &name(n))]).await;
        }
        for n in 0..4 {
            for (service, step) in [(&one, 1), (&two, 3)] {
                let mut profiles = service.profiles();
                let request = merge(&name(n), &[&name(n + step)]);
                work.push(tokio::spawn(async move {
                    while profiles.merge_profiles(request.clone()).await.is_err() {}
                }));
                let mut interactions = service.interactions();
                let event = login(&format!("{round}-{n}-{step}"), &name(n));
                let request = v1::RecordEventsRequest { events: vec![event] };
                work.push(tokio::spawn(async move {
                    loop {
                        let results = interactions.record_events(request.clone()).await;
                        let results = results.unwrap().into_inner().results;
                        if results[0].status() != v1::RecordStatus::Failed {
                            break;
                        }
                    }
                }));
            }
        }
        for task in work {
            task.await.unwrap();
        }
        let mut ids = std::collections::BTreeSet::new();
        for n in 0..4 {
            let held = profile(if n % 2 == 0 { &one } else { &two }, &name(n)).await;
            assert_eq!(held.derived["logins_30d"], value(12), "{held:?}");
            ids.insert(held.customer_id);
        }
        assert_eq!(ids.len(), 1, "{ids:?}");
    }
    one.stopped().await;
    two.stopped().await;
}

#[tokio::test]
async fn the_erased_stay_erased_under_every_name() {
    let server = RedisServer::start();
    let service = replica(&server).await;
    service.profiles().update_profile(steady("ana")).await.unwrap();
    record(&service, vec![login("e1", "cookie:5")]).await;
    service.profiles().merge_profiles(merge("ana", &["cookie:5"])).await.unwrap();
    let request = v1::EraseProfileRequest { identities: vec![cookie("5")], ..Default::default() };
    let receipt = service.profiles().erase_profile(request.clone()).await.unwrap().into_inner();
    let counts: Vec<_> = receipt.erased.iter().map(|e| (e.kind.as_str(), e.count)).collect();
    assert_eq!(counts, [("profile", 1), ("identities", 1), ("decisions", 0), ("learning_log", 2)]);
    let again = service.profiles().erase_profile(request).await.unwrap().into_inner();
    assert_eq!(again, receipt);
    let before =
        receipt.erase_time.map(|at| prost_types::Timestamp { seconds: at.seconds - 60, ..at });
    for customer in ["ana", "cookie:5"] {
        let late = v1::Event { event_time: before, ..login("e2", customer) };
        let results = record(&service, vec![late]).await;
        assert_eq!(results[0].status(), v1::RecordStatus::Rejected);
        assert_eq!(results[0].error.as_ref().unwrap().reason, "CUSTOMER_ERASED");
        assert_eq!(profile(&service, customer).await.version, 0);
    }
    // Whoever comes anew is a new customer.
    let results = record(&service, vec![login("e3", "ana")]).await;
    assert_eq!(results[0].status(), v1::RecordStatus::Applied);
    assert!(profile(&service, "ana").await.attributes.is_empty());
    // And gets nothing of what was erased.
    let late = v1::Event { event_time: before, ..login("e4", "ana") };
    let results = record(&service, vec![late]).await;
    assert_eq!(results[0].error.as_ref().unwrap().reason, "CUSTOMER_ERASED");
    service.stopped().await;
}

#[tokio::test]
async fn an_import_is_stored_once_and_an_export_shows_all_of_it() {
    let service = Service::start().await;
    let steady = steady("").set;
    let good = v1::ProfileImport {
        customer_id: "ana".into(),
        attributes: steady.clone(),
        consents: vec![v1::Consent {
            purpose: "marketing".into(),
            state: v1::ConsentState::Granted.into(),
            ..v1::Consent::default()
        }],
        events: vec![login("e1", ""), login("e2", "")],
        ..v1::ProfileImport::default()
    };
    let bad = v1::ProfileImport {
        customer_id: "bo".into(),
        attributes: [("no_such".to_owned(), value(1))].into(),
        ..v1::ProfileImport::default()
    };
    let events = v1::ProfileImport { attributes: [].into(), consents: Vec::new(), ..good.clone() };
    let messages = [vec![good.clone(), bad], vec![good], vec![events]];
    let messages: Vec<_> = (1_u64..)
        .zip(messages)
        .map(|(sequence, profiles)| v1::ImportProfilesRequest { sequence, profiles })
        .collect();
    let messages = futures::stream::iter(messages);
    let mut answers = service.profiles().import_profiles(messages).await.unwrap().into_inner();
    let mut told = Vec::new();
    while let Some(answer) = answers.message().await.unwrap() {
        for fault in &answer.rejected {
            assert_eq!((fault.index, fault.customer_id.as_str()), (1, "bo"));
            assert_eq!(fault.error.as_ref().unwrap().faults[0].field, "set.no_such");
        }
        told.push((answer.sequence, answer.applied, answer.duplicate, answer.rejected.len()));
    }
    assert_eq!(told, [(1, 1, 0, 1), (2, 1, 0, 0), (3, 0, 1, 0)]);

    let decided = service.decisions().decide(decide("ana", &["web"])).await.unwrap();
    let decided = decided.into_inner().decision.unwrap();
    let request = v1::ExportProfileRequest { customer_id: "ana".into(), ..Default::default() };
    let mut pieces = service.profiles().export_profile(request).await.unwrap().into_inner();
    use v1::export_profile_response::Record;
    let (mut logins, mut consents, mut shown) = (None, 0, Vec::new());
    while let Some(piece) = pieces.message().await.unwrap() {
        match piece.record.unwrap() {
            Record::Profile(profile) => logins = profile.derived.get("logins_30d").cloned(),
            Record::Consent(_) => consents += 1,
            Record::Decision(decision) => {
                shown.push((decision.decision_id.clone(), offers(&decision)))
            }
            _ => {}
        }
    }
    assert_eq!((logins, consents), (Some(value(2)), 1));
    assert_eq!(shown, [(decided.decision_id.clone(), offers(&decided))]);
    service.stopped().await;
}

/// An identity is attached after what could refuse the call, and the answer names the version that came
/// of it.
#[tokio::test]
async fn an_update_that_is_refused_attaches_nothing() {
    let service = Service::start().await;
    let version = service.profiles().update_profile(steady("ana")).await.unwrap().into_inner();
    record(&service, vec![login("e1", "cookie:9")]).await;
    let with = |expected| v1::UpdateProfileRequest {
        identities: vec![v1::Identity { r#type: "cookie".into(), id: "9".into() }],
        expected_version: Some(expected),
        ..steady("ana")
    };
    let refused = service.profiles().update_profile(with(version.profile_version + 1)).await;
    assert_eq!(refused.unwrap_err().code(), tonic::Code::Aborted);
    assert_eq!(profile(&service, "cookie:9").await.customer_id, "cookie:9");
    let done = service.profiles().update_profile(with(version.profile_version)).await.unwrap();
    let held = profile(&service, "cookie:9").await;
    assert_eq!(held.customer_id, "ana");
    assert_eq!(held.version, done.into_inner().profile_version);
    assert_eq!(held.derived["logins_30d"], value(1));
    service.stopped().await;
}
