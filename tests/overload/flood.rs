//! Three times as many calls as can be answered: those that are let in are answered in time, as many
//! as ever, and the others hear at once when to try again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arbitra::api::ApiConfig;
use arbitra::api::wire::v1;
use arbitra::api::wire::v1::decision_service_client::DecisionServiceClient;
use tokio::task::JoinSet;
use tonic::transport::Channel;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use crate::support::service::{Service, decide};
use crate::support::slow_store::SlowStore;

/// What a decision may take whose caller names no deadline.
const DEADLINE: Duration = Duration::from_millis(200);

/// What became of a call.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// Answered whole, after so long.
    Answered(Duration),
    /// Answered with what there was.
    Degraded,
    /// Told to try again later.
    Refused,
}

/// A service whose store answers four at a time, each in 20 ms: 200 a second, on any machine.
async fn service() -> Service {
    Service::on(ApiConfig::default(), |store| {
        Arc::new(SlowStore::new(store, 4, Duration::from_millis(20)))
    })
    .await
}

async fn ask(
    mut decisions: DecisionServiceClient<Channel>,
    customer: u64,
    priority: Option<&'static str>,
) -> Fate {
    let mut request = decide(&format!("c-{customer}"), &["web"]);
    let placement = v1::PlacementRequest { placement: "hero".into(), ..Default::default() };
    request.channels[0].placements = vec![placement];
    let mut request = Request::new(request);
    if let Some(priority) = priority {
        request.metadata_mut().insert("x-arbitra-priority", priority.parse().unwrap());
    }
    let asked = Instant::now();
    match decisions.decide(request).await {
        Ok(answer) => match answer.into_inner().decision.unwrap().degradations.is_empty() {
            true => Fate::Answered(asked.elapsed()),
            false => Fate::Degraded,
        },
        Err(status) => {
            assert_eq!(status.code(), Code::Unavailable, "{status:?}");
            let details = status.get_error_details();
            assert_eq!(details.error_info().unwrap().reason, "OVERLOADED");
            assert!(details.retry_info().unwrap().retry_delay.is_some());
            Fate::Refused
        }
    }
}

/// So many callers, each of whom asks again when it was answered.
async fn closed(service: &Service, callers: u64, time: Duration) -> f64 {
    let until = Instant::now() + time;
    let mut all = JoinSet::new();
    for caller in 0..callers {
        let decisions = service.decisions();
        all.spawn(async move {
            let mut answered = 0.0;
            while Instant::now() < until {
                if matches!(ask(decisions.clone(), caller, None).await, Fate::Answered(_)) {
                    answered += 1.0;
                }
            }
            answered
        });
    }
    let mut sum = 0.0;
    while let Some(answered) = all.join_next().await {
        sum += answered.unwrap();
    }
    sum / time.as_secs_f64()
}

/// Calls at a constant rate, whatever becomes of them, with when each was asked.
async fn open(
    service: &Service,
    a_second: f64,
    time: Duration,
    priority: Option<&'static str>,
) -> Vec<(Duration, Fate)> {
    let began = Instant::now();
    let (mut all, mut sent) = (JoinSet::new(), 0_u64);
    let mut tick = tokio::time::interval(Duration::from_millis(2));
    while began.elapsed() < time {
        tick.tick().await;
        let due = (began.elapsed().as_secs_f64() * a_second) as u64;
        while sent < due {
            sent += 1;
            let (decisions, at, customer) = (service.decisions(), began.elapsed(), sent % 500);
            all.spawn(async move { (at, ask(decisions, customer, priority).await) });
        }
    }
    all.join_all().await
}

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}

fn percentile(mut times: Vec<Duration>, share: f64) -> Duration {
    times.sort_unstable();
    times[((times.len() - 1) as f64 * share) as usize]
}

fn answered(fates: &[(Duration, Fate)]) -> Vec<Duration> {
    let times = fates.iter().filter_map(|(_, fate)| match fate {
        Fate::Answered(time) => Some(*time),
        _ => None,
    });
    times.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_three_times_its_capacity_a_service_does_as_much_as_ever_and_in_time() {
    let service = service().await;
    let peak = closed(&service, 12, Duration::from_secs(3)).await;
    let before = resident_bytes();
    let (rate, time) = (3.0 * peak, Duration::from_secs(6));
    let fates = open(&service, rate, time, None).await;
    let after = resident_bytes();
    let times = answered(&fates);
    let goodput = times.len() as f64 / time.as_secs_f64();
    let degraded = fates.iter().filter(|(_, fate)| matches!(fate, Fate::Degraded)).count();
    let refused = fates.iter().filter(|(_, fate)| matches!(fate, Fate::Refused)).count();
    let p99 = percentile(times.clone(), 0.99);
    println!(
        "peak {peak:.0}/s; at {rate:.0}/s: goodput {goodput:.0}/s, p99 {p99:?}, refused {refused}, \
         degraded {degraded} of {}; memory {:+} KiB",
        fates.len(),
        (after as i64 - before as i64) / 1_024
    );
    assert!(goodput >= 0.9 * peak, "goodput {goodput} of {peak}");
    assert!(p99 <= DEADLINE, "{p99:?}");
    assert!(degraded * 100 <= times.len(), "{degraded} degraded");
    assert!(after < before + (64 << 20), "{before} bytes, then {after}");
    // It is over: within two seconds calls are answered as before.
    let over = Instant::now();
    loop {
        let calm = open(&service, peak / 4.0, Duration::from_millis(500), None).await;
        let times = answered(&calm);
        if times.len() == calm.len() && percentile(times, 0.9) < DEADLINE / 2 {
            break;
        }
        assert!(over.elapsed() < Duration::from_secs(2), "it does not recover");
    }
    assert!(over.elapsed() < Duration::from_secs(2), "{:?}", over.elapsed());
    service.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_on_the_telephone_goes_before_pages_and_these_before_campaigns() {
    let service = service().await;
    let peak = closed(&service, 12, Duration::from_secs(2)).await;
    // A campaign that would keep it busy for a minute.
    let items = (0..(peak * 60.0) as u64).map(|n| v1::DecideItem {
        item_id: n.to_string(),
        request: Some(decide(&format!("m-{n}"), &["web"])),
    });
    let messages: Vec<_> = items
        .collect::<Vec<_>>()
        .chunks(50)
        .map(|items| v1::DecideStreamRequest { items: items.to_vec(), ..Default::default() })
        .collect();
    let mut campaign = service.decisions();
    let mut campaign =
        campaign.decide_stream(tokio_stream::iter(messages)).await.unwrap().into_inner();
    let (done, watched) = tokio::sync::watch::channel(0_usize);
    let reading = tokio::spawn(async move {
        while let Ok(Some(answer)) = campaign.message().await {
            done.send_modify(|done| *done += answer.results.len());
        }
    });
    let reached = || *watched.borrow();
    // Alone, the campaign has what there is.
    let began = Instant::now();
    let some = (peak / 2.0) as usize;
    tokio::time::timeout(Duration::from_secs(20), watched.clone().wait_for(|done| *done >= some))
        .await
        .expect("the campaign goes on")
        .unwrap();
    let alone = some as f64 / began.elapsed().as_secs_f64();
    let before = reached();
    let time = Duration::from_secs(4);
    let (pages, calls) = tokio::join!(
        open(&service, 2.0 * peak, time, Some("web")),
        open(&service, 0.4 * peak, time, Some("call_centre")),
    );
    let during = (reached() - before) as f64 / time.as_secs_f64();
    let share = |fates: &[(Duration, Fate)]| answered(fates).len() as f64 / fates.len() as f64;
    let (pages, calls) = (share(&pages), share(&calls));
    println!(
        "peak {peak:.0}/s; campaign alone {alone:.0}/s, then {during:.0}/s; answered: pages {pages:.2}, telephone {calls:.2}"
    );
    assert!(alone > 0.5 * peak, "{alone} of {peak}");
    assert!(calls > 0.97, "{calls}");
    assert!(pages > 0.1 && pages < 0.6, "{pages}");
    assert!(during < 0.2 * peak, "{during} of {peak}");
    reading.abort();
    service.stopped().await;
}
