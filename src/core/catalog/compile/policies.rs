//! `policies/*.yaml`: conditions on many offers, and exclusions within one answer. Limits, quotas
//! and what came before have files of their own beside this one.

use std::collections::BTreeMap;

use super::offers::warn_constant;
use super::programs::offer_key;
use super::references::references;
use super::scope::Facts;
use super::selection::Selector;
use crate::core::catalog::ExclusionSpec;
use crate::core::catalog::fault::{Place, Severity, did_you_mean};
use crate::core::catalog::schema::Schema;
use crate::core::catalog::source::{Condition, ExclusionSource, PoliciesFile, PolicySource};
use crate::core::policy::{Bitset, Gate, PolicySpec, RuleSpec};
use crate::core::zone::ZoneSpec;

/// Compiles the files of `policies/` into `spec` and exclusions.
pub(super) struct Policies<'b> {
    pub selector: Selector<'b>,
    pub schema: &'b Schema,
    pub facts: &'b [Facts],
    pub transactional: &'b Bitset,
    /// Where customers live.
    pub customers: &'b ZoneSpec,
    pub spec: &'b mut PolicySpec,
    pub exclusions: Vec<ExclusionSpec>,
    /// Of each state.
    pub precedences: Vec<i32>,
}

impl Policies<'_> {
    /// Compiles one file.
    pub(super) fn file(&mut self, top: &Place<'_>, file: &PoliciesFile) {
        let section = top.key("policies");
        for (index, source) in file.policies.iter().enumerate() {
            self.policy(&section.index(index), source);
        }
        let section = top.key("contact_limits");
        for (index, source) in file.contact_limits.iter().enumerate() {
            self.limit(&section.index(index), source);
        }
        let section = top.key("cool_downs");
        for (index, source) in file.cool_downs.iter().enumerate() {
            self.cool_down(&section.index(index), source);
        }
        let section = top.key("sequences");
        for (index, source) in file.sequences.iter().enumerate() {
            self.sequence(&section.index(index), source);
        }
        let section = top.key("states");
        for (index, source) in file.states.iter().enumerate() {
            let precedence = self.state(&section.index(index), source);
            self.precedences.extend(precedence);
        }
        let section = top.key("quotas");
        for (index, source) in file.quotas.iter().enumerate() {
            self.quota(&section.index(index), source);
        }
        let section = top.key("exclusions");
        for (index, source) in file.exclusions.iter().enumerate() {
            self.exclusion(&section.index(index), source);
        }
    }

    fn policy(&mut self, place: &Place<'_>, source: &PolicySource) {
        let id = self.selector.id(place, "a policy", &source.id);
        let offers = self.selector.offers(&place.key("applies_to"), &source.applies_to);
        let (channels, _) = self.selector.channels(place, &source.channels);
        let gates: [(&str, Gate, &[Condition]); 3] = [
            ("eligibility", Gate::Eligibility, &source.eligibility),
            ("applicability", Gate::Applicability, &source.applicability),
            ("suitability", Gate::Suitability, &source.suitability),
        ];
        if let Some(pilot) = &source.pilot {
            let named = (Some(id.clone()), source.id.as_str());
            self.pilot(&place.key("pilot"), pilot, named, offers.clone());
        } else if gates.iter().all(|(.., conditions)| conditions.is_empty()) {
            let message = format!("policy `{id}` has no condition");
            place.key("id").finding((Severity::Warning, "no-condition"), message, None);
        }
        for (key, gate, conditions) in gates {
            let section = place.key(key);
            for (index, condition) in conditions.iter().enumerate() {
                let place = section.index(index);
                for (program, offers) in self.programs(&place, condition, &offers) {
                    self.spec.rules.push(RuleSpec {
                        gate,
                        program,
                        reason: condition.reason().map(Into::into),
                        from: Some(id.clone()),
                        channels,
                        offers,
                    });
                }
            }
        }
    }

    /// The programs of a condition: one, or one for each set of offers whose own facts make it the
    /// same.
    fn programs(
        &self,
        place: &Place<'_>,
        condition: &Condition,
        offers: &[u32],
    ) -> Vec<(crate::core::expression::Program, Vec<u32>)> {
        let programs = &self.selector.build.programs;
        let text = condition.when();
        let reads_offer = references(text).iter().any(|found| found.root == "offer");
        if !reads_offer {
            let program = programs.condition(self.schema, place, condition, None);
            let program = program.into_iter().inspect(|program| warn_constant(place, program));
            return program.map(|program| (program, offers.to_vec())).collect();
        }
        let mut sharing: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for offer in offers {
            let Some(facts) = self.facts.get(*offer as usize) else {
                continue;
            };
            if self.has_facts(place, condition, *offer, facts) {
                sharing.entry(offer_key(text, facts)).or_default().push(*offer);
            }
        }
        let compiled = sharing.into_values().filter_map(|offers| {
            let first = *offers.first()? as usize;
            let facts = self.facts.get(first);
            let program = programs.condition(self.schema, place, condition, facts)?;
            Some((program, offers))
        });
        compiled.collect()
    }

    /// Whether the offer has all that the condition reads of it; else that is a fault.
    fn has_facts(
        &self,
        place: &Place<'_>,
        condition: &Condition,
        offer: u32,
        facts: &Facts,
    ) -> bool {
        let text = condition.when();
        let mut complete = true;
        for found in references(text) {
            if found.root != "offer" || facts.contains_key(found.name) {
                continue;
            }
            complete = false;
            let offers = self.selector.offers;
            let id = offers.get(offer as usize).map_or("", |offer| &*offer.id);
            let message = format!("offer `{id}` has no attribute `{}`", found.name);
            let hint = did_you_mean(found.name, facts.keys().map(AsRef::as_ref));
            let when = place.key("when");
            match condition {
                Condition::Expression(_) => place.text_span(text, found.span, message, hint),
                Condition::Explained(_) => when.text_span(text, found.span, message, hint),
            }
        }
        complete
    }

    /// Puts the states in order of precedence.
    pub(super) fn finish(self) -> Vec<ExclusionSpec> {
        let states = std::mem::take(&mut self.spec.states);
        let mut states: Vec<_> = self.precedences.into_iter().zip(states).collect();
        states.sort_by_key(|(precedence, _)| std::cmp::Reverse(*precedence));
        self.spec.states = states.into_iter().map(|(_, state)| state).collect();
        self.exclusions
    }

    fn exclusion(&mut self, place: &Place<'_>, source: &ExclusionSource) {
        let id = self.selector.id(place, "an exclusion", &source.id);
        let selected = self.selector.offers(&place.key("among"), &source.among);
        if selected.len() == 1 {
            let message = format!("`{id}` selects one offer: it excludes nothing");
            let kind = (Severity::Warning, "excludes-nothing");
            place.key("among").finding_at_key(kind, message, None);
        }
        self.exclusions.push(ExclusionSpec { id, offers: Bitset::of(self.spec.offers, selected) });
    }
}
