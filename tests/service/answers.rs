//! Answers late, missing and many: over a real store, restarts in between, by a clock that the test
//! moves.

use std::sync::Arc;

use arbitra::api::ApiConfig;
use arbitra::api::wire::v1;
use arbitra::core::learn::PendingCounts;
use arbitra::core::time::{DAY_MS, UnixMs};
use arbitra::engine::FixedClock;
use arbitra::store::{RedisConfig, RedisStore, Store};

use crate::support::eventually;
use crate::support::redis_server::RedisServer;
use crate::support::service::{Service, decide, offers, rules, steady, value};

async fn replica(server: &RedisServer, clock: &Arc<FixedClock>) -> Service {
    let config = RedisConfig::new(server.url().parse().unwrap());
    let store: Arc<dyn Store> = Arc::new(RedisStore::new(&config).unwrap());
    Service::by(&rules(), ApiConfig::default(), |_| store, clock.clone()).await
}

fn counts(service: &Service) -> PendingCounts {
    service.engine.snapshot().models.pending.counts
}

async fn shown(service: &Service) -> (String, String) {
    let decided = service.decisions().decide(decide("ana", &["web"])).await.unwrap().into_inner();
    let decision = decided.decision.unwrap();
    let offer = offers(&decision).first().unwrap().clone();
    let impression = outcome("seen", &decision.decision_id, &offer, v1::OutcomeKind::Impression);
    record(service, impression).await;
    (decision.decision_id, offer)
}

fn outcome(id: &str, decision: &str, offer: &str, kind: v1::OutcomeKind) -> v1::Outcome {
    v1::Outcome {
        outcome_id: id.into(),
        customer_id: "ana".into(),
        decision_id: decision.into(),
        offer_id: offer.into(),
        kind: kind.into(),
        ..v1::Outcome::default()
    }
}

async fn record(service: &Service, outcome: v1::Outcome) -> v1::RecordResult {
    let request = v1::RecordOutcomesRequest { outcomes: vec![outcome] };
    let mut answer = service.interactions().record_outcomes(request).await.unwrap().into_inner();
    answer.results.remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_is_learned_once_whatever_restarts_and_a_late_yes_undoes_it() {
    let server = RedisServer::start();
    let clock = Arc::new(FixedClock::new(UnixMs(1_790_000_000_000)));
    let (one, two) = (replica(&server, &clock).await, replica(&server, &clock).await);
    one.profiles().update_profile(steady("ana")).await.unwrap();
    let (decision, offer) = shown(&one).await;
    for service in [&one, &two] {
        eventually("the contact waits", async || (counts(service).shown == 1).then_some(())).await;
    }
    // Two days of silence: nothing is recorded, and yet it closes, on every replica.
    clock.advance(2 * DAY_MS + 1_000);
    for service in [&one, &two] {
        eventually("it closed", async || (counts(service).closed == 1).then_some(())).await;
        assert_eq!(service.engine.snapshot().models.counts.outcomes, 1);
    }
    one.stopped().await;
    two.stopped().await;
    let again = replica(&server, &clock).await;
    assert_eq!(counts(&again), PendingCounts { shown: 1, closed: 1, ..PendingCounts::default() });
    // By offer and customer alone, on the third day.
    clock.advance(DAY_MS);
    let result = record(&again, outcome("yes", "", &offer, v1::OutcomeKind::Accept)).await;
    assert_eq!(result.status(), v1::RecordStatus::Applied, "{result:?}");
    let attributed = &result.attributions[0];
    assert_eq!((&attributed.decision_id, &attributed.offer_id), (&decision, &offer));
    assert_eq!((attributed.weight, attributed.channel.as_str()), (1.0, "web"));
    eventually("it is corrected", async || (counts(&again).corrected == 1).then_some(())).await;
    let models = again.engine.snapshot().models.clone();
    assert_eq!(models.counts.outcomes, 1, "one contact, one label");
    assert_eq!(models.tallies.overall.positives, 1.0);
    again.stopped().await;
}

#[tokio::test]
async fn a_contract_converts_the_offer_of_its_product_once() {
    let server = RedisServer::start();
    let clock = Arc::new(FixedClock::new(UnixMs(1_790_000_000_000)));
    let service = replica(&server, &clock).await;
    service.profiles().update_profile(steady("ana")).await.unwrap();
    let (decision, offer) = shown(&service).await;
    clock.advance(DAY_MS);
    let opened = v1::Event {
        customer_id: "ana".into(),
        r#type: "product_opened".into(),
        fields: [("product", offer.as_str()), ("contract", "c-1")]
            .map(|(name, text)| (name.to_owned(), value(text)))
            .into(),
        ..v1::Event::default()
    };
    let request = v1::RecordEventsRequest { events: vec![opened] };
    let answer = service.interactions().record_events(request.clone()).await.unwrap().into_inner();
    let attributed = &answer.results[0].attributions;
    assert_eq!(attributed.len(), 1, "{answer:?}");
    assert_eq!((&attributed[0].decision_id, attributed[0].weight), (&decision, 0.5));
    // The same contract told again: by the event, and as an outcome.
    let again = service.interactions().record_events(request).await.unwrap().into_inner();
    assert_eq!(again.results[0].status(), v1::RecordStatus::Applied);
    assert!(again.results[0].attributions.is_empty());
    let told = v1::Outcome {
        order_id: "c-1".into(),
        ..outcome("told", "", &offer, v1::OutcomeKind::Convert)
    };
    assert_eq!(record(&service, told).await.status(), v1::RecordStatus::Duplicate);
    let once = async || (counts(&service).answered == 1).then_some(());
    eventually("the conversion is learned", once).await;
    assert_eq!(service.engine.snapshot().models.counts.outcomes, 1);
    service.stopped().await;
}

#[tokio::test]
async fn where_the_decision_is_the_contact_what_was_sent_waits() {
    let server = RedisServer::start();
    let clock = Arc::new(FixedClock::new(UnixMs(1_790_000_000_000)));
    let service = replica(&server, &clock).await;
    service.profiles().update_profile(steady("ana")).await.unwrap();
    let consent = v1::SetConsentRequest {
        customer_id: "ana".into(),
        consents: vec![v1::Consent {
            purpose: "marketing".into(),
            state: v1::ConsentState::Granted.into(),
            ..v1::Consent::default()
        }],
        ..v1::SetConsentRequest::default()
    };
    service.profiles().set_consent(consent).await.unwrap();
    let decided = service.decisions().decide(decide("ana", &["email"])).await.unwrap();
    let decision = decided.into_inner().decision.unwrap();
    let sent = offers(&decision);
    assert!(!sent.is_empty());
    let all = sent.len() as u64;
    eventually("it waits", async || (counts(&service).shown == all).then_some(())).await;
    clock.advance(7 * DAY_MS + 1_000);
    eventually("it closed", async || (counts(&service).closed == all).then_some(())).await;
    service.stopped().await;
}

/// A click, an acceptance and a contract worth 120, a day after the contact, show in what the models
/// beside the propensity say of themselves.
#[tokio::test]
async fn stages_amounts_and_days_are_told_of() {
    let server = RedisServer::start();
    let clock = Arc::new(FixedClock::new(UnixMs(1_790_000_000_000)));
    let service = replica(&server, &clock).await;
    for (number, worth) in [120.0, 180.0, 150.0].into_iter().enumerate() {
        let customer = format!("customer-{number}");
        service.profiles().update_profile(steady(&customer)).await.unwrap();
        let decided = service.decisions().decide(decide(&customer, &["web"])).await.unwrap();
        let decision = decided.into_inner().decision.unwrap();
        let offer = offers(&decision).first().unwrap().clone();
        let told = |kind: v1::OutcomeKind| v1::Outcome {
            outcome_id: format!("{customer}-{kind:?}"),
            customer_id: customer.clone(),
            decision_id: decision.decision_id.clone(),
            offer_id: offer.clone(),
            kind: kind.into(),
            ..v1::Outcome::default()
        };
        record(&service, told(v1::OutcomeKind::Impression)).await;
        record(&service, told(v1::OutcomeKind::Click)).await;
        record(&service, told(v1::OutcomeKind::Accept)).await;
        clock.advance(DAY_MS);
        let value = Some(worth);
        record(&service, v1::Outcome { value, ..told(v1::OutcomeKind::Convert) }).await;
    }
    let all = eventually("they are learned", async || {
        let request = v1::GetModelInsightsRequest::default();
        let answer = service.insights().get_model_insights(request).await.unwrap().into_inner();
        let value = answer.insights.iter().find(|own| own.model == "value")?;
        (value.outcomes == 2).then_some(answer.insights)
    })
    .await;
    let named = |name: &str| all.iter().find(|own| own.model == name).unwrap();
    for stage in ["funnel.click", "funnel.accept", "funnel.convert"] {
        let own = named(stage);
        assert_eq!((own.outcomes, own.positive_rate), (3, 1.0), "{stage}");
        assert!(own.log_loss > 0.0 && !own.calibration.is_empty(), "{stage}");
    }
    // The first amount cannot be foretold; the mean before the others was 120, then 150.
    let value = named("value").amounts.as_ref().unwrap();
    assert_eq!((value.observed_mean, value.base_absolute_error), (165.0, 30.0));
    assert!(value.foretold_mean > 100.0 && value.foretold_mean < 200.0, "{value:?}");
    let days = named("time_to_outcome").amounts.as_ref().unwrap();
    assert!((days.observed_mean - 1.0).abs() < 0.01, "{days:?}");
    assert!(named("propensity").amounts.is_none());
    service.stopped().await;
}
