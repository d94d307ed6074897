use std::time::Duration;

use arbitra::api::wire::v1;

use crate::support::service::{Service, decide, offers, steady, value};

fn event(id: &str, ty: &str, fields: &[(&str, v1::Value)]) -> v1::Event {
    v1::Event {
        event_id: id.to_owned(),
        customer_id: "ana".to_owned(),
        r#type: ty.to_owned(),
        fields: fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        ..v1::Event::default()
    }
}

#[tokio::test]
async fn the_next_decision_sees_every_event_and_a_repeated_one_changes_nothing() {
    let service = Service::start().await;
    service.profiles().update_profile(steady("ana")).await.unwrap();
    let before = service.decisions().decide(decide("ana", &["web"])).await.unwrap().into_inner();
    assert!(offers(&before.decision.unwrap()).contains(&"gold_card".to_owned()));
    let complaint = v1::RecordEventsRequest {
        events: vec![
            event("e1", "complaint", &[("topic", value("fees"))]),
            event("e2", "complaint", &[("topic", value("weather"))]),
        ],
    };
    let results =
        service.interactions().record_events(complaint.clone()).await.unwrap().into_inner();
    assert_eq!(results.results[0].status(), v1::RecordStatus::Applied);
    let version = results.results[0].profile_version;
    assert!(version > 1);
    assert_eq!(results.results[1].status(), v1::RecordStatus::Rejected);
    assert_eq!(results.results[1].error.as_ref().unwrap().faults[0].field, "fields.topic");
    let after = service.decisions().decide(decide("ana", &["web"])).await.unwrap().into_inner();
    let after = after.decision.unwrap();
    assert!(!offers(&after).contains(&"gold_card".to_owned()), "a complaint is open");
    assert_eq!(after.versions.unwrap().profile_version, version);
    let again = service.interactions().record_events(complaint).await.unwrap().into_inner();
    assert_eq!(again.results[0].status(), v1::RecordStatus::Duplicate);
    assert_eq!(again.results[0].profile_version, version);
    service.stopped().await;
}

#[tokio::test]
async fn an_outcome_is_learned_and_the_models_say_so() {
    let service = Service::start().await;
    service.profiles().update_profile(steady("ana")).await.unwrap();
    let decided = service.decisions().decide(decide("ana", &["web"])).await.unwrap().into_inner();
    let decision = decided.decision.unwrap();
    let offer = offers(&decision).first().unwrap().clone();
    let outcome = |kind: v1::OutcomeKind| v1::Outcome {
        customer_id: "ana".into(),
        decision_id: decision.decision_id.clone(),
        offer_id: offer.clone(),
        kind: kind.into(),
        ..v1::Outcome::default()
    };
    let request = v1::RecordOutcomesRequest {
        outcomes: vec![outcome(v1::OutcomeKind::Impression), outcome(v1::OutcomeKind::Accept)],
    };
    let results =
        service.interactions().record_outcomes(request.clone()).await.unwrap().into_inner();
    for result in &results.results {
        assert_eq!(result.status(), v1::RecordStatus::Applied, "{result:?}");
    }
    let position = results.results[1].log_position;
    assert!(position > 0);
    let mut learned = service.engine.watch_learned();
    let learned = learned.wait_for(|reached| *reached >= position);
    tokio::time::timeout(Duration::from_secs(5), learned).await.unwrap().unwrap();
    let next = service.decisions().decide(decide("ana", &["web"])).await.unwrap().into_inner();
    assert!(next.decision.unwrap().versions.unwrap().log_position >= position);
    let insights = service.insights();
    let request_insights = v1::GetModelInsightsRequest::default();
    let insights =
        insights.clone().get_model_insights(request_insights).await.unwrap().into_inner();
    assert!(insights.log_position >= position);
    assert_eq!(insights.insights[0].outcomes, 1, "the acceptance teaches; the impression waits");
    let again = service.interactions().record_outcomes(request).await.unwrap().into_inner();
    for result in &again.results {
        assert_eq!(result.status(), v1::RecordStatus::Duplicate, "{result:?}");
    }
    let got = v1::GetProfileRequest { customer_id: "ana".into(), ..Default::default() };
    let profile = service.profiles().get_profile(got).await.unwrap().into_inner().profile.unwrap();
    let history = profile.offers.iter().find(|history| history.offer_id == offer).unwrap();
    assert!(history.counts.iter().any(|count| count.kind() == v1::OutcomeKind::Accept));
    service.stopped().await;
}

#[tokio::test]
async fn late_outcomes_of_retired_offers_are_kept_and_unknown_ones_refused() {
    let service = Service::start().await;
    let outcome = |decision: &str| v1::Outcome {
        customer_id: "ana".into(),
        decision_id: decision.into(),
        offer_id: "gold_crad".into(),
        channel: "web".into(),
        kind: v1::OutcomeKind::Click.into(),
        ..v1::Outcome::default()
    };
    let outcomes = vec![outcome(&"0".repeat(32)), outcome("")];
    let request = v1::RecordOutcomesRequest { outcomes };
    let results = service.interactions().record_outcomes(request).await.unwrap().into_inner();
    assert_eq!(results.results[0].status(), v1::RecordStatus::Applied);
    let error = results.results[1].error.as_ref().unwrap();
    assert_eq!(error.code, tonic::Code::NotFound as i32);
    assert!(error.message.contains("did you mean `gold_card`?"), "{}", error.message);
    service.stopped().await;
}

#[tokio::test]
async fn a_stream_of_records_is_answered_message_by_message_in_order() {
    let service = Service::start().await;
    let messages = (1..=20).map(|sequence| v1::RecordStreamRequest {
        sequence,
        events: vec![event(&format!("e{sequence}"), "login", &[("device", value("phone"))])],
        outcomes: Vec::new(),
    });
    let stream = tokio_stream::iter(messages);
    let mut answers = service.interactions().record_stream(stream).await.unwrap().into_inner();
    let (mut expected, mut last) = (1, 0);
    while let Some(answer) = answers.message().await.unwrap() {
        assert_eq!(answer.sequence, expected);
        let version = answer.event_results[0].profile_version;
        assert!(version > last, "each is stored before the next");
        last = version;
        expected += 1;
    }
    assert_eq!(expected, 21);
    service.stopped().await;
}
