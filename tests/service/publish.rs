//! Rules through the store: published, taken up by all replicas at one moment, rolled back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arbitra::api::ApiConfig;
use arbitra::api::wire::v1;
use arbitra::engine::read_folder;
use arbitra::store::{RedisConfig, RedisStore, Store};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::support::redis_server::RedisServer;
use crate::support::service::{Service, decide, rules};

async fn replica(server: &RedisServer) -> Service {
    let config = RedisConfig::new(server.url().parse().unwrap());
    let store: Arc<dyn Store> = Arc::new(RedisStore::new(&config).unwrap());
    Service::on(ApiConfig::default(), |_| store).await
}

/// The bank's rules, with `from` written as `to` in all files.
fn folder(from: &str, to: &str) -> Vec<v1::RuleFile> {
    let files = read_folder(&rules()).unwrap();
    let written = files.into_iter().map(|(path, content)| {
        let text = String::from_utf8(content).unwrap().replace(from, to);
        v1::RuleFile { path, content: text.into_bytes().into() }
    });
    written.collect()
}

fn publish(files: Vec<v1::RuleFile>) -> v1::PublishCatalogRequest {
    v1::PublishCatalogRequest {
        files,
        author: "ana".into(),
        comment: "spring".into(),
        ..v1::PublishCatalogRequest::default()
    }
}

/// The number and hash that a replica says it decides by.
async fn decides_by(service: &Service) -> (u64, String) {
    let answer = service.decisions().decide(decide("eva", &["web"])).await.unwrap();
    let versions = answer.into_inner().decision.unwrap().versions.unwrap();
    let catalog = versions.catalog.unwrap();
    (catalog.number, catalog.hash)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_published_version_serves_on_all_replicas_and_back() {
    let server = RedisServer::start();
    let (one, two) = (replica(&server).await, replica(&server).await);
    let folder_serves = decides_by(&one).await;
    assert_eq!(folder_serves.0, 0, "nothing is published yet");

    let first = one.catalogs().publish_catalog(publish(folder("", ""))).await;
    let first = first.unwrap().into_inner().version.unwrap();
    assert_eq!(first.version.as_ref().unwrap().number, 1);
    assert!(first.serving);
    assert_eq!(decides_by(&one).await, (1, folder_serves.1.clone()));

    // The other replica swaps at the same moment; no call fails meanwhile, and from the moment that
    // the publisher serves the new version nobody is more than a second behind.
    let publishing = Arc::new(AtomicBool::new(true));
    let load = {
        let (publishing, mut decisions) = (publishing.clone(), two.decisions());
        tokio::spawn(async move {
            let mut numbers = Vec::new();
            while publishing.load(Ordering::Relaxed) {
                let answer = decisions.decide(decide("eva", &["web"])).await.unwrap();
                let versions = answer.into_inner().decision.unwrap().versions.unwrap();
                numbers.push(versions.catalog.unwrap().number);
            }
            numbers
        })
    };
    let changed = folder("lever: 0.8", "lever: 0.9");
    let second = one.catalogs().publish_catalog(publish(changed.clone())).await.unwrap();
    let second = second.into_inner().version.unwrap();
    let swapped = std::time::Instant::now();
    while decides_by(&two).await.0 < 2 {
        assert!(swapped.elapsed().as_millis() < 1_000, "more than a second behind");
    }
    publishing.store(false, Ordering::Relaxed);
    let numbers = load.await.unwrap();
    assert!(numbers.is_sorted() && numbers.contains(&1), "{numbers:?}");
    assert!(
        second.changes.iter().any(|change| change.contains("lever 0.8 → 0.9")),
        "{:?}",
        second.changes
    );

    // The same again is no new version; a stale expectation is refused; so are bad rules.
    let same = one.catalogs().publish_catalog(publish(changed)).await.unwrap().into_inner();
    assert_eq!(same.version.unwrap().version.unwrap().number, 2);
    let stale = v1::PublishCatalogRequest {
        expected_number: Some(1),
        ..publish(folder("lever: 0.8", "lever: 1.3"))
    };
    let refused = two.catalogs().publish_catalog(stale).await.unwrap_err();
    assert_eq!(refused.code(), Code::Aborted);
    let bad = publish(folder("customer.age", "customer.aeg"));
    let refused = two.catalogs().publish_catalog(bad).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("customer.aeg"), "{}", refused.message());

    // Back to the first, from the other replica: a new number with the old content.
    let back = v1::RollbackCatalogRequest {
        number: 1,
        request_id: "back-once".into(),
        ..v1::RollbackCatalogRequest::default()
    };
    for _ in 0..2 {
        let third = two.catalogs().rollback_catalog(back.clone()).await.unwrap().into_inner();
        let third = third.version.unwrap();
        assert_eq!((third.version.as_ref().unwrap().number, third.restored_number), (3, 1));
    }
    assert_eq!(decides_by(&two).await, (3, folder_serves.1));
    let unknown = v1::RollbackCatalogRequest { number: 9, ..back };
    let unknown = v1::RollbackCatalogRequest { request_id: String::new(), ..unknown };
    let refused = two.catalogs().rollback_catalog(unknown).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);

    // Looking back, in pages.
    let page = v1::ListCatalogVersionsRequest { page_size: 2, page_token: String::new() };
    let listed = one.catalogs().list_catalog_versions(page).await.unwrap().into_inner();
    let numbers: Vec<u64> =
        listed.versions.iter().map(|info| info.version.as_ref().unwrap().number).collect();
    assert_eq!(numbers, [3, 2]);
    let page = v1::ListCatalogVersionsRequest { page_size: 2, page_token: listed.next_page_token };
    let listed = one.catalogs().list_catalog_versions(page).await.unwrap().into_inner();
    assert_eq!(listed.versions.len(), 1);
    assert_eq!((listed.versions[0].author.as_str(), &*listed.next_page_token), ("ana", ""));

    // A replica that starts later serves what was published, whatever its folder holds.
    let late = replica(&server).await;
    assert_eq!(decides_by(&late).await.0, 3);
    for service in [one, two, late] {
        service.stopped().await;
    }
}

#[tokio::test]
async fn what_to_publish_is_asked_for_by_field() {
    let service = Service::start().await;
    let empty = service.catalogs().publish_catalog(publish(Vec::new())).await.unwrap_err();
    assert_eq!(empty.code(), Code::InvalidArgument);
    let details = empty.get_error_details();
    assert_eq!(details.bad_request().unwrap().field_violations[0].field, "files");
    let none = v1::RollbackCatalogRequest::default();
    let refused = service.catalogs().rollback_catalog(none).await.unwrap_err();
    assert_eq!(
        refused.get_error_details().bad_request().unwrap().field_violations[0].field,
        "number"
    );
    service.stopped().await;
}
