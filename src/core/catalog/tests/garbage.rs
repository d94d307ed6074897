//! Whatever the files hold, loading them ends with an answer.

use proptest::prelude::*;

use super::super::fault::render;
use super::super::{FileKind, load};
use super::{SOUND, folder};

fn path() -> impl Strategy<Value = String> {
    prop::sample::select(
        FileKind::ALL
            .map(|kind| match kind.in_folder() {
                true => format!("{}/x.yaml", kind.name()),
                false => format!("{}.yaml", kind.name()),
            })
            .to_vec(),
    )
}

/// What breaks YAML, expressions and templates most.
fn shard() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "\t",
        "\n",
        "  ",
        ": ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "{{",
        "}}",
        "{% if",
        "'",
        "\"",
        "|\n",
        ">\n",
        "&a ",
        "*a",
        "!!int ",
        "# ",
        "---\n",
        "customer.",
        "offer.id",
        "&&",
        "(",
        ")",
        "é",
        "\u{1F600}",
        "0x",
        "1e999",
        "-1",
        "null",
        "true",
        "999999999999999999999",
        "~",
        "? ",
        "\\",
        "\u{feff}",
        "\u{0}",
        "\r\n",
        "%YAML 1.2\n",
        "@",
        "`",
        "<<: *a",
        "2026-99-99",
        "forever",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_bytes(path in path(), bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut files = folder(&[]);
        files.retain(|(known, _)| *known != path);
        files.push((path, bytes));
        if let Err(faults) = load(&files) {
            prop_assert!(!render(&faults).is_empty());
        }
    }

    #[test]
    fn mutated_folders(
        file in 0..SOUND.len(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, shard()), 1..5),
    ) {
        let (path, text) = SOUND[file];
        let mut chars: Vec<char> = text.chars().collect();
        for (at, length, shard) in cuts {
            let start = at.index(chars.len().max(1)).min(chars.len());
            let end = (start + length).min(chars.len());
            chars.splice(start..end, shard.chars());
        }
        let mutated: String = chars.into_iter().collect();
        if let Err(faults) = load(&folder(&[(path, &mutated)])) {
            prop_assert!(!render(&faults).is_empty());
            for fault in faults {
                prop_assert!(fault.length >= 1);
                let lines = mutated.split('\n').count();
                prop_assert!(fault.file != path || fault.line as usize <= lines + 1);
            }
        }
    }
}
