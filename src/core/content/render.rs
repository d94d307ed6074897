//! One text for one customer.

use std::io;

use minijinja::ErrorKind;

use super::compile::{Context, Read, Templates};
use super::values;
use crate::core::catalog::{ContentVariant, Offer};
use crate::core::expression::Frame;

/// Longest rendered text, in bytes.
pub const RENDERED_BYTES_MAX: usize = 64 * 1024;

/// Who and what a text is rendered for.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'s> {
    /// The values, masked as the customer's consents ask.
    pub frame: &'s Frame,
    /// The offer.
    pub offer: &'s Offer,
    /// The locale asked for, or the channel's default.
    pub locale: &'s str,
    /// Longest text in characters, where the channel has one.
    pub chars_max: Option<u32>,
}

/// Why a text could not be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// A value that the text needs is not known. Holds the name.
    #[error("the text needs `{0}`, which is unknown")]
    Missing(String),
    /// The rendered text has too many characters.
    #[error("the text has {chars} characters, at most {chars_max} fit the channel")]
    TooLong {
        /// It has.
        chars: usize,
        /// It may have.
        chars_max: u32,
    },
    /// Above [`RENDERED_BYTES_MAX`].
    #[error("the text is longer than {RENDERED_BYTES_MAX} bytes")]
    TooLarge,
    /// Anything else: a filter on a value of the wrong type, too many steps ...
    #[error("{0}")]
    Failed(String),
}

impl Templates {
    /// The text of `variant` for `scene`.
    ///
    /// # Errors
    /// When a value is missing that the text does not give a `default` for, when the text grows too
    /// long, and when a filter does not take a value.
    pub fn render(
        &self,
        variant: &ContentVariant,
        scene: &Scene<'_>,
    ) -> Result<String, ContentError> {
        let text = match &variant.template {
            None => variant.text.to_string(),
            Some(name) => self.fill(name, scene)?,
        };
        if let Some(chars_max) = scene.chars_max {
            let chars = text.chars().count();
            if chars > chars_max as usize {
                return Err(ContentError::TooLong { chars, chars_max });
            }
        }
        Ok(text)
    }

    fn fill(&self, name: &str, scene: &Scene<'_>) -> Result<String, ContentError> {
        let failed = |error: minijinja::Error| ContentError::Failed(error.to_string());
        let template = self.environment.get_template(name).map_err(failed)?;
        let reads = self.reads.get(name).map(|reads| &**reads);
        let mut context = Context::default();
        let mut missing = None;
        for read in reads.unwrap_or_default() {
            context.open(read);
            match value(read, scene) {
                Some(value) => context.put(read, value),
                None => missing = missing.or_else(|| Some(path(read))),
            }
        }
        let mut out = Bounded::default();
        let rendered = template.render_captured_to(context.finish(scene.locale), &mut out);
        if let Err(error) = rendered.map(|_| ()) {
            return Err(match (error.kind(), missing) {
                _ if out.full => ContentError::TooLarge,
                (ErrorKind::UndefinedError, Some(path)) => ContentError::Missing(path),
                _ => failed(error),
            });
        }
        String::from_utf8(out.bytes).map_err(|error| ContentError::Failed(error.to_string()))
    }
}

fn value(read: &Read, scene: &Scene<'_>) -> Option<minijinja::Value> {
    match read {
        Read::Slot { slot, .. } => {
            let value = scene.frame.get(slot.0 as usize)?.as_ref()?;
            Some(values::shown(value))
        }
        Read::Fact(name) => scene.offer.attributes.get(name).map(values::shown),
        Read::OfferId => Some(minijinja::Value::from(scene.offer.id.to_string())),
        Read::OfferName => offer_name(scene),
    }
}

fn offer_name(scene: &Scene<'_>) -> Option<minijinja::Value> {
    let names = &scene.offer.names;
    let mut locale = scene.locale;
    let name = loop {
        match (names.get(locale), locale.rsplit_once('-')) {
            (Some(name), _) => break Some(name),
            (None, Some((parent, _))) => locale = parent,
            (None, None) => break None,
        }
    };
    let name = name.or_else(|| names.get("")).or_else(|| names.values().next())?;
    Some(minijinja::Value::from(name.to_string()))
}

fn path(read: &Read) -> String {
    match read {
        Read::Slot { root, name, .. } if root.is_empty() => name.to_string(),
        Read::Slot { root, name, .. } => format!("{root}.{name}"),
        Read::Fact(name) => format!("offer.{name}"),
        Read::OfferId => "offer.id".to_owned(),
        Read::OfferName => "offer.name".to_owned(),
    }
}

/// Takes at most [`RENDERED_BYTES_MAX`].
#[derive(Default)]
struct Bounded {
    bytes: Vec<u8>,
    full: bool,
}

impl io::Write for Bounded {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + more.len() > RENDERED_BYTES_MAX {
            self.full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
