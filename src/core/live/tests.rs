//! What was read stands in the frame, where it may.

use super::fill;
use crate::core::catalog::load;
use crate::core::key::Key;
use crate::core::profile::{Consent, ConsentState, Profile};
use crate::core::time::UnixMs;
use crate::core::value::Value;

const NOW: UnixMs = UnixMs(1_800_000_000_000);

const SCHEMA: &str = "purposes: { profiling: Theirs }
attributes:
  limit: { type: int, default: 5 }
  wealth: { type: double, purpose: profiling }
  name: { type: string }
";

const CHANNELS: &str = "channels:
  web: { locales: [en], contact: impression, placements: { hero: { slots: 1 } } }
";

const OFFERS: &str = "groups: { g: {} }
offers:
  - id: note
    name: Note
    group: g
    kind: serve
    treatments: [{ channel: web, content: { title: Note } }]
";

#[test]
fn what_was_read_replaces_what_is_stored_and_a_purpose_still_needs_consent() {
    let files = [
        ("schema.yaml", SCHEMA),
        ("channels.yaml", CHANNELS),
        ("arbitration.yaml", "default: priority\n"),
        ("offers/o.yaml", OFFERS),
    ];
    let files: Vec<(String, Vec<u8>)> =
        files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    let loaded = load(&files).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let schema = &loaded.catalog.schema;
    let slot = |name: &str| *schema.attributes.get(name).unwrap();
    let mut profile = Profile::new(NOW);
    for (name, value) in [("limit", Value::Int(7)), ("name", Value::from("stored"))] {
        profile.set_attribute(Key::of(name), Some(value), NOW).unwrap();
    }
    let live = [
        (slot("limit"), None),
        (slot("wealth"), Some(Value::Double(9.5))),
        (slot("name"), Some(Value::from("live"))),
    ];
    let filled = |profile: &Profile| {
        let mut frame = vec![None; schema.slots.len()];
        profile.fill_frame(schema, NOW, &mut frame);
        fill(schema, profile, &live, &mut frame);
        ["limit", "wealth", "name"].map(|name| frame[slot(name).0 as usize].clone())
    };
    let [limit, wealth, name] = filled(&profile);
    assert_eq!(limit, Some(Value::Int(5)), "unknown is the default, not what was stored once");
    assert_eq!(wealth, None, "no consent to profiling");
    assert_eq!(name, Some(Value::from("live")));
    let purpose = Key::of("profiling");
    let (channel, state) = (Key::default(), ConsentState::Granted);
    profile.set_consent(Consent { purpose, channel, state, at: NOW }, NOW).unwrap();
    assert_eq!(filled(&profile)[1], Some(Value::Double(9.5)));
}
