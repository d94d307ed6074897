//! `arbitra evaluate`, as people run it on their files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

use serde_json::Value;
use support::process::{run, stderr};

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
