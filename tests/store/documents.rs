//! Laws of documents.

use arbitra::store::{PutResult, StoreError, Versioned};
use bytes::Bytes;

use crate::House;

fn stored(put: PutResult) -> u64 {
    match put {
        PutResult::Stored { version } => version,
        PutResult::Conflict { version } => panic!("conflict with {version}"),
    }
}

pub async fn documents_compare_and_set(house: House) {
    let store = &*house.store;
    assert_eq!(store.get_document("catalog").await.unwrap(), None);
    assert_eq!(store.document_version("catalog").await.unwrap(), 0);
    let early = store.put_document("catalog", Some(3), "x".into()).await.unwrap();
    assert_eq!(early, PutResult::Conflict { version: 0 });
    let first = stored(store.put_document("catalog", Some(0), "one".into()).await.unwrap());
    assert_eq!(store.document_version("catalog").await.unwrap(), first);
    let again = store.put_document("catalog", Some(0), "x".into()).await.unwrap();
    assert_eq!(again, PutResult::Conflict { version: first });
    let second = stored(store.put_document("catalog", Some(first), "two".into()).await.unwrap());
    assert!(second > first);
    let third = stored(store.put_document("catalog", None, "three".into()).await.unwrap());
    assert!(third > second);
    let found = Versioned { version: third, record: "three".into() };
    assert_eq!(store.get_document("catalog").await.unwrap(), Some(found));
    assert_eq!(store.get_document("catalo").await.unwrap(), None);
    let nameless = store.put_document("", None, "x".into()).await;
    assert_eq!(nameless, Err(StoreError::Empty { what: "document name" }));
    let huge = store.put_document("huge", None, vec![0; (64 << 20) + 1].into()).await;
    assert!(matches!(huge, Err(StoreError::TooLarge { what: "document", .. })), "{huge:?}");
}

pub async fn a_large_document_returns_whole(house: House) {
    let store = &*house.store;
    // Not a multiple of any block, and not compressible to nothing.
    let large: Bytes =
        (0..20_000_003_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let version = stored(store.put_document("checkpoint", Some(0), large.clone()).await.unwrap());
    let found = store.get_document("checkpoint").await.unwrap().unwrap();
    assert!(found.record == large);
    assert_eq!(found.version, version);
    let empty =
        stored(store.put_document("checkpoint", Some(version), Bytes::new()).await.unwrap());
    let found = store.get_document("checkpoint").await.unwrap();
    assert_eq!(found, Some(Versioned { version: empty, record: Bytes::new() }));
}

pub async fn one_of_many_writers_wins(house: House) {
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let store = house.store.clone();
            tokio::spawn(async move {
                let bytes = Bytes::from(writer.to_string().repeat(2_000_000));
                let put = store.put_document("checkpoint", Some(0), bytes.clone()).await.unwrap();
                matches!(put, PutResult::Stored { .. }).then_some(bytes)
            })
        })
        .collect();
    let mut won = Vec::new();
    for writer in writers {
        won.extend(writer.await.unwrap());
    }
    assert_eq!(won.len(), 1);
    assert!(house.store.get_document("checkpoint").await.unwrap().unwrap().record == won[0]);
}
