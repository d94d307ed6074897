//! What differs between two rules folders, in words: `offer gold_card: lever 10 → 25`. It compares
//! what is declared, not how it is written: comments, order and the file an entry stands in do not
//! count.

use std::collections::BTreeMap;

use serde_json::Value;

use super::csv::parse_file;
use super::kind::FileKind;
use super::yaml;

/// Changes told, at most; how many more there are is said.
const CHANGES_MAX: usize = 200;
/// Longest form of a value, in characters.
const VALUE_CHARS_MAX: usize = 60;
/// Entries named when many of one kind came or went.
const NAMED_MAX: usize = 5;

/// Entries by section and name: an offer, a scheme, a contact limit.
type Entries = BTreeMap<(FileKind, String), BTreeMap<String, Value>>;

/// What it takes to get from the folder `before` to the folder `after`, both sound; files by path.
#[must_use]
pub fn changes(before: &[(String, Vec<u8>)], after: &[(String, Vec<u8>)]) -> Vec<String> {
    let (before, after) = (entries(before), entries(after));
    let empty = BTreeMap::new();
    let mut sections: Vec<_> = before.keys().chain(after.keys()).collect();
    sections.sort();
    sections.dedup();
    let mut told = Vec::new();
    for section in sections {
        let old = before.get(section).unwrap_or(&empty);
        let new = after.get(section).unwrap_or(&empty);
        compare(&singular(section), old, new, &mut told);
    }
    if told.len() > CHANGES_MAX {
        let more = told.len() - CHANGES_MAX;
        told.truncate(CHANGES_MAX);
        told.push(format!("and {more} more changes"));
    }
    told
}

fn compare(
    what: &str,
    old: &BTreeMap<String, Value>,
    new: &BTreeMap<String, Value>,
    told: &mut Vec<String>,
) {
    let only = |a: &BTreeMap<String, Value>, b: &BTreeMap<String, Value>| -> Vec<String> {
        a.keys().filter(|name| !b.contains_key(*name)).cloned().collect()
    };
    told.extend(came_or_went(what, "added", &only(new, old)));
    told.extend(came_or_went(what, "removed", &only(old, new)));
    for (name, old) in old {
        let Some(new) = new.get(name) else { continue };
        let mut leaves = Vec::new();
        walk("", Some(old), Some(new), &mut leaves);
        let subject = if name.is_empty() { what.to_owned() } else { format!("{what} `{name}`") };
        told.extend(leaves.into_iter().map(|leaf| format!("{subject}: {}", leaf.trim_start())));
    }
}

fn came_or_went(what: &str, verb: &str, names: &[String]) -> Option<String> {
    let quoted: Vec<String> =
        names.iter().take(NAMED_MAX).map(|name| format!("`{name}`")).collect();
    let list = quoted.join(", ");
    match names.len() {
        0 => None,
        1 if names.first().is_some_and(String::is_empty) => Some(format!("{what} {verb}")),
        1 => Some(format!("{what} {list} {verb}")),
        n if n <= NAMED_MAX => Some(format!("{n} {} {verb}: {list}", plural(what))),
        n => Some(format!("{n} {} {verb}: {list} and {} more", plural(what), n - NAMED_MAX)),
    }
}

/// The leaves in which two values differ, with their paths.
fn walk(path: &str, old: Option<&Value>, new: Option<&Value>, told: &mut Vec<String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (old, new) {
        (Some(old), Some(new)) if old == new => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                walk(&below(key), old.get(key), new.get(key), told);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => match (named(old), named(new)) {
            (Some(old), Some(new)) => {
                let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
                keys.sort();
                keys.dedup();
                for key in keys {
                    walk(&below(key), old.get(key).copied(), new.get(key).copied(), told);
                }
            }
            _ if old.len() == new.len() => {
                for (index, (old, new)) in old.iter().zip(new).enumerate() {
                    walk(&format!("{path}[{}]", index + 1), Some(old), Some(new), told);
                }
            }
            _ => {
                let gone = old.iter().filter(|item| !new.contains(item)).map(|i| ("-", i));
                let come = new.iter().filter(|item| !old.contains(item)).map(|i| ("+", i));
                let parts: Vec<String> =
                    gone.chain(come).map(|(sign, item)| format!("{sign}{}", shown(item))).collect();
                told.push(format!("{path} {}", parts.join(" ")));
            }
        },
        (Some(old), Some(new)) => told.push(format!("{path} {} → {}", shown(old), shown(new))),
        (None, Some(new)) => told.push(format!("{path} set to {}", shown(new))),
        (Some(old), None) => told.push(format!("{path} removed (was {})", shown(old))),
        (None, None) => {}
    }
}

/// Items by the name each carries; `None` unless all carry one and no two the same.
fn named(items: &[Value]) -> Option<BTreeMap<String, &Value>> {
    let mut found = BTreeMap::new();
    for item in items {
        let name = name_of(item)?;
        if found.insert(name, item).is_some() {
            return None;
        }
    }
    Some(found)
}

/// What an item of a list goes by.
fn name_of(item: &Value) -> Option<String> {
    let name = ["id", "name", "channel"].iter().find_map(|key| item.get(key));
    name.and_then(Value::as_str).map(str::to_owned)
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= VALUE_CHARS_MAX {
        text
    } else {
        text.chars().take(VALUE_CHARS_MAX).chain(['…']).collect()
    }
}

fn entries(files: &[(String, Vec<u8>)]) -> Entries {
    let mut entries = Entries::new();
    for (path, bytes) in files {
        let Some(kind) = FileKind::of(path) else { continue };
        let parsed = yaml::text(bytes).ok().and_then(|text| parse_file(path, text).ok());
        let Some((Value::Object(sections), _)) = parsed else { continue };
        for (section, value) in sections {
            let into = entries.entry((kind, section)).or_default();
            match value {
                Value::Object(map) => into.extend(map),
                Value::Array(items) => {
                    into.extend(items.into_iter().enumerate().map(|(n, item)| {
                        (name_of(&item).unwrap_or_else(|| format!("{path} {}", n + 1)), item)
                    }))
                }
                scalar => {
                    into.insert(String::new(), scalar);
                }
            }
        }
    }
    entries
}

/// `offers` → `offer`, `policies` → `policy`; a section of a name of its own keeps its file's.
fn singular((kind, section): &(FileKind, String)) -> String {
    let words = section.replace('_', " ");
    let one = match words.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => words.strip_suffix('s').unwrap_or(&words).to_owned(),
    };
    match kind {
        FileKind::Models | FileKind::Schema | FileKind::Arbitration
            if one == words || *kind == FileKind::Models =>
        {
            format!("{} {words}", kind.name())
        }
        FileKind::Arbitration if section == "channels" => "arbitration of channel".to_owned(),
        _ => one,
    }
}

fn plural(one: &str) -> String {
    match one.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn what_changed_is_said_in_words() {
        let before = folder(&[
            (
                "offers/a.yaml",
                "offers:\n- id: gold\n  lever: 10\n  eligibility: [a, b]\n  treatments:\n  \
                 - channel: web\n    content: {title: Hello}\n- id: old\n  lever: 1\n",
            ),
            ("arbitration.yaml", "default: pcvl\nschemes:\n  mine: {kind: formula}\n"),
        ]);
        let after = folder(&[
            // The same offer in another file is the same offer.
            (
                "offers/b.yaml",
                "# moved\noffers:\n- id: gold\n  lever: 25\n  eligibility: [a]\n  priority: 3\n  \
                 treatments:\n  - channel: web\n    content: {title: Good day}\n",
            ),
            ("offers/c.yaml", "offers:\n- {id: x, lever: 1}\n- {id: y, lever: 1}\n"),
            ("arbitration.yaml", "default: mine\nschemes:\n  mine: {kind: formula}\n"),
        ]);
        assert_eq!(
            changes(&before, &after),
            [
                "arbitration default: pcvl → mine".to_owned(),
                "2 offers added: `x`, `y`".to_owned(),
                "offer `old` removed".to_owned(),
                "offer `gold`: eligibility -b".to_owned(),
                "offer `gold`: lever 10 → 25".to_owned(),
                "offer `gold`: priority set to 3".to_owned(),
                "offer `gold`: treatments.web.content.title Hello → Good day".to_owned(),
            ]
        );
        assert_eq!(changes(&after, &after), Vec::<String>::new());
    }

    #[test]
    fn goals_schemes_quotas_and_segments_are_told_too() {
        let before = folder(&[
            (
                "objectives.yaml",
                "objectives:\n  margin: {weight: 1.0, target: {amount: 20000, per: month}}\n  \
                 service: {weight: 1.0}\nrates: {click: 3}\nresources:\n  \
                 letters: {max: 20000, per: week}\nconstraints:\n  \
                 care: {share: {kinds: [serve]}, min: 0.3}\n",
            ),
            (
                "arbitration.yaml",
                "schemes:\n  picky: {kind: constrained, threshold: 1.5}\nchannels:\n  \
                 email: {scheme: picky}\n",
            ),
            ("policies/q.yaml", "quotas:\n- {id: gifts, max: 100, per: day}\n"),
            ("segments.yaml", "segments:\n  rich: {when: customer.income > 40.0}\n"),
        ]);
        let after = folder(&[
            (
                "objectives.yaml",
                "objectives:\n  margin: {weight: \"segment.rich ? 2.0 : 1.0\", target: {amount: \
                 25000, per: month}}\n  goodwill: {weight: 0, budget: {amount: 3000, per: \
                 month}}\nrates: {click: 4}\nresources:\n  letters: {max: 15000, per: \
                 week}\nconstraints:\n  care: {share: {kinds: [serve, retain]}, min: 0.4}\n",
            ),
            (
                "arbitration.yaml",
                "schemes:\n  picky: {kind: constrained, threshold: 2}\nchannels:\n  \
                 email: {scheme: pcvl}\n",
            ),
            ("policies/q.yaml", "quotas:\n- {id: gifts, max: 50, per: week}\n"),
            ("segments.yaml", "segments:\n  rich: {when: customer.income > 60.0}\n"),
        ]);
        let told = changes(&before, &after);
        for expected in [
            "objective `goodwill` added",
            "objective `service` removed",
            "objective `margin`: target.amount 20000 → 25000",
            "objective `margin`: weight 1.0 → segment.rich ? 2.0 : 1.0",
            "rate `click`: 3 → 4",
            "resource `letters`: max 20000 → 15000",
            "constraint `care`: min 0.3 → 0.4",
            "constraint `care`: share.kinds +retain",
            "scheme `picky`: threshold 1.5 → 2",
            "arbitration of channel `email`: scheme picky → pcvl",
            "quota `gifts`: max 100 → 50",
            "quota `gifts`: per day → week",
            "segment `rich`: when customer.income > 40.0 → customer.income > 60.0",
        ] {
            assert!(told.iter().any(|told| told == expected), "{expected}: {told:#?}");
        }
        assert_eq!(told.len(), 13, "{told:#?}");
    }
}
