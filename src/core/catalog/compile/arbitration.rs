//! `arbitration.yaml` and `objectives.yaml`: schemes, by channel, and what the organisation wants.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Build;
use super::names::id_key;
use super::programs::{Gives, offer_key};
use super::references::references;
use super::scope::{Facts, Standing};
use crate::core::catalog::fault::{Place, did_you_mean};
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::schema::Schema;
use crate::core::catalog::source::{ExponentsSource, SchemeKind, SchemeSource};
use crate::core::catalog::{Channel, Number, Objective, Offer, Scheme, SchemeFormula};
use crate::core::expression::{Program, Slot};

/// The schemes that always exist, in this order.
const BUILT_IN: [&str; 4] = ["priority", "propensity", "expected_value", "pcvl"];
/// Most schemes of a catalog.
const SCHEMES_MAX: usize = 1024;
/// Most offers whose missing facts are named in faults of one formula.
const NAMED_MAX: usize = 5;

/// Compiles the objectives, sorted by name as their slots are.
pub(super) fn objectives(build: &Build<'_>, schema: &Schema) -> Vec<Objective> {
    let Some(file) = &build.folder.objectives else {
        return Vec::new();
    };
    let top = build.place(&file.document);
    let section = top.key("objectives");
    let objectives = file.source.objectives.iter().map(|(name, source)| {
        let place = section.key(name);
        let weight = build.programs.number(schema, &place.key("weight"), &source.weight, None);
        let path = format!("objective.{name}");
        build.programs.note_path(&path);
        Objective {
            name: name.as_str().into(),
            weight: weight.unwrap_or(Number::Constant(0.0)),
            slot: schema.by_path.get(path.as_str()).copied().unwrap_or(Slot(0)),
        }
    });
    objectives.collect()
}

/// Compiles the schemes.
pub(super) fn schemes(
    build: &Build<'_>,
    schema: &Schema,
    offers: &[Offer],
    facts: &[Facts],
) -> Vec<Scheme> {
    let file = build.arbitration();
    let top = build.place(&file.document);
    let section = top.key("schemes");
    let formulas = [
        SchemeFormula::Priority,
        SchemeFormula::Propensity,
        SchemeFormula::ExpectedValue,
        SchemeFormula::Pcvl(ExponentsSource::default()),
    ];
    let mut schemes: Vec<Scheme> = BUILT_IN
        .into_iter()
        .zip(formulas)
        .map(|(name, formula)| Scheme { name: name.into(), formula, threshold: None })
        .collect();
    if file.source.schemes.len() > SCHEMES_MAX {
        section.error_at_key(format!("at most {SCHEMES_MAX} schemes"), None);
    }
    for (name, source) in file.source.schemes.iter().take(SCHEMES_MAX) {
        let place = section.key(name);
        id_key(&place, "a scheme", name);
        if BUILT_IN.contains(&name.as_str()) {
            let message = format!("scheme `{name}` is built in: choose another name");
            place.error_at_key(message, None);
            continue;
        }
        if source.threshold.is_some_and(|threshold| !threshold.is_finite()) {
            place.key("threshold").error("a threshold is a finite number");
        }
        let formula = Formulas { build, schema, offers, facts }.formula(&place, source);
        schemes.push(Scheme {
            name: name.as_str().into(),
            formula: formula.unwrap_or(SchemeFormula::Propensity),
            threshold: source.threshold,
        });
    }
    schemes
}

struct Formulas<'f> {
    build: &'f Build<'f>,
    schema: &'f Schema,
    offers: &'f [Offer],
    facts: &'f [Facts],
}

impl Formulas<'_> {
    fn formula(&self, place: &Place<'_>, source: &SchemeSource) -> Option<SchemeFormula> {
        let exponents = place.key("exponents");
        if source.exponents != ExponentsSource::default() && source.kind != SchemeKind::Pcvl {
            exponents.error_at_key("only a scheme of kind `pcvl` has `exponents`", None);
        }
        if source.formula.is_some() && source.kind != SchemeKind::Formula {
            let message = "only a scheme of kind `formula` has a `formula`";
            place.key("formula").error_at_key(message, None);
        }
        match source.kind {
            SchemeKind::Priority => Some(SchemeFormula::Priority),
            SchemeKind::Propensity => Some(SchemeFormula::Propensity),
            SchemeKind::ExpectedValue => Some(SchemeFormula::ExpectedValue),
            SchemeKind::Pcvl => {
                let each = [
                    ("propensity", source.exponents.propensity),
                    ("context", source.exponents.context),
                    ("value", source.exponents.value),
                    ("lever", source.exponents.lever),
                ];
                for (key, exponent) in each {
                    if !(0.0..=100.0).contains(&exponent) {
                        exponents.key(key).error("an exponent lies in 0..=100");
                    }
                }
                Some(SchemeFormula::Pcvl(source.exponents))
            }
            SchemeKind::Formula => match &source.formula {
                Some(text) => self.custom(&place.key("formula"), text),
                None => {
                    let message = "a scheme of kind `formula` needs a `formula`";
                    place.error_at_key(message, None);
                    None
                }
            },
        }
    }

    fn custom(&self, place: &Place<'_>, text: &str) -> Option<SchemeFormula> {
        let reads_offer = references(text).iter().any(|found| found.root == "offer");
        let compile = |facts| {
            let want = (Standing::Formula, Gives::Number);
            let programs = &self.build.programs;
            programs.compile(self.schema, place, text, want, facts)
        };
        if !reads_offer {
            return Some(SchemeFormula::Custom {
                text: text.into(),
                programs: vec![compile(None)?],
                by_offer: Vec::new(),
            });
        }
        if !self.facts_complete(place, text) {
            return None;
        }
        let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
        let mut programs: Vec<Program> = Vec::new();
        let mut by_offer = Vec::with_capacity(self.facts.len());
        for facts in self.facts {
            let key = offer_key(text, facts);
            let number = match numbers.get(&key) {
                Some(number) => *number,
                None => {
                    let number = u32::try_from(programs.len()).ok()?;
                    programs.push(compile(Some(facts))?);
                    numbers.insert(key, number);
                    number
                }
            };
            by_offer.push(number);
        }
        Some(SchemeFormula::Custom { text: text.into(), programs, by_offer })
    }

    /// Whether all offers have what the formula reads of them; else that is a fault.
    fn facts_complete(&self, place: &Place<'_>, text: &str) -> bool {
        let mut complete = true;
        for found in references(text) {
            if found.root != "offer" {
                continue;
            }
            let lacking: Vec<(&Offer, &Facts)> = self
                .offers
                .iter()
                .zip(self.facts)
                .filter(|(_, facts)| !facts.contains_key(found.name))
                .collect();
            let Some((_, facts)) = lacking.first() else {
                continue;
            };
            complete = false;
            let mut named: Vec<String> = lacking
                .iter()
                .take(NAMED_MAX)
                .map(|(offer, _)| format!("`{}`", offer.id))
                .collect();
            if lacking.len() > NAMED_MAX {
                named.push(format!("{} more", lacking.len() - NAMED_MAX));
            }
            let message = format!(
                "the formula reads `offer.{}`, which these offers lack: {}",
                found.name,
                named.join(", ")
            );
            let hint = did_you_mean(found.name, facts.keys().map(AsRef::as_ref));
            place.text_span(text, found.span, message, hint);
        }
        complete
    }
}

/// Gives each channel its scheme and exploration.
pub(super) fn channels(build: &Build<'_>, schemes: &[Scheme], channels: &mut [Channel]) {
    let file = build.arbitration();
    let top = build.place(&file.document);
    let find = |place: &Place<'_>, name: &str| {
        let found = schemes.iter().position(|scheme| *scheme.name == *name);
        if found.is_none() && !build.broken().excuses(FileKind::Arbitration, name) {
            let known = schemes.iter().map(|scheme| &*scheme.name);
            place.unknown("scheme", name, known);
        }
        found.and_then(|index| u16::try_from(index).ok())
    };
    let default = find(&top.key("default"), &file.source.default).unwrap_or(0);
    for channel in channels.iter_mut() {
        channel.scheme = default;
    }
    let section = top.key("channels");
    let names: Vec<Arc<str>> = channels.iter().map(|channel| channel.name.clone()).collect();
    for (name, source) in &file.source.channels {
        let place = section.key(name);
        let named = channels.iter_mut().find(|channel| *channel.name == **name);
        let Some(channel) = named else {
            if !build.broken().excuses(FileKind::Channels, name) {
                place.unknown_key("channel", name, names.iter().map(AsRef::as_ref));
            }
            continue;
        };
        if let Some(scheme) = &source.scheme {
            channel.scheme = find(&place.key("scheme"), scheme).unwrap_or(default);
        }
        if let Some(exploration) = &source.exploration {
            let place = place.key("exploration");
            if !(0.0..=1.0).contains(&exploration.epsilon) {
                place.key("epsilon").error("epsilon lies in 0..=1");
            }
            channel.epsilon = exploration.epsilon;
        }
    }
}
