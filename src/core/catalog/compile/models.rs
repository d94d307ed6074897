//! `models.yaml`: what is learned, and from which names.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::literal::span;
use super::offers::prior;
use super::{Build, items};
use crate::core::catalog::schema::{Origin, Schema};
use crate::core::catalog::source::ModelsFile;
use crate::core::catalog::{ModelsSpec, Prior};
use crate::core::expression::Type;
use crate::core::time::DAY_MS;

/// Longest half-life, days.
const HALF_LIFE_DAYS_MAX: i64 = 3650;

/// Compiles the models, the starting belief, and the features of `schema`.
pub(super) fn compile(build: &Build<'_>, schema: &mut Schema) -> (ModelsSpec, Prior) {
    let defaults = ModelsFile::default();
    let source = build.folder.models.as_ref().map_or(&defaults, |file| &file.source);
    let mut half_life_ms = 730 * DAY_MS;
    let mut belief =
        Prior { probability: source.prior.probability, evidence: source.prior.evidence };
    let mut excluded: BTreeSet<Arc<str>> = BTreeSet::new();
    if let Some(file) = &build.folder.models {
        let top = build.place(&file.document);
        belief = prior(&top.key("prior"), source.prior);
        match span(&source.affinity_half_life, HALF_LIFE_DAYS_MAX) {
            Ok(ms) => half_life_ms = ms,
            Err(error) => top.key("affinity_half_life").error(error.message),
        }
        if !(0.0..=1e6).contains(&source.accept_item_weight) {
            top.key("accept_item_weight").error("a weight lies in 0..=1000000");
        }
        items::check(build, &top, source);
        let section = top.key("exclude");
        for (index, path) in source.exclude.iter().enumerate() {
            let known = || schema.slots.iter().filter(|spec| may_teach(&spec.origin));
            if known().any(|spec| *spec.path == **path) {
                excluded.insert(path.as_str().into());
            } else if !build.broken().named(path.rsplit('.').next().unwrap_or(path)) {
                let known = known().map(|spec| &*spec.path);
                section.index(index).unknown("name", path, known);
            }
        }
    }
    features(schema, &excluded);
    if let Some(file) = &build.folder.models {
        let section = build.place(&file.document);
        let section = section.key("probabilities");
        for (index, path) in source.probabilities.iter().enumerate() {
            let numbers =
                || schema.slots.iter().filter(|spec| spec.feature && spec.ty == Type::Double);
            match numbers().find(|spec| *spec.path == **path) {
                Some(spec) => schema.logits.push(spec.slot),
                None if build.broken().named(path.rsplit('.').next().unwrap_or(path)) => {}
                None => {
                    let known = numbers().map(|spec| &*spec.path);
                    section.index(index).unknown("number that models see", path, known);
                }
            }
        }
    }
    super::score_priors::logits(build, schema);
    #[expect(clippy::cast_possible_truncation, reason = "at most 1e6")]
    let accept_item_weight = source.accept_item_weight as f32;
    let spec = ModelsSpec {
        labels: source.labels.clone(),
        answers: crate::core::answers::AnswersSpec::default(),
        affinity_half_life_ms: half_life_ms,
        accept_item_weight,
        heads: super::heads::compile(build),
        challengers: super::challengers::compile(build, schema),
    };
    (spec, belief)
}

fn may_teach(origin: &Origin) -> bool {
    matches!(
        origin,
        Origin::Attribute(_)
            | Origin::Aggregate(_)
            | Origin::Computed(_)
            | Origin::Context
            | Origin::Score(_)
    )
}

fn features(schema: &mut Schema, excluded: &BTreeSet<Arc<str>>) {
    let mut features = Vec::new();
    for spec in &mut schema.slots {
        spec.feature = spec.feature
            && may_teach(&spec.origin)
            && !spec.sensitive
            && !spec.personal
            && !excluded.contains(&spec.path);
        if spec.feature {
            features.push((spec.slot, spec.key));
        }
    }
    schema.features = features;
}
