//! Scores from outside that offers begin from, in place of their declared priors.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Build;
use super::names::Namespace;
use super::selection::Selector;
use crate::core::catalog::schema::{Schema, SlotSpec};
use crate::core::catalog::{Group, Offer};
use crate::core::expression::Type;
use crate::core::key::Key;

/// Most scores; as many as a model learns to trust.
const SCORES_MAX: usize = 64;

/// What may be a score: numbers that models see.
fn numbers(schema: &Schema) -> impl Iterator<Item = &SlotSpec> {
    schema.slots.iter().filter(|spec| spec.feature && spec.ty == Type::Double)
}

/// Lets models see the logits of the scores, and reports what is none.
pub(super) fn logits(build: &Build<'_>, schema: &mut Schema) {
    let Some(file) = &build.folder.models else { return };
    let top = build.place(&file.document);
    let section = top.key("score_priors");
    if file.source.score_priors.len() > SCORES_MAX {
        section.error(format!("at most {SCORES_MAX} scores can be priors"));
    }
    for (index, source) in file.source.score_priors.iter().enumerate() {
        let path = source.score.as_str();
        let slot = numbers(schema).find(|spec| *spec.path == *path).map(|spec| spec.slot);
        match slot {
            Some(slot) => {
                if !schema.logits.contains(&slot) {
                    schema.logits.push(slot);
                }
            }
            None if build.broken().named(path.rsplit('.').next().unwrap_or(path)) => {}
            None => {
                let known = numbers(schema).map(|spec| &*spec.path);
                section.index(index).key("score").unknown("number that models see", path, known);
            }
        }
    }
}

/// Tells offers the score that they begin from: that of the first entry that selects them.
pub(super) fn compile(
    build: &Build<'_>,
    schema: &Schema,
    groups: &[Group],
    offer_index: &BTreeMap<Arc<str>, u32>,
    offers: &mut [Offer],
) {
    let Some(file) = &build.folder.models else { return };
    let top = build.place(&file.document);
    let section = top.key("score_priors");
    let mut found: Vec<(u32, Key)> = Vec::new();
    for (index, source) in file.source.score_priors.iter().enumerate() {
        let selector = Selector {
            build,
            offers: &*offers,
            offer_index,
            groups,
            channels: &[],
            ids: Namespace::default(),
        };
        let place = section.index(index);
        let selected = selector.offers(&place.key("applies_to"), &source.applies_to);
        let score = numbers(schema).find(|spec| *spec.path == *source.score);
        found.extend(score.iter().flat_map(|spec| selected.iter().map(|offer| (*offer, spec.key))));
    }
    for (offer, score) in found {
        if let Some(offer) = offers.get_mut(offer as usize) {
            offer.prior_score = offer.prior_score.or(Some(score));
        }
    }
}
