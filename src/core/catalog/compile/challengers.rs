//! `models.yaml`: challengers.

use super::Build;
use super::names::id_key;
use super::windows::percent;
use crate::core::catalog::fault::Place;
use crate::core::catalog::schema::Schema;
use crate::core::catalog::source::{ChallengerSource, SettingsSource};
use crate::core::catalog::{ChallengerShare, Challengers};
use crate::core::key::Key;
use crate::core::learn::{CHALLENGERS_MAX, ChallengerSpec};
use crate::core::policy::share;
use crate::core::propensity::PropensitySpec;

/// How the model that serves is called where models are named.
pub(in crate::core) const PROPENSITY: &str = "propensity";

/// How the models beside it are called; stages of a funnel are `funnel.STAGE`.
pub(in crate::core) const BESIDE: [&str; 3] = ["uplift", "value", "time_to_outcome"];

/// Compiles the challengers; `schema` knows what models may see.
pub(super) fn compile(build: &Build<'_>, schema: &Schema) -> Challengers {
    let Some(file) = &build.folder.models else { return Challengers::default() };
    let top = build.place(&file.document);
    let section = top.key("challengers");
    let declared = &file.source.challengers;
    if declared.len() > CHALLENGERS_MAX {
        section.error_at_key(format!("at most {CHALLENGERS_MAX} challengers"), None);
    }
    let mut all = Challengers::default();
    for (name, source) in declared.iter().take(CHALLENGERS_MAX) {
        let place = section.key(name);
        id_key(&place, "a challenger", name);
        if BESIDE.contains(&name.as_str()) || name.starts_with("funnel") {
            place.error_at_key(format!("`{name}` is a model beside the propensity"), None);
        }
        if name == PROPENSITY {
            place.error_at_key("`propensity` is the model that serves", None);
        }
        let settings = settings(&place.key("settings"), &source.settings);
        let without = without(build, schema, &place, source);
        if settings == PropensitySpec::default() && without.is_empty() {
            place.warn_at_key("it is no other model than the one that serves", None);
        }
        let settings = PropensitySpec { without, ..settings }.bounded();
        all.declared.push(ChallengerSpec { name: Key::of(name), settings });
        let buckets = source.share.as_ref().and_then(|text| percent(&place.key("share"), text));
        let salt = share::salt("challengers");
        let (key, buckets) = (Key::of(name), buckets.unwrap_or(0));
        all.names.push(name.as_str().into());
        all.shares.push(ChallengerShare { key, buckets, salt });
    }
    let total: u32 = all.shares.iter().map(|share| share.buckets).sum();
    if total > share::BUCKETS {
        let percent = f64::from(total) / 100.0;
        section.error_at_key(format!("the shares add up to {percent} %"), None);
    }
    all
}

fn without(
    build: &Build<'_>,
    schema: &Schema,
    place: &Place<'_>,
    source: &ChallengerSource,
) -> Vec<Key> {
    let section = place.key("without");
    let mut names = Vec::new();
    for (index, path) in source.without.iter().enumerate() {
        let seen = || schema.slots.iter().filter(|spec| spec.feature);
        match seen().find(|spec| *spec.path == **path) {
            Some(spec) => names.push(spec.key),
            None if build.broken().named(path.rsplit('.').next().unwrap_or(path)) => {}
            None => {
                let known = seen().map(|spec| &*spec.path);
                section.index(index).unknown("name that models see", path, known);
            }
        }
    }
    names
}

fn settings(place: &Place<'_>, source: &SettingsSource) -> PropensitySpec {
    let mut spec = PropensitySpec::default();
    let numbers = [
        ("dense_drift", source.dense_drift, &mut spec.dense_drift, 0.0),
        ("own_drift", source.own_drift, &mut spec.own_drift, 0.0),
        ("drift", source.drift, &mut spec.drift, 0.0),
        ("dense_variance", source.dense_variance, &mut spec.dense_variance, 1e-6),
        ("own_variance", source.own_variance, &mut spec.own_variance, 1e-6),
    ];
    for (key, given, setting, least) in numbers {
        match given {
            Some(given) if (least..=1.0).contains(&given) => *setting = given,
            Some(_) => place.key(key).error(format!("it lies in {least}..=1")),
            None => {}
        }
    }
    let sizes = [
        ("bins", source.bins, &mut spec.bins, 32),
        ("pairs_max", source.pairs_max, &mut spec.pairs_max, 4_096),
        ("crosses_max", source.crosses_max, &mut spec.templates_max, 1_024),
        ("owns_max", source.owns_max, &mut spec.owns_max, 1_024),
    ];
    for (key, given, setting, most) in sizes {
        match given {
            Some(given) if given <= most => *setting = given as usize,
            Some(_) => place.key(key).error(format!("it lies in 0..={most}")),
            None => {}
        }
    }
    spec
}
