//! How well and how fast the propensity model learns from real data, one pass, predict then
//! learn. `cargo bench --bench propensity -- DIR [field=value ...]`, where `DIR` holds
//! `coupon.csv.gz` and `bank_additional.csv.gz` (UCI, CC BY 4.0; columns `row`, `shuf42`, `y` and
//! features) and fields are those of `PropensitySpec`. Prints progressive log loss, AUC, expected
//! calibration error and nanoseconds a step.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a program for developers")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use arbitra::core::affinity::AffinitySpec;
use arbitra::core::feature::{FeatureBuilder, FeatureVector};
use arbitra::core::key::Key;
use arbitra::core::learn::{LearningRecord, Models, OutcomeRecord, Tally};
use arbitra::core::propensity::{Candidate, Prior, Propensity, PropensitySpec};
use arbitra::core::time::UnixMs;
use arbitra::core::value::Value;

struct Set {
    rows: Vec<(FeatureVector, Candidate, f64)>,
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let dir = args.first().cloned().unwrap_or_else(|| "data".to_owned());
    let spec = args.iter().skip(1).fold(PropensitySpec::default(), |spec, arg| set(spec, arg));
    if std::fs::metadata(&dir).is_err() {
        println!("no folder `{dir}`: nothing measured");
        return;
    }
    let numeric = ["temperature", "has_children"];
    let coupon = read(&dir, "coupon", "shuf42", Some("coupon"), &numeric);
    run("coupon, shuf42", &coupon, &spec);
    let numeric = [
        "age",
        "campaign",
        "pdays",
        "previous",
        "emp_var_rate",
        "cons_price_idx",
        "cons_conf_idx",
        "euribor3m",
        "nr_employed",
    ];
    run("bank, file", &read(&dir, "bank_additional", "row", None, &numeric), &spec);
    run("bank, shuf42", &read(&dir, "bank_additional", "shuf42", None, &numeric), &spec);
    speed(&spec);
    log("bank, file", &read(&dir, "bank_additional", "row", None, &numeric), &spec);
}

/// What a log of the set costs: bytes a record, applying one, and the checkpoint after.
fn log(title: &str, set: &Set, spec: &PropensitySpec) {
    let record = |(at, (features, candidate, label)): (usize, &(FeatureVector, Candidate, f64))| {
        LearningRecord::Outcome(OutcomeRecord {
            id: arbitra::core::key::mix64(at as u64, 1),
            at: UnixMs(at as i64),
            customer: at as u64,
            candidate: *candidate,
            features: features.clone(),
            label: *label,
            weight: 1.0,
            probability_served: 0.1,
            selection_probability: 1.0,
        })
        .encode()
    };
    let records: Vec<Vec<u8>> = set.rows.iter().enumerate().map(record).collect();
    let bytes: usize = records.iter().map(Vec::len).sum();
    let mut models = Models::new(spec.clone(), AffinitySpec::default());
    let start = Instant::now();
    for (at, record) in records.iter().enumerate() {
        models.apply(at as u64 + 1, record);
    }
    let apply = start.elapsed().as_nanos() as f64 / records.len() as f64;
    let start = Instant::now();
    let checkpoint = models.checkpoint();
    let saving = start.elapsed();
    let start = Instant::now();
    let restored = Models::restore(&checkpoint).unwrap();
    let restoring = start.elapsed();
    println!(
        "log of {title}: {} bytes a record, apply {apply:.0} ns, \
         checkpoint {} bytes in {saving:?}, restored in {restoring:?}, same {}",
        bytes / records.len(),
        checkpoint.len(),
        restored.digest() == models.digest(),
    );
}

fn set(mut spec: PropensitySpec, arg: &str) -> PropensitySpec {
    let (field, value) = arg.split_once('=').unwrap();
    let number: f64 = value.parse().unwrap();
    match field {
        "bins" => spec.bins = number as usize,
        "dense_max" => spec.dense_max = number as usize,
        "dense_variance" => spec.dense_variance = number,
        "dense_drift" => spec.dense_drift = number,
        "owns_max" => spec.owns_max = number as usize,
        "own_variance" => spec.own_variance = number,
        "pairs_max" => spec.pairs_max = number as usize,
        "slopes_max" => spec.slopes_max = number as usize,
        "templates_max" => spec.templates_max = number as usize,
        "plain_bits" => spec.plain_bits = number as u8,
        "deep_bits" => spec.deep_bits = number as u8,
        _ => println!("no field `{field}`"),
    }
    spec
}

fn read(dir: &str, name: &str, order: &str, offer: Option<&str>, numeric: &[&str]) -> Set {
    let file = std::fs::File::open(format!("{dir}/{name}.csv.gz")).unwrap();
    let mut reader = csv::Reader::from_reader(flate2::read::GzDecoder::new(file));
    let header = reader.headers().unwrap().clone();
    let order = header.iter().position(|column| column == order).unwrap();
    let mut rows: Vec<(usize, (FeatureVector, Candidate, f64))> = Vec::new();
    for record in reader.records() {
        let record = record.unwrap();
        let mut features = FeatureBuilder::new(256);
        let mut candidate = Candidate {
            offer: Key::of("offer"),
            group: Key::of(name),
            channel: Key::of("channel"),
            prior: Prior::default(),
            ..Candidate::default()
        };
        let mut label = 0.0;
        for (column, text) in header.iter().zip(&record) {
            let key = Key::of(column);
            let value = (!text.is_empty()).then(|| Value::from(text));
            match column {
                "row" | "shuf42" => {}
                "y" => label = text.parse().unwrap(),
                _ if Some(column) == offer => candidate.offer = Key::of(text),
                _ if numeric.contains(&column) => {
                    let value = text.parse::<f64>().ok().map(Value::from);
                    features.push(key, value.as_ref());
                }
                _ => features.category(key, value.as_ref()),
            }
        }
        rows.push((record[order].parse().unwrap(), (features.finish(), candidate, label)));
    }
    rows.sort_by_key(|row| row.0);
    Set { rows: rows.into_iter().map(|row| row.1).collect() }
}

fn run(title: &str, set: &Set, spec: &PropensitySpec) {
    let mut model = Propensity::new(spec.clone());
    let mut served = Vec::with_capacity(set.rows.len());
    let mut tally = Tally::default();
    let (mut predicting, mut learning) = (Vec::new(), Vec::new());
    let (mut base, mut positives) = (0.0, 0.0);
    for (at, (features, candidate, label)) in set.rows.iter().enumerate() {
        let start = Instant::now();
        let prepared = model.prepare(features);
        let p = model.predict(&prepared, candidate).probability;
        predicting.push(start.elapsed());
        let start = Instant::now();
        model.learn(features, candidate, *label, 1.0, UnixMs(at as i64));
        learning.push(start.elapsed());
        served.push((p, *label));
        tally.observe(p, *label);
        base += loss((positives + 1.0) / (at as f64 + 2.0), *label);
        positives += label;
    }
    let n = served.len() as f64;
    let total = served.iter().map(|(p, y)| loss(*p, *y)).sum::<f64>() / n;
    let first = served.iter().take(1000).map(|(p, y)| loss(*p, *y)).sum::<f64>() / 1000.0;
    println!(
        "{title}: log loss {total:.4} (base {:.4}, first 1,000 {first:.4}), \
         AUC {:.4} (tally {:.4}), ECE {:.4}, \
         prepare + predict {:.0} ns, learn {:.0} ns, sound {}",
        base / n,
        auc(&mut served),
        tally.auc().unwrap_or_default(),
        calibration_error(&served),
        median(predicting),
        median(learning),
        model.is_sound(),
    );
}

/// In nanoseconds; other work on the machine moves a median little.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_nanos() as f64
}

fn loss(p: f64, label: f64) -> f64 {
    let p = p.clamp(1e-6, 1.0 - 1e-6);
    if label > 0.5 { -p.ln() } else { -(1.0 - p).ln() }
}

fn auc(served: &mut [(f64, f64)]) -> f64 {
    served.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut negatives, mut positives, mut wins) = (0.0, 0.0, 0.0);
    for tied in served.chunk_by(|a, b| a.0 == b.0) {
        let up: f64 = tied.iter().map(|(_, y)| y).sum();
        let down = tied.len() as f64 - up;
        wins += up * (negatives + down / 2.0);
        positives += up;
        negatives += down;
    }
    wins / (positives * negatives)
}

fn calibration_error(served: &[(f64, f64)]) -> f64 {
    let mut bins = [(0.0, 0.0); 15];
    for (p, y) in served {
        let bin = &mut bins[((p * 15.0) as usize).min(14)];
        bin.0 += p;
        bin.1 += y;
    }
    bins.iter().map(|(p, y)| f64::abs(p - y)).sum::<f64>() / served.len() as f64
}

/// 1,000 offers, 30 categories and 10 numbers, every offer taught with 300 outcomes.
fn speed(spec: &PropensitySpec) {
    let key = |what: &str, n: u64| Key::of(&format!("{what}{n}"));
    let features = |seed: u64| {
        let mut builder = FeatureBuilder::new(256);
        for n in 0..40_u64 {
            let draw = arbitra::core::key::mix64(seed, n);
            let value = Value::from(format!("v{}", draw % 6).as_str());
            match n {
                0..30 => builder.category(key("c", n), Some(&value)),
                _ => builder.number(key("n", n), (draw % 1000) as f64 / 7.0),
            }
        }
        builder.finish()
    };
    let offers: Vec<Candidate> = (0..1000)
        .map(|n| Candidate {
            offer: key("offer", n),
            group: key("group", n % 8),
            treatment: key("treatment", n),
            affinity: Some(0.3),
            ..Candidate::default()
        })
        .collect();
    let mut model = Propensity::new(spec.clone());
    let customers: Vec<FeatureVector> = (0..500).map(features).collect();
    let mut learning = Vec::new();
    for n in 0..300_000_usize {
        let label = f64::from(u8::from(n % 7 == 0));
        let start = Instant::now();
        model.learn(&customers[n % 500], &offers[n % 997], label, 1.0, UnixMs(0));
        learning.push(start.elapsed());
    }
    let learn = median(learning);
    let start = Instant::now();
    for n in 0..2000 {
        black_box(model.prepare(&customers[n % 500]));
    }
    let prepare = start.elapsed().as_nanos() as f64 / 2000.0;
    let mut further: Vec<Duration> = Vec::new();
    for n in 0..2000 {
        let prepared = model.prepare(&customers[n % 500]);
        for offer in offers.iter().take(8) {
            black_box(model.predict(&prepared, offer));
        }
        let start = Instant::now();
        for k in 0..100 {
            black_box(model.predict(&prepared, &offers[(n * 7 + k * 9) % 1000]));
        }
        further.push(start.elapsed());
    }
    let start = Instant::now();
    model.settle();
    let snapshot = model.clone();
    let clone = start.elapsed();
    let start = Instant::now();
    for n in 0..20 {
        model.learn(&customers[n], &offers[n], 1.0, 1.0, UnixMs(0));
    }
    let after = start.elapsed();
    drop(snapshot);
    println!(
        "1,000 offers, 40 features: prepare {prepare:.0} ns, predict one further offer {:.0} ns, \
         learn {learn:.0} ns, clone {clone:?}, the 20 updates after a clone {after:?}",
        median(further) / 100.0
    );
}
