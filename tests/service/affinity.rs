use std::fs;
use std::path::Path;
use std::time::Duration;

use arbitra::api::ApiConfig;
use arbitra::api::wire::v1;
use arbitra::core::key::Key;

use crate::support::service::{Service, decide, offers, value};

const FILES: [(&str, &str); 4] = [
    (
        "schema.yaml",
        "attributes: {}\nevents:\n  bought:\n    fields:\n      what: { type: string }\n    \
         item: what\n    item_weight: 5\n",
    ),
    (
        "channels.yaml",
        "channels:\n  shop:\n    locales: [en]\n    placements:\n      till: { slots: 3 }\n",
    ),
    (
        "arbitration.yaml",
        "schemes:\n  alike: { kind: formula, formula: 1.0 + affinity }\ndefault: alike\n",
    ),
    (
        "offers/all.yaml",
        "groups:\n  g: { name: G }\noffers:\n  \
         - { id: tea, name: Tea, group: g, kind: sell, treatments: SHOP }\n  \
         - { id: kettle, name: Kettle, group: g, kind: sell, treatments: SHOP }\n  \
         - { id: pot, name: Pot, group: g, kind: sell, treatments: SHOP }\n",
    ),
];

/// A shop that ranks by what others chose, and what it offers.
async fn shop(folder: &Path) -> Service {
    for (path, text) in FILES {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = text.replace("SHOP", "[{ channel: shop, content: { title: T } }]");
        fs::write(path, text).unwrap();
    }
    Service::of(folder, ApiConfig::default(), |store| store).await
}

fn bought(customer: &str, what: &str) -> v1::Event {
    v1::Event {
        event_id: format!("{customer}-{what}"),
        customer_id: customer.to_owned(),
        r#type: "bought".to_owned(),
        fields: [("what".to_owned(), value(what))].into(),
        ..v1::Event::default()
    }
}

/// Records them, and waits until they are learned.
async fn learned(service: &Service, events: Vec<v1::Event>) {
    let request = v1::RecordEventsRequest { events };
    let answer = service.interactions().record_events(request).await.unwrap().into_inner();
    for result in &answer.results {
        assert_eq!(result.status(), v1::RecordStatus::Applied, "{result:?}");
    }
    let last = answer.results.iter().map(|result| result.log_position).max().unwrap();
    let mut reached = service.engine.watch_learned();
    let reached = reached.wait_for(|position| *position >= last);
    tokio::time::timeout(Duration::from_secs(10), reached).await.unwrap().unwrap();
}

async fn asked(service: &Service, customer: &str) -> v1::Decision {
    let request =
        v1::DecideRequest { view: v1::DecisionView::Full.into(), ..decide(customer, &["shop"]) };
    service.decisions().decide(request).await.unwrap().into_inner().decision.unwrap()
}

/// Who bought what others bought together with a kettle is shown the kettle first, and the answer
/// says which purchases speak for it, and how much: by the name of the offer where one stands for the
/// item, else by its key.
#[tokio::test]
async fn an_offer_that_ranks_by_affinity_names_the_purchases_it_rests_on() {
    let folder = tempfile::tempdir().unwrap();
    let service = shop(folder.path()).await;
    let mut past = Vec::new();
    for number in 0..30 {
        let basket: &[&str] =
            if number % 2 == 0 { &["tea", "spoon", "kettle"] } else { &["rice", "pot"] };
        past.extend(basket.iter().map(|what| bought(&format!("c{number}"), what)));
    }
    learned(&service, past).await;
    let hers = ["tea", "spoon", "rice"].map(|what| bought("ana", what));
    learned(&service, hers.into()).await;

    let decision = asked(&service, "ana").await;
    let placed = &decision.channels[0].placements[0].offers;
    let kettle = &placed[0];
    assert_eq!(kettle.offer_id, "kettle", "{:?}", offers(&decision));
    assert!(placed[1..].iter().all(|other| other.affinity < kettle.affinity), "{placed:#?}");
    let reasons = kettle.reasons.as_ref().unwrap();
    let spoon = Key::of("spoon").to_string();
    let mut told: Vec<&str> = reasons.items.iter().map(|item| item.name.as_str()).collect();
    told.sort_unstable();
    assert_eq!(told, [spoon.as_str(), "tea"], "{reasons:#?}");
    assert!(reasons.items.iter().all(|item| item.contribution > 0.0), "{reasons:#?}");
    assert!(reasons.because.contains("those who chose"), "{}", reasons.because);
    assert!(reasons.because.contains("`tea`"), "{}", reasons.because);
    assert!(reasons.factors.iter().any(|factor| factor.name == "affinity" && factor.value > 0.0));

    // Who bought nothing is told of no purchase.
    let stranger = asked(&service, "somebody").await;
    assert_eq!(offers(&stranger).len(), 3);
    for offer in &stranger.channels[0].placements[0].offers {
        let reasons = offer.reasons.as_ref().unwrap();
        assert!(reasons.items.is_empty() && !reasons.because.contains("those who chose"));
    }
    service.stopped().await;
}
