//! Peers that hold on to a service without using it: silent, half open, never reading, too long.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arbitra::api::wire::v1;
use arbitra::api::wire::v1::decision_service_client::DecisionServiceClient;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tonic::Request;
use tonic::transport::Channel;

use crate::support::process::Served;
use crate::support::service::decide;

/// A service in a process of its own, so that what it holds can be weighed.
fn served(data: &tempfile::TempDir) -> Served {
    Served::start(&["--data", data.path().to_str().unwrap()])
}

async fn connect(served: &Served) -> DecisionServiceClient<Channel> {
    let address = format!("http://{}", served.grpc().trim_start_matches("http://"));
    let channel = Channel::from_shared(address).unwrap().connect().await.unwrap();
    DecisionServiceClient::new(channel)
}

fn resident_bytes(served: &Served) -> u64 {
    let statm = std::fs::read_to_string(format!("/proc/{}/statm", served.child.id())).unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}

/// The preface of HTTP/2 and empty settings (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_silent_connections_hinder_nobody() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let most = limit.maximum.unwrap_or(u64::MAX);
    assert!(most >= 10_500, "files that may be open: {most}; see `ulimit -Hn`");
    let data = tempfile::tempdir().unwrap();
    let served = served(&data);
    let mut decisions = connect(&served).await;
    decisions.decide(decide("ana", &["web"])).await.unwrap();
    let before = resident_bytes(&served);
    let address = served.grpc().trim_start_matches("http://").to_owned();
    let held = tokio::task::spawn_blocking(move || {
        let open = |number: usize| {
            let mut stream = TcpStream::connect(&address).unwrap();
            // A third says nothing at all, a third begins and stops, a third greets and falls silent.
            let said = [&b""[..], &PREFACE[..10], PREFACE][number % 3];
            stream.write_all(said).unwrap();
            stream
        };
        (0..10_000).map(open).collect::<Vec<_>>()
    });
    let held = held.await.unwrap();
    for _ in 0..50 {
        decisions.decide(decide("ana", &["web"])).await.unwrap();
    }
    // One more caller still gets in.
    connect(&served).await.decide(decide("bob", &["web"])).await.unwrap();
    let each = (resident_bytes(&served).saturating_sub(before)) / held.len() as u64;
    println!("{each} bytes a connection");
    assert!(each < 64_000, "{each} bytes a connection");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_too_long_are_refused_and_the_next_call_is_served() {
    let data = tempfile::tempdir().unwrap();
    let served = served(&data);
    let mut decisions = connect(&served).await;
    decisions.decide(decide("ana", &["web"])).await.unwrap();
    for bytes in [32 << 10, 1 << 20] {
        let mut request = Request::new(decide("ana", &["web"]));
        request.metadata_mut().insert("x-long", "x".repeat(bytes).parse().unwrap());
        connect(&served).await.decide(request).await.unwrap_err();
    }
    decisions.decide(decide("ana", &["web"])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_whose_answers_nobody_reads_stop_and_hold_little() {
    let data = tempfile::tempdir().unwrap();
    let served = served(&data);
    let mut decisions = connect(&served).await;
    decisions.decide(decide("ana", &["web"])).await.unwrap();
    let before = resident_bytes(&served);
    let sent = Arc::new(AtomicUsize::new(0));
    let mut unread = Vec::new();
    for stream in 0..20 {
        let mut own = connect(&served).await;
        let sent = sent.clone();
        let messages = futures::stream::iter((0..1_000_000).map(move |message| {
            sent.fetch_add(1, Ordering::Relaxed);
            let request = v1::DecideRequest {
                view: v1::DecisionView::Full.into(),
                ..decide(&format!("c-{stream}-{message}"), &["web"])
            };
            let item = v1::DecideItem { item_id: String::new(), request: Some(request) };
            v1::DecideStreamRequest { items: vec![item; 10], ..Default::default() }
        }));
        unread.push(own.decide_stream(messages).await.unwrap().into_inner());
    }
    // They come to a stand by themselves.
    let mut last = (usize::MAX, Instant::now());
    let deadline = Instant::now() + Duration::from_secs(60);
    while last.1.elapsed() < Duration::from_secs(2) {
        assert!(Instant::now() < deadline, "it goes on reading: {last:?}");
        let now = sent.load(Ordering::Relaxed);
        if now != last.0 {
            last = (now, Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let grown = resident_bytes(&served).saturating_sub(before);
    println!("{} messages were taken; {} KiB more", last.0, grown / 1_024);
    assert!(grown < 20 * (16 << 20), "{grown} bytes for 20 streams");
    decisions.decide(decide("ana", &["web"])).await.unwrap();
    drop(unread);
}
