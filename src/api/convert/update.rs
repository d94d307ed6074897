//! Changes of attributes.

use super::bounds::{ENTRIES_MAX, REQUEST_ID_BYTES_MAX};
use super::context::declared;
use super::fault::{Faults, Reason, Wrong, quoted};
use super::{customer, name, value};
use crate::api::wire::v1;
use crate::core::catalog::Catalog;
use crate::core::catalog::schema::{Origin, SlotSpec};
use crate::core::key::Key;
use crate::core::value::Value;

/// What to change.
#[derive(Clone, Debug)]
pub struct Update {
    /// The customer.
    pub customer: String,
    /// Attributes by key of their name; `None` makes one missing.
    pub attributes: Vec<(Key, Option<Value>)>,
}

/// The change behind a request.
///
/// # Errors
/// With every bad field.
pub fn update(catalog: &Catalog, request: &v1::UpdateProfileRequest) -> Result<Update, Faults> {
    let mut faults = Faults::default();
    let customer = customer::customer(&request.customer_id, &request.identities, &mut faults);
    faults.bound_text("request_id", &request.request_id, REQUEST_ID_BYTES_MAX);
    if request.household_id.is_some() {
        faults.add("household_id", Reason::NotAllowed, "households are not built yet");
    }
    let mut attributes = Vec::new();
    if faults.bound_count("set", request.set.len(), ENTRIES_MAX) {
        for (attribute, given) in &request.set {
            let typed = stored(catalog, attribute)
                .and_then(|(key, spec)| Ok((key, Some(value::typed(given, declared(spec))?))));
            attributes.extend(faults.take(format_args!("set.{}", quoted(attribute)), typed));
        }
    }
    if faults.bound_count("unset", request.unset.len(), ENTRIES_MAX) {
        for (number, attribute) in request.unset.iter().enumerate() {
            let field = format!("unset[{number}]");
            if request.set.contains_key(attribute) {
                faults.add(&field, Reason::Duplicate, "is also set");
            }
            let found = stored(catalog, attribute).map(|(key, _)| (key, None));
            attributes.extend(faults.take(&field, found));
        }
    }
    let customer = faults.done(customer)?;
    Ok(Update { customer, attributes })
}

fn stored<'a>(catalog: &'a Catalog, attribute: &str) -> Result<(Key, &'a SlotSpec), Wrong> {
    let schema = &catalog.schema;
    let spec = schema.attributes.get(attribute).and_then(|slot| schema.slot(*slot));
    if let Some(spec) = spec
        && let Origin::Attribute(key) = spec.origin
    {
        return Ok((key, spec));
    }
    if schema.by_path.contains_key(format!("customer.{attribute}").as_str()) {
        return Err((Reason::NotAllowed, "is derived and cannot be set".to_owned()));
    }
    let known = schema.attributes.keys().map(|name| &**name);
    Err(name::unknown(Reason::UnknownField, "attribute", attribute, known))
}
