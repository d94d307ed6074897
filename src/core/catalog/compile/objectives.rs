//! `objectives.yaml`: what the organisation wants; and the lines that its targets, budgets,
//! resources and constraints come to, with what each offer means for them.

use std::sync::Arc;

use super::Build;
use super::levers::percent;
use super::literal::moment;
use super::names::id_key;
use super::scope::Facts;
use super::selection::Selector;
use super::windows::zone;
use crate::core::catalog::fault::Place;
use crate::core::catalog::schema::Schema;
use crate::core::catalog::source::{
    ByOutcomeSource, ConstraintSource, GoalSource, Number as NumberSource, ObjectivesFile,
    PerSource, ResourceSource, ShareSource,
};
use crate::core::catalog::{Number, Objective, Offer};
use crate::core::expression::Slot;
use crate::core::objective::{
    Bound, Forecast, Line, LineKind, Measure, PacingSpec, Period, Rates, UseSpec,
};
use crate::core::time::UnixMs;
use crate::core::zone::{Period as Calendar, Zone};

/// Most lines of a catalog.
pub(super) const LINES_MAX: usize = 64;
const HOURS: usize = 24;

/// Compiles the objectives, sorted by name as their slots are.
pub(super) fn compile(build: &Build<'_>, schema: &Schema) -> Vec<Objective> {
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

/// Compiles a measure by outcome.
pub(super) fn measure(
    build: &Build<'_>,
    schema: &Schema,
    place: &Place<'_>,
    source: &ByOutcomeSource,
    facts: Option<&Facts>,
) -> Measure {
    let number = |key: &str, number: &Option<NumberSource>| {
        let number = number.as_ref()?;
        build.programs.number(schema, &place.key(key), number, facts)
    };
    Measure {
        contact: number("contact", &source.contact),
        click: number("click", &source.click),
        accept: number("accept", &source.accept),
        convert: number("convert", &source.convert),
    }
}

/// Compiles the lines.
pub(super) fn pacing(
    build: &Build<'_>,
    schema: &Schema,
    offers: &[Offer],
    facts: &[Facts],
    selector: &Selector<'_>,
) -> PacingSpec {
    let Some(file) = &build.folder.objectives else {
        return PacingSpec::default();
    };
    let top = build.place(&file.document);
    let source = &file.source;
    let lines = Vec::new();
    let by_offer = vec![Vec::new(); offers.len()];
    let mut compiler = Lines { build, schema, offers, facts, selector, lines, by_offer };
    compiler.goals(&top, source);
    compiler.resources(&top.key("resources"), source);
    compiler.constraints(&top.key("constraints"), source);
    let Lines { mut lines, by_offer, .. } = compiler;
    if lines.len() > LINES_MAX {
        top.error(format!(
            "{} targets, budgets, resources and constraints: at most {LINES_MAX}",
            lines.len()
        ));
        lines.clear();
    }
    PacingSpec {
        lines,
        limits: Vec::new(),
        by_offer,
        rates: rates(&top, source),
        forecast: forecast(&top, source),
    }
}

pub(super) fn rates(top: &Place<'_>, source: &ObjectivesFile) -> Rates {
    let section = top.key("rates");
    for (key, rate) in [("click", source.rates.click), ("convert", source.rates.convert)] {
        if !(0.0..=1e6).contains(&rate) {
            section.key(key).error("a rate is 0 or more");
        }
    }
    Rates { click: source.rates.click, convert: source.rates.convert }
}

fn forecast(top: &Place<'_>, source: &ObjectivesFile) -> Forecast {
    let section = top.key("traffic");
    let traffic = &source.traffic;
    if traffic.per_day.is_some_and(|decisions| !(decisions > 0.0 && decisions <= 1e12)) {
        section.key("per_day").error("decisions a day are more than 0");
    }
    let within = traffic.within.as_ref().map(|within| {
        let place = section.key("within");
        let share = share(&place, within);
        if share > 1.0 {
            place.error("how far a day may be off is more than 0 and at most 100 %");
        }
        share
    });
    let per_day = traffic.per_day;
    let sum: f64 = traffic.hours.iter().sum();
    let sound = traffic.hours.iter().all(|weight| (0.0..=1e12).contains(weight)) && sum > 0.0;
    if traffic.hours.is_empty() {
        return Forecast { per_day, hours: Vec::new(), within };
    }
    if traffic.hours.len() != HOURS || !sound {
        let message = "a day has 24 weights, each 0 or more, not all of them 0";
        section.key("hours").error(message);
        return Forecast::default();
    }
    let mean = sum / HOURS as f64;
    let hours = traffic.hours.iter().map(|weight| weight / mean).collect();
    Forecast { per_day, hours, within }
}

struct Lines<'c> {
    build: &'c Build<'c>,
    schema: &'c Schema,
    offers: &'c [Offer],
    facts: &'c [Facts],
    selector: &'c Selector<'c>,
    lines: Vec<Line>,
    by_offer: Vec<Vec<UseSpec>>,
}

/// What targets, budgets, resources and constraints say alike.
struct Head<'s> {
    per: PerSource,
    zone: Option<&'s str>,
    from: Option<&'s str>,
    until: Option<&'s str>,
    price_max: Option<f64>,
}

impl Lines<'_> {
    fn goals(&mut self, top: &Place<'_>, file: &ObjectivesFile) {
        let section = top.key("objectives");
        for (index, (name, source)) in (0_u16..).zip(&file.objectives) {
            let place = section.key(name);
            let goals = [
                ("target", &source.target, LineKind::Target),
                ("budget", &source.budget, LineKind::Budget),
            ];
            for (key, goal, kind) in goals {
                let Some(goal) = goal else { continue };
                let place = place.key(key);
                self.goal(&place, index, &format!("{name}.{key}"), goal, kind, &source.unit);
            }
        }
    }

    fn goal(
        &mut self,
        place: &Place<'_>,
        objective: u16,
        id: &str,
        goal: &GoalSource,
        kind: LineKind,
        unit: &Option<String>,
    ) {
        amount(&place.key("amount"), goal.amount);
        let bound = match kind {
            LineKind::Target => Bound::AtLeast(goal.amount),
            _ => Bound::AtMost(goal.amount),
        };
        let head = Head {
            per: goal.per,
            zone: goal.zone.as_deref(),
            from: goal.from.as_deref(),
            until: goal.until.as_deref(),
            price_max: goal.price_max,
        };
        let line = self.line(place, id, kind, bound, unit.as_deref(), &head);
        let mut served = false;
        for (number, offer) in self.offers.iter().enumerate() {
            let Some(measure) = contributed(offer, objective) else { continue };
            served = true;
            if let Some(uses) = self.by_offer.get_mut(number) {
                uses.push(UseSpec { line, channels: u64::MAX, measure });
            }
        }
        if !served && !self.offers.is_empty() {
            place.warn("no offer contributes to this objective", None);
        }
    }

    fn resources(&mut self, section: &Place<'_>, file: &ObjectivesFile) {
        for (name, source) in &file.resources {
            let place = section.key(name);
            id_key(&place, "a resource", name);
            self.resource(&place, name, source);
        }
    }

    fn resource(&mut self, place: &Place<'_>, name: &str, source: &ResourceSource) {
        amount(&place.key("max"), source.max);
        let head = Head {
            per: source.per,
            zone: source.zone.as_deref(),
            from: source.from.as_deref(),
            until: source.until.as_deref(),
            price_max: source.price_max,
        };
        let unit = source.unit.as_deref();
        let bound = Bound::AtMost(source.max);
        let line = self.line(place, name, LineKind::Resource, bound, unit, &head);
        let uses = place.key("uses");
        if source.uses == ByOutcomeSource::default() {
            uses.error_hint("nothing is used", "say how much for a `contact` or an `accept`");
        }
        let offers = self.selector.offers(&place.key("applies_to"), &source.applies_to);
        let (channels, _) = self.selector.channels(place, &source.channels);
        for offer in offers {
            let facts = self.facts.get(offer as usize);
            let measure = measure(self.build, self.schema, &uses, &source.uses, facts);
            if let Some(own) = self.by_offer.get_mut(offer as usize) {
                own.push(UseSpec { line, channels, measure });
            }
        }
    }

    fn constraints(&mut self, section: &Place<'_>, file: &ObjectivesFile) {
        for (name, source) in &file.constraints {
            let place = section.key(name);
            id_key(&place, "a constraint", name);
            if file.resources.contains_key(name) {
                let message = format!("`{name}` is a resource already: choose another name");
                place.error_at_key(message, None);
            }
            self.constraint(&place, name, source);
        }
    }

    fn constraint(&mut self, place: &Place<'_>, name: &str, source: &ConstraintSource) {
        let bound = match (&source.at_least, &source.at_most) {
            (Some(share), None) => Bound::ShareAtLeast(self::share(&place.key("at_least"), share)),
            (None, Some(share)) => Bound::ShareAtMost(self::share(&place.key("at_most"), share)),
            _ => {
                let hint = "write `at_least: 30 %` or `at_most: 0.5 %`".to_owned();
                place.error_at_key("a constraint has one bound", Some(hint));
                return;
            }
        };
        let head = Head {
            per: source.per,
            zone: source.zone.as_deref(),
            from: source.from.as_deref(),
            until: source.until.as_deref(),
            price_max: source.price_max,
        };
        let line = self.line(place, name, LineKind::Constraint, bound, None, &head);
        let of = self.selector.offers(&place.key("of"), &source.of);
        let (channels, _) = self.selector.channels(place, &source.channels);
        let inside = match (&source.share, &source.mean) {
            (Some(share), None) => Some(self.selector.offers(&place.key("share"), share)),
            (None, Some(_)) => None,
            _ => {
                let hint = "the `share` of some offers, or the `mean` of a number".to_owned();
                place.error_at_key("a constraint is on one thing", Some(hint));
                return;
            }
        };
        let mean = place.key("mean");
        for offer in of {
            let contact = match (&inside, &source.mean) {
                (Some(inside), _) => {
                    let counts = inside.binary_search(&offer).is_ok();
                    Some(Number::Constant(f64::from(u8::from(counts))))
                }
                (None, Some(number)) => {
                    let facts = self.facts.get(offer as usize);
                    self.build.programs.number(self.schema, &mean, number, facts)
                }
                (None, None) => None,
            };
            if let Some(own) = self.by_offer.get_mut(offer as usize) {
                let measure = Measure { contact, ..Measure::default() };
                own.push(UseSpec { line, channels, measure });
            }
        }
    }

    /// Adds a line; its index.
    fn line(
        &mut self,
        place: &Place<'_>,
        id: &str,
        kind: LineKind,
        bound: Bound,
        unit: Option<&str>,
        head: &Head<'_>,
    ) -> u16 {
        if head.price_max.is_some_and(|price| !(price > 0.0 && price <= 1e12)) {
            place.key("price_max").error("a price is more than 0");
        }
        self.lines.push(Line {
            id: id.into(),
            kind,
            unit: unit.map_or_else(Arc::default, Into::into),
            bound,
            period: period(place, head),
            price_max: head.price_max,
            quota: None,
        });
        u16::try_from(self.lines.len() - 1).unwrap_or(u16::MAX)
    }
}

/// What an offer contributes to an objective, by outcome.
fn contributed(offer: &Offer, objective: u16) -> Option<Measure> {
    let positive = offer.contributions.iter().find(|(index, _)| *index == objective);
    let beyond = offer.contributions_beyond.iter().find(|(index, _)| *index == objective);
    if positive.is_none() && beyond.is_none() {
        return None;
    }
    let measure = beyond.map(|(_, measure)| measure.clone()).unwrap_or_default();
    Some(Measure { accept: positive.map(|(_, number)| number.clone()), ..measure })
}

fn amount(place: &Place<'_>, amount: f64) {
    if !(amount > 0.0 && amount <= 1e15) {
        place.error("an amount is more than 0");
    }
}

fn share(place: &Place<'_>, source: &ShareSource) -> f64 {
    let share = match source {
        ShareSource::Number(share) => Some(*share),
        ShareSource::Percent(text) => percent(text).map(|percent| percent / 100.0),
    };
    match share {
        Some(share) if share > 0.0 && share <= 1e6 => share,
        _ => {
            place.error_hint("this is not a share", "write `30 %` or `0.3`, more than 0");
            1.0
        }
    }
}

fn period(place: &Place<'_>, head: &Head<'_>) -> Period {
    let bound = |key: &str, text: Option<&str>| match moment(text?) {
        Ok(at) => Some(UnixMs(at.as_millisecond())),
        Err(error) => {
            place.key(key).error_hint(error.message, error.hint.unwrap_or_default());
            None
        }
    };
    let (from, until) = (bound("from", head.from), bound("until", head.until));
    if head.per != PerSource::Campaign && (head.from.is_some() || head.until.is_some()) {
        place.key("per").error("only `per: campaign` has `from` and `until`");
    }
    let calendar = match head.per {
        PerSource::Day => Calendar::Day,
        PerSource::Week => Calendar::Week,
        PerSource::Month => Calendar::Month,
        PerSource::Quarter => Calendar::Quarter,
        PerSource::Year => Calendar::Year,
        PerSource::Campaign => {
            return match (from, until) {
                (Some(from), Some(until)) if from < until => Period::Span(from, until),
                _ => {
                    let hint = "give `from` and `until`, the one before the other";
                    place.key("per").error_hint("a campaign starts and ends", hint);
                    Period::Span(UnixMs(0), UnixMs(0))
                }
            };
        }
    };
    let named = head.zone.and_then(|name| zone(&place.key("zone"), name));
    Period::Each(calendar, named.unwrap_or_else(Zone::utc))
}
