use super::fixture::{NOW, login, outcome, schema};
use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;
use crate::core::profile::limits::{CONTACTS_MAX, RECENT_IDS_MAX, RESPONSES_MAX};
use crate::core::profile::{ALL_CHANNELS, Consent, ConsentState, Contact, Profile};
use crate::core::time::{DAY_MS, HOUR_MS, MINUTE_MS, UnixMs};

fn shown(profile: &mut Profile, id: u64, offer: &str, decision: u64, at: UnixMs) {
    let mut impression = outcome(id, offer, OutcomeKind::Impression, at);
    impression.decision = Some(decision);
    profile.apply_outcome(&impression, true, at);
}

#[test]
fn contacts_count_to_the_end_of_their_window() {
    let mut profile = Profile::new(NOW);
    let at = UnixMs(NOW.0 + 1);
    shown(&mut profile, 1, "card", 1, at);
    let window = |now: i64| profile.contacts_since(UnixMs(now - DAY_MS + 1)).len();
    assert_eq!(window(at.0 + DAY_MS - 1), 1);
    assert_eq!(window(at.0 + DAY_MS + 1_000), 0);
}

#[test]
fn an_outcome_finds_its_contact() {
    let mut profile = Profile::new(NOW);
    shown(&mut profile, 1, "card", 11, NOW);
    shown(&mut profile, 2, "card", 12, UnixMs(NOW.0 + HOUR_MS));
    let mut click = outcome(3, "card", OutcomeKind::Click, UnixMs(NOW.0 + 2 * HOUR_MS));
    click.decision = Some(11);
    let first = profile.apply_outcome(&click, false, click.at);
    assert!(first.is_first_of(OutcomeKind::Click.bit()));
    assert_eq!(first.contact.unwrap().decision, 11);
    click.id = 4;
    let second = profile.apply_outcome(&click, false, click.at);
    assert!(!second.duplicate && !second.is_first_of(OutcomeKind::Click.bit()));
    let repeated = profile.apply_outcome(&click, false, click.at);
    assert!(repeated.duplicate);
    let outcomes: Vec<u8> = profile.contacts().iter().map(|c| c.outcomes).collect();
    let impression = OutcomeKind::Impression.bit();
    assert_eq!(outcomes, [impression | OutcomeKind::Click.bit(), impression]);
    // Without a decision: the latest of the offer and channel.
    let accept = outcome(5, "card", OutcomeKind::Accept, click.at);
    let applied = profile.apply_outcome(&accept, false, click.at);
    assert_eq!(applied.contact.unwrap().decision, 12);
    // Of a decision that is not known: none.
    click.id = 6;
    click.decision = Some(99);
    assert_eq!(profile.apply_outcome(&click, false, click.at).contact, None);
}

#[test]
fn responses_tell_the_latest_and_how_often() {
    let mut profile = Profile::new(NOW);
    shown(&mut profile, 1, "card", 1, NOW);
    shown(&mut profile, 2, "card", 2, UnixMs(NOW.0 + DAY_MS));
    let mut reject = outcome(3, "card", OutcomeKind::Reject, UnixMs(NOW.0 + DAY_MS + 1));
    reject.reason = Key::of("too expensive");
    profile.apply_outcome(&reject, false, reject.at);
    let card = Key::of("card");
    assert_eq!(
        profile.latest_outcome(card, OutcomeKind::Impression.bit(), &[]),
        Some(UnixMs(NOW.0 + DAY_MS))
    );
    assert_eq!(
        profile.latest_outcome(card, OutcomeKind::Reject.bit(), &[Key::of("no need")]),
        None
    );
    assert_eq!(
        profile.latest_outcome(card, OutcomeKind::Reject.bit(), &[reject.reason]),
        Some(UnixMs(NOW.0 + DAY_MS + MINUTE_MS))
    );
    assert_eq!(profile.responses()[0].count, 2);
}

#[test]
fn a_rejection_outlives_everything_else() {
    let mut profile = Profile::new(NOW);
    let reject = outcome(1, "card", OutcomeKind::Reject, NOW);
    profile.apply_outcome(&reject, false, NOW);
    for id in 0..2_000_u64 {
        let now = UnixMs(NOW.0 + id as i64 * HOUR_MS);
        shown(&mut profile, 10 + id, &format!("offer {id}"), id, now);
    }
    assert_eq!(profile.contacts().len(), CONTACTS_MAX);
    assert_eq!(profile.responses().len(), RESPONSES_MAX);
    let rejected = profile.latest_outcome(Key::of("card"), OutcomeKind::Reject.bit(), &[]);
    assert_eq!(rejected, Some(NOW));
    assert_eq!(Profile::decode(&profile.encode()), Ok(profile));
}

#[test]
fn a_request_commits_its_contacts_once() {
    let mut profile = Profile::new(NOW);
    let contact = Contact {
        offer: Key::of("card"),
        treatment: Key(1),
        channel: Key::of("email"),
        decision: 7,
        at: NOW,
        outcomes: 0,
    };
    assert!(!profile.commit_contacts(5, &[contact, contact], NOW).duplicate);
    assert!(profile.commit_contacts(5, &[contact, contact], NOW).duplicate);
    assert_eq!(profile.contacts().len(), 2);
    assert_eq!(profile.contacts()[0].outcomes, OutcomeKind::Sent.bit());
    assert_eq!(profile.responses()[0].count, 2);
}

#[test]
fn the_same_id_may_name_an_event_and_an_outcome() {
    let schema = schema();
    let mut profile = Profile::new(NOW);
    assert!(!profile.apply_event(&schema, &login(1, NOW), NOW).duplicate);
    let click = outcome(1, "card", OutcomeKind::Click, NOW);
    assert!(!profile.apply_outcome(&click, false, NOW).duplicate);
    assert!(profile.apply_event(&schema, &login(1, NOW), NOW).duplicate);
}

#[test]
fn ids_are_remembered_for_a_day() {
    let schema = schema();
    let mut profile = Profile::new(NOW);
    profile.apply_event(&schema, &login(1, NOW), NOW);
    let at = |ms| UnixMs(NOW.0 + ms);
    let again = |profile: &mut Profile, now| {
        let before = profile.clone();
        let applied = profile.apply_event(&schema, &login(1, NOW), now);
        assert_eq!(applied.duplicate, *profile == before);
        applied.duplicate
    };
    profile.apply_event(&schema, &login(2, at(DAY_MS)), at(DAY_MS));
    assert!(again(&mut profile, at(DAY_MS)));
    let later = at(DAY_MS + 2 * MINUTE_MS);
    profile.apply_event(&schema, &login(3, later), later);
    assert!(!again(&mut profile, later));
    for id in 10..3_000 {
        profile.apply_event(&schema, &login(id, later), later);
    }
    assert_eq!(profile.recent.0.len(), RECENT_IDS_MAX);
}

#[test]
fn the_channels_own_consent_wins_and_late_news_do_not() {
    let mut profile = Profile::new(NOW);
    let (purpose, email) = (Key::of("marketing"), Key::of("email"));
    assert_eq!(profile.consent(purpose, email), None);
    let say = |profile: &mut Profile, channel, granted, at| {
        let consent =
            Consent { purpose, channel, state: ConsentState::of(granted), at: UnixMs(NOW.0 + at) };
        profile.set_consent(consent, UnixMs(NOW.0 + DAY_MS)).unwrap();
    };
    say(&mut profile, ALL_CHANNELS, true, 10);
    assert_eq!(profile.consent(purpose, email), Some(true));
    say(&mut profile, email, false, 20);
    assert_eq!(profile.consent(purpose, email), Some(false));
    assert_eq!(profile.consent(purpose, Key::of("sms")), Some(true));
    say(&mut profile, email, true, 15);
    assert_eq!(profile.consent(purpose, email), Some(false));
    say(&mut profile, email, true, 20);
    assert_eq!(profile.consent(purpose, email), Some(false), "withdrawal holds");
}

#[test]
fn old_contacts_forget_their_decision() {
    let schema = schema();
    let mut profile = Profile::new(NOW);
    shown(&mut profile, 1, "card", 11, NOW);
    let later = UnixMs(NOW.0 + 8 * DAY_MS);
    profile.apply_event(&schema, &login(2, later), later);
    assert_eq!(profile.contacts()[0].decision, 0);
    let mut accept = outcome(3, "card", OutcomeKind::Accept, later);
    accept.decision = Some(11);
    assert!(profile.apply_outcome(&accept, false, later).contact.is_some());
}
