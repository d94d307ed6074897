//! The texts of a candidate, rendered once, and only when it is about to be shown.

use std::sync::Arc;

use super::channel::Field;
use super::decision::RenderedContent;
use crate::core::catalog::{Catalog, Channel, Treatment};
use crate::core::content::{self, ContentError, Scene};
use crate::core::value::Value;

/// Renders a candidate's content once; whether it can be shown.
pub(super) fn render(
    catalog: &Catalog,
    channel: &Channel,
    locale: &Arc<str>,
    field: &mut Field<'_>,
    position: usize,
    frame: &[Option<Value>],
) -> bool {
    let Some(candidate) = field.candidates.get(position) else { return false };
    let Some(place) = field.content.get_mut(position) else { return false };
    let rendered = place.get_or_insert_with(|| {
        let offer = catalog.offers.get(candidate.offer as usize);
        let treatment = offer.and_then(|offer| offer.treatments.get(candidate.treatment));
        match (offer, treatment) {
            (Some(offer), Some(treatment)) => {
                let chars_max = channel.text_chars_max;
                let scene = Scene { frame, offer, locale, chars_max };
                texts(catalog, channel, treatment, &scene)
            }
            _ => Ok(Vec::new()),
        }
    });
    rendered.is_ok()
}

fn texts(
    catalog: &Catalog,
    channel: &Channel,
    treatment: &Treatment,
    scene: &Scene<'_>,
) -> Result<Vec<RenderedContent>, ContentError> {
    let default = channel.locales.first().map_or("", |locale| &**locale);
    treatment
        .content
        .iter()
        .filter_map(|content| {
            let variant = content::pick(&content.variants, scene.locale, default)?;
            Some((content, variant))
        })
        .map(|(content, variant)| {
            let text = catalog.templates.render(variant, scene)?;
            content::check(content, &text)?;
            let words = match content::pick(&content.words, scene.locale, default) {
                Some(words) => catalog.templates.render(words, scene)?,
                None => String::new(),
            };
            Ok(RenderedContent { name: content.name.clone(), ty: content.ty, text, words })
        })
        .collect()
}
