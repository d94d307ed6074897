//! `arbitra evaluate`, as people run it on their files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

use arbitra::api::ApiConfig;
use arbitra::api::wire::v1;
use serde_json::Value;
use support::process::{run, stderr};
use support::service::{Service, decide, value};

mod support;

const COUPONS: &str = "examples/coupons/coupon.csv.gz";

fn report(args: &[&str]) -> Value {
    let output = run(args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(args: &[&str], why: &str) {
    let output = run(args);
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    assert!(stderr(&output).contains(why), "{}", stderr(&output));
}

fn written(name: &str, text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn probabilities_of_real_coupons_are_worth_something() {
    let args = ["evaluate", "propensity", "--data", COUPONS, "--label", "y"];
    let more = ["--order", "shuf42", "--ignore", "row", "--json"];
    let report = report(&[&args[..], &more[..]].concat());
    assert_eq!(report["rows"], 12_684);
    let figure = |name: &str| report[name].as_f64().unwrap();
    assert!((figure("base_log_loss") - 0.6841).abs() < 1e-4, "{report}");
    assert!(figure("log_loss") < 0.54 && figure("auc") > 0.79, "{report}");
    assert!((figure("rig") - (1.0 - figure("log_loss") / figure("base_log_loss"))).abs() < 1e-12);
    assert!(figure("ece") <= 0.015, "{report}");
    assert!(figure("rows_per_s") > 0.0);
}

#[test]
fn a_bandit_learns_which_label_pays() {
    let line = |n: u32| match n % 3 {
        0 => "{\"colour\":\"red\",\"size\":1,\"best\":\"a\"}\n",
        1 => "{\"colour\":\"blue\",\"size\":2,\"best\":\"b\"}\n",
        _ => "{\"colour\":\"green\",\"size\":3,\"best\":\"c\"}\n",
    };
    let text: String = (0..1500).map(line).collect();
    let (_folder, path) = written("rows.ndjson", &text);
    let args = ["evaluate", "bandit", "--data", &path, "--label", "best", "--json"];
    let report = report(&args);
    assert_eq!(report["rows"], 1500);
    assert!(report["mean_reward"].as_f64().unwrap() > 0.9, "{report}");
}

#[test]
fn what_a_community_chooses_is_foretold() {
    // Two communities of items; what is held back of a user is of its own community.
    let mut text = "who,what,test\n".to_owned();
    for user in 0..60_u32 {
        for item in 0..10_u32 {
            let of = user % 2 * 10 + item;
            text.push_str(&format!("u{user},i{of},{}\n", u32::from((user + item) % 5 == 0)));
        }
    }
    let (_folder, path) = written("choices.csv", &text);
    let columns = |user| ["--user", user, "--item", "what", "--split", "test"];
    let args = ["evaluate", "affinity", "--data", &path, "--json"];
    let report = report(&[&args[..], &columns("who")[..]].concat());
    assert_eq!(report["users"], 60);
    for figure in ["ndcg_at_10", "recall_at_20", "map_at_10"] {
        assert!(report[figure].as_f64().unwrap() > 0.99, "{report}");
    }
    assert!(report["fit_s"].as_f64().unwrap() > 0.0, "{report}");
    assert!(report["us_per_user"].as_f64().unwrap() > 0.0, "{report}");
    refused(&[&args[..], &columns("whom")[..]].concat(), "no column `whom`; did you mean `who`?");
    let (_folder, path) = written("choices.csv", "who,what,test\na,b,0\na,,1\n");
    let args = ["evaluate", "affinity", "--data", &path];
    refused(&[&args[..], &columns("who")[..]].concat(), "row 2, column `what`: it is empty");
}

#[test]
fn unusable_input_is_told_with_row_and_column() {
    let (_folder, path) = written("rows.csv", "y,x\n0,1\n2,3\n");
    let args = |label| ["evaluate", "propensity", "--data", &path, "--label", label];
    refused(&args("y"), "row 2, column `y`: `2` is no label: it must be 0 or 1");
    refused(&args("z"), "there is no column `z`");
    let (_folder, path) = written("rows.csv", "y,x\n0,1\n1,inf\n");
    let args = ["evaluate", "propensity", "--data", &path, "--label", "y"];
    refused(&args, "row 2, column `x`: `inf` is an infinite number");
    let (_folder, path) = written("rows.csv", "y,x\n");
    refused(&["evaluate", "bandit", "--data", &path, "--label", "y"], "there are no rows");
}

const POLICY: [&str; 10] = [
    "evaluate",
    "policy",
    "--action",
    "did",
    "--reward",
    "paid",
    "--propensity",
    "chance",
    "--json",
    "--log",
];

/// 400 rows of two actions at two positions, each done with chance 1/4 or 3/4; `b` always pays.
fn two_actions() -> String {
    let mut text = "did,at,paid,chance\n".to_owned();
    for number in 0..400 {
        let (did, chance) = if number % 4 == 0 { ("b", 0.25) } else { ("a", 0.75) };
        let paid = u8::from(did == "b" || number % 8 == 1);
        text += &format!("{did},{},{paid},{chance}\n", number / 4 % 2 + 1);
    }
    text
}

#[test]
fn a_policy_is_worth_what_its_actions_paid() {
    let (_folder, log) = written("log.csv", &two_actions());
    let all_b = "action,position,probability\nb,1,1\nb,2,1\na,2,0\n";
    let (_other, target) = written("target.csv", all_b);
    let args = [&POLICY[..], &[&log, "--position", "at", "--target", &target]].concat();
    let told = report(&args);
    assert_eq!(told["rows"], 400);
    let value = |name: &str| told[name]["value"].as_f64().unwrap();
    assert!((value("logged_value") - 0.375).abs() < 1e-12, "{told}");
    assert!((value("ips") - 1.0).abs() < 1e-12, "{told}");
    assert!((value("snips") - 1.0).abs() < 1e-12, "{told}");
    assert!((told["ess"].as_f64().unwrap() - 100.0).abs() < 1e-9, "{told}");
    assert_eq!(told["ips"]["flagged"], false);
    assert_eq!(told["difference"]["significant"], true);
    // The policy of the log itself earns what the log earned, and the log cannot tell it apart.
    let same = "action,probability\na,0.75\nb,0.25\n";
    let (_third, target) = written("same.csv", same);
    let told = report(&[&POLICY[..], &[&log, "--target", &target]].concat());
    assert_eq!(told["ips"]["value"], told["logged_value"]["value"]);
    assert_eq!(told["difference"]["significant"], false);
}

#[test]
fn a_policy_that_few_rows_bear_is_flagged_and_one_that_none_bears_refused() {
    let few = "did,paid,chance\nb,1,0.001\n".to_owned() + &"a,0,0.999\n".repeat(300);
    let (_folder, log) = written("log.csv", &few);
    let (_other, target) = written("target.csv", "action,probability\na,0.5\nb,0.5\n");
    let told = report(&[&POLICY[..], &[&log, "--target", &target]].concat());
    assert_eq!(told["snips"]["flagged"], true);
    assert_eq!(told["dr"]["flagged"], true);
    assert!(told["warnings"][0].as_str().unwrap().contains("mean nothing"), "{told}");
    let (_third, target) = written("other.csv", "action,probability\nc,1\n");
    refused(&[&POLICY[..], &[&log, "--target", &target]].concat(), "never does what was logged");
}

#[test]
fn an_unusable_log_or_policy_has_its_row_and_column() {
    let (_folder, log) = written("log.csv", "did,paid,chance\na,1,0.5\nb,0,0\n");
    let (_other, target) = written("target.csv", "action,probability\na,0.5\nb,0.4\n");
    let args = [&POLICY[..], &[&log, "--target", &target]].concat();
    refused(&args, "row 2, column `chance`: `0` is no propensity");
    let (_third, log) = written("good.csv", "did,paid,chance\na,1,0.5\nb,much,0.5\n");
    let args = [&POLICY[..], &[&log, "--target", &target]].concat();
    refused(&args, "row 2, column `paid`: `much` is no reward");
    let (_fourth, log) = written("better.csv", "did,paid,chance\na,1,0.5\nb,0,0.5\n");
    let args = [&POLICY[..], &[&log, "--target", &target]].concat();
    refused(&args, "the probabilities come to 0.9, not 1");
}

#[test]
fn a_rules_folder_is_a_policy_too() {
    let line = |number: u32| {
        let did = if number.is_multiple_of(2) { "mortgage" } else { "gold_card" };
        let paid = u8::from(number.is_multiple_of(2));
        format!(
            "{{\"did\":\"{did}\",\"paid\":{paid},\"chance\":0.5,\"age\":35,\"lifecycle\":\"active\",\
             \"customer_since\":\"2023-01-10T00:00:00Z\",\"products\":[\"current_account\"],\
             \"employment\":\"employed\",\"housing\":\"renting\",\"monthly_income\":2500.0,\
             \"page\":\"calculator\",\"when\":\"2026-10-14T10:00:00Z\"}}\n"
        )
    };
    let text: String = (0..300).map(line).collect();
    let (_folder, log) = written("log.ndjson", &text);
    let place = ["--channel", "web", "--placement", "hero", "--time", "when"];
    let args = [&POLICY[..], &[&log, "--rules", "rules"], &place[..]].concat();
    let told = report(&args);
    let value = |name: &str| told[name]["value"].as_f64().unwrap();
    assert!((value("logged_value") - 0.5).abs() < 1e-12, "{told}");
    assert!(value("snips") > 0.9, "the rules show the mortgage at the calculator: {told}");
}

const SCHEMA: &str = "context:\n  plan: { type: string }\n  visits: { type: double }\n";
const CHANNELS: &str =
    "channels:\n  channel:\n    locales: [en]\n    placements:\n      hero: { slots: 1 }\n";
const MODELS: &str = "prior: { probability: 0.5, evidence: 0.000000001 }\n\
                      labels: { accept: positive, reject: negative }\n";
const OFFERS: &str = "groups:\n  group: { name: G }\noffers:\n  - id: offer\n    name: Offer\n    \
                      group: group\n    kind: sell\n    treatments:\n      - channel: channel\n        \
                      content: { title: Hello }\n";

/// A row: plan, visits, label.
fn row(n: u64) -> (&'static str, u64, bool) {
    let plan = ["gold", "basic", "trial"][(n * n % 3) as usize];
    let visits = n * 7 % 19;
    (plan, visits, (n * 31 + visits) % 7 < if plan == "gold" { 4 } else { 2 })
}

#[tokio::test]
async fn the_same_rows_through_the_api_are_foretold_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("schema.yaml", SCHEMA),
        ("channels.yaml", CHANNELS),
        ("models.yaml", MODELS),
        ("arbitration.yaml", "default: propensity\n"),
        ("offers/offer.yaml", OFFERS),
    ];
    std::fs::create_dir(folder.path().join("offers")).unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let service = Service::of(folder.path(), ApiConfig::default(), |store| store).await;
    let rows = 60_u64;
    let mut csv = "context.plan,context.visits,y\n".to_owned();
    let mut loss = 0.0;
    for n in 0..rows {
        let (plan, visits, positive) = row(n);
        csv.push_str(&format!("{plan},{visits},{}\n", u8::from(positive)));
        let customer = format!("c{n}");
        let mut asked = decide(&customer, &["channel"]);
        asked.context.insert("plan".to_owned(), value(plan));
        asked.context.insert("visits".to_owned(), value(visits as f64));
        let decided = service.decisions().decide(asked).await.unwrap().into_inner();
        let decision = decided.decision.unwrap();
        let placed = &decision.channels[0].placements[0].offers[0];
        let p = placed.propensity.as_ref().unwrap().probability;
        loss -= if positive { p.ln() } else { (1.0 - p).ln() };
        let kind = if positive { v1::OutcomeKind::Accept } else { v1::OutcomeKind::Reject };
        let outcome = v1::Outcome {
            customer_id: customer,
            decision_id: decision.decision_id.clone(),
            offer_id: "offer".to_owned(),
            kind: kind.into(),
            ..v1::Outcome::default()
        };
        let request = v1::RecordOutcomesRequest { outcomes: vec![outcome] };
        let results = service.interactions().record_outcomes(request).await.unwrap().into_inner();
        let position = results.results[0].log_position;
        let mut learned = service.engine.watch_learned();
        learned.wait_for(|reached| *reached >= position).await.unwrap();
    }
    service.stopped().await;
    let (_folder, path) = written("rows.csv", &csv);
    let args = ["evaluate", "propensity", "--data", &path, "--label", "y", "--json"];
    let evaluated = report(&args)["log_loss"].as_f64().unwrap();
    let served = loss / rows as f64;
    assert!((served - evaluated).abs() < 1e-6, "served {served}, evaluated {evaluated}");
}

/// Rows of a trial: the letter moves those with `keen`, and nobody else.
fn trial(rows: u64) -> String {
    let mut text = "bought,spent,letter,keen,age\n".to_owned();
    for n in 0..rows {
        let drawn = |what| arbitra::core::key::unit(n, what);
        let (keen, letter) = (drawn(1) < 0.5, drawn(2) < 0.6);
        let buys = drawn(3) < if keen && letter { 0.5 } else { 0.2 };
        let spent =
            if buys { (20.0 + 30.0 * drawn(4)) * if keen { 2.0 } else { 1.0 } } else { 0.0 };
        let letter = if letter { "sent" } else { "none" };
        let keen = if keen { "yes" } else { "no" };
        let age = 20.0 + 50.0 * drawn(5);
        text.push_str(&format!("{},{spent:.2},{letter},{keen},{age:.0}\n", u8::from(buys)));
    }
    text
}

#[test]
fn whom_a_letter_moves_is_found() {
    let (_folder, path) = written("trial.csv", &trial(4_000));
    let args = ["evaluate", "uplift", "--data", &path, "--treatment", "letter"];
    let told = ["--label", "bought", "--ignore", "spent", "--json"];
    let found = report(&[&args[..], &told[..]].concat());
    let one = &found["treatments"][0];
    let figure = |name: &str| one[name].as_f64().unwrap();
    assert_eq!((&one["treatment"], found["rows"].as_u64()), (&Value::from("sent"), Some(4_000)));
    assert!((figure("effect") - 0.15).abs() < 3.0 * figure("effect_se"), "{one}");
    // Perfect: half the rows bear all of the effect, an area of an eighth of twice the average.
    assert!(figure("qini") > 0.025 && figure("qini") > 3.0 * figure("qini_se"), "{one}");
    assert!(figure("auuc") > figure("random_auuc") + 0.02, "{one}");
    let part = |at: usize, of: &str| one["parts"][at][of].as_f64().unwrap();
    assert!(part(0, "predicted") > 0.2 && part(9, "predicted") < 0.1, "{one}");
    refused(
        &[&args[..], &["--label", "bought", "--control", "x"][..]].concat(),
        "which of `sent`, `none` is the control? say it with --control VALUE",
    );
    refused(&[&args[..], &["--label", "keen"][..]].concat(), "is no amount");
}

#[test]
fn what_customers_spend_is_foretold() {
    let (_folder, path) = written("trial.csv", &trial(4_000));
    let args = ["evaluate", "value", "--data", &path, "--label", "spent"];
    let found = report(&[&args[..], &["--ignore", "bought", "--json"][..]].concat());
    let figure = |name: &str| found[name].as_f64().unwrap();
    assert!(figure("rmse") < figure("base_rmse") * 0.97, "{found}");
    assert!(figure("gini") > 0.3, "{found}");
    assert!((figure("mean_predicted") / figure("mean_observed") - 1.0).abs() < 0.1, "{found}");
    let part = |at: usize, of: &str| found["calibration"][at][of].as_f64().unwrap();
    for tenth in [1, 5, 8] {
        let distance = (part(tenth, "predicted") - part(tenth, "observed")).abs();
        assert!(distance < 4.0 * part(tenth, "observed_se"), "{found}");
    }
}
