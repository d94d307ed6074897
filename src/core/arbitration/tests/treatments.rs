//! Treatments: which one shows an offer, in which words, and what never gets through.

use super::{NOW, aged, on, request, try_bank};
use crate::core::decide::{ChannelDecision, Snapshot, decide};
use crate::core::key::Key;
use crate::core::learn::{LearningRecord, Models, OutcomeRecord};
use crate::core::policy::Subject;
use crate::core::profile::Profile;
use crate::core::propensity::Candidate;
use crate::core::value::Value;

fn offer(treatments: &str) -> String {
    format!(
        "  - id: card
    name: card
    group: cards
    kind: sell
    value: 10
    prior: {{ probability: 0.2, evidence: 10 }}
    treatments:
{treatments}"
    )
}

fn bank(treatments: &str, arbitration: &str) -> Snapshot {
    try_bank(&[offer(treatments)], arbitration, "").unwrap_or_else(|faults| panic!("{faults:#?}"))
}

const TWO: &str = "
      - { id: calm, channel: call, content: { title: Calm } }
      - { id: loud, channel: call, content: { title: Loud } }
";

/// The snapshot after customers took the loud treatment again and again, and never the calm one.
fn taught(snapshot: &Snapshot) -> Snapshot {
    let mut models = Models::clone(&snapshot.models);
    let catalog = &snapshot.catalog;
    let card = &catalog.offers[0];
    for number in 1..=600_u64 {
        let treatment = &card.treatments[number as usize % 2];
        // Every third is about another offer: the model tells apart what there are several of.
        let offer = if number % 3 == 0 { Key::of("other") } else { card.key };
        let record = OutcomeRecord {
            id: number,
            at: NOW,
            customer: number,
            candidate: Candidate {
                offer,
                group: catalog.groups[usize::from(card.group)].key,
                treatment: treatment.key,
                channel: Key::of("call"),
                placement: Key::default(),
                prior: card.prior,
                affinity: None,
                score: None,
            },
            features: crate::core::feature::FeatureBuilder::new(8).finish(),
            label: f64::from(u8::from(&*treatment.id == "loud")),
            weight: 1.0,
            probability_served: 0.2,
            selection_probability: 0.5,
        };
        models.apply(number, &LearningRecord::Outcome(record).encode());
    }
    Snapshot { models: std::sync::Arc::new(models), ..snapshot.clone() }
}

fn shown(snapshot: &Snapshot, decided: &ChannelDecision) -> String {
    let placed = &decided.placements[0].offers[0];
    snapshot.catalog.offers[0].treatments[placed.treatment].id.to_string()
}

#[test]
fn the_treatment_that_is_taken_more_often_shows_the_offer() {
    let snapshot = bank(TWO, "default: propensity");
    assert_eq!(shown(&snapshot, &on(&snapshot, &aged(40), "call")), "calm");
    let taught = taught(&snapshot);
    let decided = on(&taught, &aged(40), "call");
    assert_eq!(shown(&taught, &decided), "loud");
    assert!(decided.placements[0].offers[0].factors.propensity > 0.5);
}

#[test]
fn treatments_are_explored_with_the_probability_stated() {
    let arbitration = "
default: propensity
channels: { call: { exploration: { epsilon: 0.5 } } }
";
    let snapshot = taught(&bank(TWO, arbitration));
    let asked = request(&snapshot, &["call"]);
    let (mut loud, rounds) = (0_u32, 4_000);
    for seed in 0..rounds {
        let decision = decide(&snapshot, Subject::Known(&aged(40)), &asked, NOW, seed);
        let decided = &decision.channels[0];
        let placed = &decided.placements[0].offers[0];
        let is_loud = shown(&snapshot, decided) == "loud";
        loud += u32::from(is_loud);
        // 0.5 + 0.5 / 2, and 0.5 / 2.
        let stated = if is_loud { 0.75 } else { 0.25 };
        assert!((placed.selection_probability - stated).abs() < 1e-12);
        let text = &placed.content[0].text;
        assert_eq!(text, if is_loud { "Loud" } else { "Calm" });
    }
    let seen = f64::from(loud) / rounds as f64;
    assert!((seen - 0.75).abs() < 0.03, "{seen}");
}

/// What a customer of that name is shown in each field.
fn rendered(snapshot: &Snapshot, channel: &str, name: &str) -> Vec<(String, String, String)> {
    let mut profile: Profile = aged(40);
    profile.set_attribute(Key::of("name"), Some(Value::from(name)), NOW).unwrap();
    let decided = on(snapshot, &profile, channel);
    let offers = decided.placements.iter().flat_map(|placement| &placement.offers);
    let content = offers.flat_map(|placed| &placed.content);
    content.map(|c| (c.name.to_string(), c.text.clone(), c.words.clone())).collect()
}

#[test]
fn nothing_a_customer_says_becomes_code() {
    let treatments = r#"
      - channel: app
        content:
          body: { type: html, content: "<b title='{{ customer.name }}'>{{ customer.name }}</b>" }
          data: { type: structured, content: '{"name": "{{ customer.name }}", "all": {{ customer.name | tojson }}}' }
          image: { type: image, content: "/i/{{ customer.name }}.png", alt: "Of {{ customer.name }}" }
          link: { type: link, content: "{{ customer.name }}", label: { en: "Go, {{ customer.name }}" } }
          text: "Hello {{ customer.name }}"
      - channel: call
        content: { text: "Hello {{ customer.name }}", more: { type: html, content: "<i>{{ customer.name }}</i>" } }
"#;
    let snapshot = bank(treatments, "default: propensity");
    let attacks = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "javascript:alert(1)",
        "\", \"admin\": true, \"x\": \"",
        "\\",
        "a\nb\u{0}\u{2028}",
        "../../etc?x=1#y",
    ];
    for attack in attacks {
        let fields = rendered(&snapshot, "app", attack);
        assert_eq!(fields.len(), 5, "{attack}");
        for (field, text, words) in &fields {
            match field.as_str() {
                "body" => {
                    let inside = text.replacen("<b title='", "", 1).replacen("'>", "", 1);
                    let inside = inside.strip_suffix("</b>").unwrap();
                    assert!(!inside.contains(['<', '>', '"', '\'']), "{text}");
                }
                "text" => assert!(!text.contains(['<', '>', '"', '\'']), "{text}"),
                "data" => {
                    let json: serde_json::Value = serde_json::from_str(text).unwrap();
                    assert_eq!(json["name"], attack, "{text}");
                    assert_eq!(json["all"], attack, "{text}");
                    assert_eq!(json.as_object().unwrap().len(), 2, "{text}");
                }
                "image" | "link" => {
                    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~%/".contains(c);
                    assert!(text.chars().all(plain), "{text}");
                    assert!(!words.contains(['<', '>', '"', '\'']), "{words}");
                }
                other => panic!("{other}"),
            }
        }
        // The agent's desktop takes plain text as it is, and HTML escaped all the same.
        let fields = rendered(&snapshot, "call", attack);
        assert_eq!(fields[1].1, format!("Hello {attack}"));
        assert!(!fields[0].1.replace("<i>", "").replace("</i>", "").contains('<'));
    }
}

#[test]
fn what_no_escaping_makes_safe_is_refused_when_loaded() {
    let refused = [
        ("{ type: html, content: \"<script>x('{{ customer.name }}')</script>\" }", "a script"),
        ("{ type: html, content: \"<a href='{{ customer.name }}'>x</a>\" }", "an address"),
        ("\"<p onclick='{{ customer.name }}'>\"", "an event handler"),
        ("\"{% autoescape false %}{{ customer.name }}{% endautoescape %}\"", "switched off"),
        ("\"{{ customer.name | safe }}\"", "unknown filter"),
        ("\"{{ customer.name | escape }}\"", "unknown filter"),
        ("{ type: link, content: 'javascript:go()' }", "scheme `javascript`"),
        ("{ type: text, content: Hi, alt: There }", "only an image or a video has `alt`"),
        ("{ type: image, content: /a.png, label: There }", "only a link has `label`"),
        ("{ type: structured, content: '{', shape: none }", "no shape"),
    ];
    for (content, why) in refused {
        let treatments = format!("      - {{ channel: app, content: {{ body: {content} }} }}\n");
        let faults = try_bank(&[offer(&treatments)], "default: propensity", "").unwrap_err();
        assert!(faults.concat().contains(why), "{content}: {faults:?}");
    }
}

#[test]
fn structured_content_has_its_shape_or_is_not_shown() {
    let with = |content: &str| {
        let treatments = format!(
            "      - {{ channel: app, content: {{ action: {{ type: structured, shape: call, \
             content: '{content}' }} }} }}\n"
        );
        try_bank(&[offer(&treatments)], "default: propensity", "")
    };
    assert!(with("{\"queue\": \"vip\"}").is_ok());
    let faults = with("{\"queue\": 1}").unwrap_err().concat();
    assert!(faults.contains("does not fit the shape `call` at `/queue`"), "{faults}");
    let snapshot = with("{\"queue\": \"{{ customer.name }}\"}").unwrap();
    assert_eq!(rendered(&snapshot, "app", "vip").len(), 1);
    // Too long for the shape: the offer is not shown, and says why.
    let mut profile = aged(40);
    let long = Value::from("x".repeat(20).as_str());
    profile.set_attribute(Key::of("name"), Some(long), NOW).unwrap();
    let decided = on(&snapshot, &profile, "app");
    assert!(decided.placements[0].offers.is_empty());
    let (_, why) = decided.fates.of(0).unwrap();
    assert!(why.stop.message.contains("does not fit the shape"), "{}", why.stop.message);
}
