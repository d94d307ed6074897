//! Changed circumstances of a dry run.

use std::collections::BTreeMap;

use super::bounds::{COMPARE_SCHEMES_MAX, ENTRIES_MAX};
use super::context::declared;
use super::fault::{Faults, Reason, Wrong, quoted};
use super::{name, time, value};
use crate::api::wire::v1;
use crate::core::catalog::Catalog;
use crate::core::catalog::schema::{Origin, SlotSpec};
use crate::core::expression::Slot;
use crate::core::time::UnixMs;
use crate::core::value::Value;

/// What differs from how things are.
#[derive(Clone, Debug, Default)]
pub struct Changed {
    /// Decide as if it were this moment.
    pub as_of: Option<UnixMs>,
    /// Values that replace those of the profile; `None` is missing.
    pub overrides: Vec<(Slot, Option<Value>)>,
    /// Scheme to use everywhere.
    pub scheme: Option<u16>,
    /// Schemes to decide with as well.
    pub compare: Vec<u16>,
    /// Seed to use.
    pub seed: Option<u64>,
    /// Take every consent as given.
    pub assume_consent: bool,
}

/// What differs.
pub fn changed(catalog: &Catalog, what_if: &v1::WhatIf, faults: &mut Faults) -> Changed {
    let as_of = time::optional(what_if.as_of_time.as_ref());
    let as_of = faults.take("what_if.as_of_time", as_of).flatten();
    let mut overrides = set(catalog, &what_if.attributes, faults);
    overrides.extend(unset(catalog, &what_if.missing_attributes, faults));
    let scheme = (!what_if.scheme.is_empty())
        .then(|| faults.take("what_if.scheme", name::scheme(catalog, &what_if.scheme)))
        .flatten();
    let mut compare = Vec::new();
    let given = &what_if.compare_schemes;
    if faults.bound_count("what_if.compare_schemes", given.len(), COMPARE_SCHEMES_MAX) {
        for (number, scheme) in given.iter().enumerate() {
            let field = format!("what_if.compare_schemes[{number}]");
            compare.extend(faults.take(field, name::scheme(catalog, scheme)));
        }
    }
    let (seed, assume_consent) = (what_if.seed, what_if.assume_consent);
    Changed { as_of, overrides, scheme, compare, seed, assume_consent }
}

fn set(
    catalog: &Catalog,
    attributes: &BTreeMap<String, v1::Value>,
    faults: &mut Faults,
) -> Vec<(Slot, Option<Value>)> {
    if !faults.bound_count("what_if.attributes", attributes.len(), ENTRIES_MAX) {
        return Vec::new();
    }
    let mut overrides = Vec::new();
    for (attribute, given) in attributes {
        let typed = slot(catalog, attribute)
            .and_then(|spec| Ok((spec.slot, Some(value::typed(given, declared(spec))?))));
        overrides.extend(faults.take(format!("what_if.attributes.{}", quoted(attribute)), typed));
    }
    overrides
}

fn unset(catalog: &Catalog, missing: &[String], faults: &mut Faults) -> Vec<(Slot, Option<Value>)> {
    if !faults.bound_count("what_if.missing_attributes", missing.len(), ENTRIES_MAX) {
        return Vec::new();
    }
    let mut overrides = Vec::new();
    for (number, attribute) in missing.iter().enumerate() {
        let found = slot(catalog, attribute).map(|spec| (spec.slot, None));
        overrides.extend(faults.take(format!("what_if.missing_attributes[{number}]"), found));
    }
    overrides
}

/// The attribute or aggregate of that name; what is computed from others follows from them.
fn slot<'a>(catalog: &'a Catalog, attribute: &str) -> Result<&'a SlotSpec, Wrong> {
    let schema = &catalog.schema;
    let path = format!("customer.{attribute}");
    let spec = schema.by_path.get(path.as_str()).and_then(|slot| schema.slot(*slot));
    match spec.map(|spec| (&spec.origin, spec)) {
        Some((Origin::Attribute(_) | Origin::Aggregate(_), spec)) => Ok(spec),
        Some(_) => {
            let message = "is computed from other attributes; change these";
            Err((Reason::NotAllowed, message.to_owned()))
        }
        None => {
            let known = schema.attributes.keys().map(|name| &**name);
            Err(name::unknown(Reason::UnknownField, "attribute", attribute, known))
        }
    }
}
