//! Texts, from the folder to the customer.

use super::super::{Channel, Loaded};
use super::{sound, with};
use crate::core::content::{ContentError, Scene, pick};
use crate::core::value::Value;

/// Renders the gold card's `field` on channel `web` for a customer with these values.
fn rendered(
    loaded: &Loaded,
    field: &str,
    locale: &str,
    values: &[(&str, Value)],
) -> Result<String, ContentError> {
    let catalog = &loaded.catalog;
    let web = catalog.channel_by_name("web").unwrap();
    let channel: &Channel = &catalog.channels[usize::from(web)];
    let offer = &catalog.offers[0];
    let treatment = offer.treatments.iter().find(|treatment| treatment.channel == web).unwrap();
    let content = treatment.content.iter().find(|content| &*content.name == field).unwrap();
    let mut frame = vec![None; catalog.schema.slots.len()];
    for (path, value) in values {
        frame[catalog.schema.by_path[*path].0 as usize] = Some(value.clone());
    }
    let variant = pick(&content.variants, locale, &channel.locales[0]).unwrap();
    let scene = Scene { frame: &frame, offer, locale, chars_max: Some(200) };
    catalog.templates.render(variant, &scene)
}

/// The sound folder with that English title.
fn titled(title: &str) -> Loaded {
    let offers = with("offers/cards.yaml", "'Hello {{ customer.name }}'", title);
    sound(&[("offers/cards.yaml", &offers)])
}

#[test]
fn values_are_escaped_for_where_they_go() {
    let loaded = sound(&[]);
    let values = [("customer.name", Value::from("<b>&")), ("customer.tier", "go/ld ñ".into())];
    assert_eq!(rendered(&loaded, "title", "en", &values).unwrap(), "Hello &lt;b&gt;&amp;");
    assert_eq!(rendered(&loaded, "title", "es-MX", &values).unwrap(), "Hola &lt;b&gt;&amp;");
    let image = rendered(&loaded, "image", "en", &values).unwrap();
    assert_eq!(image, "https://x.example/go%2Fld%20%C3%B1.png");
}

#[test]
fn a_missing_value_is_an_error_unless_it_has_a_default() {
    let missing = rendered(&sound(&[]), "title", "en", &[]);
    assert_eq!(missing, Err(ContentError::Missing("customer.name".to_owned())));
    let loaded = titled("\"Hi {{ customer.name|default('you') }}\"");
    assert_eq!(rendered(&loaded, "title", "en", &[]).unwrap(), "Hi you");
    let loaded = titled("'{% if customer.name %}Hi {{ customer.name }}{% else %}Hi{% endif %}'");
    assert_eq!(rendered(&loaded, "title", "en", &[]).unwrap(), "Hi");
}

#[test]
fn filters_write_as_the_locale_does() {
    let title = "\"{{ customer.income|money('EUR') }} {{ offer.margin|number(1) }} \
                 {{ now|date }} {{ offer.name }}\"";
    let loaded = titled(title);
    let now: jiff::Timestamp = "2026-03-09T10:00:00Z".parse().unwrap();
    let values = [("customer.income", Value::from(12_345.5)), ("now", Value::Timestamp(now))];
    let english = rendered(&loaded, "title", "en", &values).unwrap();
    assert_eq!(english, "€12,345.50 12.5 March 9, 2026 Gold card");
    let offers = with("offers/cards.yaml", "'Hola {{ customer.name }}'", title);
    let loaded = sound(&[("offers/cards.yaml", &offers)]);
    let spanish = rendered(&loaded, "title", "es", &values).unwrap();
    assert_eq!(spanish, "12.345,50\u{a0}€ 12,5 9 de marzo de 2026 Tarjeta oro");
    let wrong = rendered(
        &titled("\"{{ customer.name|money('EUR') }}\""),
        "title",
        "en",
        &[("customer.name", Value::from("x"))],
    );
    assert!(matches!(wrong, Err(ContentError::Failed(_))), "{wrong:?}");
}

#[test]
fn no_text_grows_without_bound() {
    let loaded = titled("'{{ customer.name }}'");
    let long = [("customer.name", Value::from("x".repeat(201).as_str()))];
    let error = rendered(&loaded, "title", "en", &long).unwrap_err();
    assert_eq!(error, ContentError::TooLong { chars: 201, chars_max: 200 });
    let huge = [("customer.name", Value::from("x".repeat(70_000).as_str()))];
    assert_eq!(rendered(&loaded, "title", "en", &huge), Err(ContentError::TooLarge));
    let letters = "'{% for a in customer.name %}{% for b in customer.name %}\
                   {% for c in customer.name %}{% endfor %}{% endfor %}{% endfor %}'";
    let loaded = titled(letters);
    let some = [("customer.name", Value::from("x".repeat(100).as_str()))];
    assert!(matches!(rendered(&loaded, "title", "en", &some), Err(ContentError::Failed(_))));
}
