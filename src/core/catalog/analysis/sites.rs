//! Where things stand in the files.

use std::collections::BTreeMap;

use super::Subject;
use super::findings::Kind;
use crate::core::catalog::fault::{Document, Faults, Place};
use crate::core::catalog::read::Folder;
use crate::core::catalog::source::{Condition, OfferSource, PolicySource};
use crate::core::catalog::{Catalog, Treatment};
use crate::core::policy::{Asked, Gate};

/// Files, and where offers and policies are in them.
pub(super) struct Sites<'a> {
    pub(super) folder: &'a Folder,
    faults: &'a Faults,
    /// File and position in it, by offer index.
    offers: Vec<Option<(usize, usize)>>,
    /// File and position in it, by id: of policies, limits, cool-downs and exclusions.
    rules: BTreeMap<&'a str, (usize, &'static str, usize)>,
}

impl<'a> Sites<'a> {
    pub(super) fn new(folder: &'a Folder, catalog: &Catalog, faults: &'a Faults) -> Self {
        let mut offers = vec![None; catalog.offers.len()];
        for (number, file) in folder.offers.iter().enumerate() {
            for (index, source) in file.source.offers.iter().enumerate() {
                let offer = catalog.offer_index.get(source.id.as_str());
                if let Some(place) = offer.and_then(|offer| offers.get_mut(*offer as usize)) {
                    place.get_or_insert((number, index));
                }
            }
        }
        let mut rules = BTreeMap::new();
        for (number, file) in folder.policies.iter().enumerate() {
            let source = &file.source;
            let policies = source.policies.iter().map(|rule| rule.id.as_str());
            let limits = source.contact_limits.iter().map(|rule| rule.id.as_str());
            let cool_downs = source.cool_downs.iter().map(|rule| rule.id.as_str());
            let exclusions = source.exclusions.iter().map(|rule| rule.id.as_str());
            let mut add = |section: &'static str, ids: &mut dyn Iterator<Item = &'a str>| {
                for (index, id) in ids.enumerate() {
                    rules.entry(id).or_insert((number, section, index));
                }
            };
            add("policies", &mut { policies });
            add("contact_limits", &mut { limits });
            add("cool_downs", &mut { cool_downs });
            add("exclusions", &mut { exclusions });
            add("sequences", &mut source.sequences.iter().map(|rule| rule.id.as_str()));
            add("states", &mut source.states.iter().map(|rule| rule.id.as_str()));
            add("quotas", &mut source.quotas.iter().map(|rule| rule.id.as_str()));
        }
        Self { folder, faults, offers, rules }
    }

    pub(super) fn top(&self, document: &'a Document) -> Place<'a> {
        Place::top(document, self.faults)
    }

    /// The offer as written.
    pub(super) fn offer(&self, offer: u32) -> Option<&'a OfferSource> {
        let (file, index) = (*self.offers.get(offer as usize)?)?;
        self.folder.offers.get(file)?.source.offers.get(index)
    }

    /// Shows `report` the place of an offer.
    pub(super) fn at_offer(&self, offer: u32, report: impl FnOnce(&Place<'_>)) {
        let found = self.offers.get(offer as usize).copied().flatten();
        let Some((file, index)) = found else { return };
        let Some(file) = self.folder.offers.get(file) else { return };
        let top = self.top(&file.document);
        let section = top.key("offers");
        report(&section.index(index));
    }

    /// Shows `report` the place of a policy, limit, cool-down or exclusion.
    pub(super) fn at_rule(&self, id: &str, report: impl FnOnce(&Place<'_>)) {
        let Some((file, section, index)) = self.rules.get(id).copied() else { return };
        let Some(file) = self.folder.policies.get(file) else { return };
        let top = self.top(&file.document);
        let section = top.key(section);
        report(&section.index(index));
    }

    fn policy(&self, id: &str) -> Option<&'a PolicySource> {
        let (file, section, index) = self.rules.get(id).copied()?;
        let file = self.folder.policies.get(file)?;
        (section == "policies").then(|| file.source.policies.get(index)).flatten()
    }
}

impl Subject<'_> {
    /// Adds a finding at a condition that is asked of `offer`.
    pub(super) fn at_condition(
        &self,
        kind: Kind,
        offer: u32,
        asked: &Asked<'_>,
        message: String,
        hint: Option<String>,
    ) {
        if !self.findings.add(kind) {
            return;
        }
        let show = |place: &Place<'_>, conditions: &[Condition]| {
            at(place, conditions, asked, kind, message, hint);
        };
        match asked.from {
            None => {
                let conditions = self.sites.offer(offer).map(|source| match asked.gate {
                    Gate::Eligibility => source.eligibility.as_slice(),
                    Gate::Applicability => &source.applicability,
                    Gate::Suitability => &source.suitability,
                    _ => &[],
                });
                self.sites.at_offer(offer, |place| show(place, conditions.unwrap_or_default()));
            }
            Some(id) => {
                let conditions = self.sites.policy(id).map(|source| match asked.gate {
                    Gate::Eligibility => source.eligibility.as_slice(),
                    Gate::Applicability => &source.applicability,
                    Gate::Suitability => &source.suitability,
                    _ => &[],
                });
                self.sites.at_rule(id, |place| show(place, conditions.unwrap_or_default()));
            }
        }
    }

    /// Adds a finding at the id of an offer.
    pub(super) fn at_id(&self, kind: Kind, offer: u32, message: String, hint: Option<String>) {
        if self.findings.add(kind) {
            self.sites.at_offer(offer, |place| place.key("id").finding(kind, message, hint));
        }
    }

    /// Adds a finding at a treatment of an offer.
    pub(super) fn at_treatment(
        &self,
        kind: Kind,
        (offer, treatment): (u32, &Treatment),
        message: String,
        hint: Option<String>,
    ) {
        let Some(source) = self.sites.offer(offer) else { return };
        let index = source
            .treatments
            .iter()
            .position(|source| source.id.as_deref().unwrap_or(&source.channel) == &*treatment.id);
        if self.findings.add(kind) {
            self.sites.at_offer(offer, |place| {
                let section = place.key("treatments");
                match index {
                    Some(index) => {
                        section.index(index).key("channel").finding(kind, message, hint);
                    }
                    None => section.finding_at_key(kind, message, hint),
                }
            });
        }
    }

    /// How to speak of a condition: its text, and who asks.
    pub(super) fn words(asked: &Asked<'_>) -> String {
        let gate = asked.gate.name();
        match asked.from {
            _ if asked.gate == Gate::Validity => {
                format!("its validity (`{}`)", asked.program.source())
            }
            None => format!("`{}` ({gate})", asked.program.source()),
            Some(policy) => format!("`{}` ({gate}, policy `{policy}`)", asked.program.source()),
        }
    }
}

/// Shows the finding at the condition of that text; where it stands nowhere, at its gate.
fn at(
    place: &Place<'_>,
    conditions: &[Condition],
    asked: &Asked<'_>,
    kind: Kind,
    message: String,
    hint: Option<String>,
) {
    let (text, span) = asked.program.within();
    let section = place.key(asked.gate.name());
    match conditions.iter().position(|condition| condition.when() == text) {
        Some(index) => {
            let place = section.index(index);
            let when = place.key("when");
            let place = match conditions.get(index) {
                Some(Condition::Explained(_)) => when,
                _ => place,
            };
            place.finding_within(kind, (text, span), message, hint);
        }
        None if conditions.is_empty() => place.key("id").finding(kind, message, hint),
        None => section.finding_at_key(kind, message, hint),
    }
}
