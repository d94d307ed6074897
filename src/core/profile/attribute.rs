//! Stored attributes.

use super::limits::{ATTRIBUTES_BYTES_MAX, ATTRIBUTES_MAX, ceil_to, check_value, value_bytes};
use super::{Profile, ProfileError};
use crate::core::key::Key;
use crate::core::time::{SECOND_MS, UnixMs};
use crate::core::value::Value;

/// A stored attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Key of its name (`age`, not `customer.age`).
    pub name: Key,
    /// Its value.
    pub value: Value,
    /// Time of the event that set it, rounded up to the second; `None` when a caller set it.
    pub event_at: Option<UnixMs>,
}

impl Profile {
    /// The stored attributes, sorted by name.
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The stored value of an attribute, by the key of its name.
    #[must_use]
    pub fn attribute(&self, name: Key) -> Option<&Value> {
        let place = self.attributes.binary_search_by_key(&name, |a| a.name);
        place.ok().and_then(|i| self.attributes.get(i)).map(|a| &a.value)
    }

    /// Sets an attribute, or removes it (`None`). Its type is the caller's affair.
    ///
    /// # Errors
    /// A value that [`check_value`] refuses, too many attributes, or too many bytes in all.
    pub fn set_attribute(
        &mut self,
        name: Key,
        value: Option<Value>,
        now: UnixMs,
    ) -> Result<(), ProfileError> {
        match value {
            Some(value) => self.put_attribute(name, value, None)?,
            None => self.attributes.retain(|a| a.name != name),
        }
        self.advance(now, now);
        Ok(())
    }

    /// Sets an attribute from an event; one set by a later event stays.
    pub(super) fn put_attribute(
        &mut self,
        name: Key,
        value: Value,
        event_at: Option<UnixMs>,
    ) -> Result<(), ProfileError> {
        check_value(&value)?;
        let event_at = event_at.map(|at| ceil_to(at, SECOND_MS));
        let place = self.attributes.binary_search_by_key(&name, |a| a.name);
        let known = place.ok().and_then(|i| self.attributes.get(i));
        if let (Some(known_at), Some(at)) = (known.and_then(|a| a.event_at), event_at)
            && known_at > at
        {
            return Ok(());
        }
        let others: usize =
            self.attributes.iter().filter(|a| a.name != name).map(|a| value_bytes(&a.value)).sum();
        if others + value_bytes(&value) > ATTRIBUTES_BYTES_MAX {
            return Err(ProfileError::TooMany {
                what: "bytes of attributes",
                max: ATTRIBUTES_BYTES_MAX,
            });
        }
        let attribute = Attribute { name, value, event_at };
        match place {
            Ok(i) => {
                if let Some(known) = self.attributes.get_mut(i) {
                    *known = attribute;
                }
            }
            Err(_) if self.attributes.len() >= ATTRIBUTES_MAX => {
                return Err(ProfileError::TooMany { what: "attributes", max: ATTRIBUTES_MAX });
            }
            Err(i) => self.attributes.insert(i, attribute),
        }
        Ok(())
    }
}
