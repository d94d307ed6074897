use arbitra::api::wire::v1;

use crate::support::service::{Service, decide, offers, steady, value};

#[tokio::test]
async fn several_channels_are_decided_in_one_call_with_content_and_order() {
    let service = Service::start().await;
    let updated = service.profiles().update_profile(steady("ana")).await.unwrap().into_inner();
    let mut request = decide("ana", &["call_centre", "web"]);
    request.locale = "es-MX".to_owned();
    request.interaction_id = "call-1".to_owned();
    let decision =
        service.decisions().decide(request).await.unwrap().into_inner().decision.unwrap();
    let channels: Vec<_> = decision.channels.iter().map(|c| c.channel.as_str()).collect();
    assert_eq!(channels, ["call_centre", "web"]);
    let mut ranks: Vec<_> = decision.channels.iter().map(|channel| channel.rank).collect();
    ranks.sort_unstable();
    assert_eq!(ranks, [1, 2]);
    assert_eq!(decision.decision_id.len(), 32);
    assert_eq!(decision.interaction_id, "call-1");
    assert_eq!(decision.versions.unwrap().profile_version, updated.profile_version);
    assert!(decision.degradations.is_empty());
    assert!(decision.candidates.is_empty(), "BASIC tells no fates");
    let web = &decision.channels[1];
    let shown: Vec<_> = web.placements.iter().flat_map(|placement| &placement.offers).collect();
    assert!(!shown.is_empty());
    for offer in shown {
        let propensity = offer.propensity.unwrap();
        assert!(propensity.lower <= propensity.probability);
        assert!(propensity.probability <= propensity.upper);
        assert!(offer.selection_probability > 0.0 && offer.selection_probability <= 1.0);
        assert!(!offer.content.is_empty() && !offer.name.is_empty() && !offer.group.is_empty());
        assert!(offer.reasons.is_none());
    }
    for placement in &web.placements {
        assert_eq!(
            placement.no_offer.is_some(),
            placement.offers.len() < slots(&placement.placement)
        );
    }
    service.stopped().await;
}

fn slots(placement: &str) -> usize {
    match placement {
        "hero" => 1,
        "sidebar" => 3,
        "account_page" => 2,
        other => panic!("unknown placement {other}"),
    }
}

#[tokio::test]
async fn the_full_view_tells_reasons_and_the_fate_of_every_candidate() {
    let service = Service::start().await;
    service.profiles().update_profile(steady("ana")).await.unwrap();
    let mut request = decide("ana", &["web"]);
    request.view = v1::DecisionView::Full.into();
    let decision =
        service.decisions().decide(request).await.unwrap().into_inner().decision.unwrap();
    let catalog = service.engine.snapshot().catalog.clone();
    let mut told: Vec<_> = decision.candidates.iter().map(|fate| fate.offer_id.as_str()).collect();
    told.dedup();
    let all: Vec<_> = catalog.offers.iter().map(|offer| &*offer.id).collect();
    assert_eq!(told, all, "every offer has a fate, in order");
    let served = decision.candidates.iter().filter(|fate| fate.fate() == v1::Fate::Served);
    assert_eq!(served.count(), offers(&decision).len());
    let stopped = decision.candidates.iter().find(|fate| fate.fate() == v1::Fate::Eligibility);
    let stopped = stopped.expect("somebody is not eligible");
    assert!(!stopped.rule_id.is_empty() && !stopped.condition.is_empty(), "{stopped:?}");
    assert!(!stopped.values.is_empty() && !stopped.message.is_empty(), "{stopped:?}");
    for offer in decision.channels[0].placements.iter().flat_map(|placement| &placement.offers) {
        let reasons = offer.reasons.as_ref().unwrap();
        assert!(!reasons.because.is_empty());
        assert!(reasons.factors.iter().any(|factor| factor.name == "propensity"), "{reasons:?}");
    }
    service.stopped().await;
}

#[tokio::test]
async fn a_dry_run_has_no_effects_and_may_change_circumstances() {
    let service = Service::start().await;
    let mut request = decide("", &["email"]);
    request.identities = vec![v1::Identity { r#type: "cookie".into(), id: "8f3a".into() }];
    request.dry_run = true;
    request.view = v1::DecisionView::Full.into();
    let plain = service.decisions().decide(request.clone()).await.unwrap().into_inner();
    let plain = plain.decision.unwrap();
    assert_eq!(plain.customer_id, "cookie:8f3a");
    assert!(plain.dry_run && offers(&plain).is_empty(), "no consent, no mail");
    assert_eq!(
        plain.channels[0].placements[0].no_offer.as_ref().unwrap().reason(),
        v1::NoOfferReason::Consent
    );
    request.what_if = Some(v1::WhatIf {
        attributes: steady("").set,
        assume_consent: true,
        seed: Some(42),
        ..v1::WhatIf::default()
    });
    let first = service.decisions().decide(request.clone()).await.unwrap().into_inner();
    let first = first.decision.unwrap();
    assert!(!offers(&first).is_empty(), "{:?}", first.candidates);
    assert_eq!(first.seed, 42);
    for _ in 0..3 {
        let again = service.decisions().decide(request.clone()).await.unwrap().into_inner();
        assert_eq!(offers(&again.decision.unwrap()), offers(&first), "no contact was counted");
    }
    let got = v1::GetProfileRequest { customer_id: "cookie:8f3a".into(), ..Default::default() };
    let profile = service.profiles().get_profile(got).await.unwrap().into_inner().profile.unwrap();
    assert_eq!(profile.version, 0);
    service.stopped().await;
}

#[tokio::test]
async fn schemes_are_compared_on_the_same_inputs() {
    let service = Service::start().await;
    service.profiles().update_profile(steady("ana")).await.unwrap();
    let schemes: Vec<String> =
        service.engine.snapshot().catalog.schemes.iter().map(|s| s.name.to_string()).collect();
    let mut request = decide("ana", &["web"]);
    request.dry_run = true;
    request.what_if = Some(v1::WhatIf {
        compare_schemes: schemes.iter().take(2).cloned().collect(),
        ..v1::WhatIf::default()
    });
    let response = service.decisions().decide(request).await.unwrap().into_inner();
    let decision = response.decision.unwrap();
    assert_eq!(response.alternatives.len(), 2);
    for (alternative, scheme) in response.alternatives.iter().zip(&schemes) {
        assert_eq!(alternative.channels[0].placements[0].scheme, *scheme);
        assert_eq!(alternative.seed, decision.seed);
        assert_eq!(alternative.decide_time, decision.decide_time);
    }
    service.stopped().await;
}

#[tokio::test]
async fn a_repeated_request_gets_the_same_decision_and_counts_one_contact() {
    let service = Service::start().await;
    service.profiles().update_profile(steady("ana")).await.unwrap();
    let consent = v1::Consent {
        purpose: "marketing".into(),
        state: v1::ConsentState::Granted.into(),
        ..v1::Consent::default()
    };
    let consents = v1::SetConsentRequest {
        customer_id: "ana".into(),
        consents: vec![consent],
        ..v1::SetConsentRequest::default()
    };
    service.profiles().set_consent(consents).await.unwrap();
    let mut request = decide("ana", &["email"]);
    request.request_id = "mailing-1".into();
    let first = service.decisions().decide(request.clone()).await.unwrap().into_inner();
    let first = first.decision.unwrap();
    assert!(!offers(&first).is_empty());
    let again = service.decisions().decide(request).await.unwrap().into_inner().decision.unwrap();
    assert_eq!(again.decision_id, first.decision_id);
    assert_eq!(offers(&again), offers(&first));
    let got = v1::GetProfileRequest { customer_id: "ana".into(), ..Default::default() };
    let profile = service.profiles().get_profile(got).await.unwrap().into_inner().profile.unwrap();
    let weekly = profile.contacts.iter().find(|limit| limit.limit == "email_weekly").unwrap();
    assert_eq!(weekly.count as usize, offers(&first).len());
    assert!(weekly.release_time.is_some());
    service.stopped().await;
}

#[tokio::test]
async fn filters_narrow_the_candidates() {
    let service = Service::start().await;
    service.profiles().update_profile(steady("ana")).await.unwrap();
    let ask = |filter: v1::OfferFilter| {
        let mut request = decide("ana", &["web"]);
        request.channels[0].placements = vec![v1::PlacementRequest {
            placement: "sidebar".into(),
            slots: Some(2),
            filter: Some(filter),
        }];
        request.dry_run = true;
        request
    };
    let only =
        ask(v1::OfferFilter { offer_ids: vec!["pension_plan".into()], ..Default::default() });
    let decision = service.decisions().decide(only).await.unwrap().into_inner().decision.unwrap();
    assert_eq!(offers(&decision), ["pension_plan"]);
    let none = ask(v1::OfferFilter {
        offer_ids: vec!["pension_plan".into()],
        exclude_offer_ids: vec!["pension_plan".into()],
        ..Default::default()
    });
    let decision = service.decisions().decide(none).await.unwrap().into_inner().decision.unwrap();
    assert!(offers(&decision).is_empty());
    service.stopped().await;
}

#[tokio::test]
async fn a_stream_answers_every_item_and_a_bad_one_in_its_place() {
    let service = Service::start().await;
    let item = |number: usize| v1::DecideItem {
        item_id: number.to_string(),
        request: Some(match number % 10 {
            9 => decide("", &[]),
            _ => decide(&format!("customer-{number}"), &[]),
        }),
    };
    let messages = (0..5).map(move |message| v1::DecideStreamRequest {
        defaults: (message == 0).then(|| {
            let mut defaults = decide("", &["web"]);
            defaults.context = [("page".to_owned(), value("home"))].into();
            defaults
        }),
        items: (message * 100..(message + 1) * 100).map(item).collect(),
    });
    let stream = tokio_stream::iter(messages);
    let mut answers = service.decisions().decide_stream(stream).await.unwrap().into_inner();
    let (mut good, mut bad) = (0, 0);
    while let Some(answer) = answers.message().await.unwrap() {
        for result in answer.results {
            let number: usize = result.item_id.parse().unwrap();
            match result.result.unwrap() {
                v1::decide_item_result::Result::Decision(decision) => {
                    assert_eq!(decision.customer_id, format!("customer-{number}"));
                    good += 1;
                }
                v1::decide_item_result::Result::Error(error) => {
                    assert_eq!(number % 10, 9);
                    assert_eq!(error.faults[0].field, "customer_id");
                    bad += 1;
                }
            }
        }
    }
    assert_eq!((good, bad), (450, 50));
    service.stopped().await;
}

/// A page learns how long it may show what a quota counts by the showing.
#[tokio::test]
async fn an_offer_under_a_quota_of_showings_says_until_when_it_is_held() {
    let service = Service::start().await;
    service.profiles().update_profile(steady("ana")).await.unwrap();
    let answer = service.decisions().decide(decide("ana", &["web", "call_centre"])).await.unwrap();
    let decision = answer.into_inner().decision.unwrap();
    let decided = decision.decide_time.unwrap().seconds;
    let mut held = 0;
    for channel in &decision.channels {
        for offer in channel.placements.iter().flat_map(|placement| &placement.offers) {
            let counted = ["gold_card", "pension_plan"].contains(&&*offer.offer_id);
            let counted = counted && channel.channel == "web";
            let seconds = offer.expire_time.map(|time| time.seconds - decided);
            assert_eq!(seconds, counted.then_some(2 * 3600), "{}", offer.offer_id);
            held += usize::from(counted);
        }
    }
    assert!(held > 0, "{:?}", offers(&decision));
    service.stopped().await;
}
