//! The command line as people and process managers meet it: exit codes, what is said, signals.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::process::{Served, arbitra, run, stderr};

mod support;

#[test]
fn the_rules_of_the_house_are_good() {
    for folder in ["rules", "examples/coupons/rules"] {
        let at = "2026-10-14T10:00:00Z";
        let output = run(&["check", folder, "--strict", "--at", at, "--json"]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["good"], true);
        assert!(report["cases"].as_u64().unwrap() > 0, "{report}");
        assert_eq!(report["cases"], report["cases_passed"]);
    }
}

#[test]
fn check_finds_planted_faults_all_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("schema.yaml", "attributes:\n  age: { type: int }\n  income_band: { type: string }\n");
    write(
        "channels.yaml",
        "channels:\n  web:\n    locales: [en]\n    placements:\n      hero: { slots: 1 }\n",
    );
    write("arbitration.yaml", "default: propensity\n");
    let offer = "groups:\n  g: { name: G }\noffers:\n  - id: card\n    name: Card\n    group: g\n    \
                 kind: sell\n    eligibility:\n      - \"customer.income_bant == 'high'\"\n      \
                 - \"customer.age > 'old'\"\n    treatments:\n      - channel: wep\n        \
                 content: { title: Hello }\n";
    write("offers/card.yaml", offer);
    let path = folder.path().to_str().unwrap();

    let output = run(&["check", path, "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let faults = report["faults"].as_array().unwrap();
    let at = |line: u64| faults.iter().find(|fault| fault["line"] == line);
    let misspelt = at(9).unwrap_or_else(|| panic!("{report}"));
    assert_eq!(misspelt["hint"], "did you mean `customer.income_band`?");
    assert!(at(10).is_some(), "{report}");
    assert!(at(12).is_some(), "{report}");

    let shown = run(&["check", path]);
    assert_eq!(shown.status.code(), Some(1));
    assert!(stderr(&shown).contains("offers/card.yaml:9:"), "{}", stderr(&shown));

    let served = run(&["serve", "--rules", path]);
    assert_eq!(served.status.code(), Some(64), "{}", stderr(&served));
    assert!(stderr(&served).contains("cannot be served"), "{}", stderr(&served));
}

#[test]
fn bad_usage_is_2_and_bad_configuration_64_with_every_fault() {
    for bad in [&["serve", "--nonsense"][..], &["conquer"], &["decide"], &[]] {
        assert_eq!(run(bad).status.code(), Some(2), "{bad:?}");
    }
    assert_eq!(run(&["--help"]).status.code(), Some(0));
    assert_eq!(run(&["schema", "offers"]).status.code(), Some(0));
    let output = run(&["serve", "--listen=0.0.0.0:1", "--durability=no", "--deadline=soon"]);
    assert_eq!(output.status.code(), Some(64));
    let said = stderr(&output);
    for flag in
        ["3 faults", "--listen (ARBITRA_LISTEN)", "--insecure", "--durability", "--deadline"]
    {
        assert!(said.contains(flag), "no `{flag}` in {said}");
    }
    let from_environment = arbitra(&["serve"]).env("ARBITRA_STORE", "cassandra").output().unwrap();
    assert_eq!(from_environment.status.code(), Some(64));
}

#[test]
fn a_client_without_a_service_says_what_to_do() {
    let output = run(&["profile", "ana", "--server", "127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("arbitra serve"), "{}", stderr(&output));
}

#[test]
fn sigterm_drains_and_a_restart_knows_everything() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    // The demo leaves profiles and a model behind.
    let demo = run(&["demo", "--rows", "50", "--data", data, "--json"]);
    assert!(demo.status.success(), "{}", stderr(&demo));
    let flags = ["--rules", "examples/coupons/rules", "--data", data];

    let mut first = Served::start(&flags);
    let learned = first.started["learned"].as_u64().unwrap();
    assert!(learned >= 50, "{learned}");
    // The respondent of the first row of the data's shuffle.
    let customer = "respondent-455";
    let before = first.ask(&["profile", customer]);
    assert!(before["attributes"].as_object().is_some_and(|a| a.len() > 5), "{before}");
    assert!(before["offers"].as_array().is_some_and(|offers| !offers.is_empty()), "{before}");
    first.signal("-TERM");
    assert_eq!(first.ended(), Some(0));

    let mut second = Served::start(&flags);
    assert_eq!(second.started["learned"], learned);
    assert_eq!(second.ask(&["profile", customer]), before);
    let asked = ["decide", "--customer", customer, "--channel", "in_car", "--dry-run"];
    let decision = second.ask(&asked);
    assert_eq!(decision["log_position"], learned);
    let offers = decision["channels"][0]["placements"][0]["offers"].as_array().unwrap();
    assert_eq!(offers.len(), 5);
    second.signal("-INT");
    assert_eq!(second.ended(), Some(0));
}

#[test]
fn a_store_that_is_down_is_waited_for_said_and_used_when_it_comes() {
    let mut redis = support::redis_server::RedisServer::start();
    let url = redis.url();
    redis.kill();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let mut child = arbitra(&["serve", "--store", &url, "--listen", &address, "--admin=off"])
        .stderr(std::fs::File::create(&log).unwrap())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let said = || std::fs::read_to_string(&log).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while !said().contains("waiting for the store") {
        assert!(Instant::now() < deadline, "it said {}", said());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(said().contains(url.trim_end_matches("/0")), "it said {}", said());
    let ask = || run(&["decide", "--customer", "c", "--channel", "web", "--server", &address]);
    let refused = ask();
    assert!(!refused.status.success());
    assert!(stderr(&refused).contains("waits for its store"), "{}", stderr(&refused));

    redis.restart();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !ask().status.success() {
        assert!(Instant::now() < deadline, "it said {}", said());
        std::thread::sleep(Duration::from_millis(50));
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_second_signal_ends_at_once() {
    let data = tempfile::tempdir().unwrap();
    let mut served = Served::start(&["--data", data.path().to_str().unwrap()]);
    // A call that stays open keeps the service draining.
    let mut held = std::net::TcpStream::connect(served.grpc()).unwrap();
    std::io::Write::write_all(&mut held, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    served.signal("-TERM");
    served.signal("-INT");
    // The first may win the race to an orderly end; nothing else may come of it.
    assert!(matches!(served.ended(), Some(130 | 0)));
}

#[test]
fn rules_are_published_listed_and_rolled_back() {
    let data = tempfile::tempdir().unwrap();
    let served = Served::start(&["--data", data.path().to_str().unwrap()]);
    let first = served.ask(&["publish", "rules", "--author", "ana", "--comment", "first"]);
    assert_eq!((&first["number"], &first["serving"]), (&1.into(), &true.into()));
    let changed = tempfile::tempdir().unwrap();
    let copy = ["-r", "rules", changed.path().to_str().unwrap()];
    assert!(Command::new("cp").args(copy).status().unwrap().success());
    let folder = changed.path().join("rules");
    let offers = folder.join("offers/develop.yaml");
    let text = std::fs::read_to_string(&offers).unwrap().replace("lever: 0.8", "lever: 0.9");
    std::fs::write(&offers, text).unwrap();
    let folder = folder.to_str().unwrap();
    let second = served.ask(&["publish", folder]);
    assert_eq!(second["number"], 2);
    let words = second["changes"][0].as_str().unwrap();
    assert!(words.starts_with("offer `") && words.ends_with("lever 0.8 → 0.9"), "{words}");
    assert_eq!(served.ask(&["rollback", "1"])["restored"], 1);
    let listed = served.ask(&["versions"]);
    assert_eq!(listed["versions"].as_array().unwrap().len(), 3);
    let stale = run(&["publish", folder, "--expected", "2", "--server", served.grpc()]);
    assert_eq!(stale.status.code(), Some(1));
    assert!(stderr(&stale).contains("the last version is 3"), "{}", stderr(&stale));
    std::fs::write(&offers, "offers: 7").unwrap();
    let bad = run(&["publish", folder, "--server", served.grpc()]);
    assert_eq!(bad.status.code(), Some(64), "{}", stderr(&bad));
}

#[test]
fn insight_shows_models_objectives_and_limits_by_name() {
    let data = tempfile::tempdir().unwrap();
    let served = Served::start(&["--data", data.path().to_str().unwrap()]);
    let all = served.ask(&["insight"]);
    let named = |part: &str, key: &str, name: &str| {
        let list = all[part].as_array().unwrap_or_else(|| panic!("{all}"));
        list.iter().find(|own| own[key] == name).unwrap_or_else(|| panic!("{name}: {all}")).clone()
    };
    assert_eq!(named("models", "model", "propensity")["outcomes"], 0);
    for stage in ["funnel.click", "funnel.accept", "funnel.convert"] {
        assert_eq!(named("models", "model", stage)["outcomes"], 0);
    }
    assert_eq!(named("models", "model", "uplift")["trials"]["withheld"], 0);
    assert_eq!(named("models", "model", "value")["amounts"]["observed_mean"], 0.0);
    assert_eq!(named("models", "model", "time_to_outcome")["outcomes"], 0);
    let margin = named("objectives", "objective", "margin");
    assert_eq!((&margin["unit"], &margin["target"]), (&"EUR".into(), &20_000.0.into()));
    let budget = named("limits", "limit", "goodwill_budget");
    assert_eq!((&budget["allowed"], &budget["used"]), (&20_000.0.into(), &0.0.into()));
    let some = served.ask(&["insight", "limits"]);
    assert_eq!(some.as_object().unwrap().keys().collect::<Vec<_>>(), ["limits"]);

    let shown = run(&["insight", "objectives", "--server", served.grpc()]);
    assert_eq!(shown.status.code(), Some(0), "{}", stderr(&shown));
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    let line = shown.lines().find(|line| line.contains("margin")).unwrap();
    assert!(line.contains("EUR") && line.contains("20000"), "{line}");
    assert!(!shown.contains("goodwill_budget"), "{shown}");
    assert_eq!(run(&["insight", "weather"]).status.code(), Some(2));
}

#[test]
fn history_is_imported_once_and_teaches() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let file = folder.path().join("history.csv");
    let text = history();
    std::fs::write(&file, &text).unwrap();
    let rules = "--rules=examples/coupons/rules";
    let served = Served::start(&[rules, "--data", store.to_str().unwrap()]);
    let import = |file: &std::path::Path| import(&served, file);
    let first: Value = serde_json::from_slice(&import(&file).stdout).unwrap();
    assert_eq!((&first["rows"], &first["applied"]), (&600.into(), &600.into()), "{first}");
    let again: Value = serde_json::from_slice(&import(&file).stdout).unwrap();
    assert_eq!((&again["duplicates"], &again["applied"]), (&600.into(), &0.into()), "{again}");

    let propensity = |customer: &str| coffee(&served, customer);
    let deadline = Instant::now() + Duration::from_secs(10);
    while propensity("driver 0") < propensity("driver 1") + 0.5 {
        assert!(Instant::now() < deadline, "{}", propensity("driver 0"));
        std::thread::sleep(Duration::from_millis(20));
    }

    // What cannot be used is told with row and column, and nothing is sent.
    for (bad, said) in [
        (text.replace(",0\n", ",maybe\n"), "column `taken`: `maybe` is no outcome"),
        (text.replace(",no,", ",some,"), "column `has_children`: `some` is no bool"),
        (text.replace("when,", "then,"), "there is no column `when`; did you mean `then`?"),
    ] {
        std::fs::write(&file, bad).unwrap();
        let output = import(&file);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
    std::fs::write(&file, text.replace("coffee_house", "cofee_house")).unwrap();
    let output = import(&file);
    assert_eq!(output.status.code(), Some(1));
    let refused: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(refused["rejected"], 600, "{refused}");
    assert!(refused["reasons"][0].as_str().unwrap().contains("cofee_house"), "{refused}");
}

/// A year of past contacts: students take the coffee, pensioners do not; told backwards.
fn history() -> String {
    let mut text = "when,driver,coupon,occupation,has_children,expiration,taken\n".to_owned();
    for row in (0..600_i64).rev() {
        let (occupation, taken) = if row % 2 == 0 { ("Student", 1) } else { ("Retired", 0) };
        let at = jiff::Timestamp::from_second(1_748_000_000 + row * 3600).unwrap();
        text += &format!("{at},driver {row},coffee_house,{occupation},no,1d,{taken}\n");
    }
    text
}

fn import(served: &Served, file: &std::path::Path) -> std::process::Output {
    let history = format!("--history={}", file.display());
    let columns =
        ["--customer=driver", "--offer=coupon", "--time=when", "--outcome=taken", "--on=in_car"];
    let history = ["import", &history, "--json", "--server", served.grpc()];
    run(&[&history[..], &columns].concat())
}

/// The probability that a driver takes the coffee.
fn coffee(served: &Served, customer: &str) -> f64 {
    let asked = ["decide", "--customer", customer, "--channel", "in_car", "--dry-run"];
    let decision = served.ask(&asked);
    let offers = decision["channels"][0]["placements"][0]["offers"].as_array().unwrap();
    let coffee = offers.iter().find(|offer| offer["offer_id"] == "coffee_house");
    coffee.unwrap_or_else(|| panic!("{decision}"))["propensity"].as_f64().unwrap()
}

#[test]
fn a_challenger_learns_beside_the_champion_and_takes_its_place_and_gives_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules");
    let copied = Command::new("cp").args(["-r", "examples/coupons/rules"]).arg(&rules).status();
    assert!(copied.unwrap().success());
    let models = rules.join("models.yaml");
    let mut text = std::fs::read_to_string(&models).unwrap();
    text += "challengers:\n  blind:\n    without: [customer.occupation]\n";
    std::fs::write(&models, text).unwrap();
    let file = folder.path().join("history.csv");
    std::fs::write(&file, history()).unwrap();
    let (rules, data) = (rules.to_str().unwrap(), folder.path().join("data"));
    let served = Served::start(&["--rules", rules, "--data", data.to_str().unwrap()]);
    assert!(import(&served, &file).status.success());

    let apart = || coffee(&served, "driver 0") - coffee(&served, "driver 1");
    let becomes = |what: &str, holds: fn(f64) -> bool| {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !holds(apart()) {
            assert!(Instant::now() < deadline, "{what}: {}", apart());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    becomes("the champion sees the occupation", |apart| apart > 0.5);
    let models = served.ask(&["insight", "models"]);
    let blind = models["models"].as_array().unwrap().iter().find(|model| model["model"] == "blind");
    let figure = |name: &str| blind.unwrap_or_else(|| panic!("{models}"))[name].as_f64().unwrap();
    assert!(figure("outcomes") > 0.0 && figure("log_loss") > figure("champion_log_loss") + 0.05);
    let promoted = served.ask(&["promote", "blind"]);
    assert!(promoted["log_position"].as_u64().unwrap() > 600, "{promoted}");
    becomes("the challenger, which does not, serves", |apart| apart.abs() < 0.1);
    served.ask(&["promote", "blind"]);
    becomes("what served before has learned on", |apart| apart > 0.5);
    let wrong = run(&["promote", "blond", "--server", served.grpc()]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(stderr(&wrong).contains("did you mean `blind`"), "{}", stderr(&wrong));
}
