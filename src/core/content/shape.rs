//! Shapes of structured content, and what is checked of content once it is rendered.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::ContentError;
use super::address::refused_scheme;
use crate::core::catalog::Content;
use crate::core::catalog::source::ContentType;

/// A JSON Schema that structured content must fit. Cheap to clone.
#[derive(Clone)]
pub struct Shape {
    name: Arc<str>,
    validator: Arc<jsonschema::Validator>,
}

impl std::fmt::Debug for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shape({})", self.name)
    }
}

impl Shape {
    /// The shape `name` with that schema.
    ///
    /// # Errors
    /// When it is no JSON Schema, or refers to other documents.
    pub fn new(name: &str, schema: &BTreeMap<String, Json>) -> Result<Self, String> {
        let schema: serde_json::Map<String, Json> =
            schema.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        match jsonschema::validator_for(&Json::Object(schema)) {
            Ok(validator) => Ok(Self { name: name.into(), validator: Arc::new(validator) }),
            Err(error) => Err(format!("this is not a JSON Schema: {error}")),
        }
    }

    /// Whether `text` is JSON of this shape.
    ///
    /// # Errors
    /// In words, where it is not.
    pub fn check(&self, text: &str) -> Result<(), String> {
        let json: Json =
            serde_json::from_str(text).map_err(|error| format!("this is not JSON: {error}"))?;
        self.validator.validate(&json).map_err(|error| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { "/".to_owned() } else { place };
            format!("it does not fit the shape `{}` at `{place}`: {error}", self.name)
        })
    }
}

/// Whether rendered content may be shown: addresses of schemes that run code are not, and what is
/// structured is JSON of its shape.
///
/// # Errors
/// When it may not.
pub fn check(content: &Content, text: &str) -> Result<(), ContentError> {
    match content.ty {
        ContentType::Text | ContentType::Html => Ok(()),
        ContentType::Image | ContentType::Link | ContentType::Video => match refused_scheme(text) {
            Some(scheme) => {
                Err(ContentError::Failed(format!("an address of scheme `{scheme}` is never shown")))
            }
            None => Ok(()),
        },
        ContentType::Structured => match &content.shape {
            Some(shape) => shape.check(text).map_err(ContentError::Failed),
            None => match serde_json::from_str::<serde::de::IgnoredAny>(text) {
                Ok(_) => Ok(()),
                Err(error) => Err(ContentError::Failed(format!("this is not JSON: {error}"))),
            },
        },
    }
}
