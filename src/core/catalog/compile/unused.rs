//! Warnings: what is declared and then used by nothing.

use super::Build;
use super::offers::Declared;
use crate::core::catalog::Catalog;
use crate::core::catalog::fault::Severity;
use crate::core::catalog::schema::Origin;
use crate::core::key::Key;

/// Events that nothing counts, segments that nothing asks, objectives to which nothing contributes,
/// purposes for which nothing asks consent.
fn beside_slots(build: &Build<'_>, catalog: &Catalog) {
    let top = build.schema_place();
    let (events, purposes) = (top.key("events"), top.key("purposes"));
    let schema = &catalog.schema;
    for event in schema.events.values() {
        let is_answer = catalog.models.answers.natural.contains_key(&event.name);
        if event.series.is_empty() && event.sets.is_empty() && event.item.is_none() && !is_answer {
            let message = format!("nothing counts the event `{}`", event.name);
            let hint =
                "no aggregate, attribute (`sets`) or interest (`item`) comes of it".to_owned();
            let kind = (Severity::Warning, "unused");
            events.key(&event.name).finding_at_key(kind, message, Some(hint));
        }
    }
    let consents = &catalog.policy.spec().consents;
    for purpose in &schema.purposes {
        let asked = consents.iter().any(|consent| consent.purpose_name == *purpose);
        let guards = schema.slots.iter().any(|spec| spec.purpose == Some(Key::of(purpose)));
        if !asked && !guards {
            let message = format!("nothing asks for consent to `{purpose}`");
            purposes.key(purpose).finding_at_key((Severity::Hint, "unused"), message, None);
        }
    }
    if let Some(file) = &build.folder.segments {
        let top = build.place(&file.document);
        let section = top.key("segments");
        for name in file.source.segments.keys() {
            let slot = schema.segments.get(name.as_str()).and_then(|slot| schema.slot(*slot));
            let learned = slot.is_some_and(|spec| spec.feature);
            if !learned && !build.programs.uses(&format!("segment.{name}")) {
                let message = format!("nothing uses `segment.{name}`");
                section.key(name).finding_at_key((Severity::Warning, "unused"), message, None);
            }
        }
    }
    if let Some(file) = &build.folder.objectives {
        let top = build.place(&file.document);
        let section = top.key("objectives");
        for (number, objective) in (0_u16..).zip(&catalog.objectives) {
            let mut contributions = catalog.offers.iter().flat_map(|offer| &offer.contributions);
            if !contributions.any(|(objective, _)| *objective == number) {
                let message = format!("no offer contributes to objective `{}`", objective.name);
                let kind = (Severity::Warning, "unused");
                section.key(&objective.name).finding_at_key(kind, message, None);
            }
        }
    }
}

/// Warns of attributes, aggregates and context entries that no condition, score, model or text
/// reads.
pub(super) fn warn(build: &Build<'_>, catalog: &Catalog, declared: &[Declared<'_>]) {
    beside_slots(build, catalog);
    let top = build.schema_place();
    for spec in &catalog.schema.slots {
        let section = match spec.origin {
            Origin::Attribute(_) => "attributes",
            Origin::Aggregate(_) => "aggregates",
            Origin::Context if spec.path.starts_with("context.") => "context",
            _ => continue,
        };
        // What is sensitive may be kept for a reason of its own, and used by nothing on purpose.
        if !spec.feature && !spec.sensitive && !build.programs.uses(&spec.path) {
            let message = format!("nothing uses `{}`", spec.path);
            let kind = (Severity::Warning, "unused");
            top.key(section).key(&spec.name).finding_at_key(kind, message, None);
        }
    }
    for declared in declared {
        let source = declared.source;
        let everywhere = source.treatments.iter().any(|treatment| {
            let channels = &build.channels().source.channels;
            let channel = channels.get(&treatment.channel);
            channel.is_none_or(|channel| !channel.placements.is_empty())
        });
        if !everywhere && !source.treatments.is_empty() {
            let top = build.place(&declared.file.document);
            let offers = top.key("offers");
            let place = offers.index(declared.index);
            let message = format!("`{}` can be shown nowhere", source.id);
            place.key("id").finding((Severity::Warning, "never-served"), message, None);
        }
    }
}
