//! From a folder as written to a [`Catalog`]: names become indices and slots, texts programs and
//! templates, and every fault is collected with its place. One module a section of the folder; none
//! of them decides anything.

mod adjustments;
mod aggregates;
mod answers;
mod arbitration;
mod by_offer;
mod cases;
mod challengers;
mod channels;
mod derived;
mod events;
mod experiments;
mod exploration;
mod given;
mod guards;
mod heads;
mod items;
mod levers;
mod limits;
mod literal;
mod models;
mod names;
mod objectives;
mod offers;
mod paced;
mod policies;
mod programs;
mod quotas;
mod references;
mod rights;
mod schema;
mod schemes;
mod scope;
mod score_priors;
mod scores;
mod selection;
mod slates;
mod sources;
mod tables;
mod treatments;
mod unused;
mod windows;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::fault::{Document, Faults, Place, Severity};
use super::read::{Broken, Folder, Parsed};
use super::source::{ArbitrationFile, ChannelsFile, SchemaFile};
use super::{Catalog, CatalogVersion, Channel, Offer};
use crate::core::content::TemplatesBuilder;
use crate::core::key::Key;
use crate::core::policy::{Bitset, Policy, PolicySpec};
use names::Namespace;
use policies::Policies;
use programs::Programs;
use selection::Selector;
use treatments::Treatments;

pub use cases::{Case, Expected, Factor, Happened, Stopped};
pub use literal::{LiteralError, in_range, type_name, value_of};
pub use offers::OFFERS_MAX;

/// What all sections are compiled from.
struct Build<'a> {
    folder: &'a Folder,
    faults: &'a Faults,
    programs: Programs<'a>,
    schema: &'a Parsed<SchemaFile>,
    channels: &'a Parsed<ChannelsFile>,
    arbitration: &'a Parsed<ArbitrationFile>,
}

impl<'a> Build<'a> {
    fn place(&self, document: &'a Document) -> Place<'a> {
        Place::top(document, self.faults)
    }

    fn schema(&self) -> &'a Parsed<SchemaFile> {
        self.schema
    }

    fn schema_place(&self) -> Place<'a> {
        self.place(&self.schema.document)
    }

    fn channels(&self) -> &'a Parsed<ChannelsFile> {
        self.channels
    }

    fn arbitration(&self) -> &'a Parsed<ArbitrationFile> {
        self.arbitration
    }

    fn broken(&self) -> &'a Broken {
        &self.folder.broken
    }

    fn folder_error(&self, message: String) {
        self.faults.file(Severity::Error, "", message, None);
    }
}

/// Compiles a folder. What is wrong goes to `faults`; the catalog is sound only if none of them is
/// an error. `None`: too little could be read.
pub(super) fn compile(
    folder: &Folder,
    version: CatalogVersion,
    faults: &Faults,
) -> Option<(Catalog, Vec<Case>)> {
    let build = Build {
        folder,
        faults,
        programs: Programs::new(&folder.broken),
        schema: folder.schema.as_ref()?,
        channels: folder.channels.as_ref()?,
        arbitration: folder.arbitration.as_ref()?,
    };
    let mut schema = schema::compile(&build);
    let (mut models, prior) = models::compile(&build, &mut schema);
    let mut channels = channels::compile(&build);
    let (groups, priors) = offers::groups(&build);
    let declared = offers::declared(&build);
    let customers = windows::customers(&build, &schema);
    let facts = offers::facts(&build, &declared);
    let objectives = objectives::compile(&build, &schema);
    let objective_names: Vec<String> =
        objectives.iter().map(|objective| objective.name.to_string()).collect();
    let templates = RefCell::new(TemplatesBuilder::default());
    let shapes = channels::shapes(&build);
    let mut compiler = offers::Offers {
        build: &build,
        schema: &schema,
        groups: &groups,
        priors: &priors,
        prior,
        objectives: &objective_names,
        treatments: Treatments {
            build: &build,
            schema: &schema,
            channels: &channels,
            templates: &templates,
            shapes: &shapes,
        },
        rules: Vec::new(),
        zone: &customers.default,
    };
    let mut offers: Vec<Offer> = (0_u32..)
        .zip(declared.iter().zip(&facts))
        .map(|(number, (declared, facts))| compiler.compile(number, declared, facts))
        .collect();
    let rules = compiler.rules;
    models.answers = answers::compile(&build, &schema, &channels, &declared);
    let offer_index = offer_index(&offers);
    score_priors::compile(&build, &schema, &groups, &offer_index, &mut offers);
    let selector = || Selector {
        build: &build,
        offers: &offers,
        offer_index: &offer_index,
        groups: &groups,
        channels: &channels,
        ids: Namespace::default(),
    };
    let mut pacing = objectives::pacing(&build, &schema, &offers, &facts, &selector());
    let schemes = schemes::compile(&build, &schema, &facts, &selector());
    heads::readers(&build, &models.heads, &schemes);
    let arbitration = arbitration::spec(&build, &schema, &schemes, &facts, &selector());
    arbitration::channels(&build, &schemes, &mut channels);
    let mut spec = PolicySpec {
        offers: offers.len(),
        groups: offers.iter().map(|offer| offer.group).collect(),
        transactional: set(&offers, |offer| offer.transactional),
        rules,
        outbound: channels::outbound(&build),
        quiet_hours: channels::quiet_hours(&build, &customers),
        ..PolicySpec::default()
    };
    spec.consents = channels::consents(&build, &spec.transactional);
    let transactional = spec.transactional.clone();
    let mut policies = Policies {
        selector: Selector {
            build: &build,
            offers: &offers,
            offer_index: &offer_index,
            groups: &groups,
            channels: &channels,
            ids: Namespace::default(),
        },
        schema: &schema,
        facts: &facts,
        transactional: &transactional,
        customers: &customers,
        spec: &mut spec,
        exclusions: Vec::new(),
        precedences: Vec::new(),
    };
    policies.own(&declared);
    let experiment = experiments::compile(&policies.selector, &schemes);
    for file in &folder.policies {
        policies.file(&build.place(&file.document), &file.source);
    }
    let exclusions = policies.finish();
    paced::quotas(&build, &spec.quotas, &mut pacing);
    paced::limits(&spec.limits, &mut pacing);
    let sources = sources::compile(&build, &schema);
    let catalog = Catalog {
        sources: sources.into_iter().map(Arc::new).collect(),
        version,
        offer_keys: offer_keys(&offers),
        policy: Policy::compile(spec),
        reach: reach(&channels, &offers),
        schema,
        channels,
        groups,
        offer_index,
        offers,
        exclusions,
        experiment,
        objectives,
        pacing,
        schemes,
        arbitration,
        models,
        templates: templates.into_inner().finish(),
    };
    let cases = cases::compile(&build, &catalog);
    if !build.faults.failed() {
        unused::warn(&build, &catalog, &declared);
    }
    Some((catalog, cases))
}

fn offer_index(offers: &[Offer]) -> BTreeMap<Arc<str>, u32> {
    let numbers = (0_u32..).zip(offers);
    numbers.map(|(number, offer)| (offer.id.clone(), number)).collect()
}

fn offer_keys(offers: &[Offer]) -> Vec<(Key, u32)> {
    let numbers = (0_u32..).zip(offers);
    let mut keys: Vec<_> = numbers.map(|(number, offer)| (offer.key, number)).collect();
    keys.sort_unstable();
    keys
}

fn set(offers: &[Offer], is_in: impl Fn(&Offer) -> bool) -> Bitset {
    let numbers = (0_u32..).zip(offers).filter(|(_, offer)| is_in(offer));
    Bitset::of(offers.len(), numbers.map(|(number, _)| number))
}

/// Offers with a treatment, by channel and placement.
fn reach(channels: &[Channel], offers: &[Offer]) -> Vec<Vec<Bitset>> {
    let mut reach: Vec<Vec<Bitset>> = channels
        .iter()
        .map(|channel| vec![Bitset::empty(offers.len()); channel.placements.len()])
        .collect();
    for (number, offer) in (0_u32..).zip(offers) {
        for treatment in &offer.treatments {
            let placements = reach.get_mut(usize::from(treatment.channel));
            for (bit, offers) in placements.into_iter().flatten().enumerate() {
                if treatment.placements >> bit & 1 == 1 {
                    offers.insert(number);
                }
            }
        }
    }
    reach
}
