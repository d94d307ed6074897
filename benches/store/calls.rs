//! What a call of the contract costs on each store, beside a bare Redis client doing the same
//! work: `cargo bench --bench store -- calls`.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arbitra::store::{
    Commit, CommitResult, Durability, EmbeddedConfig, EmbeddedStore, RedisConfig, RedisStore, Store,
};
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::redis_server::RedisServer;

const SLICE: Duration = Duration::from_millis(200);
const CUSTOMERS: u64 = 50_000;
const RECORD: &[u8] = &[7; 600];
const ENTRY: &[u8] = &[9; 250];

/// One kind of call, and what it has taken so far.
struct Case {
    what: &'static str,
    callers: u64,
    call: Box<dyn Fn(u64) -> BoxFuture<'static, ()>>,
    latencies_us: Vec<u64>,
    spent: Duration,
}

impl Case {
    fn new<F>(what: &'static str, callers: u64, call: impl Fn(u64) -> F + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let call = Box::new(move |customer| call(customer).boxed());
        Self { what, callers, call, latencies_us: Vec::new(), spent: Duration::ZERO }
    }

    /// Calls for one slice of time, each caller again as soon as it is answered.
    async fn slice(&mut self, seed: u64) {
        let (started_at, call) = (Instant::now(), &self.call);
        let all = (0..self.callers).map(|caller| async move {
            let mut state = (seed * 1000 + caller).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut latencies_us = Vec::new();
            while started_at.elapsed() < SLICE {
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
            self.latencies_us.extend(some);
        }
        self.spent += started_at.elapsed();
    }

    fn report(mut self) {
        self.latencies_us.sort_unstable();
        let calls = self.latencies_us.len();
        let at = |share: f64| self.latencies_us[(calls as f64 * share) as usize];
        println!(
            "{:<44} {:>3} callers {:>8.0} calls/s   p50 {:>5} us   p99 {:>6} us",
            self.what,
            self.callers,
            calls as f64 / self.spent.as_secs_f64(),
            at(0.5),
            at(0.99)
        );
    }
}

/// All cases in turns of a short slice, so that whatever else the machine does hits all alike.
async fn measure(mut cases: Vec<Case>, seconds: u64) {
    for round in 0..(seconds * 1000).div_ceil(SLICE.as_millis() as u64) {
        for case in &mut cases {
            case.slice(round).await;
        }
    }
    cases.into_iter().for_each(Case::report);
}

fn name(customer: u64) -> String {
    format!("customer-{customer:08}")
}

async fn commit(store: &dyn Store, customer: u64, entries: usize) {
    let current = store.load(&[&name(customer)]).await.unwrap().remove(0);
    let commit = Commit {
        customer: name(customer),
        expected: current.map_or(0, |found| found.version),
        record: Bytes::from_static(RECORD),
        ttl: Some(Duration::from_secs(3600)),
        log: vec![Bytes::from_static(ENTRY); entries],
        decision: None,
    };
    // A conflict is as much work.
    let _: CommitResult = store.commit(commit).await.unwrap();
}

fn cases_of(store: &Arc<dyn Store>) -> Vec<Case> {
    let on = || store.clone();
    let mut cases = Vec::new();
    for callers in [1, 8, 64] {
        let load = on();
        cases.push(Case::new("load one", callers, move |customer| {
            let on = load.clone();
            async move {
                on.load(&[&name(customer)]).await.unwrap();
            }
        }));
        for (what, entries) in [("load, commit", 0), ("load, commit with a log entry", 1)] {
            let commits = on();
            cases.push(Case::new(what, callers, move |customer| {
                let on = commits.clone();
                async move { commit(&*on, customer, entries).await }
            }));
        }
    }
    let load = on();
    cases.push(Case::new("load 64 customers", 8, move |customer| {
        let on = load.clone();
        async move {
            let names: Vec<String> = (customer..customer + 64).map(name).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            on.load(&names).await.unwrap();
        }
    }));
    let remember = on();
    cases.push(Case::new("remember 64 decisions of 250 bytes", 8, move |customer| {
        let on = remember.clone();
        async move {
            let entry = Bytes::from_static(ENTRY);
            let decisions = (customer..customer + 64).map(|one| (name(one), entry.clone()));
            on.remember(decisions.collect(), Duration::from_secs(3600)).await.unwrap();
        }
    }));
    cases
}

async fn bare_cases(url: &str) -> Vec<Case> {
    let client = redis::Client::open(url).unwrap();
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(None);
    let on = client.get_multiplexed_async_connection_with_config(&config).await.unwrap();
    let get = |key: &str| {
        let mut get = redis::cmd("GET");
        get.arg(key);
        get
    };
    let mut cases = Vec::new();
    for callers in [1, 8, 64] {
        let one = on.clone();
        cases.push(Case::new("bare client: GET", callers, move |customer| {
            let mut on = one.clone();
            async move {
                let key = format!("bare:{{{}}}", name(customer));
                let _: Option<Vec<u8>> = get(&key).query_async(&mut on).await.unwrap();
            }
        }));
        let one = on.clone();
        cases.push(Case::new("bare client: GET, SET", callers, move |customer| {
            let mut on = one.clone();
            async move {
                let key = format!("bare:{{{}}}", name(customer));
                let _: Option<Vec<u8>> = get(&key).query_async(&mut on).await.unwrap();
                let mut set = redis::cmd("SET");
                set.arg(&key).arg(RECORD);
                let () = set.query_async(&mut on).await.unwrap();
            }
        }));
    }
    cases
}

async fn read_whole_log(store: &dyn Store) {
    let (mut after, started_at) = (0, Instant::now());
    loop {
        let page = store.read_log(after, 512, Duration::ZERO).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        after = *last;
    }
    let rate = after as f64 / started_at.elapsed().as_secs_f64();
    println!("{:<56} {rate:>8.0} entries/s ({after} entries)", "read the log");
}

async fn on_embedded(durability: Durability, seconds: u64) {
    let folder = tempfile::tempdir().unwrap();
    let config = EmbeddedConfig { durability, ..EmbeddedConfig::new(folder.path()) };
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(&config).unwrap());
    println!("{}", store.describe().await);
    measure(cases_of(&store), seconds).await;
    read_whole_log(&*store).await;
}

async fn on_redis(seconds: u64) {
    let server = RedisServer::start();
    let config = RedisConfig::new(server.url().parse().unwrap());
    let store: Arc<dyn Store> = Arc::new(RedisStore::new(&config).unwrap());
    println!("{}", store.describe().await);
    let mut cases = bare_cases(&server.url()).await;
    cases.extend(cases_of(&store));
    measure(cases, seconds).await;
    read_whole_log(&*store).await;
}

/// Runs all of it, each case for so many seconds.
pub fn run(seconds: u64) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        on_embedded(Durability::Interval(Duration::from_millis(100)), seconds).await;
        on_embedded(Durability::Always, seconds).await;
        on_redis(seconds).await;
    });
}
