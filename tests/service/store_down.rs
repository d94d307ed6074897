use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arbitra::api::ApiConfig;
use arbitra::api::wire::v1;
use arbitra::store::{
    Commit, CommitResult, LogEntry, LogRange, PutResult, Remembered, Store, StoreError, Versioned,
};
use async_trait::async_trait;
use bytes::Bytes;
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::service::{Service, decide, offers, steady, value};

/// A store that can be lost and come back.
#[derive(Debug)]
struct Losable {
    inner: Arc<dyn Store>,
    lost: Arc<AtomicBool>,
}

impl Losable {
    fn there(&self) -> Result<&dyn Store, StoreError> {
        if self.lost.load(Ordering::SeqCst) {
            let (address, why) = ("10.1.2.3:6379".to_owned(), "connection refused".to_owned());
            return Err(StoreError::Unavailable { address, why });
        }
        Ok(&*self.inner)
    }
}

#[async_trait]
impl Store for Losable {
    async fn load(&self, customers: &[&str]) -> Result<Vec<Option<Versioned>>, StoreError> {
        self.there()?.load(customers).await
    }
    async fn load_for_outcome(&self, customer: &str) -> Result<Remembered, StoreError> {
        self.there()?.load_for_outcome(customer).await
    }
    async fn commit(&self, commit: Commit) -> Result<CommitResult, StoreError> {
        self.there()?.commit(commit).await
    }
    async fn remember(
        &self,
        decisions: Vec<(String, Bytes)>,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        self.there()?.remember(decisions, ttl).await
    }
    async fn append_log(&self, entries: Vec<Bytes>) -> Result<u64, StoreError> {
        self.there()?.append_log(entries).await
    }
    async fn read_log(
        &self,
        after: u64,
        entries_max: usize,
        wait: Duration,
    ) -> Result<Vec<LogEntry>, StoreError> {
        self.there()?.read_log(after, entries_max, wait).await
    }
    async fn log_range(&self) -> Result<LogRange, StoreError> {
        self.there()?.log_range().await
    }
    async fn trim_log(&self, through: u64) -> Result<(), StoreError> {
        self.there()?.trim_log(through).await
    }
    async fn put_document(
        &self,
        name: &str,
        expected: Option<u64>,
        bytes: Bytes,
    ) -> Result<PutResult, StoreError> {
        self.there()?.put_document(name, expected, bytes).await
    }
    async fn get_document(&self, name: &str) -> Result<Option<Versioned>, StoreError> {
        self.there()?.get_document(name).await
    }
    async fn document_version(&self, name: &str) -> Result<u64, StoreError> {
        self.there()?.document_version(name).await
    }
    async fn lease(
        &self,
        limit: &str,
        want: u64,
        max: u64,
        ttl: Option<Duration>,
    ) -> Result<u64, StoreError> {
        self.there()?.lease(limit, want, max, ttl).await
    }
    async fn give_back(&self, limit: &str, amount: u64) -> Result<(), StoreError> {
        self.there()?.give_back(limit, amount).await
    }
    async fn erase(&self, customer: &str) -> Result<(), StoreError> {
        self.there()?.erase(customer).await
    }
    async fn ping(&self) -> Result<(), StoreError> {
        self.there()?.ping().await
    }
    async fn flush(&self) -> Result<(), StoreError> {
        self.there()?.flush().await
    }
    async fn describe(&self) -> String {
        self.inner.describe().await
    }
}

#[tokio::test]
async fn without_its_store_it_decides_degraded_and_acknowledges_nothing() {
    let lost = Arc::new(AtomicBool::new(false));
    let switch = lost.clone();
    let service =
        Service::on(ApiConfig::default(), |inner| Arc::new(Losable { inner, lost: switch })).await;
    service.profiles().update_profile(steady("ana")).await.unwrap();
    lost.store(true, Ordering::SeqCst);

    let decided = service.decisions().decide(decide("ana", &["web", "email"])).await.unwrap();
    let decision = decided.into_inner().decision.unwrap();
    assert_eq!(decision.degradations[0].component(), v1::Component::Store);
    assert!(decision.channels[1].placements.iter().all(|placement| placement.offers.is_empty()));

    let event = |id: &str| v1::Event {
        event_id: id.into(),
        customer_id: "ana".into(),
        r#type: "login".into(),
        fields: [("device".to_owned(), value("phone"))].into(),
        ..v1::Event::default()
    };
    let request = v1::RecordEventsRequest { events: vec![event("e1"), event("e2")] };
    let refused = service.interactions().record_events(request.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert!(refused.get_error_details().retry_info().is_some());
    assert!(!refused.message().contains("10.1.2.3"), "{}", refused.message());
    let get = v1::GetProfileRequest { customer_id: "ana".into(), ..Default::default() };
    let refused = service.profiles().get_profile(get.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);

    lost.store(false, Ordering::SeqCst);
    let results = service.interactions().record_events(request).await.unwrap().into_inner().results;
    for result in results {
        assert_eq!(result.status(), v1::RecordStatus::Applied, "nothing had been stored");
    }
    let decided = service.decisions().decide(decide("ana", &["web"])).await.unwrap().into_inner();
    assert!(!offers(&decided.decision.unwrap()).is_empty());
    service.stopped().await;
}
