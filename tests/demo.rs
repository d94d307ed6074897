//! The main job from end to end: real customers, real outcomes, the real binary, its own service,
//! gRPC. The engine must learn.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

use std::process::Command;

use serde_json::Value;

mod support;

/// Runs the demo and returns its report.
fn demo(flags: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_arbitra"))
        .args(["demo", "--json"])
        .args(flags)
        .env_remove("ARBITRA_STORE")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn number(report: &Value, name: &str) -> f64 {
    report[name].as_f64().unwrap_or_else(|| panic!("no `{name}` in {report}"))
}

#[test]
fn the_engine_learns_what_people_accept() {
    // Half of the rows: enough for the intervals, and quick without optimisation.
    let report = demo(&["--seed", "42", "--rows", "6000"]);
    assert_eq!(report["rows"], 6_000);
    let history = number(&report, "historical_acceptance");
    assert!((0.55..0.59).contains(&history), "{report}");

    // Where the engine would have done what was done, people said yes clearly more often.
    let agreed = &report["agreed_acceptance"];
    assert!(number(&report, "agreed_rows") > 1_000.0, "{report}");
    assert!(number(agreed, "lower") > history, "{report}");
    assert!(number(&report["ips_acceptance"], "lower") > history, "{report}");

    // The propensities served, before they were learned from, beat knowing the rate so far.
    assert!(number(&report, "log_loss") < 0.92 * number(&report, "base_log_loss"), "{report}");
    assert!(number(&report, "auc") > 0.7, "{report}");
    assert!(number(&report, "calibration_error") < 0.05, "{report}");

    // Loosely: the machine that runs the tests may be busy.
    assert!(number(&report, "lag_samples") >= 30.0, "{report}");
    assert!(number(&report, "lag_p50_ms") < 500.0, "{report}");
}

#[test]
fn a_store_that_has_learned_is_not_mixed_with_a_fresh_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let first = demo(&["--rows", "30", "--data", data]);
    assert_eq!(first["rows"], 30);

    let again = Command::new(env!("CARGO_BIN_EXE_arbitra"))
        .args(["demo", "--rows", "30", "--data", data])
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(64));
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(said.contains("--continue"), "{said}");

    let on = demo(&["--rows", "30", "--data", data, "--continue"]);
    assert_eq!(on["rows"], 30);
}

#[test]
fn the_same_job_runs_on_redis() {
    let redis = support::redis_server::RedisServer::start();
    let report = demo(&["--rows", "400", "--store", &redis.url(), "--concurrency", "4"]);
    assert_eq!(report["rows"], 400);
    assert!(report["store"].as_str().unwrap().contains("redis://"), "{report}");
}
