//! Warnings: what is declared and then used by nothing.

use super::Build;
use super::offers::Declared;
use crate::core::catalog::Catalog;
use crate::core::catalog::fault::Severity;
use crate::core::catalog::schema::Origin;

/// Warns of attributes, aggregates and context entries that no condition, score, model or text
/// reads.
pub(super) fn warn(build: &Build<'_>, catalog: &Catalog, declared: &[Declared<'_>]) {
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
