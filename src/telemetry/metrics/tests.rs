use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;

/// Names in `counter!("...` and its kin, in all of `src`.
fn used() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(path).unwrap();
                names.extend(
                    text.split('"')
                        .filter(|word| word.starts_with("arbitra_"))
                        .filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
                        .map(str::to_owned),
                );
            }
        }
    }
    names
}

#[test]
fn every_metric_in_the_code_is_described() {
    let described: BTreeSet<_> = METRICS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    let mut missing = used();
    missing.retain(|name| !described.contains(name) && name != "arbitra_");
    assert_eq!(missing, BTreeSet::new(), "add them to METRICS");
}

#[test]
fn names_end_as_prometheus_asks() {
    for &(name, kind, meaning) in METRICS {
        assert!(name.starts_with("arbitra_"), "{name}");
        assert_eq!(kind == Kind::Counter, name.ends_with("_total"), "{name}");
        assert_eq!(kind == Kind::Seconds, name.ends_with("_seconds"), "{name}");
        assert!(meaning.ends_with('.'), "{name}");
    }
}

#[test]
fn buckets_grow() {
    for buckets in [CORE_SECONDS, CALL_SECONDS] {
        assert!(buckets.windows(2).all(|pair| pair[0] < pair[1]));
    }
}

#[test]
fn seconds_are_rendered_as_histograms() {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_core_seconds".to_owned()), CORE_SECONDS)
        .unwrap()
        .build_recorder();
    let handle = recorder.handle();
    metrics::with_local_recorder(&recorder, || {
        metrics::histogram!("arbitra_decide_core_seconds").record(25e-6);
    });
    let text = handle.render();
    assert!(text.contains("arbitra_decide_core_seconds_bucket{le=\"0.00003\"} 1"), "{text}");
}
