//! The same, through the whole decision: a rules folder, customers, `core::decide` with the scheme
//! `constrained`, and the prices that follow from what was decided.

use std::sync::Arc;

use arbitra::core::affinity::AffinitySpec;
use arbitra::core::catalog::{self, Catalog};
use arbitra::core::decide::{ChannelRequest, PlacementRequest, Request, Snapshot, decide};
use arbitra::core::key::Key;
use arbitra::core::learn::Models;
use arbitra::core::objective::{Pacing, Prices, Tally, Use};
use arbitra::core::policy::Subject;
use arbitra::core::profile::Profile;
use arbitra::core::propensity::PropensitySpec;
use arbitra::core::time::{MINUTE_MS, UnixMs};
use arbitra::core::value::Value;

use super::instance::{Chance, Draws, Instance, START};
use super::run::Outcome;

const OFFERS: usize = 12;
const DAY_MINUTES: i64 = 1_440;

/// A folder whose offers are worth what the customer's tastes make of them; a third of them serve,
/// for little. Two budgets bind, and three contacts in ten are to serve.
pub fn files(scheme: &str) -> Vec<(String, Vec<u8>)> {
    let mut offers = "groups: { all: {} }\noffers:\n".to_owned();
    for number in 0..OFFERS {
        let serves = number % 3 == 0;
        let (kind, worth) = if serves { ("serve", 40) } else { ("sell", 100 + 20 * number) };
        offers.push_str(&format!(
            "  - id: o{number:02}
    name: Offer {number}
    group: all
    kind: {kind}
    attributes: {{ minutes: {}.0, gift: {}.0 }}
    prior: {{ probability: 0.{}, evidence: 10 }}
    contributes: {{ margin: {{ accept: 'customer.taste_{} * {worth}.0', contact: 0.05 }} }}
    treatments:
      - {{ channel: phone, content: {{ title: Hello }} }}
",
            1 + number % 4,
            number % 5,
            1 + number % 3,
            number % 4,
        ));
    }
    let tastes: String =
        (0..4).map(|n| format!("  taste_{n}: {{ type: double, default: 0.0 }}\n")).collect();
    let objectives = "
objectives: { margin: { unit: EUR, weight: 1 } }
resources:
  minutes:
    uses: { contact: offer.minutes, accept: 1 }
    max: 2500
    per: day
  gifts:
    applies_to: { kinds: [sell] }
    uses: { accept: offer.gift }
    max: 250
    per: day
constraints:
  care: { share: { kinds: [serve] }, at_least: 30 %, per: day }
traffic: { per_day: 3000 }
";
    let channels = "channels: { phone: { locales: [en], placements: { next: { slots: 1 } } } }";
    let arbitration = format!("default: {scheme}");
    let files = [
        ("schema.yaml", format!("attributes:\n{tastes}")),
        ("channels.yaml", channels.to_owned()),
        ("offers/all.yaml", offers),
        ("objectives.yaml", objectives.to_owned()),
        ("arbitration.yaml", arbitration),
    ];
    files.into_iter().map(|(path, text)| (path.to_owned(), text.into_bytes())).collect()
}

pub fn catalog(scheme: &str) -> Arc<Catalog> {
    match catalog::load(&files(scheme)) {
        Ok(loaded) => Arc::new(loaded.catalog),
        Err(faults) => panic!("{faults:#?}"),
    }
}

fn customers(count: usize) -> Vec<(i64, Profile)> {
    let mut draws = Draws::new(7);
    let customers = (0..count).map(|number| {
        let minute = (number as i64) * DAY_MINUTES / count as i64;
        let mut profile = Profile::new(START);
        for taste in 0..4 {
            let value = Some(Value::Double(draws.lognormal(0.7)));
            profile.set_attribute(Key::of(&format!("taste_{taste}")), value, START).unwrap();
        }
        (minute, profile)
    });
    customers.collect()
}

/// Decides for all customers of a day, and says what each offer would have been worth to each.
pub fn day(catalog: &Arc<Catalog>, count: usize) -> (Instance, Outcome, usize) {
    let spec = &catalog.pacing;
    let models = Arc::new(Models::new(PropensitySpec::default(), AffinitySpec::default()));
    let mut pacing = Pacing::default();
    let mut snapshot =
        Snapshot { catalog: catalog.clone(), models, prices: Arc::new(Prices::default()) };
    let placement =
        PlacementRequest { placement: 0, slots: 1, only: Vec::new(), without: Vec::new() };
    let placements = vec![placement];
    let channels = vec![ChannelRequest { channel: 0, locale: None, placements, scheme: None }];
    let request = Request { channels, ..Request::default() };
    let (mut tally, mut served) = (Tally::default(), 0);
    let mut sums = vec![(0.0, 0.0); spec.lines.len()];
    let mut value = 0.0;
    let mut chances = Vec::new();
    let customers = customers(count);
    let mut next = 0;
    for minute in 0..DAY_MINUTES {
        while let Some((_, profile)) = customers.get(next).filter(|(at, _)| *at == minute) {
            let now = UnixMs(START.0 + minute * MINUTE_MS);
            let decision = decide(&snapshot, Subject::Known(profile), &request, now, next as u64);
            next += 1;
            tally.decisions += 1.0;
            let paced = &decision.channels[0].paced;
            tally.value += paced.value;
            value += paced.value;
            served += decision.channels[0].placements[0].offers.len();
            for (line, measure, contacts) in &paced.lines {
                let sum = &mut sums[usize::from(*line)];
                (sum.0, sum.1) = (sum.0 + measure, sum.1 + contacts);
                tally.add_line(&spec.lines[usize::from(*line)].id, *measure, *contacts);
            }
            chances.push(Chance { minute, candidates: worths(&snapshot, profile) });
        }
        let now = UnixMs(START.0 + (minute + 1) * MINUTE_MS);
        let batch = std::mem::take(&mut tally);
        // The last tick belongs to the next day.
        if minute + 1 < DAY_MINUTES {
            pacing.tick(&spec.lines, &spec.forecast, &batch, |_| None, now);
        }
        snapshot.prices = Arc::new(Prices::of(&pacing, &spec.lines));
    }
    let prices = spec.lines.iter().map(|line| pacing.price(&line.id)).collect();
    let instance = Instance {
        start: START,
        minutes: DAY_MINUTES,
        forecast: spec.forecast.clone(),
        lines: spec.lines.clone(),
        uses: uses(catalog),
        chances,
    };
    (instance, Outcome { value, sums, prices }, served)
}

/// What every offer is worth to a customer: propensity × worth, and the contact itself.
fn worths(snapshot: &Snapshot, profile: &Profile) -> Vec<(usize, f64)> {
    let request = Request::default();
    let frame = arbitra::core::decide::frame(snapshot, Subject::Known(profile), &request, START);
    let offers = snapshot.catalog.offers.iter().enumerate().map(|(number, offer)| {
        let accepted = offer.contributions[0].1.eval(&frame).unwrap();
        (number, offer.prior.probability * accepted + 0.05)
    });
    offers.collect()
}

/// What one contact with each offer uses, all outcomes taken together.
fn uses(catalog: &Catalog) -> Vec<Vec<Use>> {
    let offers = (0_u32..).zip(&catalog.offers).map(|(number, offer)| {
        let uses = catalog.pacing.uses(number, 0, &[], &catalog.pacing.rates, |_| true).unwrap();
        let expected = |own: &Use| own.at(offer.prior.probability);
        uses.iter().map(|own| Use { contact: expected(own), positive: 0.0, ..*own }).collect()
    });
    offers.collect()
}
