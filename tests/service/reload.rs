use std::fs;
use std::path::Path;
use std::time::Duration;

use arbitra::engine::RulesFolder;

use crate::support::eventually;
use crate::support::service::{Service, decide, offers, rules, steady};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A bad folder changes nothing and is told; a good one is taken; no request fails meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_folder_is_taken_when_good_and_only_then() {
    let service = Service::start().await;
    service.profiles().update_profile(steady("ana")).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    copy(&rules(), folder.path());
    let watched = RulesFolder::watch(folder.path()).unwrap();
    let watcher = service.engine.watch_rules(watched);
    let served = || service.engine.snapshot().catalog.version.hash.clone();
    let before = served();

    let mut decisions = service.decisions();
    let asking = tokio::spawn(async move {
        let mut answered = 0_u32;
        loop {
            let decided = decisions.decide(decide("ana", &["web"])).await.unwrap().into_inner();
            assert!(!offers(&decided.decision.unwrap()).is_empty());
            answered += 1;
            if answered >= 50 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    });

    let models = folder.path().join("models.yaml");
    let good = fs::read_to_string(&models).unwrap();
    fs::write(&models, format!("{good}\nno_such_key: 1\n")).unwrap();
    let refused =
        eventually("the fault is told", || async { service.engine.rules_status().refused.clone() })
            .await;
    assert_eq!(served(), before);
    assert!(refused.contains("models.yaml") && refused.contains("no_such_key"), "{refused}");

    fs::write(&models, format!("{good}\n# better\n")).unwrap();
    eventually("the good folder is taken", || async { (served() != before).then_some(()) }).await;
    assert_eq!(service.engine.rules_status().refused, None);

    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled(), "no request failed");
    watcher.abort();
    service.stopped().await;
}
