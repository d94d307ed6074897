//! Schemes: how a score is made.

use super::Build;
use super::by_offer::Expressions;
use super::names::id_key;
use super::programs::Gives;
use super::scope::{Facts, Standing};
use super::selection::Selector;
use crate::core::arbitration::constrained;
use crate::core::arbitration::formula::{ByOffer, Clause};
use crate::core::arbitration::goals::GoalWeights;
use crate::core::arbitration::marketer::{MarketerRule, MarketerScores};
use crate::core::catalog::fault::Place;
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::schema::{Schema, builtin};
use crate::core::catalog::source::{
    BasisSource, Condition, ExponentsSource, FormulaSource, GoalWeightsSource, MarketerScoreSource,
    SchemeKind, SchemeSource, Selection,
};
use crate::core::catalog::{Scheme, SchemeFormula};
use crate::core::expression::{Program, Slot};

/// The schemes that always exist, in this order.
const BUILT_IN: [&str; 5] = ["priority", "propensity", "expected_value", "pcvl", "constrained"];
/// Most schemes of a catalog.
const SCHEMES_MAX: usize = 1024;
/// Most formulas, goals or judgements of a scheme.
const ENTRIES_MAX: usize = 1024;
/// Work of one evaluation of a formula that declares none.
const COST_DEFAULT: u32 = 1_000;
/// Most work that may be declared.
const COST_MAX: u32 = 100_000;

/// Compiles the schemes.
pub(super) fn compile(
    build: &Build<'_>,
    schema: &Schema,
    facts: &[Facts],
    selector: &Selector<'_>,
) -> Vec<Scheme> {
    let file = build.arbitration();
    let top = build.place(&file.document);
    let section = top.key("schemes");
    let formulas = [
        SchemeFormula::Priority,
        SchemeFormula::Propensity,
        SchemeFormula::ExpectedValue,
        SchemeFormula::Pcvl(ExponentsSource::default()),
        SchemeFormula::Constrained,
    ];
    let built_in = BUILT_IN.into_iter().zip(formulas);
    let mut schemes: Vec<Scheme> =
        built_in.map(|(name, formula)| scheme(name, formula, None)).collect();
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
        let expressions = Expressions { build, schema, facts, selector };
        let compiler = Schemes { build, schema, expressions };
        let formula = compiler.formula(&place, source).unwrap_or(SchemeFormula::Propensity);
        schemes.push(scheme(name, formula, Some(source)));
    }
    schemes
}

fn scheme(name: &str, formula: SchemeFormula, source: Option<&SchemeSource>) -> Scheme {
    let reads = |slot: Slot| match &formula {
        SchemeFormula::Custom(formula) => formula.reads(slot),
        SchemeFormula::FirstMatch(clauses) => {
            clauses.iter().any(|clause| clause.formula.reads(slot))
        }
        _ => false,
    };
    let constrained = matches!(formula, SchemeFormula::Constrained);
    let by_uplift = source.is_some_and(|source| source.basis == BasisSource::Uplift);
    let by_kind = (constrained || by_uplift).then_some(constrained::THRESHOLD);
    Scheme {
        name: name.into(),
        threshold: source.and_then(|source| source.threshold).or(by_kind),
        smoothing: source.is_some_and(|source| source.smoothing),
        cost_max: source.and_then(|source| source.cost_max).unwrap_or(COST_DEFAULT),
        reads_influence: reads(builtin::INFLUENCE),
        reads_objection: reads(builtin::OBJECTION),
        reads_cost: constrained || reads(builtin::COST),
        by_uplift,
        reads_uplift: by_uplift || reads(builtin::UPLIFT),
        reads_amount: reads(builtin::EXPECTED_AMOUNT),
        reads_days: reads(builtin::EXPECTED_DAYS),
        formula,
    }
}

struct Schemes<'f> {
    build: &'f Build<'f>,
    schema: &'f Schema,
    expressions: Expressions<'f>,
}

impl Schemes<'_> {
    fn formula(&self, place: &Place<'_>, source: &SchemeSource) -> Option<SchemeFormula> {
        let cost_max = self.cost_max(place, source);
        only_where_it_belongs(place, source);
        match source.kind {
            SchemeKind::Priority => Some(SchemeFormula::Priority),
            SchemeKind::Propensity => Some(SchemeFormula::Propensity),
            SchemeKind::ExpectedValue => Some(SchemeFormula::ExpectedValue),
            SchemeKind::Pcvl => Some(exponents(place, source)),
            SchemeKind::Constrained => Some(SchemeFormula::Constrained),
            SchemeKind::Formula => match &source.formula {
                Some(text) => {
                    let place = place.key("formula");
                    let formula = self.expressions.number(&place, text, None)?;
                    affordable(&place, &formula, cost_max);
                    Some(SchemeFormula::Custom(formula))
                }
                None => {
                    let message = "a scheme of kind `formula` needs a `formula`";
                    place.error_at_key(message, None);
                    None
                }
            },
            SchemeKind::FirstMatch => self.first_match(&place.key("formulas"), source, cost_max),
            SchemeKind::WeightedObjectives => self.goals(&place.key("goals"), &source.goals),
            SchemeKind::MarketerScore => {
                let section = place.key("scores");
                needed(&section, "scores", source.scores.len());
                let scores = source.scores.iter().take(ENTRIES_MAX).enumerate();
                let rules = scores.filter_map(|(i, rule)| self.judgement(&section.index(i), rule));
                let rules = rules.collect();
                let interest = source.interest.unwrap_or_default();
                Some(SchemeFormula::MarketerScore(MarketerScores { rules, interest }))
            }
        }
    }

    fn cost_max(&self, place: &Place<'_>, source: &SchemeSource) -> u32 {
        let cost_max = source.cost_max.unwrap_or(COST_DEFAULT);
        if !(1..=COST_MAX).contains(&cost_max) {
            place.key("cost_max").error(format!("a bound of work lies in 1..={COST_MAX}"));
        }
        cost_max
    }

    fn first_match(
        &self,
        section: &Place<'_>,
        source: &SchemeSource,
        cost_max: u32,
    ) -> Option<SchemeFormula> {
        needed(section, "formulas", source.formulas.len());
        let mut clauses = Vec::new();
        let mut always: Option<usize> = None;
        for (index, entry) in source.formulas.iter().take(ENTRIES_MAX).enumerate() {
            let place = section.index(index);
            if let Some(first) = always {
                let message = format!("entry {} always matches: this one is never reached", first);
                place.key("formula").warn(message, None);
            }
            if entry.when.is_none() && entry.applies_to == Selection::default() {
                always = always.or(Some(index + 1));
            }
            clauses.extend(self.clause(&place, entry, cost_max));
        }
        if always.is_none() && !source.formulas.is_empty() {
            let message = "an offer that no formula matches cannot be ranked";
            let hint = "end with an entry that has a `formula` alone";
            section.warn_at_key(message, Some(hint.to_owned()));
        }
        Some(SchemeFormula::FirstMatch(clauses))
    }

    fn clause(&self, place: &Place<'_>, entry: &FormulaSource, cost_max: u32) -> Option<Clause> {
        let offers = self.expressions.selection(&place.key("applies_to"), &entry.applies_to);
        let formula_place = place.key("formula");
        let formula = self.expressions.number(&formula_place, &entry.formula, offers.as_ref());
        if let Some(formula) = &formula {
            affordable(&formula_place, formula, cost_max);
        }
        let when = entry.when.as_ref().map(|text| {
            let want = (Standing::Condition, Gives::Bool);
            self.expressions.by_offer(&place.key("when"), text, want, offers.as_ref())
        });
        let when = match when {
            None => None,
            Some(compiled) => Some(compiled?),
        };
        Some(Clause { offers, when, formula: formula? })
    }

    fn goals(&self, section: &Place<'_>, entries: &[GoalWeightsSource]) -> Option<SchemeFormula> {
        needed(section, "goals", entries.len());
        let objectives: Vec<&str> = match &self.build.folder.objectives {
            Some(file) => file.source.objectives.keys().map(String::as_str).collect(),
            None => Vec::new(),
        };
        let mut compiled = Vec::new();
        for (index, entry) in entries.iter().take(ENTRIES_MAX).enumerate() {
            let place = section.index(index);
            let mut weights = vec![0.0; objectives.len()];
            let names = place.key("weights");
            for (name, weight) in &entry.weights {
                let place = names.key(name);
                if !(0.0..=1e9).contains(weight) {
                    place.error("a weight is 0 or more");
                }
                match objectives.iter().position(|known| *known == name.as_str()) {
                    Some(objective) => {
                        if let Some(slot) = weights.get_mut(objective) {
                            *slot = *weight;
                        }
                        self.build.programs.note_path(&format!("objective.{name}"));
                    }
                    None if self.build.broken().excuses(FileKind::Objectives, name) => {}
                    None => place.unknown_key("objective", name, objectives.iter().copied()),
                }
            }
            let when = match self.for_whom(&place, entry.when.as_ref()) {
                Ok(when) => when,
                Err(Faulty) => continue,
            };
            compiled.push(GoalWeights { when, weights });
        }
        if entries.iter().all(|entry| entry.when.is_some()) && !entries.is_empty() {
            let message = "offers to customers whom no entry is for cannot be ranked";
            let hint = "end with an entry without `when`";
            section.warn_at_key(message, Some(hint.to_owned()));
        }
        Some(SchemeFormula::WeightedObjectives(compiled))
    }

    fn judgement(&self, place: &Place<'_>, rule: &MarketerScoreSource) -> Option<MarketerRule> {
        if !(0.0..=100.0).contains(&rule.score) {
            place.key("score").error("a marketer's score lies in 0..=100");
        }
        let weight = rule.weight.unwrap_or(1.0);
        if !(weight > 0.0 && weight <= 1e9) {
            place.key("weight").error("a weight is more than 0");
        }
        let offers = self.expressions.selection(&place.key("applies_to"), &rule.applies_to);
        let when = self.for_whom(place, rule.when.as_ref()).ok()?;
        Some(MarketerRule { offers, when, score: rule.score, weight })
    }

    /// The condition on the customer at `place.when`.
    fn for_whom(
        &self,
        place: &Place<'_>,
        when: Option<&String>,
    ) -> Result<Option<Program>, Faulty> {
        let Some(text) = when else { return Ok(None) };
        let condition = Condition::Expression(text.clone());
        let programs = &self.build.programs;
        let program = programs.condition(self.schema, &place.key("when"), &condition, None);
        program.map(Some).ok_or(Faulty)
    }
}

/// Its faults are reported already.
struct Faulty;

fn exponents(place: &Place<'_>, source: &SchemeSource) -> SchemeFormula {
    let section = place.key("exponents");
    let each = [
        ("propensity", source.exponents.propensity),
        ("context", source.exponents.context),
        ("value", source.exponents.value),
        ("lever", source.exponents.lever),
    ];
    for (key, exponent) in each {
        if !(0.0..=100.0).contains(&exponent) {
            section.key(key).error("an exponent lies in 0..=100");
        }
    }
    SchemeFormula::Pcvl(source.exponents)
}

/// A part of another kind of scheme is a fault.
fn only_where_it_belongs(place: &Place<'_>, source: &SchemeSource) {
    use SchemeKind as Kind;
    let parts = [
        ("exponents", "pcvl", source.exponents != ExponentsSource::default(), Kind::Pcvl),
        ("formula", "formula", source.formula.is_some(), Kind::Formula),
        ("formulas", "first_match", !source.formulas.is_empty(), Kind::FirstMatch),
        ("goals", "weighted_objectives", !source.goals.is_empty(), Kind::WeightedObjectives),
        ("scores", "marketer_score", !source.scores.is_empty(), Kind::MarketerScore),
        ("interest", "marketer_score", source.interest.is_some(), Kind::MarketerScore),
    ];
    for (key, kind, given, belongs) in parts {
        if given && source.kind != belongs {
            let message = format!("only a scheme of kind `{kind}` has `{key}`");
            place.key(key).error_at_key(message, None);
        }
    }
    let formulas = matches!(source.kind, Kind::Formula | Kind::FirstMatch);
    if source.cost_max.is_some() && !formulas {
        let message = "only schemes with formulas have a `cost_max`";
        place.key("cost_max").error_at_key(message, None);
    }
    let ordered = formulas || source.kind == Kind::Priority;
    if source.basis != BasisSource::Propensity && ordered {
        let message = "a `basis` is for schemes that multiply by the propensity";
        let hint = "a formula reads `uplift` where it wants it".to_owned();
        place.key("basis").error_at_key(message, Some(hint));
    }
    if source.smoothing && source.kind == Kind::Priority {
        let message = "`priority` ranks by declared order: smoothing changes ties only";
        place.key("smoothing").warn(message, None);
    }
}

fn needed(section: &Place<'_>, key: &str, count: usize) {
    if count == 0 {
        section.error_at_key(format!("this scheme needs `{key}`"), None);
    }
    if count > ENTRIES_MAX {
        section.error_at_key(format!("at most {ENTRIES_MAX} entries"), None);
    }
}

/// A fault when a formula may take more work than its scheme allows.
fn affordable(place: &Place<'_>, formula: &ByOffer, cost_max: u32) {
    let cost = formula.programs.iter().map(Program::cost_estimate).max().unwrap_or(0);
    if cost > u64::from(cost_max) {
        place.error_hint(
            format!("the formula may take {cost} units of work, the scheme allows {cost_max}"),
            "a loop over a list counts 64 rounds; simplify it, or raise the scheme's `cost_max`",
        );
    }
}
