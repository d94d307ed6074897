//! Which language a text is shown in.

use crate::core::catalog::ContentVariant;

/// The variant for `locale`: the same locale, else its parents (`es-MX` → `es`), else the variant
/// for all locales, else the same for the channel's `default` locale, else the first.
#[must_use]
pub fn pick<'v>(
    variants: &'v [ContentVariant],
    locale: &str,
    default: &str,
) -> Option<&'v ContentVariant> {
    let exact = |wanted: &str| {
        let mut found = variants.iter();
        found.find(|variant| variant.locale.eq_ignore_ascii_case(wanted))
    };
    let parents = |locale: &str| {
        let mut wanted = locale;
        loop {
            if let Some(found) = exact(wanted).filter(|_| !wanted.is_empty()) {
                return Some(found);
            }
            wanted = wanted.rsplit_once('-')?.0;
        }
    };
    parents(locale).or_else(|| exact("")).or_else(|| parents(default)).or_else(|| variants.first())
}

#[cfg(test)]
mod tests {
    use super::pick;
    use crate::core::catalog::ContentVariant;

    fn picked(locales: &[&str], locale: &str, default: &str) -> Option<String> {
        let variants: Vec<ContentVariant> = locales
            .iter()
            .map(|locale| ContentVariant {
                locale: (*locale).into(),
                text: "".into(),
                template: None,
            })
            .collect();
        pick(&variants, locale, default).map(|found| found.locale.to_string())
    }

    #[test]
    fn falls_back_from_region_to_language_to_default_to_any() {
        let known = ["en", "es", "es-MX"];
        assert_eq!(picked(&known, "es-MX", "en").as_deref(), Some("es-MX"));
        assert_eq!(picked(&known, "es-AR", "en").as_deref(), Some("es"));
        assert_eq!(picked(&known, "fr", "es").as_deref(), Some("es"));
        assert_eq!(picked(&["de"], "fr", "es").as_deref(), Some("de"));
        assert_eq!(picked(&["", "de"], "fr", "de").as_deref(), Some(""));
        assert_eq!(picked(&[], "fr", "es"), None);
    }
}
