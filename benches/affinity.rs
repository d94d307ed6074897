//! How well and how fast the affinity model ranks, learning choice by choice.
//! `cargo bench --bench affinity -- DIR [field=value ...]`, where `DIR` holds `cf_ml100k.csv.gz`
//! (columns `user`, `item`, `ts`, `split_random`, `split_time`; 1 is test) and fields are those of
//! `AffinitySpec`. Users with a test item; training items masked; NDCG@10 (binary) and Recall@20.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a program for developers")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use arbitra::core::affinity::{Affinity, AffinitySpec};
use arbitra::core::key::Key;
use arbitra::core::time::UnixMs;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let dir = args.first().cloned().unwrap_or_else(|| "data".to_owned());
    let spec = args.iter().skip(1).fold(AffinitySpec::default(), |spec, arg| set(spec, arg));
    for (name, split) in [
        ("cf_ml100k", "split_random"),
        ("cf_ml100k", "split_time"),
        ("cf_lastfm2k", "split_random"),
    ] {
        let path = format!("{dir}/{name}.csv.gz");
        if std::fs::metadata(&path).is_err() {
            println!("no file `{path}`: not measured");
            continue;
        }
        run(&path, split, &spec);
    }
}

fn set(mut spec: AffinitySpec, arg: &str) -> AffinitySpec {
    let (field, value) = arg.split_once('=').unwrap();
    let number: f64 = value.parse().unwrap();
    match field {
        "items_max" => spec.items_max = number as usize,
        "neighbours_max" => spec.neighbours_max = number as usize,
        "history_max" => spec.history_max = number as usize,
        "half_life_days" => spec.half_life_days = number,
        "shrinkage" => spec.shrinkage = number,
        "item_exponent" => spec.item_exponent = number,
        "amplification" => spec.amplification = number,
        "activity_exponent" => spec.activity_exponent = number,
        _ => println!("no field `{field}`"),
    }
    spec
}

type Histories = BTreeMap<u32, Vec<(Key, f32)>>;

fn run(path: &str, split: &str, spec: &AffinitySpec) {
    let file = std::fs::File::open(path).unwrap();
    let mut reader = csv::Reader::from_reader(flate2::read::GzDecoder::new(file));
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|column| column == name);
    let (user, item, split_at) =
        (column("user").unwrap(), column("item").unwrap(), column(split).unwrap());
    let ts = column("ts");
    let (mut train, mut test) = (Vec::new(), BTreeMap::<u32, BTreeSet<Key>>::new());
    let mut items = BTreeSet::new();
    for record in reader.records() {
        let record = record.unwrap();
        let user: u32 = record[user].parse().unwrap();
        let item = Key::of(&record[item]);
        let at: i64 = ts.map_or(0, |ts| record[ts].parse().unwrap());
        items.insert(item);
        if &record[split_at] == "1" {
            test.entry(user).or_default().insert(item);
        } else {
            train.push((at, user, item));
        }
    }
    train.sort_by_key(|(at, user, _)| (*at, *user));
    let mut model = Affinity::new(spec.clone());
    let mut histories = Histories::new();
    let start = Instant::now();
    for (at, user, item) in &train {
        let history = histories.entry(*user).or_default();
        model.observe(history, *item, 1.0, UnixMs(at * 1000));
        history.push((*item, 1.0));
    }
    let observe = start.elapsed().as_nanos() as f64 / train.len() as f64;
    let items: Vec<Key> = items.into_iter().collect();
    report(path, split, &model, &items, &histories, &test);
    println!(
        "  observe {observe:.0} ns a choice, {} choices, sound {}",
        train.len(),
        model.is_sound()
    );
}

fn report(
    path: &str,
    split: &str,
    model: &Affinity,
    items: &[Key],
    histories: &Histories,
    test: &BTreeMap<u32, BTreeSet<Key>>,
) {
    let (mut ndcg, mut recall, mut nanos) = (0.0, 0.0, 0.0);
    for (user, relevant) in test {
        let history = histories.get(user).map(Vec::as_slice).unwrap_or_default();
        let start = Instant::now();
        let scores = model.scores(history, items);
        nanos += start.elapsed().as_nanos() as f64;
        let known: BTreeSet<Key> = history.iter().map(|(item, _)| *item).collect();
        let mut ranked: Vec<(f32, Key)> = items
            .iter()
            .zip(scores)
            .filter(|(item, _)| !known.contains(item))
            .map(|(item, score)| (score.unwrap_or(-1.0), *item))
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let gain = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
        let hit = |(_, item): &(f32, Key)| relevant.contains(item);
        let dcg: f64 =
            ranked.iter().take(10).enumerate().filter(|(_, r)| hit(r)).map(|(k, _)| gain(k)).sum();
        let ideal: f64 = (0..relevant.len().min(10)).map(gain).sum();
        ndcg += dcg / ideal;
        let hits = ranked.iter().take(20).filter(|r| hit(r)).count();
        recall += hits as f64 / relevant.len() as f64;
    }
    let n = test.len() as f64;
    println!(
        "{path} {split}: NDCG@10 {:.4}, Recall@20 {:.4}, scores of {} items {:.1} us a user",
        ndcg / n,
        recall / n,
        items.len(),
        nanos / n / 1000.0
    );
}
