//! The catalog in outline, and the faults of rules folders.

use super::time::timestamp;
use super::value::type_name;
use crate::api::wire::v1;
use crate::core::arbitration::formula::Clause;
use crate::core::cases::CaseReport;
use crate::core::catalog::fault::{Fault, Severity};
use crate::core::catalog::schema::{EventSpec, Origin, Schema, SlotSpec};
use crate::core::catalog::source::ContactPoint;
use crate::core::catalog::{Catalog, CatalogVersion, Channel, Scheme, SchemeFormula};
use crate::core::expression::Type;
use crate::core::time::UnixMs;
use crate::engine::{Counts, Publication};

/// Which catalog; one served from a folder has no number.
pub fn version(version: &CatalogVersion) -> v1::CatalogVersion {
    v1::CatalogVersion { number: version.number, hash: version.hash.to_string() }
}

/// The catalog in outline.
pub fn outline(catalog: &Catalog, loaded_at: UnixMs) -> v1::Catalog {
    let schema = &catalog.schema;
    let customer = schema.slots.iter().filter(|slot| slot.path.starts_with("customer."));
    let context = schema.context.values().filter_map(|slot| schema.slot(*slot));
    v1::Catalog {
        version: Some(version(&catalog.version)),
        load_time: Some(timestamp(loaded_at)),
        currency: String::new(),
        default_locale: String::new(),
        channels: catalog.channels.iter().map(|c| channel(catalog, c)).collect(),
        groups: catalog.groups.iter().map(|group| group.name.to_string()).collect(),
        attributes: customer.map(|spec| field(schema, spec)).collect(),
        context: context.map(|spec| field(schema, spec)).collect(),
        events: schema.events.values().map(event).collect(),
        segments: schema.segments.keys().map(|name| name.to_string()).collect(),
        schemes: catalog.schemes.iter().map(scheme).collect(),
        summary: Some(summary(&Counts::of(catalog, 0))),
    }
}

/// How much there is of each kind.
pub fn summary(counts: &Counts) -> v1::CatalogSummary {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    v1::CatalogSummary {
        offers: count(counts.offers),
        treatments: count(counts.treatments),
        channels: count(counts.channels),
        placements: count(counts.placements),
        conditions: count(counts.conditions),
        distinct_conditions: count(counts.distinct_conditions),
        limits: count(counts.limits),
        cases: count(counts.cases),
    }
}

/// A version that was published; `serving` is the number of the one that serves.
pub fn publication(version: &Publication, serving: u64) -> v1::CatalogVersionInfo {
    v1::CatalogVersionInfo {
        version: Some(v1::CatalogVersion { number: version.number, hash: version.hash.clone() }),
        author: version.author.clone(),
        comment: version.comment.clone(),
        publish_time: Some(timestamp(version.published_at)),
        serving: version.number == serving,
        changes: version.changes.clone(),
        restored_number: version.restored,
        summary: Some(summary(&version.counts)),
    }
}

fn channel(catalog: &Catalog, channel: &Channel) -> v1::Channel {
    let number = catalog.channels.iter().position(|known| known.key == channel.key);
    let number = number.and_then(|number| u16::try_from(number).ok()).unwrap_or(u16::MAX);
    let placements = (0_u16..).zip(&channel.placements).map(|(index, placement)| {
        let own = catalog.arbitration.place(number, index).and_then(|place| place.scheme);
        let scheme = catalog.schemes.get(usize::from(own.unwrap_or(channel.scheme)));
        v1::Placement {
            placement: placement.name.to_string(),
            title: String::new(),
            slot_weights: placement.weights.clone(),
            scheme: scheme.map(|scheme| scheme.name.to_string()).unwrap_or_default(),
        }
    });
    v1::Channel {
        channel: channel.name.to_string(),
        title: String::new(),
        decision_is_contact: channel.contact == ContactPoint::Decision,
        placements: placements.collect(),
    }
}

fn field(schema: &Schema, spec: &SlotSpec) -> v1::Field {
    let origin = match spec.origin {
        Origin::Aggregate(_) | Origin::Computed(_) => v1::FieldOrigin::Derived,
        _ => v1::FieldOrigin::Given,
    };
    v1::Field {
        name: spec.name.to_string(),
        r#type: type_name(&spec.ty),
        description: spec.description.as_deref().unwrap_or_default().to_owned(),
        allowed_values: allowed(&spec.ty),
        optional: schema.optional(spec),
        sensitive: spec.sensitive,
        origin: origin.into(),
    }
}

fn allowed(ty: &Type) -> Vec<String> {
    match ty {
        Type::Enum(values) => values.iter().map(|value| value.to_string()).collect(),
        _ => Vec::new(),
    }
}

fn event(spec: &EventSpec) -> v1::EventType {
    let fields = spec.fields.iter().map(|field| v1::Field {
        name: field.name.to_string(),
        r#type: type_name(&field.ty),
        description: String::new(),
        allowed_values: allowed(&field.ty),
        optional: field.default.is_none(),
        sensitive: false,
        origin: v1::FieldOrigin::Given.into(),
    });
    v1::EventType {
        name: spec.name.to_string(),
        description: String::new(),
        fields: fields.collect(),
    }
}

fn scheme(scheme: &Scheme) -> v1::Scheme {
    let (kind, formula) = match &scheme.formula {
        SchemeFormula::Priority => ("priority", "priority + propensity".to_owned()),
        SchemeFormula::Propensity => ("propensity", "propensity".to_owned()),
        SchemeFormula::ExpectedValue => {
            ("expected_value", "(propensity * value + contact_value) * lever".to_owned())
        }
        SchemeFormula::Pcvl(exponents) => (
            "pcvl",
            format!(
                "propensity^{} * context_weight^{} * value^{} * lever^{}",
                exponents.propensity, exponents.context, exponents.value, exponents.lever
            ),
        ),
        SchemeFormula::Constrained => {
            ("constrained", "lever * (propensity * value + contact_value) - cost".to_owned())
        }
        SchemeFormula::Custom(formula) => ("formula", formula.text.to_string()),
        SchemeFormula::FirstMatch(clauses) => ("first_match", first_match(clauses)),
        SchemeFormula::WeightedObjectives(_) => {
            ("weighted_objectives", "sum of weight * propensity * contribution".to_owned())
        }
        SchemeFormula::MarketerScore(_) => {
            ("marketer_score", "weight * marketer_score * interest".to_owned())
        }
    };
    v1::Scheme { name: scheme.name.to_string(), kind: kind.to_owned(), formula }
}

/// The formulas, in order, each with its condition.
fn first_match(clauses: &[Clause]) -> String {
    let each = clauses.iter().map(|clause| match &clause.when {
        Some(when) => format!("{} if {}", clause.formula.text, when.text),
        None => clause.formula.text.to_string(),
    });
    each.collect::<Vec<_>>().join("; else ")
}

/// Faults of a folder listed in one answer, at most.
const FAULTS_MAX: usize = 1_000;

/// Faults, errors first, then by file and line; and how many did not fit.
pub fn faults(mut faults: Vec<Fault>) -> (Vec<v1::CatalogFault>, u32) {
    faults.sort_by(|a, b| {
        let place = |fault: &Fault| (fault.severity, fault.file.clone(), fault.line, fault.column);
        place(a).cmp(&place(b))
    });
    let omitted = u32::try_from(faults.len().saturating_sub(FAULTS_MAX)).unwrap_or(u32::MAX);
    (faults.into_iter().take(FAULTS_MAX).map(fault).collect(), omitted)
}

fn fault(fault: Fault) -> v1::CatalogFault {
    let severity = match fault.severity {
        Severity::Error => v1::Severity::Error,
        Severity::Warning => v1::Severity::Warning,
        Severity::Hint => v1::Severity::Note,
    };
    v1::CatalogFault {
        severity: severity.into(),
        code: fault.code.to_owned(),
        message: fault.message,
        hint: fault.hint.unwrap_or_default(),
        path: fault.file,
        line: fault.line,
        column: fault.column,
        length: fault.length,
        snippet: fault.snippet.unwrap_or_default(),
    }
}

/// What became of a case; its position is `FILE:LINE:COLUMN`.
pub fn case(report: &CaseReport) -> v1::CaseResult {
    let mut position = report.position.split(':');
    v1::CaseResult {
        name: report.name.to_string(),
        path: position.next().unwrap_or_default().to_owned(),
        line: position.next().and_then(|line| line.parse().ok()).unwrap_or(0),
        passed: report.passed(),
        differences: report.failures.clone(),
    }
}
