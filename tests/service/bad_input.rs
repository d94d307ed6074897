use arbitra::api::wire::v1;
use arbitra::api::wire::v1::value::Kind;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::support::service::{Service, decide, value};

/// Names of all bad fields, in order of the request.
fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().domain, "arbitra.v1");
    let bad = details.bad_request().unwrap();
    bad.field_violations.iter().map(|fault| fault.field.clone()).collect()
}

fn with(change: impl FnOnce(&mut v1::DecideRequest)) -> v1::DecideRequest {
    let mut request = decide("ana", &["web"]);
    change(&mut request);
    request
}

fn context(entries: &[(&str, Kind)]) -> v1::DecideRequest {
    with(|request| {
        for (name, kind) in entries {
            let value = v1::Value { kind: Some(kind.clone()) };
            request.context.insert((*name).to_owned(), value);
        }
    })
}

fn text(text: &str) -> Kind {
    Kind::StringValue(text.to_owned())
}

#[tokio::test]
async fn every_bad_field_of_a_decision_is_named() {
    let service = Service::start().await;
    let placement =
        |name: &str, slots| v1::PlacementRequest { placement: name.into(), slots, filter: None };
    let far = prost_types::Timestamp { seconds: 253_402_300_799, nanos: 0 };
    let rows: Vec<(v1::DecideRequest, Code, Vec<&str>)> = vec![
        (decide("", &[]), Code::InvalidArgument, vec!["customer_id", "channels"]),
        (decide("ana", &["wbe"]), Code::NotFound, vec!["channels[0].channel"]),
        (
            decide(&"x".repeat(257), &["web", "web"]),
            Code::InvalidArgument,
            vec!["customer_id", "channels[1].channel"],
        ),
        (
            with(|request| {
                request.channels[0].placements = vec![
                    placement("hreo", None),
                    placement("sidebar", Some(4)),
                    placement("hero", Some(0)),
                ];
            }),
            Code::InvalidArgument,
            vec![
                "channels[0].placements[0].placement",
                "channels[0].placements[1].slots",
                "channels[0].placements[2].slots",
            ],
        ),
        (
            with(|request| request.channels[0].placements = vec![placement("hreo", None)]),
            Code::NotFound,
            vec!["channels[0].placements[0].placement"],
        ),
        (
            context(&[
                ("device", Kind::IntValue(7)),
                ("moood", text("calm")),
                ("page", text("hom")),
                ("waited", Kind::DoubleValue(f64::NAN)),
            ]),
            Code::InvalidArgument,
            vec!["context.device", "context.moood", "context.page", "context.waited"],
        ),
        (
            context(&[("page", Kind::NullValue(0)), ("mood", text(&"x".repeat(2_000)))]),
            Code::InvalidArgument,
            vec!["context.mood", "context.page"],
        ),
        (
            with(|request| {
                request.request_id = "x".repeat(129);
                request.interaction_id = "x".repeat(129);
                request.locale = "es_ES".into();
                request.view = 99;
                request.what_if = Some(v1::WhatIf::default());
            }),
            Code::InvalidArgument,
            vec!["request_id", "interaction_id", "locale", "view", "what_if"],
        ),
        (
            with(|request| {
                request.dry_run = true;
                request.what_if = Some(v1::WhatIf {
                    as_of_time: Some(far),
                    attributes: [
                        ("age".to_owned(), value(121)),
                        ("agee".to_owned(), value(40)),
                        ("monthly_income".to_owned(), value(f64::INFINITY)),
                    ]
                    .into(),
                    missing_attributes: vec!["nothing_like_it".into()],
                    scheme: "luck".into(),
                    ..v1::WhatIf::default()
                });
            }),
            Code::InvalidArgument,
            vec![
                "what_if.as_of_time",
                "what_if.attributes.age",
                "what_if.attributes.agee",
                "what_if.attributes.monthly_income",
                "what_if.missing_attributes[0]",
                "what_if.scheme",
            ],
        ),
    ];
    for (request, code, expected) in rows {
        let shown = format!("{:.300}", format!("{request:?}"));
        let status = service.decisions().decide(request).await.expect_err(&shown);
        assert_eq!(status.code(), code, "{shown}");
        assert_eq!(fields(&status), expected, "{shown}");
    }
    service.stopped().await;
}

#[tokio::test]
async fn faults_say_what_was_given_what_is_expected_and_what_may_be_meant() {
    let service = Service::start().await;
    let request = context(&[("page", text("calculatr")), ("device", Kind::BoolValue(true))]);
    let status = service.decisions().decide(request).await.unwrap_err();
    let details = status.get_error_details();
    let faults = &details.bad_request().unwrap().field_violations;
    assert_eq!(faults[0].description, "expected string, given bool");
    assert_eq!(faults[0].reason, "WRONG_TYPE");
    assert!(faults[1].description.contains("did you mean `calculator`?"), "{faults:?}");
    let status = service.decisions().decide(decide("ana", &["wbe"])).await.unwrap_err();
    assert!(status.message().contains("did you mean `web`?"), "{}", status.message());
    service.stopped().await;
}

#[tokio::test]
async fn ten_thousand_context_entries_are_one_fault() {
    let service = Service::start().await;
    let request = with(|request| {
        for number in 0..10_000 {
            request.context.insert(format!("key_{number}"), value(1));
        }
    });
    let status = service.decisions().decide(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(fields(&status), ["context"]);
    let many = with(|request| {
        for number in 0..256 {
            request.context.insert(format!("{number}_{}", "x".repeat(1_000)), value(1));
        }
    });
    let status = service.decisions().decide(many).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let faults = fields(&status);
    assert_eq!(faults.last().unwrap(), "", "the last says how many are left out");
    service.stopped().await;
}

#[tokio::test]
async fn bad_items_are_rejected_beside_good_ones() {
    let service = Service::start().await;
    let event = |change: &dyn Fn(&mut v1::Event)| {
        let mut event = v1::Event {
            customer_id: "ana".into(),
            r#type: "card_payment".into(),
            fields: [("amount".to_owned(), value(10))].into(),
            ..v1::Event::default()
        };
        change(&mut event);
        event
    };
    let year_9999 = prost_types::Timestamp { seconds: 253_402_300_799, nanos: 0 };
    let tomorrow = prost_types::Timestamp { seconds: 4_000_000_000, nanos: 0 };
    let events = vec![
        event(&|_| {}),
        event(&|event| event.r#type = "card_paiment".into()),
        event(&|event| event.event_time = Some(year_9999)),
        event(&|event| event.event_time = Some(tomorrow)),
        event(&|event| {
            event.customer_id.clear();
            event.channel = "wbe".into();
            event.fields.insert("amount".into(), value(-1));
            event.fields.insert("amuont".into(), value(1));
        }),
    ];
    let request = v1::RecordEventsRequest { events };
    let results = service.interactions().record_events(request).await.unwrap().into_inner().results;
    let applied = [true, false, false, true, false];
    for (result, applied) in results.iter().zip(applied) {
        assert_eq!(result.status() == v1::RecordStatus::Applied, applied, "{result:?}");
    }
    let named = |place: usize| -> Vec<&str> {
        let faults = &results[place].error.as_ref().unwrap().faults;
        faults.iter().map(|fault| fault.field.as_str()).collect()
    };
    assert_eq!(named(1), ["type"]);
    assert_eq!(results[1].error.as_ref().unwrap().code, Code::NotFound as i32);
    assert_eq!(named(2), ["event_time"]);
    assert_eq!(named(4), ["customer_id", "channel", "fields.amount", "fields.amuont"]);
    service.stopped().await;
}

#[tokio::test]
async fn bad_outcomes_consents_and_batches_are_refused_by_name() {
    let service = Service::start().await;
    let outcome = v1::Outcome {
        decision_id: "xyz".into(),
        offer_id: String::new(),
        reason: "x".repeat(65),
        value: Some(f64::NAN),
        currency: "USD".into(),
        selection_probability: Some(1.5),
        ..v1::Outcome::default()
    };
    let request = v1::RecordOutcomesRequest { outcomes: vec![outcome] };
    let results =
        service.interactions().record_outcomes(request).await.unwrap().into_inner().results;
    let faults = &results[0].error.as_ref().unwrap().faults;
    let mut named: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    named.sort_unstable();
    assert_eq!(
        named,
        [
            "currency",
            "customer_id",
            "decision_id",
            "kind",
            "offer_id",
            "reason",
            "selection_probability",
            "value"
        ]
    );
    let request = v1::SetConsentRequest {
        customer_id: "ana".into(),
        consents: vec![v1::Consent {
            purpose: "marketting".into(),
            channel: "wbe".into(),
            ..v1::Consent::default()
        }],
        ..v1::SetConsentRequest::default()
    };
    let status = service.profiles().set_consent(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let named = fields(&status);
    assert_eq!(named, ["consents[0].channel", "consents[0].state", "consents[0].purpose"]);
    for events in [Vec::new(), vec![v1::Event::default(); 1_001]] {
        let request = v1::RecordEventsRequest { events };
        let status = service.interactions().record_events(request).await.unwrap_err();
        assert_eq!(
            (status.code(), fields(&status)),
            (Code::InvalidArgument, vec!["events".into()])
        );
    }
    let status =
        service.decisions().get_decision(v1::GetDecisionRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert!(status.message().contains("DecisionService.GetDecision"));
    service.stopped().await;
}

#[tokio::test]
async fn oversized_messages_are_refused_and_the_service_goes_on() {
    let service = Service::start().await;
    let request = with(|request| {
        request.context.insert("page".into(), value("x".repeat(5 << 20).as_str()));
    });
    let status = service.decisions().decide(request).await.unwrap_err();
    assert!(matches!(status.code(), Code::OutOfRange | Code::ResourceExhausted), "{status:?}");
    service.decisions().decide(decide("ana", &["web"])).await.unwrap();
    service.stopped().await;
}
