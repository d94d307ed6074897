use std::sync::Arc;
use std::time::{Duration, Instant};

use arbitra::api::ApiConfig;
use arbitra::api::wire::v1;
use arbitra::store::{RedisConfig, RedisStore, Store};

use crate::support::redis_server::RedisServer;
use crate::support::service::{Service, decide, steady};

async fn replica(server: &RedisServer) -> Service {
    let config = RedisConfig::new(server.url().parse().unwrap());
    let store: Arc<dyn Store> = Arc::new(RedisStore::new(&config).unwrap());
    Service::on(ApiConfig::default(), |_| store).await
}

async fn letters(service: &Service) -> v1::LimitInsight {
    let request = v1::GetLimitInsightsRequest { limits: vec!["letters".into()] };
    let answer = service.insights().get_limit_insights(request).await.unwrap();
    answer.into_inner().insights.pop().unwrap()
}

/// Until the letters used are as many as wanted, as that replica sees it.
async fn until_used(service: &Service, wanted: f64) -> v1::LimitInsight {
    let started = Instant::now();
    loop {
        let insight = letters(service).await;
        if (insight.used - wanted).abs() < 1e-9 {
            return insight;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{} letters used", insight.used);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn write_to(service: &Service, customer: &str) -> v1::Decision {
    service.profiles().update_profile(steady(customer)).await.unwrap();
    let consent = v1::SetConsentRequest {
        customer_id: customer.into(),
        consents: vec![v1::Consent {
            purpose: "marketing".into(),
            state: v1::ConsentState::Granted.into(),
            ..v1::Consent::default()
        }],
        ..v1::SetConsentRequest::default()
    };
    service.profiles().set_consent(consent).await.unwrap();
    let answer = service.decisions().decide(decide(customer, &["email"])).await.unwrap();
    answer.into_inner().decision.unwrap()
}

/// Two replicas keep one account; it outlives both; and a decision names the prices it was made with.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_keep_one_account_that_survives_them() {
    let server = RedisServer::start();
    let (one, two) = (replica(&server).await, replica(&server).await);
    let mut sent = 0;
    for number in 0..6 {
        let service = if number % 2 == 0 { &one } else { &two };
        let decision = write_to(service, &format!("customer{number}")).await;
        sent += decision
            .channels
            .iter()
            .flat_map(|own| &own.placements)
            .map(|p| p.offers.len())
            .sum::<usize>();
    }
    assert!(sent >= 6, "{sent} offers in six letters");
    let sent = sent as f64;
    let (at_one, at_two) = (until_used(&one, sent).await, until_used(&two, sent).await);
    assert_eq!((at_one.allowed, &*at_one.unit), (20_000.0, "contacts"));
    assert_eq!(at_one.end_time, at_two.end_time);
    assert!(at_one.expected.is_some() && at_one.projected.is_some());
    one.stopped().await;
    two.stopped().await;

    let again = replica(&server).await;
    assert_eq!(letters(&again).await.used, sent);
    let decision = write_to(&again, "one_more").await;
    assert!(decision.versions.unwrap().prices_version > 0);
    again.stopped().await;
}

#[tokio::test]
async fn objectives_say_where_they_stand() {
    let service = Service::start().await;
    let request = v1::GetObjectiveInsightsRequest::default();
    let answer = service.insights().get_objective_insights(request).await.unwrap().into_inner();
    let names: Vec<&str> = answer.insights.iter().map(|own| own.objective.as_str()).collect();
    assert_eq!(names, ["goodwill", "margin", "retention", "service", "care", "complaints"]);
    let margin = &answer.insights[1];
    assert_eq!((margin.target, &*margin.unit), (Some(20_000.0), "EUR"));
    assert_eq!(answer.insights[2].target, None);

    let objectives = vec!["margn".to_owned()];
    let request = v1::GetObjectiveInsightsRequest { objectives, ..Default::default() };
    let refused = service.insights().get_objective_insights(request).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::NotFound);
    service.stopped().await;
}

/// Quotas and contact limits are shown beside what is paced, and a priced contact says so.
#[tokio::test]
async fn every_quota_and_limit_is_shown_paced_or_not() {
    let service = Service::start().await;
    let request = v1::GetLimitInsightsRequest::default();
    let answer = service.insights().get_limit_insights(request).await.unwrap().into_inner();
    let of = |name: &str| answer.insights.iter().find(|own| own.limit == name).unwrap();
    let budget = of("goodwill_budget");
    assert_eq!((budget.allowed, budget.used, &*budget.unit), (20_000.0, 0.0, "money"));
    assert!(budget.start_time.is_some() && budget.end_time.is_some());
    let weekly = of("email_weekly");
    assert_eq!((weekly.allowed, &*weekly.unit), (2.0, "a customer within 7d"));
    assert_eq!(of("sms_monthly").shadow_price, 0.0);
    let mut names: Vec<&str> = answer.insights.iter().map(|own| own.limit.as_str()).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "none is shown twice");
    service.stopped().await;
}
