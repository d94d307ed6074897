//! `experiments.yaml`.

use super::names::{Namespace, id_key, id_value};
use super::selection::Selector;
use super::windows::percent;
use crate::core::catalog::fault::Place;
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::source::{ArmKindSource, ArmSource};
use crate::core::catalog::{Scheme, SchemeFormula};
use crate::core::experiment::{ArmKind, ArmSpec, ExperimentSpec, STANDARD};
use crate::core::policy::{Bitset, share};

/// Most arms.
const ARMS_MAX: usize = 32;

/// Compiles the experiment, if there is one.
pub(super) fn compile(selector: &Selector<'_>, schemes: &[Scheme]) -> Option<ExperimentSpec> {
    let file = selector.build.folder.experiments.as_ref()?;
    let top = selector.build.place(&file.document);
    let source = &file.source;
    id_value(&top.key("id"), "an experiment", &source.id);
    let section = top.key("arms");
    if source.arms.len() > ARMS_MAX {
        section.error_at_key(format!("at most {ARMS_MAX} arms"), None);
    }
    let mut names = Namespace::default();
    let mut arms: Vec<ArmSpec> = Vec::new();
    for (name, source) in source.arms.iter().take(ARMS_MAX) {
        let place = section.key(name);
        id_key(&place, "an arm", name);
        names.declare(&place, "arm", name, name);
        if name == STANDARD {
            place.error_at_key("`standard` is the arm of all others", None);
        }
        let buckets = percent(&place.key("share"), &source.share);
        let kind = kind(selector, schemes, &place, source);
        if let (Some(buckets), Some(kind)) = (buckets, kind) {
            arms.push(ArmSpec { name: name.as_str().into(), buckets, kind });
        }
    }
    let total: u32 = arms.iter().map(|arm| arm.buckets).sum();
    if total > share::BUCKETS {
        let percent = f64::from(total) / 100.0;
        section.error_at_key(format!("the shares add up to {percent} %"), None);
    }
    let salt = share::salt(source.salt.as_deref().unwrap_or(&source.id));
    Some(ExperimentSpec { id: source.id.as_str().into(), salt, arms })
}

fn kind(
    selector: &Selector<'_>,
    schemes: &[Scheme],
    place: &Place<'_>,
    source: &ArmSource,
) -> Option<ArmKind> {
    let stray = [
        ("keep", source.keep.is_some(), ArmKindSource::Control),
        ("scheme", source.scheme.is_some(), ArmKindSource::Scheme),
    ];
    for (key, given, kind) in stray {
        if given && source.kind != kind {
            place.key(key).error_at_key(format!("an arm of this kind has no `{key}`"), None);
        }
    }
    Some(match source.kind {
        ArmKindSource::Control => {
            let keep = source.keep.as_ref();
            let kept = keep.map(|keep| selector.offers(&place.key("keep"), keep));
            ArmKind::Control(Bitset::of(selector.offers.len(), kept.unwrap_or_default()))
        }
        ArmKindSource::RandomEligible => ArmKind::RandomEligible,
        ArmKindSource::PropensityOnly => {
            let propensity = |scheme: &Scheme| matches!(scheme.formula, SchemeFormula::Propensity);
            let found = schemes.iter().position(propensity)?;
            ArmKind::PropensityOnly(u16::try_from(found).ok()?)
        }
        ArmKindSource::NoLevers => ArmKind::NoLevers,
        ArmKindSource::EligibilityOnly => ArmKind::EligibilityOnly,
        ArmKindSource::Scheme => {
            let name = source.scheme.as_deref().unwrap_or_default();
            let found = schemes.iter().position(|scheme| *scheme.name == *name);
            if found.is_none() && !selector.build.broken().excuses(FileKind::Arbitration, name) {
                let known = schemes.iter().map(|scheme| &*scheme.name);
                place.key("scheme").unknown("scheme", name, known);
            }
            ArmKind::Scheme(u16::try_from(found?).ok()?)
        }
    })
}
