//! How offers are shown: channels, placements, texts.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::Build;
use super::names::id_value;
use super::offers::{localized_names, warn_constant};
use super::scope::Facts;
use crate::core::catalog::fault::{Place, Severity, did_you_mean};
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::schema::{Schema, builtin};
use crate::core::catalog::source::{
    ContentSource, ContentType, Escaping, Localized, OfferSource, TreatmentSource,
    TypedContentSource,
};
use crate::core::catalog::{Channel, Content, ContentVariant, Treatment};
use crate::core::content::{
    Read, Shape, TemplateFault, TemplateKind, TemplatesBuilder, refused_scheme,
};
use crate::core::expression::Type;
use crate::core::key::Key;

/// Most treatments of an offer.
const TREATMENTS_MAX: usize = 256;
/// Most content fields of a treatment.
const FIELDS_MAX: usize = 64;

/// What treatments are compiled from.
pub(super) struct Treatments<'b> {
    pub build: &'b Build<'b>,
    pub schema: &'b Schema,
    pub channels: &'b [Channel],
    pub templates: &'b RefCell<TemplatesBuilder>,
    /// Shapes of structured content, by name.
    pub shapes: &'b BTreeMap<String, Shape>,
}

impl Treatments<'_> {
    /// The treatments of an offer, sorted by channel then id.
    pub(super) fn compile(
        &self,
        place: &Place<'_>,
        source: &OfferSource,
        facts: &Facts,
    ) -> Vec<Treatment> {
        let section = place.key("treatments");
        if source.treatments.len() > TREATMENTS_MAX {
            let message = format!("an offer has at most {TREATMENTS_MAX} treatments");
            section.error_at_key(message, None);
        }
        let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
        let mut treatments = Vec::new();
        for (index, treatment) in source.treatments.iter().enumerate().take(TREATMENTS_MAX) {
            let place = section.index(index);
            let id = treatment.id.as_deref().unwrap_or(&treatment.channel);
            if treatment.id.is_some() {
                id_value(&place.key("id"), "a treatment", id);
            }
            if let Some(first) = ids.insert(id, index) {
                let key = if treatment.id.is_some() { "id" } else { "channel" };
                place.key(key).error_hint(
                    format!("the offer has two treatments `{id}`"),
                    format!(
                        "the first is at {}; give this one another `id`",
                        section.index(first).key(key).position()
                    ),
                );
                continue;
            }
            treatments.extend(self.treatment(&place, (&source.id, id), treatment, facts));
        }
        if treatments.is_empty() && source.treatments.is_empty() {
            let hint = Some("add a treatment for a channel".to_owned());
            let message = format!("`{}` can be shown nowhere", source.id);
            section.finding_at_key((Severity::Warning, "never-served"), message, hint);
        }
        treatments.sort_by(|a, b| (a.channel, &a.id).cmp(&(b.channel, &b.id)));
        treatments
    }

    fn treatment(
        &self,
        place: &Place<'_>,
        (offer, id): (&str, &str),
        source: &TreatmentSource,
        facts: &Facts,
    ) -> Option<Treatment> {
        let name = source.channel.as_str();
        let found = self.channels.binary_search_by(|channel| (*channel.name).cmp(name));
        let Some((number, channel)) = found
            .ok()
            .and_then(|index| Some((u16::try_from(index).ok()?, self.channels.get(index)?)))
        else {
            if !self.build.broken().excuses(FileKind::Channels, name) {
                let known = self.channels.iter().map(|channel| &*channel.name);
                place.key("channel").unknown("channel", name, known);
            }
            return None;
        };
        let when = place.key("when");
        let conditions = source.when.iter().enumerate().filter_map(|(index, condition)| {
            let place = when.index(index);
            let programs = &self.build.programs;
            let program = programs.condition(self.schema, &place, condition, Some(facts))?;
            warn_constant(&place, &program);
            Some(program)
        });
        let conditions = conditions.collect();
        Some(Treatment {
            id: id.into(),
            key: Key::of(&format!("{offer}/{id}")),
            channel: number,
            placements: self.placements(place, source, channel),
            when: conditions,
            content: self.content(place, source, channel, facts),
        })
    }

    fn placements(&self, place: &Place<'_>, source: &TreatmentSource, channel: &Channel) -> u128 {
        let all = channel.placements.len();
        if source.placements.is_empty() {
            return u128::MAX >> 128_usize.saturating_sub(all).min(127);
        }
        let section = place.key("placements");
        let mut mask = 0;
        for (index, name) in source.placements.iter().enumerate() {
            let mut known = channel.placements.iter();
            match known.position(|placement| *placement.name == **name) {
                Some(bit) => mask |= 1_u128 << bit,
                None if self.build.broken().excuses(FileKind::Channels, name) => {}
                None => {
                    let owner = format!("channel `{}`", channel.name);
                    let known = channel.placements.iter().map(|placement| &*placement.name);
                    section.index(index).unknown_in(&owner, "placement", name, known);
                }
            }
        }
        mask
    }

    fn content(
        &self,
        place: &Place<'_>,
        source: &TreatmentSource,
        channel: &Channel,
        facts: &Facts,
    ) -> Vec<Content> {
        let section = place.key("content");
        if source.content.len() > FIELDS_MAX {
            let message = format!("a treatment has at most {FIELDS_MAX} content fields");
            section.error_at_key(message, None);
        }
        let fields = source.content.iter().take(FIELDS_MAX);
        fields
            .map(|(name, content)| {
                let place = section.key(name);
                let (ty, localized, inner) = match content {
                    ContentSource::Text(localized) => (ContentType::Text, localized, place),
                    ContentSource::Typed(typed) => (typed.ty, &typed.content, place.key("content")),
                };
                let shape = match content {
                    ContentSource::Typed(typed) => self.shape(&place, typed),
                    ContentSource::Text(_) => None,
                };
                let words = match content {
                    ContentSource::Typed(typed) => self.words(&place, typed, (channel, facts)),
                    ContentSource::Text(_) => Vec::new(),
                };
                let variants = self.variants(&inner, localized, (ty, channel, facts));
                if let Some(shape) = &shape {
                    fits_shape(&inner, localized, &variants, shape);
                }
                Content { name: name.as_str().into(), ty, variants, words, shape }
            })
            .collect()
    }

    fn variants(
        &self,
        place: &Place<'_>,
        localized: &Localized,
        (ty, channel, facts): (ContentType, &Channel, &Facts),
    ) -> Vec<ContentVariant> {
        self.missing_locales(place, localized, channel);
        let variants = localized_names(place, localized).into_iter().map(|(locale, text)| {
            let place = match localized {
                Localized::One(_) => *place,
                Localized::Many(_) => place.key(&locale),
            };
            let template = self.template(&place, &text, ty, channel, facts);
            ContentVariant { locale: locale.clone(), text, template }
        });
        variants.collect()
    }

    /// The alternative text of an image or a video, the words of a link.
    fn words(
        &self,
        place: &Place<'_>,
        typed: &TypedContentSource,
        (channel, facts): (&Channel, &Facts),
    ) -> Vec<ContentVariant> {
        let mut words = Vec::new();
        let seen = matches!(typed.ty, ContentType::Image | ContentType::Video);
        let parts = [
            ("alt", &typed.alt, seen, "an image or a video"),
            ("label", &typed.label, typed.ty == ContentType::Link, "a link"),
        ];
        for (key, localized, fits, what) in parts {
            let Some(localized) = localized else { continue };
            let place = place.key(key);
            if fits {
                words = self.variants(&place, localized, (ContentType::Text, channel, facts));
            } else {
                place.error_at_key(format!("only {what} has `{key}`"), None);
            }
        }
        words
    }

    fn shape(&self, place: &Place<'_>, typed: &TypedContentSource) -> Option<Shape> {
        let name = typed.shape.as_deref()?;
        let place = place.key("shape");
        if typed.ty != ContentType::Structured {
            place.error_at_key("only structured content has a `shape`", None);
            return None;
        }
        let found = self.shapes.get(name);
        if found.is_none() && !self.build.broken().excuses(FileKind::Channels, name) {
            place.unknown("shape", name, self.shapes.keys().map(String::as_str));
        }
        found.cloned()
    }

    fn missing_locales(&self, place: &Place<'_>, localized: &Localized, channel: &Channel) {
        let Localized::Many(texts) = localized else {
            return;
        };
        let spoken = |locale: &str| {
            let language = locale.split('-').next().unwrap_or(locale);
            texts.contains_key(locale) || texts.contains_key(language)
        };
        let missing: Vec<String> = channel
            .locales
            .iter()
            .filter(|locale| !spoken(locale))
            .map(|locale| format!("`{locale}`"))
            .collect();
        if !missing.is_empty() {
            place.finding_at_key(
                (Severity::Warning, "missing-locale"),
                format!("channel `{}` also speaks {}", channel.name, missing.join(", ")),
                Some("another locale's text is shown instead".to_owned()),
            );
        }
    }

    /// The template of a text, if it has placeholders.
    fn template(
        &self,
        place: &Place<'_>,
        text: &str,
        ty: ContentType,
        channel: &Channel,
        facts: &Facts,
    ) -> Option<Arc<str>> {
        let kind = match (ty, channel.escaping) {
            (ContentType::Text, Escaping::Html) | (ContentType::Html, _) => TemplateKind::Html,
            (ContentType::Text, Escaping::None) => TemplateKind::Plain,
            (ContentType::Image | ContentType::Link | ContentType::Video, _) => {
                TemplateKind::Address
            }
            (ContentType::Structured, _) => TemplateKind::Json,
        };
        let resolve = |path: &str| self.resolve(path);
        let added = self.templates.borrow_mut().add(text, kind, &resolve);
        match added {
            Err(faults) => {
                for fault in faults {
                    report(place, text, fault);
                }
                None
            }
            Ok(None) => {
                static_text(place, text, ty, channel);
                None
            }
            Ok(Some((name, reads))) => {
                for read in &*reads {
                    match read {
                        Read::Fact(name) if !facts.contains_key(name) => {
                            let path = format!("offer.{name}");
                            let message = format!("the offer has no attribute `{name}`");
                            let hint = did_you_mean(name, facts.keys().map(AsRef::as_ref));
                            place.text_span(text, mention(text, &path), message, hint);
                        }
                        Read::Slot { root, name, .. } => {
                            self.build.programs.note_path(&format!("{root}.{name}"));
                        }
                        _ => {}
                    }
                }
                Some(name)
            }
        }
    }

    fn resolve(&self, path: &str) -> Result<(Read, Type), (String, Option<String>)> {
        match path {
            "offer.id" => return Ok((Read::OfferId, Type::String)),
            "offer.name" => return Ok((Read::OfferName, Type::String)),
            _ => {}
        }
        if let Some(name) = path.strip_prefix("offer.") {
            return Ok((Read::Fact(name.into()), Type::String));
        }
        let spec =
            self.schema.by_path.get(path).and_then(|slot| self.schema.slot(*slot)).filter(|spec| {
                [builtin::NOW, builtin::CHANNEL, builtin::LOCALE].contains(&spec.slot)
                    || ["customer.", "context.", "segment.", "score."]
                        .iter()
                        .any(|root| path.starts_with(root))
            });
        let (root, name) = path.split_once('.').unwrap_or(("", path));
        let Some(spec) = spec else {
            let read = Read::Slot { root: root.into(), name: name.into(), slot: builtin::NOW };
            if self.build.broken().named(name) {
                return Ok((read, Type::Dyn));
            }
            let known = self.schema.by_path.keys().map(AsRef::as_ref);
            let hint = did_you_mean(path, known.filter(|known: &&str| known.contains('.')));
            return Err((format!("a text cannot read `{path}`"), hint));
        };
        if spec.sensitive {
            return Err((
                format!("`{path}` is sensitive: it must not reach a text"),
                Some("conditions may read it; scores, models and texts may not".to_owned()),
            ));
        }
        let read = Read::Slot { root: root.into(), name: name.into(), slot: spec.slot };
        Ok((read, spec.ty.clone()))
    }
}

fn report(place: &Place<'_>, text: &str, fault: TemplateFault) {
    match (&fault.name, fault.line) {
        (Some(name), _) => {
            place.text_span(text, mention(text, name), fault.message, fault.hint);
        }
        (None, Some(line)) => place.text_line(text, line, fault.message, fault.hint),
        (None, None) => place.text_line(text, 1, fault.message, fault.hint),
    }
}

/// Where `path` stands in `text`: its first mention that is not part of a longer name.
fn mention(text: &str, path: &str) -> (usize, usize) {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let whole = |start: usize| {
        let before = text.get(..start).and_then(|before| before.chars().next_back());
        let after = text.get(start + path.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(part_of_name) && !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
    };
    text.match_indices(path)
        .map(|(start, _)| start)
        .find(|start| whole(*start))
        .map_or((0, text.len()), |start| (start, start + path.len()))
}

/// Checks structured texts without placeholders against their shape.
fn fits_shape(
    place: &Place<'_>,
    localized: &Localized,
    variants: &[ContentVariant],
    shape: &Shape,
) {
    for variant in variants.iter().filter(|variant| variant.template.is_none()) {
        if let Err(why) = shape.check(&variant.text) {
            let place = match localized {
                Localized::One(_) => *place,
                Localized::Many(_) => place.key(&variant.locale),
            };
            place.error(why);
        }
    }
}

/// Checks a text without placeholders once and for all.
fn static_text(place: &Place<'_>, text: &str, ty: ContentType, channel: &Channel) {
    if ty == ContentType::Structured
        && let Err(error) = serde_json::from_str::<serde_json::Value>(text)
    {
        place.error(format!("this is not JSON: {error}"));
    }
    let addressed = matches!(ty, ContentType::Image | ContentType::Link | ContentType::Video);
    if let Some(scheme) = refused_scheme(text).filter(|_| addressed) {
        place.error_hint(
            format!("an address of scheme `{scheme}` is never shown"),
            "use an address of a page, or of a scheme that runs no code",
        );
    }
    if let Some(max) = channel.text_chars_max
        && ty == ContentType::Text
    {
        let chars = text.chars().count();
        if chars > max as usize {
            place.error(format!(
                "the text has {chars} characters, at most {max} fit channel `{}`",
                channel.name
            ));
        }
    }
}
