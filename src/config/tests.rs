use clap::Parser;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    serve: ServeArgs,
}

fn check(flags: &[&str]) -> Result<ServeConfig, ConfigError> {
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");
    let line = ["arbitra", "--rules", rules].into_iter().chain(flags.iter().copied());
    check_serve(&Line::parse_from(line).serve)
}

fn faults(flags: &[&str]) -> Vec<&'static str> {
    check(flags).unwrap_err().faults.iter().map(|fault| fault.flag).collect()
}

#[test]
fn the_defaults_are_good() {
    let config = check(&[]).unwrap();
    assert_eq!(config.listen.to_string(), DEFAULT_LISTEN);
    assert!(matches!(config.store, StoreConfig::Embedded(_)));
    let (ours, theirs) = (config.api, crate::api::ApiConfig::default());
    assert_eq!(ours.in_flight_max, theirs.in_flight_max);
    assert_eq!(ours.decide_budget, theirs.decide_budget);
    assert_eq!(ours.deadline_max, theirs.deadline_max);
    assert_eq!(ours.drain_max, theirs.drain_max);
}

#[test]
fn every_fault_is_listed_at_once() {
    let found = faults(&[
        "--listen=nowhere",
        "--store=mongo",
        "--durability=perhaps",
        "--deadline=soon",
        "--in-flight-max=0",
        "--log-format=xml",
        "--otlp=collector",
    ]);
    let expected = [
        "--listen",
        "--durability",
        "--store",
        "--deadline",
        "--in-flight-max",
        "--log-format",
        "--otlp",
    ];
    assert_eq!(found, expected);
}

#[test]
fn other_machines_are_let_in_only_knowingly() {
    assert_eq!(faults(&["--listen=0.0.0.0:7070"]), ["--listen"]);
    assert_eq!(faults(&["--admin=[::]:7071"]), ["--admin"]);
    assert!(check(&["--listen=0.0.0.0:7070", "--insecure"]).is_ok());
    assert!(check(&["--listen=[::1]:7070", "--admin=off"]).is_ok());
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    std::fs::write(&keys, format!("web decide sha256:{}", "0f".repeat(32))).unwrap();
    let keys = format!("--api-keys={}", keys.display());
    assert!(check(&[&keys]).is_ok());
    assert_eq!(faults(&["--listen=0.0.0.0:7070", &keys]), ["--listen"]);
}

#[test]
fn certificates_and_callers_are_tried_before_a_port_is_bound() {
    assert_eq!(faults(&["--tls-cert=a.pem"]), ["--tls-key"]);
    assert_eq!(faults(&["--tls-key=a.pem"]), ["--tls-cert"]);
    assert_eq!(faults(&["--tls-client-ca=a.pem"]), ["--tls-client-ca"]);
    let missing = ["--tls-cert=/no/cert", "--tls-key=/no/key", "--api-keys=/no/keys"];
    assert_eq!(faults(&missing), ["--tls-cert", "--api-keys"]);
}

#[test]
fn a_password_is_never_repeated() {
    for store in ["redis://:s3cret@host:port", "s3cret", "http://:s3cret@host"] {
        let error = check(&["--store", store]).unwrap_err().to_string();
        assert!(error.contains("--store (ARBITRA_STORE)"), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
}

#[test]
fn a_deadline_cannot_be_longer_than_the_longest() {
    assert_eq!(faults(&["--deadline=6s"]), ["--deadline"]);
    assert!(check(&["--deadline=6s", "--deadline-max=10s"]).is_ok());
}
