use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::support::authority::Authority;
use crate::support::process::{arbitra, run, stderr};

fn drawn(role: &str) -> (String, String) {
    let output = run(&["keys", "new", "--name", "ops", "--role", role, "--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    (said["key"].as_str().unwrap().to_owned(), said["line"].as_str().unwrap().to_owned())
}

/// A whole run with certificates and keys, every line of its log kept; then nothing in logs,
/// metrics or errors holds a customer's id, an attribute's value or a key.
#[test]
fn commands_get_in_with_their_key_and_nothing_personal_is_left_behind() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let [cert, key, ca] =
        authority.write(folder.path(), "localhost").map(|path| path.display().to_string());
    let (secret, line) = drawn("decide,profile.read,catalog.publish");
    fs::write(path("keys"), line).unwrap();
    fs::write(path("key"), &secret).unwrap();
    let log = fs::File::create(path("log")).unwrap();
    let listen = format!("localhost:{}", free_port());
    let admin = format!("127.0.0.1:{}", free_port());
    let (keys, data) = (path("keys"), path("data"));
    let mut child = arbitra(&[
        "serve",
        "--listen",
        &listen,
        "--admin",
        &admin,
        "--data",
        &data,
        "--tls-cert",
        &cert,
        "--tls-key",
        &key,
        "--api-keys",
        &keys,
        "--log",
        "debug",
    ])
    .stdout(Stdio::null())
    .stderr(log)
    .spawn()
    .unwrap();
    let key_file = path("key");
    let to = ["--server", listen.as_str(), "--tls-ca", ca.as_str()];
    let known = [to.as_slice(), &["--api-key-file", &key_file]].concat();
    let customer = "zq-personal-4711";
    let decide = ["decide", "--customer", customer, "--channel", "web"];
    let mut answered = run(&[decide.as_slice(), &known].concat());
    for _ in 0..400 {
        if answered.status.success() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
        answered = run(&[decide.as_slice(), &known].concat());
    }
    assert!(answered.status.success(), "{}", stderr(&answered));
    let unknown = run(&[decide.as_slice(), &to].concat());
    assert!(stderr(&unknown).contains("Unauthenticated"), "{}", stderr(&unknown));
    let rolled = run(&[["rollback", "999"].as_slice(), &known].concat());
    assert!(!rolled.status.success());
    let bad = ["decide", "--customer", customer, "--channel", "web", "--context", "mood=zq-secret"];
    let bad = run(&[bad.as_slice(), &known].concat());
    let metrics = fetch(&admin);
    child.kill().unwrap();
    child.wait().unwrap();
    let log = fs::read_to_string(path("log")).unwrap();
    let act = log.lines().find(|line| line.contains("administrative act")).unwrap();
    for said in ["ops", "arbitra.v1.CatalogService/RollbackCatalog", "NOT_FOUND"] {
        assert!(act.contains(said), "{act}");
    }
    assert!(metrics.contains("arbitra_rpc_duration_seconds"), "{metrics}");
    for text in [&log, &metrics, &stderr(&unknown), &stderr(&bad), &stderr(&rolled)] {
        for personal in [customer, "zq-secret", &secret] {
            assert!(!text.contains(personal), "`{personal}` in {text}");
        }
    }
}

#[test]
fn beyond_this_machine_callers_must_be_known_and_calls_encrypted() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    fs::write(&keys, drawn("decide").1).unwrap();
    let keys = keys.display().to_string();
    let data = folder.path().join("data").display().to_string();
    for flags in [vec![], vec!["--api-keys", &keys]] {
        let serve = ["serve", "--listen", "0.0.0.0:0", "--admin", "off", "--data", &data];
        let refused = run(&[serve.as_slice(), &flags].concat());
        assert_eq!(refused.status.code(), Some(64));
        assert!(stderr(&refused).contains("encrypted"), "{}", stderr(&refused));
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn fetch(admin: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(admin).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}
