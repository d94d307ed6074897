//! `policies/*.yaml`: conditions on many offers, contact limits, cool-downs, exclusions.

use std::collections::BTreeMap;

use super::literal::span;
use super::offers::warn_constant;
use super::programs::offer_key;
use super::references::references;
use super::scope::Facts;
use super::selection::Selector;
use crate::core::catalog::ExclusionSpec;
use crate::core::catalog::fault::{Place, Severity, did_you_mean};
use crate::core::catalog::schema::Schema;
use crate::core::catalog::source::{
    Condition, ContactLimitSource, CoolDownAfter, CoolDownSource, ExclusionSource, PoliciesFile,
    PolicySource, Selection,
};
use crate::core::interaction::OutcomeKind;
use crate::core::key::Key;
use crate::core::policy::{Bitset, CoolDownSpec, Gate, LimitSpec, PolicySpec, RuleSpec};

/// Largest number a contact limit may allow: a customer's ring of contacts holds 256, and must hold
/// all that a limit counts.
const LIMIT_MAX: u32 = 200;
/// Longest window and rest, days.
const WINDOW_DAYS_MAX: i64 = 400;
/// Longest rest that is not `forever`, days.
const REST_DAYS_MAX: i64 = 3650;

/// Compiles the files of `policies/` into `spec` and exclusions.
pub(super) struct Policies<'b> {
    pub selector: Selector<'b>,
    pub schema: &'b Schema,
    pub facts: &'b [Facts],
    pub transactional: &'b Bitset,
    pub spec: &'b mut PolicySpec,
    pub exclusions: Vec<ExclusionSpec>,
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
        if gates.iter().all(|(.., conditions)| conditions.is_empty()) {
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

    fn limit(&mut self, place: &Place<'_>, source: &ContactLimitSource) {
        let id = self.selector.id(place, "a contact limit", &source.id);
        if !(1..=LIMIT_MAX).contains(&source.max) {
            place.key("max").error_hint(
                format!("a limit lies in 1..={LIMIT_MAX}, found {}", source.max),
                "a customer's last 256 contacts are kept: more cannot be counted",
            );
        }
        let selected = self.selector.offers(&place.key("applies_to"), &source.applies_to);
        let mut offers = Bitset::of(self.spec.offers, selected);
        offers.subtract(self.transactional);
        let (channel_mask, channels) = self.selector.channels(place, &source.channels);
        let window_ms = time(&place.key("window"), &source.window, WINDOW_DAYS_MAX);
        let Selection { offers: named, groups, kinds, except } = &source.applies_to;
        self.spec.limits.push(LimitSpec {
            id,
            offers,
            channels,
            channel_mask,
            counts: source.counts,
            per_offer: source.per_offer,
            max: source.max,
            window_ms: window_ms.unwrap_or(1),
            counts_retired: named.is_empty()
                && groups.is_empty()
                && kinds.is_empty()
                && except.is_empty(),
        });
    }

    fn cool_down(&mut self, place: &Place<'_>, source: &CoolDownSource) {
        let id = self.selector.id(place, "a cool-down", &source.id);
        let selected = self.selector.offers(&place.key("applies_to"), &source.applies_to);
        let duration_ms = match source.duration.as_str() {
            "forever" => None,
            text => Some(time(&place.key("for"), text, REST_DAYS_MAX).unwrap_or(1)),
        };
        self.spec.cool_downs.push(CoolDownSpec {
            id,
            offers: Bitset::of(self.spec.offers, selected),
            after: match source.after {
                CoolDownAfter::Reject => vec![OutcomeKind::Reject],
                CoolDownAfter::Accept => vec![OutcomeKind::Accept, OutcomeKind::Convert],
                CoolDownAfter::Impression => vec![OutcomeKind::Impression, OutcomeKind::Sent],
                CoolDownAfter::Click => vec![OutcomeKind::Click],
            },
            reasons: source.reasons.iter().map(|reason| Key::of(reason)).collect(),
            duration_ms,
            scope: source.scope,
        });
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

fn time(place: &Place<'_>, text: &str, days_max: i64) -> Option<i64> {
    match span(text, days_max) {
        Ok(ms) => Some(ms),
        Err(error) => {
            match error.hint {
                Some(hint) => place.error_hint(error.message, hint),
                None => place.error(error.message),
            }
            None
        }
    }
}
