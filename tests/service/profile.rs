use arbitra::api::wire::v1;

use crate::support::service::{Service, steady, value};

#[tokio::test]
async fn attributes_are_set_unset_and_guarded_by_version() {
    let service = Service::start().await;
    let updated = service.profiles().update_profile(steady("ana")).await.unwrap().into_inner();
    let first = updated.profile_version;
    assert!(first > 0);
    let request = v1::UpdateProfileRequest {
        customer_id: "ana".into(),
        set: [("age".to_owned(), value(41))].into(),
        unset: vec!["housing".into()],
        expected_version: Some(first),
        ..v1::UpdateProfileRequest::default()
    };
    let second = service.profiles().update_profile(request.clone()).await.unwrap().into_inner();
    assert!(second.profile_version > first);
    let refused = service.profiles().update_profile(request).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Aborted);
    let get = v1::GetProfileRequest { customer_id: "ana".into(), ..Default::default() };
    let profile = service.profiles().get_profile(get.clone()).await.unwrap().into_inner().profile;
    let profile = profile.unwrap();
    assert_eq!(profile.attributes["age"], value(41));
    assert_eq!(profile.attributes["monthly_income"], value(2_500.0), "an int where a double is");
    assert!(!profile.attributes.contains_key("housing"));
    assert!(profile.derived.contains_key("logins_30d"));
    assert!(profile.create_time.is_some() && profile.expire_time.is_some());
    let sections = vec![v1::ProfileSection::Consents.into()];
    let few = v1::GetProfileRequest { sections, ..get };
    let few = service.profiles().get_profile(few).await.unwrap().into_inner().profile.unwrap();
    assert!(few.attributes.is_empty() && few.derived.is_empty());
    service.stopped().await;
}

#[tokio::test]
async fn consents_hold_at_once_and_erasure_leaves_a_new_customer() {
    let service = Service::start().await;
    let consent = |state: v1::ConsentState| v1::SetConsentRequest {
        customer_id: "ana".into(),
        consents: vec![v1::Consent {
            purpose: "marketing".into(),
            channel: "email".into(),
            state: state.into(),
            ..v1::Consent::default()
        }],
        ..v1::SetConsentRequest::default()
    };
    service.profiles().set_consent(consent(v1::ConsentState::Granted)).await.unwrap();
    let get = v1::GetProfileRequest { customer_id: "ana".into(), ..Default::default() };
    let profile = service.profiles().get_profile(get.clone()).await.unwrap().into_inner().profile;
    let held = profile.unwrap().consents;
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].purpose.as_str(), held[0].channel.as_str()), ("marketing", "email"));
    assert_eq!(held[0].state(), v1::ConsentState::Granted);
    let erase = v1::EraseProfileRequest { customer_id: "ana".into(), ..Default::default() };
    let receipt = service.profiles().erase_profile(erase.clone()).await.unwrap().into_inner();
    assert_eq!(receipt.erased[0].count, 1);
    assert!(!receipt.receipt_id.is_empty());
    let again = service.profiles().erase_profile(erase).await.unwrap().into_inner();
    assert_eq!(again, receipt);
    let profile = service.profiles().get_profile(get).await.unwrap().into_inner().profile;
    assert_eq!(profile.unwrap().version, 0);
    service.stopped().await;
}

#[tokio::test]
async fn the_catalog_describes_itself_and_checks_folders() {
    let service = Service::start().await;
    let catalog = service.catalogs().get_catalog(v1::GetCatalogRequest {}).await.unwrap();
    let catalog = catalog.into_inner().catalog.unwrap();
    assert!(catalog.channels.iter().any(|channel| channel.channel == "web"));
    assert!(catalog.attributes.iter().any(|field| field.name == "age" && field.r#type == "int"));
    let total = catalog.summary.unwrap().offers;
    assert!(total >= 12);
    let mut seen = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = v1::ListOffersRequest { page_size: 5, page_token, ..Default::default() };
        let page = service.catalogs().list_offers(request).await.unwrap().into_inner();
        assert_eq!(page.total_size, i32::try_from(total).unwrap());
        seen.extend(page.offers.into_iter().map(|offer| offer.offer_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen.len(), total as usize);
    assert!(seen.is_sorted());
    let own = service.catalogs().validate_catalog(v1::ValidateCatalogRequest::default()).await;
    let own = own.unwrap().into_inner();
    assert!(own.valid && !own.cases.is_empty(), "{:?}", own.faults);
    assert_eq!(own.hash, catalog.version.unwrap().hash);
    let bad = v1::ValidateCatalogRequest {
        files: vec![v1::RuleFile { path: "schema.yaml".into(), content: "attributes: [".into() }],
        skip_cases: false,
    };
    let bad = service.catalogs().validate_catalog(bad).await.unwrap().into_inner();
    assert!(!bad.valid && !bad.faults.is_empty());
    assert!(bad.faults.iter().any(|fault| fault.path == "schema.yaml" && fault.line > 0));
    service.stopped().await;
}

#[tokio::test]
async fn a_profile_shows_how_a_customer_compares_with_the_others() {
    let service = Service::start().await;
    service.profiles().update_profile(steady("c39")).await.unwrap();
    let payment = |number: u32| v1::Event {
        event_id: format!("e{number}"),
        customer_id: format!("c{number}"),
        r#type: "card_payment".to_owned(),
        fields: [
            ("amount".to_owned(), value(f64::from(number + 1) * 10.0)),
            ("interchange".to_owned(), value(f64::from(number + 1) * 0.1)),
        ]
        .into(),
        ..v1::Event::default()
    };
    let events = (0..40).map(payment).collect();
    let request = v1::RecordEventsRequest { events };
    let results = service.interactions().record_events(request).await.unwrap().into_inner().results;
    let position = results.iter().map(|result| result.log_position).max().unwrap();
    assert!(position > 0, "the comparison is part of the learning log: {results:?}");
    let mut learned = service.engine.watch_learned();
    let learned = learned.wait_for(|reached| *reached >= position);
    tokio::time::timeout(std::time::Duration::from_secs(5), learned).await.unwrap().unwrap();
    let scores = |customer: &str| {
        let sections = vec![v1::ProfileSection::Scores.into()];
        let customer_id = customer.to_owned();
        let get = v1::GetProfileRequest { customer_id, sections, ..Default::default() };
        let mut profiles = service.profiles();
        async move { profiles.get_profile(get).await.unwrap().into_inner().profile.unwrap().scores }
    };
    let best = scores("c39").await;
    assert_eq!(best["rfm_monetary"], value(5));
    assert_eq!(best["abc_sales"], value("A"));
    assert_eq!(best["lifecycle"], value("buyer"));
    assert!(best.contains_key("value"));
    assert!(!best.contains_key("preferred_channel"), "nothing was answered yet");
    let least = scores("c0").await;
    assert_eq!(least["rfm_monetary"], value(1));
    assert_eq!(least["abc_sales"], value("C"));
    let unknown = scores("nobody").await;
    assert_eq!(unknown["lifecycle"], value("prospect"));
    assert!(!unknown.contains_key("rfm"), "missing, not zero");
    service.stopped().await;
}
