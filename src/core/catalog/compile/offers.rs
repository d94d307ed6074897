//! Groups and offers, and the offers' own conditions.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::levers::{combined, lever};
use super::literal::{any, moment};
use super::names::{Namespace, id_key, id_value, identifier, is_locale};
use super::objectives::measure;
use super::scope::Facts;
use super::treatments::Treatments;
use super::windows::hours as hours_of;
use super::{Build, items};
use crate::core::catalog::fault::{Place, Severity};
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::read::Parsed;
use crate::core::catalog::schema::Schema;
use crate::core::catalog::source::{
    Condition, ContributionSource, Localized, Number as NumberSource, OfferKind, OfferSource,
    OffersFile, PriorSource,
};
use crate::core::catalog::{Group, Number, Offer, Prior};
use crate::core::key::Key;
use crate::core::objective::Measure;
use crate::core::policy::{Gate, RuleSpec};
use crate::core::zone::Zone;

/// Most offers of a catalog.
pub const OFFERS_MAX: usize = 50_000;
/// Most groups: their index is 16 bits.
const GROUPS_MAX: usize = 4096;

/// Something for some objectives, by index.
type ByObjective<T> = Vec<(u16, T)>;

/// A declared offer with its place.
pub(super) struct Declared<'a> {
    /// Its file.
    pub file: &'a Parsed<OffersFile>,
    /// Its position in the file.
    pub index: usize,
    /// As written.
    pub source: &'a OfferSource,
}

/// All offers, sorted by id; a second one of the same id is a fault.
pub(super) fn declared<'a>(build: &Build<'a>) -> Vec<Declared<'a>> {
    let mut names = Namespace::default();
    let mut offers: Vec<Declared<'a>> = Vec::new();
    for file in &build.folder.offers {
        let top = build.place(&file.document);
        let section = top.key("offers");
        for (index, source) in file.source.offers.iter().enumerate() {
            let place = section.index(index);
            let place = place.key("id");
            id_value(&place, "an offer", &source.id);
            if names.declare_value(&place, "offer", &source.id, &source.id) {
                offers.push(Declared { file, index, source });
            }
        }
    }
    if offers.is_empty() && !build.broken().excuses(FileKind::Offers, "") {
        let message = "the rules folder declares no offer".to_owned();
        build.folder_error(message);
    }
    if offers.len() > OFFERS_MAX {
        let message = format!("{} offers are declared, at most {OFFERS_MAX}", offers.len());
        build.folder_error(message);
        offers.truncate(OFFERS_MAX);
    }
    offers.sort_by(|a, b| a.source.id.cmp(&b.source.id));
    offers
}

/// The groups, sorted by name, with the prior of each.
pub(super) fn groups(build: &Build<'_>) -> (Vec<Group>, Vec<Option<Prior>>) {
    let mut names = Namespace::default();
    let mut groups = BTreeMap::new();
    for file in &build.folder.offers {
        let top = build.place(&file.document);
        let section = top.key("groups");
        for (name, source) in &file.source.groups {
            let place = section.key(name);
            id_key(&place, "a group", name);
            if !names.declare(&place, "group", name, name) {
                continue;
            }
            if let Some(localized) = &source.name {
                localized_names(&place.key("name"), localized);
            }
            let group = Group {
                name: name.as_str().into(),
                key: Key::of(name),
                lever: lever(&place, source.lever.as_ref()),
            };
            let prior = source.prior.map(|prior_| prior(&place.key("prior"), prior_));
            groups.insert(name.clone(), (group, prior));
        }
    }
    if groups.len() > GROUPS_MAX {
        build.folder_error(format!("at most {GROUPS_MAX} groups"));
    }
    groups.into_values().take(GROUPS_MAX).unzip()
}

/// The facts of an offer that expressions read as `offer.NAME`: its attributes, `id`, `group` and
/// `kind`.
pub(super) fn facts(build: &Build<'_>, declared: &[Declared<'_>]) -> Vec<Facts> {
    let each = declared.iter().map(|offer| {
        let top = build.place(&offer.file.document);
        let section = top.key("offers");
        let place = section.index(offer.index);
        let place = place.key("attributes");
        let mut facts = Facts::new();
        for (name, literal) in &offer.source.attributes {
            let place = place.key(name);
            identifier(&place, "an attribute of an offer", name);
            if ["id", "name", "group", "kind"].contains(&name.as_str()) {
                let message = format!("`offer.{name}` is the offer's own: choose another name");
                place.error_at_key(message, None);
            }
            match any(literal) {
                Some(value) => {
                    facts.insert(name.as_str().into(), value);
                }
                None => place.error(format!("`{name}` has no value")),
            }
        }
        facts.insert("id".into(), offer.source.id.as_str().into());
        facts.insert("group".into(), offer.source.group.as_str().into());
        facts.insert("kind".into(), kind_name(offer.source.kind).into());
        facts
    });
    each.collect()
}

fn kind_name(kind: OfferKind) -> &'static str {
    match kind {
        OfferKind::Sell => "sell",
        OfferKind::Retain => "retain",
        OfferKind::Serve => "serve",
        OfferKind::Inform => "inform",
    }
}

/// What offers are compiled from, and what comes out besides them.
pub(super) struct Offers<'b, 'a> {
    pub build: &'b Build<'a>,
    pub schema: &'b Schema,
    pub groups: &'b [Group],
    pub priors: &'b [Option<Prior>],
    pub prior: Prior,
    /// Names of the objectives, sorted.
    pub objectives: &'b [String],
    pub treatments: Treatments<'b>,
    pub rules: Vec<RuleSpec>,
    /// Of rules that name none.
    pub zone: &'b Zone,
}

impl Offers<'_, '_> {
    /// Compiles the offer that becomes `number`.
    pub(super) fn compile(&mut self, number: u32, declared: &Declared<'_>, facts: &Facts) -> Offer {
        let top = self.build.place(&declared.file.document);
        let section = top.key("offers");
        let place = section.index(declared.index);
        let source = declared.source;
        let id: Arc<str> = source.id.as_str().into();
        self.conditions(number, &place, source, facts);
        self.validity(number, &place, source);
        let group = self.group(&place, &source.group);
        let own_lever = lever(&place, source.lever.as_ref());
        let group_lever = self.groups.get(usize::from(group)).map_or(1.0, |group| group.lever);
        let own = ["id", "group", "kind"];
        let attributes = facts
            .iter()
            .filter(|(name, _)| !own.contains(&&***name))
            .map(|(name, value)| (name.clone(), value.clone()));
        let (contributions, contributions_beyond) = self.contributions(&place, source, facts);
        Offer {
            key: Key::of(&id),
            names: localized_names(&place.key("name"), &source.name),
            group,
            kind: source.kind,
            item: items::item(self.build, source),
            attributes: attributes.collect(),
            priority: source.priority,
            lever: combined(self.build, &place, own_lever, group_lever),
            prior_score: None,
            context_weight: source
                .context_weight
                .as_ref()
                .and_then(|number| self.number(&place.key("context_weight"), number, facts))
                .unwrap_or(Number::Constant(1.0)),
            value: source
                .value
                .as_ref()
                .and_then(|number| self.number(&place.key("value"), number, facts)),
            contributions,
            contributions_beyond,
            prior: match source.prior {
                Some(own) => prior(&place.key("prior"), own),
                None => {
                    self.priors.get(usize::from(group)).copied().flatten().unwrap_or(self.prior)
                }
            },
            transactional: source.transactional,
            treatments: self.treatments.compile(&place, source, facts),
            id,
        }
    }

    fn number(&self, place: &Place<'_>, number: &NumberSource, facts: &Facts) -> Option<Number> {
        let programs = &self.build.programs;
        programs.number(self.schema, place, number, Some(facts))
    }

    fn group(&self, place: &Place<'_>, name: &str) -> u16 {
        match self.groups.binary_search_by(|group| (*group.name).cmp(name)) {
            Ok(index) => u16::try_from(index).unwrap_or(0),
            Err(_) => {
                if !self.build.broken().excuses(FileKind::Offers, name) {
                    let known = self.groups.iter().map(|group| &*group.name);
                    place.key("group").unknown("group", name, known);
                }
                0
            }
        }
    }

    /// Contributions with a positive outcome, and those with anything else.
    fn contributions(
        &self,
        place: &Place<'_>,
        source: &OfferSource,
        facts: &Facts,
    ) -> (ByObjective<Number>, ByObjective<Measure>) {
        let section = place.key("contributes");
        let (mut positive, mut beyond) = (Vec::new(), Vec::new());
        for (name, contribution) in &source.contributes {
            let place = section.key(name);
            let Ok(index) = self.objectives.binary_search(name) else {
                if !self.build.broken().excuses(FileKind::Objectives, name) {
                    let known = self.objectives.iter().map(String::as_str);
                    place.unknown_key("objective", name, known);
                }
                continue;
            };
            let index = u16::try_from(index).unwrap_or(0);
            match contribution {
                ContributionSource::Positive(number) => {
                    let number = self.number(&place, number, facts);
                    positive.extend(number.map(|number| (index, number)));
                }
                ContributionSource::ByOutcome(source) => {
                    let (build, schema) = (self.build, self.schema);
                    let mut measure = measure(build, schema, &place, source, Some(facts));
                    positive.extend(measure.accept.take().map(|number| (index, number)));
                    beyond.push((index, measure));
                }
            }
        }
        (positive, beyond)
    }

    fn conditions(&mut self, number: u32, place: &Place<'_>, source: &OfferSource, facts: &Facts) {
        let gates: [(&str, Gate, &[Condition]); 3] = [
            ("eligibility", Gate::Eligibility, &source.eligibility),
            ("applicability", Gate::Applicability, &source.applicability),
            ("suitability", Gate::Suitability, &source.suitability),
        ];
        for (key, gate, conditions) in gates {
            let section = place.key(key);
            for (index, condition) in conditions.iter().enumerate() {
                let place = section.index(index);
                let programs = &self.build.programs;
                let program = programs.condition(self.schema, &place, condition, Some(facts));
                let Some(program) = program else { continue };
                warn_constant(&place, &program);
                self.rules.push(RuleSpec {
                    gate,
                    program,
                    reason: condition.reason().map(Into::into),
                    from: None,
                    channels: u64::MAX,
                    offers: vec![number],
                });
            }
        }
    }

    /// The dates of an offer are a condition on `now`.
    fn validity(&mut self, number: u32, place: &Place<'_>, source: &OfferSource) {
        let bound = |key: &str, text: &Option<String>| {
            let text = text.as_ref()?;
            match moment(text) {
                Ok(at) => Some(at),
                Err(error) => {
                    place.key(key).error_hint(error.message, error.hint.unwrap_or_default());
                    None
                }
            }
        };
        let from = bound("valid_from", &source.valid_from);
        let until = bound("valid_until", &source.valid_until);
        if let (Some(from), Some(until)) = (from, until)
            && from >= until
        {
            let message = "the offer ends before it starts";
            place.key("valid_until").error(message);
        }
        let parts = [
            from.map(|at| format!("now >= timestamp(\"{at}\")")),
            until.map(|at| format!("now < timestamp(\"{at}\")")),
        ];
        let section = place.key("hours");
        let hours = source.hours.iter().enumerate();
        let hours =
            hours.filter_map(|(index, source)| hours_of(&section.index(index), source, self.zone));
        let hours: Vec<String> = hours.collect();
        let hours = (!hours.is_empty()).then(|| hours.join(" || "));
        for text in parts.into_iter().flatten().chain(hours) {
            let condition = Condition::Expression(text);
            let programs = &self.build.programs;
            if let Some(program) = programs.condition(self.schema, place, &condition, None) {
                self.rules.push(RuleSpec {
                    gate: Gate::Validity,
                    program,
                    reason: None,
                    from: None,
                    channels: u64::MAX,
                    offers: vec![number],
                });
            }
        }
    }
}

/// Warns of a condition that always or never holds.
pub(super) fn warn_constant(place: &Place<'_>, program: &crate::core::expression::Program) {
    let report = |code, message: &str| {
        place.finding((Severity::Warning, code), message.to_owned(), None);
    };
    match program.constant() {
        Some(value) if *value == true.into() => report("always-holds", "this always holds"),
        Some(value) if *value == false.into() => report("never-holds", "this never holds"),
        _ => {}
    }
}

/// A checked prior.
pub(super) fn prior(place: &Place<'_>, source: PriorSource) -> Prior {
    if !(source.probability > 0.0 && source.probability < 1.0) {
        place.key("probability").error("a probability lies in (0, 1), bounds excluded");
    }
    if !(source.evidence > 0.0 && source.evidence <= 1e9) {
        place.key("evidence").error("evidence is more than 0");
    }
    Prior { probability: source.probability, evidence: source.evidence }
}

/// Checked texts by locale; `""` for the one for all.
pub(super) fn localized_names(
    place: &Place<'_>,
    localized: &Localized,
) -> BTreeMap<Arc<str>, Arc<str>> {
    match localized {
        Localized::One(text) => BTreeMap::from([("".into(), text.as_str().into())]),
        Localized::Many(texts) => {
            for locale in texts.keys().filter(|locale| !is_locale(locale)) {
                place.key(locale).error_at_key(
                    format!("`{locale}` is not a locale"),
                    Some("as `en`, `es`, `es-MX`".to_owned()),
                );
            }
            if texts.is_empty() {
                place.error_at_key("a text in at least one locale is needed", None);
            }
            let texts = texts.iter();
            texts.map(|(locale, text)| (locale.as_str().into(), text.as_str().into())).collect()
        }
    }
}
