//! `serve` logs in to a real Redis over TLS, with a certificate of its own, as a user with only the
//! rights it needs and a password from a file; and says at start how the server could lose data.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

mod support;

use std::process::Stdio;

use support::authority::Authority;
use support::process::{Served, arbitra};
use support::redis_server::{RedisServer, free_port};

/// The rights that docs/reliability.md names.
const RIGHTS: &str = "-@all +@read +@write +@connection +@scripting +@transaction +time +info \
                      +cluster|slots +config|get";

#[test]
fn serve_logs_in_over_tls_with_a_password_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let [cert, key, ca] = authority.write(folder.path(), "127.0.0.1");
    let path = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let (cert, key, ca) = (path(&cert), path(&key), path(&ca));
    let port = free_port().to_string();
    let mut options = vec!["--tls-port", &port, "--tls-cert-file", &cert, "--tls-key-file", &key];
    options.extend(["--tls-ca-cert-file", &ca, "--tls-auth-clients", "yes", "--user", "ana", "on"]);
    options.extend([">s3cret", "~arbitra:*"]);
    options.extend(RIGHTS.split_whitespace());
    options.extend(["--appendonly", "yes"]);
    let server = RedisServer::start_with(&options);
    let password = folder.path().join("password");
    std::fs::write(&password, "s3cret\n").unwrap();
    let url = format!("rediss://ana@127.0.0.1:{port}");
    let password = path(&password);
    let mut flags = vec!["--store", &url, "--redis-password-file", &password, "--redis-ca", &ca];
    flags.extend(["--redis-cert", &cert, "--redis-key", &key]);
    let served = Served::start(&flags);
    let store = served.started["store"].as_str().unwrap();
    assert!(store.contains("Redis 7") || store.contains("Valkey"), "{store}");
    assert!(!store.contains("s3cret"), "{store}");
    let decided = served.ask(&["decide", "--customer", "ana", "--channel", "web"]);
    assert!(decided["decision_id"].is_string(), "{decided}");
    drop(server);
}

#[test]
fn a_server_that_could_lose_data_is_warned_of_at_start() {
    let mut server =
        RedisServer::start_with(&["--appendonly", "no", "--maxmemory-policy", "allkeys-lru"]);
    let url = server.url();
    let mut serve = arbitra(&["serve", "--json", "--store", &url]);
    serve.args(["--listen", "127.0.0.1:0", "--admin", "off"]);
    let mut child = serve.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    for line in lines {
        said.push_str(&line.unwrap());
        if said.contains("appendonly yes") && said.contains("maxmemory-policy noeviction") {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    server.kill();
    assert!(said.contains("maxmemory-policy noeviction"), "{said}");
}
