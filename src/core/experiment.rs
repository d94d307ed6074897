//! The experiment that shows what each part of arbitration is worth: a universal control group and
//! ablation arms. An arm is a stable share of customers by salted integer buckets (see
//! [`crate::core::policy::share`]); nothing is drawn and nothing is written.

use std::sync::Arc;

use crate::core::catalog::Catalog;
use crate::core::key::Key;
use crate::core::policy::{Bitset, Restriction, share};

/// The arm of all customers who are in no other.
pub const STANDARD: &str = "standard";

/// A declared experiment.
#[derive(Clone, Debug)]
pub struct ExperimentSpec {
    /// Id.
    pub id: Arc<str>,
    /// Hash of the salt.
    pub salt: u64,
    /// Its arms, in the order in which they take buckets.
    pub arms: Vec<ArmSpec>,
}

/// An arm.
#[derive(Clone, Debug)]
pub struct ArmSpec {
    /// Name: what `arm` says in expressions.
    pub name: Arc<str>,
    /// How many of the 10,000 buckets are in it.
    pub buckets: u32,
    /// What is different.
    pub kind: ArmKind,
}

/// What an arm switches off. Hard limits, consents and quotas hold in every arm: what was promised to
/// customers is no part of an experiment.
#[derive(Clone, Debug)]
pub enum ArmKind {
    /// Nothing is offered but these, and what is transactional.
    Control(Bitset),
    /// All that the policies let through is as likely: drawn at random, no threshold.
    RandomEligible,
    /// Ranked by propensity alone, with the scheme of this index, no threshold.
    PropensityOnly(u16),
    /// Levers count 1.
    NoLevers,
    /// Applicability and suitability are not asked.
    EligibilityOnly,
    /// Ranked by the scheme of this index.
    Scheme(u16),
}

impl ExperimentSpec {
    /// The arm of the customer with hash `customer`; `None`: [`STANDARD`].
    #[must_use]
    pub fn arm(&self, customer: u64) -> Option<&ArmSpec> {
        let bucket = share::bucket(customer, self.salt);
        let mut end = 0;
        self.arms.iter().find(|arm| {
            end += arm.buckets;
            bucket < end
        })
    }

    /// Names of all arms, [`STANDARD`] last.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.arms.iter().map(|arm| &*arm.name).chain([STANDARD])
    }
}

impl ArmSpec {
    /// What it restricts.
    #[must_use]
    pub fn restriction(&self) -> Restriction<'_> {
        Restriction {
            arm: Some(&self.name),
            keep: match &self.kind {
                ArmKind::Control(keep) => Some(keep),
                _ => None,
            },
            eligibility_only: matches!(self.kind, ArmKind::EligibilityOnly),
        }
    }

    /// The scheme that ranks in it, whatever the channel's.
    #[must_use]
    pub fn scheme(&self) -> Option<u16> {
        match self.kind {
            ArmKind::PropensityOnly(scheme) | ArmKind::Scheme(scheme) => Some(scheme),
            _ => None,
        }
    }

    /// Whether the order is drawn at random.
    #[must_use]
    pub fn draws(&self) -> bool {
        matches!(self.kind, ArmKind::RandomEligible)
    }

    /// Whether the scheme's threshold is not asked.
    #[must_use]
    pub fn has_no_threshold(&self) -> bool {
        matches!(self.kind, ArmKind::RandomEligible | ArmKind::PropensityOnly(_))
    }

    /// Whether levers count 1.
    #[must_use]
    pub fn has_no_levers(&self) -> bool {
        matches!(self.kind, ArmKind::NoLevers)
    }
}

/// The arm of a customer, where there is an experiment and the arm is not [`STANDARD`].
#[must_use]
pub fn arm(catalog: &Catalog, customer: u64) -> Option<&ArmSpec> {
    catalog.experiment.as_ref()?.arm(customer)
}

/// What is offered all the same to a customer of a control group; `None`: the customer is in none.
#[must_use]
pub fn kept_in_control(catalog: &Catalog, customer: u64) -> Option<&Bitset> {
    match &arm(catalog, customer)?.kind {
        ArmKind::Control(kept) => Some(kept),
        _ => None,
    }
}

/// The name of a customer's arm; empty where there is no experiment.
#[must_use]
pub fn arm_name(catalog: &Catalog, customer: u64) -> Arc<str> {
    match &catalog.experiment {
        None => Arc::default(),
        Some(experiment) => {
            experiment.arm(customer).map_or_else(|| STANDARD.into(), |arm| arm.name.clone())
        }
    }
}

/// The key of a customer's arm, where there is an experiment.
#[must_use]
pub fn arm_key(catalog: &Catalog, customer: u64) -> Option<Key> {
    let experiment = catalog.experiment.as_ref()?;
    Some(Key::of(experiment.arm(customer).map_or(STANDARD, |arm| &arm.name)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::core::affinity::AffinitySpec;
    use crate::core::catalog;
    use crate::core::decide::{
        ChannelRequest, DecisionRecord, PlacementRequest, Request, Snapshot, decide,
    };
    use crate::core::interaction::{Outcome, OutcomeKind};
    use crate::core::key::id64;
    use crate::core::learn::{Decoded, LearningRecord, Models};
    use crate::core::policy::Subject;
    use crate::core::profile::Profile;
    use crate::core::propensity::PropensitySpec;
    use crate::core::record;
    use crate::core::time::UnixMs;

    const NOW: UnixMs = UnixMs(1_760_000_000_000);
    const OFFERS: &str = "
groups: { gifts: {} }
offers:
  - { id: a, name: A, group: gifts, kind: sell, value: 9, lever: 5, treatments: [&t { channel: web, content: { title: T } }] }
  - { id: b, name: B, group: gifts, kind: sell, value: 20, treatments: [*t] }
  - { id: c, name: C, group: gifts, kind: sell, value: 5, applicability: ['context.ready'], treatments: [*t] }
  - { id: d, name: D, group: gifts, kind: inform, value: 1, treatments: [*t] }
";

    fn snapshot(arm: &str) -> Snapshot {
        let offers =
            OFFERS.replace("&t ", "").replace("*t", "{ channel: web, content: { title: T } }");
        let files = [
            ("schema.yaml", "attributes: {}\ncontext: { ready: { type: bool } }\n".to_owned()),
            ("channels.yaml", "channels: { web: { locales: [en], placements: { page: { slots: 1 } } } }\n".to_owned()),
            ("arbitration.yaml", "schemes: { worth: { kind: expected_value, threshold: 1000000 }, any: { kind: expected_value } }\ndefault: any\n".to_owned()),
            ("offers/all.yaml", offers),
            ("experiments.yaml", format!("id: all\narms: {{ it: {{ share: 100%, {arm} }} }}\n")),
        ];
        let files: Vec<(String, Vec<u8>)> =
            files.map(|(path, text)| (path.to_owned(), text.into_bytes())).into();
        let loaded = catalog::load(&files).unwrap_or_else(|faults| panic!("{faults:?}"));
        let models = Models::new(PropensitySpec::default(), AffinitySpec::default());
        Snapshot {
            catalog: Arc::new(loaded.catalog),
            models: Arc::new(models),
            prices: Arc::default(),
        }
    }

    /// What is shown first, how often of 3,000, and with which probabilities it says so.
    fn shown(arm: &str) -> BTreeMap<String, (u32, Vec<f64>)> {
        let snapshot = snapshot(arm);
        let profile = Profile::new(NOW);
        let mut shown: BTreeMap<String, (u32, Vec<f64>)> = BTreeMap::new();
        for number in 0..3_000_u64 {
            let placements =
                vec![PlacementRequest { placement: 0, slots: 1, only: vec![], without: vec![] }];
            let channel = ChannelRequest { channel: 0, locale: None, placements, scheme: None };
            let customer = id64(&format!("customer {number}"));
            let request = Request { customer, channels: vec![channel], ..Request::default() };
            let decision = decide(&snapshot, Subject::Known(&profile), &request, NOW, number);
            assert_eq!(&*decision.arm, "it");
            for placed in &decision.channels[0].placements[0].offers {
                let id = snapshot.catalog.offers[placed.offer as usize].id.to_string();
                let entry = shown.entry(id).or_default();
                entry.0 += 1;
                if !entry.1.contains(&placed.selection_probability) {
                    entry.1.push(placed.selection_probability);
                }
            }
        }
        shown
    }

    #[test]
    fn a_random_arm_draws_evenly_and_says_with_which_probability() {
        let shown = shown("kind: random_eligible");
        assert_eq!(shown.keys().collect::<Vec<_>>(), ["a", "b", "d"], "`c` does not apply");
        for (count, probabilities) in shown.values() {
            // Four standard deviations of a third of 3,000.
            assert!((900..=1_100).contains(count), "{count}");
            assert_eq!(*probabilities, [1.0 / 3.0]);
        }
    }

    #[test]
    fn each_arm_leaves_out_what_it_says() {
        let only = |arm: &str| shown(arm).into_keys().collect::<Vec<_>>();
        assert_eq!(only("kind: scheme, scheme: any"), ["a"], "9 x 5 beats 20");
        assert_eq!(only("kind: no_levers"), ["b"]);
        assert!(only("kind: control").is_empty());
        assert_eq!(only("kind: control, keep: { kinds: [inform] }"), ["d"]);
        assert!(only("kind: scheme, scheme: worth").is_empty(), "its threshold holds");
        assert_eq!(only("kind: eligibility_only"), ["a"]);
    }

    #[test]
    fn an_outcome_counts_for_the_arm_its_decision_was_made_in() {
        let mut snapshot = snapshot("kind: eligibility_only");
        let mut profile = Profile::new(NOW);
        let placements =
            vec![PlacementRequest { placement: 0, slots: 1, only: vec![], without: vec![] }];
        let channel = ChannelRequest { channel: 0, locale: None, placements, scheme: None };
        let request = Request { customer: 7, channels: vec![channel], ..Request::default() };
        let decision = decide(&snapshot, Subject::Known(&profile), &request, NOW, 1);
        let record = DecisionRecord::of(&snapshot.catalog, &decision, true);
        let kept = Arc::new(DecisionRecord::decode(&record.encode()).unwrap());
        assert_eq!(*kept, record);
        let mut outcome = Outcome {
            id: 1,
            decision: Some(decision.id.low()),
            offer: Key::of("a"),
            group: Key::of("gifts"),
            treatment: Key::default(),
            channel: Key::of("web"),
            kind: OutcomeKind::Accept,
            interaction: None,
            reason: Key::default(),
            value: None,
            order: None,
            at: NOW,
        };
        // The experiment ends between the offer and the answer.
        Arc::get_mut(&mut snapshot.catalog).unwrap().experiment = None;
        let mut arms = |outcome: &Outcome, known: &[Arc<DecisionRecord>]| {
            let learned = record::outcome(&snapshot, &mut profile, outcome, &[], known, 7, NOW);
            let records = learned.records.iter();
            let arm = |bytes: &Vec<u8>| match LearningRecord::decode(bytes) {
                Ok(Decoded::Record(LearningRecord::Arm(record))) => Some(record.arm),
                _ => None,
            };
            records.filter_map(arm).collect::<Vec<_>>()
        };
        assert_eq!(arms(&outcome, &[kept]), [Key::of("it")]);
        (outcome.id, outcome.decision) = (2, None);
        assert!(arms(&outcome, &[]).is_empty(), "of no decision: the experiment of now, none");
    }
}
