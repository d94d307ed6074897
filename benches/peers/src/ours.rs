//! Our policy: the catalog loaded from the same rules as files; a customer as a profile and a
//! context. What is timed is more than the conditions: the frame is filled from the profile, and
//! consent, limits and the rest of the policy are asked as well.

use std::sync::Arc;

use arbitra::cli::bench::catalog::{self as synthetic, SEED};
use arbitra::core::affinity::AffinitySpec;
use arbitra::core::catalog;
use arbitra::core::decide::{Request, Snapshot, frame};
use arbitra::core::key::{Key, id64};
use arbitra::core::learn::Models;
use arbitra::core::policy::{Bitset, Evaluation, Restriction, Setting, Subject};
use arbitra::core::profile::Profile;
use arbitra::core::propensity::PropensitySpec;
use arbitra::core::time::UnixMs;

use crate::offers::Customer;

pub const NAME: &str = "Arbitra's policy, with the frame";
const NOW: UnixMs = UnixMs(1_760_000_000_000);

pub struct Policy {
    snapshot: Snapshot,
    customers: Vec<(Profile, Request)>,
}

impl Policy {
    pub fn new(offers: usize, customers: &[Customer]) -> Self {
        let files = synthetic::synthetic_rules(offers, SEED);
        let loaded = catalog::load(&files).unwrap_or_else(|faults| panic!("{faults:#?}"));
        let catalog = Arc::new(loaded.catalog);
        let models = Models::new(PropensitySpec::default(), AffinitySpec::default());
        let schema = &catalog.schema;
        let one = |customer: &Customer| {
            let mut profile = Profile::new(NOW);
            for (name, value) in synthetic::random_attributes(customer.seed) {
                profile.set_attribute(Key::of(&name), Some(value), NOW).expect("declared");
            }
            let context = synthetic::random_context(customer.seed)
                .into_iter()
                .map(|(name, value)| (schema.context[&*name], value))
                .collect();
            let customer = id64(&customer.seed.to_string());
            (profile, Request { customer, context, ..Request::default() })
        };
        let customers = customers.iter().map(one).collect();
        let snapshot = Snapshot { catalog, models: Arc::new(models), prices: Arc::default() };
        Self { snapshot, customers }
    }
}

impl crate::Engine for Policy {
    fn name(&self) -> &'static str {
        NAME
    }

    fn eligible(&mut self, customer: usize) -> Vec<u32> {
        let (profile, request) = &self.customers[customer];
        let catalog = &self.snapshot.catalog;
        let subject = Subject::Known(profile);
        let frame = frame(&self.snapshot, subject, request, NOW);
        let mut survivors = Bitset::full(catalog.offers.len());
        let (supply, restriction) = (&request.supply, Restriction::default());
        let setting =
            Setting { subject, customer: request.customer, now: NOW, supply, restriction };
        let index = |key| catalog.offer_by_key(key);
        let mut evaluation = Evaluation::new(&catalog.policy, setting, &frame, index);
        evaluation.survivors(0, &frame, &mut survivors);
        survivors.iter().map(|offer| offer as u32).collect()
    }
}
