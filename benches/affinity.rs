//! How fast the affinity model learns, solves and ranks, and whether its closed form is that of the
//! books. `cargo bench --bench affinity -- DIR`, where `DIR` holds `cf_ml100k.csv.gz` (columns
//! `user`, `item`, `split_random`; 1 is test) and, to compare with, `fixtures.json`: the best ten
//! with their scores of `B = I − P diag(1 / diag P)`, `P = (XᵀX + 400 I)⁻¹`, for some users. How
//! well it ranks: `arbitra evaluate affinity`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a program for developers")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use arbitra::core::affinity::solve::{Counts, Ridge, closed_form, solve};
use arbitra::core::affinity::{Affinity, AffinitySpec, Choice};
use arbitra::core::key::Key;
use arbitra::core::time::UnixMs;

type Histories = BTreeMap<u64, Vec<(Key, f32)>>;

fn main() {
    let dir = std::env::args().skip(1).find(|arg| arg != "--bench");
    let dir = dir.unwrap_or_else(|| "data".to_owned());
    let path = format!("{dir}/cf_ml100k.csv.gz");
    let Ok(file) = std::fs::File::open(&path) else {
        println!("no file `{path}`: not measured");
        return;
    };
    let mut reader = csv::Reader::from_reader(flate2::read::GzDecoder::new(file));
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (user, item, split) = (column("user"), column("item"), column("split_random"));
    let mut model = Affinity::new(AffinitySpec::default());
    let (mut histories, mut names) = (Histories::new(), BTreeMap::new());
    let (start, mut learned) = (Instant::now(), 0_u32);
    for record in reader.records().map(Result::unwrap) {
        let item = Key::of(&record[item]);
        names.insert(item, record[column("item")].to_owned());
        if &record[split] == "1" {
            continue;
        }
        let customer: u64 = record[user].parse().unwrap();
        let history = histories.entry(customer).or_default();
        model.observe(&Choice { customer, history, item, weight: 1.0, at: UnixMs(0) });
        history.push((item, 1.0));
        learned += 1;
    }
    let each = start.elapsed().as_secs_f64() * 1e6 / f64::from(learned);
    println!("observe: {each:.1} us a choice, {learned} choices, {} items", model.items());
    compare(&dir, &model, &histories, &names);
    let start = Instant::now();
    let weights = solve(&model).unwrap();
    println!("solve: {:.2} s, {:?}", start.elapsed().as_secs_f64(), weights.chosen());
    model.adopt(Arc::new(weights));
    speed(&model, &histories);
}

fn speed(model: &Affinity, histories: &Histories) {
    let offers: Vec<Key> = model.recommend(&histories[&1], 300).iter().map(|one| one.0).collect();
    let long = histories.values().find(|history| history.len() >= 100).unwrap();
    for (items, length) in [(20, 20), (20, 64), (300, 64), (300, 100)] {
        let (items, history) = (&offers[..items], &long[..length]);
        let start = Instant::now();
        for _ in 0..2_000 {
            black_box(model.scores(black_box(history), black_box(items)));
        }
        let each = start.elapsed().as_secs_f64() * 1e6 / 2_000.0;
        println!("scores: {} offers, a history of {length}: {each:.1} us", items.len());
    }
    let start = Instant::now();
    for history in histories.values() {
        black_box(model.recommend(black_box(history), 20));
    }
    let each = start.elapsed().as_secs_f64() * 1e6 / histories.len() as f64;
    println!("recommend: {each:.1} us a user");
}

/// The greatest difference of a score from the expected one.
fn compare(dir: &str, model: &Affinity, histories: &Histories, names: &BTreeMap<Key, String>) {
    let Ok(text) = std::fs::read(format!("{dir}/fixtures.json")) else { return };
    let expected: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let expected = &expected["ease_ml100k_random_lambda400_top10_first20users"];
    let counts = Counts::of(model);
    let weights = closed_form(counts.dense(), Ridge { ridge: 400.0, dropout: 0.0 }).unwrap();
    let place = |item: &Key| counts.items.binary_search(item).unwrap();
    let (mut worst, mut compared, mut same_order) = (0.0_f64, 0, true);
    for (user, best) in expected.as_object().unwrap() {
        let history = &histories[&user.parse::<u64>().unwrap()];
        let mut scored: Vec<(f64, Key)> = counts
            .items
            .iter()
            .filter(|item| !history.iter().any(|(known, _)| known == *item))
            .map(|item| {
                let to = place(item);
                (history.iter().map(|(from, _)| weights[[place(from), to]]).sum(), *item)
            })
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        for ((score, item), pair) in scored.iter().zip(best.as_array().unwrap()) {
            worst = worst.max((score - pair[1].as_f64().unwrap()).abs());
            same_order &= names[item].parse().ok() == pair[0].as_u64();
            compared += 1;
        }
    }
    println!("fixture: {compared} scores, off by at most {worst:.1e}, same items: {same_order}");
}
