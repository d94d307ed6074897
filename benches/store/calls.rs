//! What a call of the contract costs on each store, beside a bare Redis client doing the same
//! work: `cargo bench --bench store -- calls`.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arbitra::store::{
    Commit, CommitResult, Durability, EmbeddedConfig, EmbeddedStore, RedisConfig, RedisStore, Store,
};
use bytes::Bytes;

use crate::redis_server::RedisServer;

const CUSTOMERS: u64 = 50_000;
const RECORD: &[u8] = &[7; 600];
const ENTRY: &[u8] = &[9; 250];

/// Runs `call` from `callers` tasks for `seconds`; prints calls a second and their latency.
async fn measure<F>(what: &str, callers: u64, seconds: u64, call: impl Fn(u64) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut latencies_us = Vec::new();
    let call = &call;
    let all = (0..callers).map(|caller| async move {
        let mut state = caller.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut latencies_us = Vec::new();
        while Instant::now() < until {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let asked_at = Instant::now();
            tokio::spawn(call(state % CUSTOMERS)).await.unwrap();
            latencies_us.push(asked_at.elapsed().as_micros() as u64);
        }
        latencies_us
    });
    for some in futures::future::join_all(all).await {
        latencies_us.extend(some);
    }
    latencies_us.sort_unstable();
    let at = |share: f64| latencies_us[(latencies_us.len() as f64 * share) as usize];
    println!(
        "{what:<44} {callers:>3} callers {:>8} calls/s   p50 {:>5} us   p99 {:>6} us",
        latencies_us.len() as u64 / seconds,
        at(0.5),
        at(0.99)
    );
}

fn name(customer: u64) -> String {
    format!("customer-{customer:08}")
}

async fn commit(store: &dyn Store, customer: u64) {
    let current = store.load(&[&name(customer)]).await.unwrap().remove(0);
    let commit = Commit {
        customer: name(customer),
        expected: current.map_or(0, |found| found.version),
        record: Bytes::from_static(RECORD),
        ttl: Some(Duration::from_secs(3600)),
        log: vec![Bytes::from_static(ENTRY)],
    };
    // A conflict is as much work.
    let _: CommitResult = store.commit(commit).await.unwrap();
}

async fn calls(title: &str, store: Arc<dyn Store>, seconds: u64) {
    println!("{title}: {}", store.describe().await);
    for customer in 0..CUSTOMERS {
        if customer % 10 == 0 {
            commit(&*store, customer).await;
        }
    }
    for callers in [1, 8, 64] {
        let on = store.clone();
        measure("load one", callers, seconds, move |customer| {
            let on = on.clone();
            async move {
                on.load(&[&name(customer)]).await.unwrap();
            }
        })
        .await;
        let on = store.clone();
        measure(
            "load, then commit with one log entry",
            callers,
            seconds,
            move |customer| {
                let on = on.clone();
                async move { commit(&*on, customer).await }
            },
        )
        .await;
    }
    let on = store.clone();
    measure("load 64 customers", 8, seconds, move |customer| {
        let on = on.clone();
        async move {
            let names: Vec<String> = (customer..customer + 64).map(name).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            on.load(&names).await.unwrap();
        }
    })
    .await;
    let on = store.clone();
    measure(
        "remember 64 decisions of 250 bytes",
        8,
        seconds,
        move |customer| {
            let on = on.clone();
            async move {
                let decisions =
                    (customer..customer + 64).map(|one| (name(one), Bytes::from_static(ENTRY)));
                on.remember(decisions.collect(), Duration::from_secs(3600))
                    .await
                    .unwrap();
            }
        },
    )
    .await;
    let (mut after, started_at) = (0, Instant::now());
    loop {
        let page = store.read_log(after, 512, Duration::ZERO).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        after = *last;
    }
    let rate = after as f64 / started_at.elapsed().as_secs_f64();
    println!(
        "{:<44} {rate:>20.0} entries/s ({after} entries)",
        "read the log"
    );
}

async fn bare_redis(url: &str, seconds: u64) {
    let client = redis::Client::open(url).unwrap();
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(None);
    let on = client
        .get_multiplexed_async_connection_with_config(&config)
        .await
        .unwrap();
    for callers in [1, 8, 64] {
        let one = on.clone();
        measure("bare client: GET", callers, seconds, move |customer| {
            let mut on = one.clone();
            async move {
                let key = format!("arbitra:{{{}}}", name(customer));
                let _: Option<Vec<u8>> = redis::cmd("GET")
                    .arg(key)
                    .query_async(&mut on)
                    .await
                    .unwrap();
            }
        })
        .await;
        let one = on.clone();
        measure(
            "bare client: GET, then SET",
            callers,
            seconds,
            move |customer| {
                let mut on = one.clone();
                async move {
                    let key = format!("bare:{{{}}}", name(customer));
                    let _: Option<Vec<u8>> = redis::cmd("GET")
                        .arg(&key)
                        .query_async(&mut on)
                        .await
                        .unwrap();
                    let set = redis::cmd("SET")
                        .arg(&key)
                        .arg(RECORD)
                        .query_async(&mut on)
                        .await;
                    let () = set.unwrap();
                }
            },
        )
        .await;
    }
}

/// Runs all of it.
pub fn run(seconds: u64) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for durability in [
            Durability::Interval(Duration::from_millis(100)),
            Durability::Always,
        ] {
            let folder = tempfile::tempdir().unwrap();
            let config = EmbeddedConfig {
                durability,
                ..EmbeddedConfig::new(folder.path())
            };
            calls(
                "embedded",
                Arc::new(EmbeddedStore::open(&config).unwrap()),
                seconds,
            )
            .await;
        }
        let server = RedisServer::start();
        let store = RedisStore::new(&RedisConfig::new(server.url().parse().unwrap())).unwrap();
        calls("redis", Arc::new(store), seconds).await;
        bare_redis(&server.url(), seconds).await;
    });
}
