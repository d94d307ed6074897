//! `core::decide` at 100, 1,000 and 10,000 offers, on one core, with catalogs as the budgets ask for:
//! the policy alone, the models alone, the whole decision with models that have learned, and the
//! same with reasons.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a measurement may end at the first fault"
)]

use std::hint::black_box;
use std::sync::Arc;

use arbitra::cli::bench::catalog::{self as synthetic, SEED};
use arbitra::core::affinity::AffinitySpec;
use arbitra::core::catalog;
use arbitra::core::decide::{
    ChannelRequest, PlacementRequest, Request, Snapshot, decide, features, frame,
};
use arbitra::core::feature::FeatureVector;
use arbitra::core::key::{Key, id64};
use arbitra::core::learn::{LearningRecord, Models, OutcomeRecord};
use arbitra::core::policy::{Bitset, Evaluation, Restriction, Setting, Subject};
use arbitra::core::profile::Profile;
use arbitra::core::propensity::{Candidate, PropensitySpec};
use arbitra::core::time::UnixMs;
use criterion::{Criterion, criterion_group, criterion_main};

/// As the binary does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const NOW: UnixMs = UnixMs(1_760_000_000_000);
const CUSTOMERS: u64 = 64;

struct Case {
    profile: Profile,
    request: Request,
}

fn snapshot(offers: usize) -> Snapshot {
    let files = synthetic::synthetic_rules(offers, SEED);
    let loaded = catalog::load(&files).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let models = Models::new(PropensitySpec::default(), AffinitySpec::default());
    Snapshot { catalog: Arc::new(loaded.catalog), models: Arc::new(models), prices: Arc::default() }
}

fn cases(snapshot: &Snapshot, explain: bool) -> Vec<Case> {
    let schema = &snapshot.catalog.schema;
    (0..CUSTOMERS)
        .map(|customer| {
            let mut profile = Profile::new(NOW);
            for (name, value) in synthetic::random_attributes(customer) {
                profile.set_attribute(Key::of(&name), Some(value), NOW).unwrap();
            }
            let context = synthetic::random_context(customer)
                .into_iter()
                .map(|(name, value)| (schema.context[&*name], value))
                .collect();
            let slots = u32::try_from(synthetic::SLOTS).unwrap();
            let (only, without) = (Vec::new(), Vec::new());
            let placements = vec![PlacementRequest { placement: 0, slots, only, without }];
            let channels =
                vec![ChannelRequest { channel: 0, locale: None, placements, scheme: None }];
            let customer = id64(&customer.to_string());
            let request = Request { customer, channels, context, explain, ..Request::default() };
            Case { profile, request }
        })
        .collect()
}

/// Models that have seen 20,000 outcomes of these customers and offers.
fn taught(snapshot: &Snapshot) -> Snapshot {
    let mut models = Models::clone(&snapshot.models);
    let offers = &snapshot.catalog.offers;
    let cases = cases(snapshot, false);
    let seen: Vec<_> = cases
        .iter()
        .map(|case| {
            let subject = Subject::Known(&case.profile);
            features(&snapshot.catalog, &frame(snapshot, subject, &case.request, NOW))
        })
        .collect();
    for number in 0..20_000_u64 {
        let offer = &offers[number as usize * 31 % offers.len()];
        let record = OutcomeRecord {
            id: number,
            at: NOW,
            customer: number % CUSTOMERS,
            candidate: Candidate {
                offer: offer.key,
                group: snapshot.catalog.groups[usize::from(offer.group)].key,
                treatment: offer.treatments[0].key,
                channel: snapshot.catalog.channels[0].key,
                placement: Key::default(),
                prior: offer.prior,
                affinity: None,
                score: None,
            },
            features: seen[(number % CUSTOMERS) as usize].clone(),
            label: f64::from(u8::from(number % 7 == 0)),
            weight: 1.0,
            probability_served: 0.1,
            selection_probability: 1.0,
        };
        models.apply(number + 1, &LearningRecord::Outcome(record).encode());
    }
    Snapshot { catalog: snapshot.catalog.clone(), models: Arc::new(models), prices: Arc::default() }
}

fn policy_alone(snapshot: &Snapshot, case: &Case) -> Bitset {
    let catalog = &snapshot.catalog;
    let subject = Subject::Known(&case.profile);
    let frame = frame(snapshot, subject, &case.request, NOW);
    let mut survivors = Bitset::full(catalog.offers.len());
    let index = |key| catalog.offer_by_key(key);
    let (supply, restriction) = (&case.request.supply, Restriction::default());
    let customer = case.request.customer;
    let setting = Setting { subject, customer, now: NOW, supply, restriction };
    let mut evaluation = Evaluation::new(&catalog.policy, setting, &frame, index);
    evaluation.survivors(0, &frame, &mut survivors);
    survivors
}

/// What the models take of a whole decision: the customer's part once, then each survivor. The rest
/// is policy, scheme and slate.
fn models_alone(snapshot: &Snapshot, features: &FeatureVector, survivors: &Bitset) -> f64 {
    let (catalog, model) = (&snapshot.catalog, &snapshot.models.propensity);
    let prepared = model.prepare(features);
    let asked = survivors.iter().map(|offer| {
        let offer = &catalog.offers[offer as usize];
        let candidate = Candidate {
            offer: offer.key,
            group: catalog.groups[usize::from(offer.group)].key,
            treatment: offer.treatments[0].key,
            channel: catalog.channels[0].key,
            placement: Key::default(),
            prior: offer.prior,
            affinity: None,
            score: None,
        };
        model.predict(&prepared, &candidate).probability
    });
    asked.sum()
}

fn bench(criterion: &mut Criterion) {
    for offers in [100, 1_000, 10_000] {
        let fresh = snapshot(offers);
        let taught = taught(&fresh);
        let plain = cases(&fresh, false);
        let explained = cases(&fresh, true);
        let eligible: usize = plain.iter().map(|case| policy_alone(&taught, case).count()).sum();
        let share = 100.0 * eligible as f64 / (plain.len() * offers) as f64;
        println!("decide/{offers}: {share:.1} % of the offers are eligible for a customer");
        let mut group = criterion.benchmark_group(format!("decide/{offers}"));
        let mut next = 0;
        let mut turn = |cases: &[Case]| {
            next = (next + 1) % cases.len();
            next
        };
        group.bench_function("policy", |bencher| {
            bencher.iter(|| black_box(policy_alone(&taught, &plain[turn(&plain)])));
        });
        let asked: Vec<(FeatureVector, Bitset)> = plain
            .iter()
            .map(|case| {
                let frame = frame(&taught, Subject::Known(&case.profile), &case.request, NOW);
                (features(&taught.catalog, &frame), policy_alone(&taught, case))
            })
            .collect();
        group.bench_function("models", |bencher| {
            bencher.iter(|| {
                let (features, survivors) = &asked[turn(&plain)];
                black_box(models_alone(&taught, features, survivors))
            });
        });
        let mut run = |name: &str, cases: &[Case]| {
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    let case = &cases[turn(cases)];
                    let subject = Subject::Known(&case.profile);
                    black_box(decide(&taught, subject, &case.request, NOW, 1))
                });
            });
        };
        run("whole", &plain);
        run("whole, with reasons", &explained);
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30).measurement_time(std::time::Duration::from_secs(3));
    targets = bench
}
criterion_main!(benches);
