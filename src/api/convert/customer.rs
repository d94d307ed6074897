//! Whom a request is about.

use super::bounds::{ID_BYTES_MAX, IDENTITIES_MAX};
use super::fault::{Faults, Reason};
use crate::api::wire::v1;

/// The customer's id. With a `customer_id` that is it; without one, a single identity stands for a
/// customer of its own, named `TYPE:ID`: so an anonymous visitor is a customer as well, under
/// `cookie:8f3a`, and merging that one into another makes the identity lead there. Of several
/// identities the store must say which leads to a customer: that is done before.
pub fn customer(
    customer_id: &str,
    identities: &[v1::Identity],
    faults: &mut Faults,
) -> Option<String> {
    faults.bound_text("customer_id", customer_id, ID_BYTES_MAX);
    faults.bound_count("identities", identities.len(), IDENTITIES_MAX);
    for (number, identity) in identities.iter().enumerate().take(IDENTITIES_MAX) {
        check(number, identity, faults);
    }
    match identities {
        _ if !customer_id.is_empty() => Some(customer_id.to_owned()),
        [one] => {
            let id = name(one);
            if id.len() > ID_BYTES_MAX {
                let message =
                    format!("type and id together have at most {} bytes", ID_BYTES_MAX - 1);
                faults.add("identities[0]", Reason::TooMuch, message);
            }
            Some(id)
        }
        [] => {
            faults.add("customer_id", Reason::Required, "a customer or one identity is needed");
            None
        }
        _ => {
            let message = "is needed beside several identities that are no names";
            faults.add("customer_id", Reason::Required, message);
            None
        }
    }
}

/// The name of the customer that an identity is while it leads to no other.
pub fn name(identity: &v1::Identity) -> String {
    format!("{}:{}", identity.r#type, identity.id)
}

/// Whether an identity can be a name.
pub fn is_sound(identity: &v1::Identity) -> bool {
    let v1::Identity { r#type: kind, id } = identity;
    !kind.is_empty() && !id.is_empty() && !kind.contains(':')
}

fn check(number: usize, identity: &v1::Identity, faults: &mut Faults) {
    for (part, text) in [("type", &identity.r#type), ("id", &identity.id)] {
        let field = format!("identities[{number}].{part}");
        if text.is_empty() {
            faults.add(&field, Reason::Required, "must not be empty");
        }
        faults.bound_text(&field, text, ID_BYTES_MAX);
    }
    if identity.r#type.contains(':') {
        let message = "must not contain `:`";
        faults.add(format!("identities[{number}].type"), Reason::Malformed, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(customer_id: &str, identities: &[(&str, &str)]) -> Result<String, Vec<String>> {
        let identities: Vec<_> = identities
            .iter()
            .map(|(ty, id)| v1::Identity { r#type: (*ty).into(), id: (*id).into() })
            .collect();
        let mut faults = Faults::default();
        let customer = customer(customer_id, &identities, &mut faults);
        faults.done(customer).map_err(|faults| faults.list().into_iter().map(|f| f.field).collect())
    }

    #[test]
    fn an_anonymous_identity_is_a_customer_of_its_own() {
        assert_eq!(of("ana", &[("cookie", "1")]).unwrap(), "ana");
        assert_eq!(of("", &[("cookie", "8f3a")]).unwrap(), "cookie:8f3a");
        assert_eq!(of("", &[]).unwrap_err(), ["customer_id"]);
        assert_eq!(of("", &[("a", "1"), ("b", "2")]).unwrap_err(), ["customer_id"]);
        assert_eq!(of("", &[("", "")]).unwrap_err(), ["identities[0].type", "identities[0].id"]);
        assert_eq!(of(&"x".repeat(257), &[]).unwrap_err(), ["customer_id"]);
        assert_eq!(of("", &[("a:b", "1")]).unwrap_err(), ["identities[0].type"]);
    }
}
