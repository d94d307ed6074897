//! Laws of limits.

use std::time::Duration;

use arbitra::store::StoreError;

use crate::House;
use crate::support::eventually;

pub async fn no_more_than_the_limit_is_granted(house: House) {
    let takers: Vec<_> = (1..=16)
        .map(|want| {
            let store = house.store.clone();
            tokio::spawn(async move {
                let mut granted = 0;
                for _ in 0..10 {
                    let some = store.lease("budget/2026-11", want, 777, None).await.unwrap();
                    assert!(some <= want);
                    granted += some;
                }
                granted
            })
        })
        .collect();
    let mut granted = 0;
    for taker in takers {
        granted += taker.await.unwrap();
    }
    assert_eq!(granted, 777);
    let store = &*house.store;
    assert_eq!(store.lease("budget/2026-11", 1, 777, None).await.unwrap(), 0);
    assert_eq!(store.lease("budget/2026-11", 1, 700, None).await.unwrap(), 0);
    assert_eq!(store.lease("budget/2026-11", 9, 780, None).await.unwrap(), 3);
    assert_eq!(store.lease("budget/2026-12", 5, 777, None).await.unwrap(), 5);
    let nameless = store.lease("", 1, 1, None).await;
    assert_eq!(nameless, Err(StoreError::Empty { what: "limit name" }));
    assert!(store.lease("endless", 1, u64::MAX, None).await.is_err());
}

pub async fn what_is_given_back_can_be_granted_again(house: House) {
    let store = &*house.store;
    assert_eq!(store.lease("stock", 10, 10, None).await.unwrap(), 10);
    assert_eq!(store.leased("stock").await.unwrap(), 10);
    store.give_back("stock", 4).await.unwrap();
    assert_eq!(store.leased("stock").await.unwrap(), 6);
    assert_eq!(store.lease("stock", u64::MAX, 10, None).await.unwrap(), 4);
    store.give_back("stock", u64::MAX).await.unwrap();
    store.give_back("never taken", 5).await.unwrap();
    assert_eq!(store.leased("never taken").await.unwrap(), 0);
    for limit in ["stock", "never taken"] {
        assert_eq!(store.lease(limit, 0, 10, None).await.unwrap(), 0);
        assert_eq!(store.lease(limit, 99, 10, None).await.unwrap(), 10);
    }
}

pub async fn a_limit_is_forgotten_after_its_time(house: House) {
    let store = &*house.store;
    let ttl = Some(Duration::from_millis(60));
    assert_eq!(store.lease("hour", 3, 3, ttl).await.unwrap(), 3);
    store.give_back("hour", 1).await.unwrap();
    eventually("the limit is forgotten", || async {
        let granted = store.lease("hour", 3, 3, ttl).await.unwrap();
        (granted == 3).then_some(())
    })
    .await;
}
