//! Service and store are killed under load, again and again, and callers ask until they are answered.
//! Then every acknowledged event is in its profile once, and every acknowledged outcome in the models
//! once. `ARBITRA_KILL_ROUNDS=25` for a longer run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arbitra::api::wire::v1;
use arbitra::api::wire::v1::decision_service_client::DecisionServiceClient;
use arbitra::api::wire::v1::insight_service_client::InsightServiceClient;
use arbitra::api::wire::v1::interaction_service_client::InteractionServiceClient;
use arbitra::api::wire::v1::profile_service_client::ProfileServiceClient;
use support::process::Served;
use support::redis_server::RedisServer;
use support::service::{decide, offers, steady, value};
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

const CALLERS: usize = 6;
const CUSTOMERS: usize = 4;
const ROUNDS: usize = 8;

/// Where the service is at the moment, and what callers were told.
#[derive(Default)]
struct World {
    address: Mutex<String>,
    over: AtomicBool,
    /// Logins acknowledged, by customer.
    logins: Mutex<BTreeMap<String, i64>>,
    /// Acceptances acknowledged.
    accepts: Mutex<u64>,
}

impl World {
    fn channel(&self) -> Channel {
        let address = self.address.lock().unwrap().clone();
        let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
        endpoint.timeout(Duration::from_secs(5)).connect_lazy()
    }

    /// Asks until there is an answer.
    async fn ask<T>(&self, call: impl AsyncFn(Channel) -> Result<T, Status>) -> T {
        let started = Instant::now();
        loop {
            match call(self.channel()).await {
                Ok(answer) => return answer,
                Err(status) => {
                    assert!(started.elapsed() < Duration::from_secs(60), "no answer: {status}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    /// Comes in, until it is acknowledged.
    async fn log_in(&self, customer: &str, id: String) {
        let event = v1::Event {
            event_id: id,
            customer_id: customer.to_owned(),
            r#type: "login".to_owned(),
            ..v1::Event::default()
        };
        self.ask(async |on| {
            let request = v1::RecordEventsRequest { events: vec![event.clone()] };
            let answer = InteractionServiceClient::new(on).record_events(request).await?;
            told(answer.into_inner().results[0].clone())
        })
        .await;
        *self.logins.lock().unwrap().entry(customer.to_owned()).or_default() += 1;
    }

    /// Is shown offers and accepts the first, until that is acknowledged.
    async fn accept(&self, customer: &str) {
        self.ask(async |on| ProfileServiceClient::new(on).update_profile(steady(customer)).await)
            .await;
        let request = v1::DecideRequest {
            request_id: format!("of {customer}"),
            ..decide(customer, &["web"])
        };
        let decided = async |on| DecisionServiceClient::new(on).decide(request.clone()).await;
        let decision = self.ask(decided).await.into_inner().decision.unwrap();
        let Some(offer) = offers(&decision).first().cloned() else { return };
        let outcome = v1::Outcome {
            outcome_id: format!("yes of {customer}"),
            customer_id: customer.to_owned(),
            decision_id: decision.decision_id,
            offer_id: offer,
            kind: v1::OutcomeKind::Accept.into(),
            ..v1::Outcome::default()
        };
        self.ask(async |on| {
            let request = v1::RecordOutcomesRequest { outcomes: vec![outcome.clone()] };
            let answer = InteractionServiceClient::new(on).record_outcomes(request).await?;
            told(answer.into_inner().results[0].clone())
        })
        .await;
        *self.accepts.lock().unwrap() += 1;
    }

    async fn call(self: Arc<Self>, caller: usize) {
        let mut number = 0;
        while !self.over.load(Ordering::Relaxed) {
            let customer = format!("customer {}", (caller + number) % CUSTOMERS);
            self.log_in(&customer, format!("{caller} {number}")).await;
            if number % 3 == 0 {
                self.accept(&format!("visitor {caller} {number}")).await;
            }
            number += 1;
        }
    }

    /// What the service holds is what callers were told.
    async fn check(&self) {
        let logins = self.logins.lock().unwrap().clone();
        let told_in_all: i64 = logins.values().sum();
        assert!(told_in_all > 50, "{logins:?}");
        for (customer, told) in logins {
            let request =
                v1::GetProfileRequest { customer_id: customer.clone(), ..Default::default() };
            let asked = async |on| ProfileServiceClient::new(on).get_profile(request.clone()).await;
            let profile = self.ask(asked).await.into_inner().profile.unwrap();
            assert_eq!(profile.derived["logins_30d"], value(told), "logins of {customer}");
        }
        let accepts = *self.accepts.lock().unwrap();
        let learned = support::eventually("all is learned", || async {
            let request = v1::GetModelInsightsRequest::default();
            let asked =
                async |on| InsightServiceClient::new(on).get_model_insights(request.clone()).await;
            let insights = self.ask(asked).await.into_inner().insights;
            let outcomes = insights.first().map_or(0, |insight| insight.outcomes);
            (outcomes >= accepts).then_some(outcomes)
        });
        assert_eq!(learned.await, accepts, "acceptances learned");
        assert!(accepts > 10, "{accepts}");
        println!("{told_in_all} logins and {accepts} acceptances, each once");
    }
}

/// Acknowledged, now or before.
fn told(result: v1::RecordResult) -> Result<(), Status> {
    match result.status() {
        v1::RecordStatus::Applied | v1::RecordStatus::Duplicate => Ok(()),
        _ => Err(Status::unavailable(format!("{:?}", result.error))),
    }
}

fn rounds() -> usize {
    std::env::var("ARBITRA_KILL_ROUNDS").map_or(ROUNDS, |text| text.parse().unwrap())
}

/// Between a fifth of a second and a second, differently each time.
async fn a_while(round: usize) {
    tokio::time::sleep(Duration::from_millis(200 + (round as u64 * 367) % 800)).await;
}

/// Starts the service, kills it as often as asked, `trouble` in between.
async fn play(flags: &[&str], mut trouble: impl FnMut(usize)) {
    let world = Arc::new(World::default());
    let start = || {
        let served = Served::start(flags);
        *world.address.lock().unwrap() = served.grpc().to_owned();
        served
    };
    let mut served = start();
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let world = world.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.unwrap().block_on(world.call(caller));
            })
        })
        .collect();
    for round in 0..rounds() {
        a_while(round).await;
        trouble(round);
        a_while(round * 5 + 1).await;
        drop(served);
        served = start();
    }
    a_while(0).await;
    world.over.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.join().unwrap();
    }
    world.check().await;
    drop(served);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_embedded_store_acknowledged_survives_kills() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    play(&["--rules", "rules", "--data", data, "--durability", "always"], |_| {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_redis_acknowledged_survives_kills_of_both() {
    let mut server = RedisServer::start_durable();
    let url = server.url();
    let flags = ["--rules", "rules", "--store", &*url];
    play(&flags, |_| {
        server.kill();
        std::thread::sleep(Duration::from_millis(100));
        server.restart();
    })
    .await;
}
