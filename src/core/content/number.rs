//! Numbers as a locale writes them: a small part of CLDR (<https://cldr.unicode.org>), enough for
//! amounts in texts.

/// How a locale writes numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// Between groups of three digits.
    group: &'static str,
    /// Before the decimals.
    decimal: &'static str,
    /// Fewest digits before the decimals at which groups are made.
    grouped_from: usize,
    /// Whether a currency's symbol stands after the number.
    symbol_last: bool,
}

/// Spanish as written in the Americas north of Panama: points for decimals.
const POINT_REGIONS: [&str; 8] = ["MX", "US", "PR", "GT", "HN", "NI", "SV", "PA"];

impl Style {
    /// Of `locale`; English for languages not listed.
    pub(super) fn of(locale: &str) -> Self {
        let (language, rest) = locale.split_once('-').unwrap_or((locale, ""));
        let point = Self { group: ",", decimal: ".", grouped_from: 4, symbol_last: false };
        let comma = Self { group: ".", decimal: ",", grouped_from: 4, symbol_last: true };
        match language.to_ascii_lowercase().as_str() {
            "es" if POINT_REGIONS.contains(&rest.to_ascii_uppercase().as_str()) => point,
            "es" => Self { grouped_from: 5, ..comma },
            "ca" | "de" | "gl" | "it" | "nl" | "pt" => comma,
            "fr" => Self { group: "\u{202f}", ..comma },
            _ => point,
        }
    }

    /// `number` with exactly `decimals` decimals.
    pub(super) fn number(self, number: f64, decimals: usize) -> String {
        let plain = format!("{:.decimals$}", number.abs());
        let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        let zero = plain.chars().all(|c| matches!(c, '0' | '.'));
        let mut written = String::new();
        if number < 0.0 && !zero {
            written.push('-');
        }
        for (index, digit) in whole.chars().enumerate() {
            let left = whole.len() - index;
            if index > 0 && left % 3 == 0 && whole.len() >= self.grouped_from {
                written.push_str(self.group);
            }
            written.push(digit);
        }
        if !fraction.is_empty() {
            written.push_str(self.decimal);
            written.push_str(fraction);
        }
        written
    }

    /// `number` as an amount of `currency` (ISO 4217).
    pub(super) fn money(self, number: f64, currency: &str, locale: &str) -> String {
        let decimals = match currency {
            "CLP" | "JPY" | "KRW" | "PYG" => 0,
            _ => 2,
        };
        let amount = self.number(number, decimals);
        let symbol = symbol(currency, locale);
        match (self.symbol_last, amount.strip_prefix('-')) {
            (true, _) => format!("{amount}\u{a0}{symbol}"),
            (false, _) if symbol.len() > 2 && symbol == currency => {
                format!("{symbol}\u{a0}{amount}")
            }
            (false, Some(positive)) => format!("-{symbol}{positive}"),
            (false, None) => format!("{symbol}{amount}"),
        }
    }
}

/// The symbol, where it is not mistaken for another currency's; else the code.
fn symbol<'c>(currency: &'c str, locale: &str) -> &'c str {
    let spanish = locale.get(..2).is_some_and(|l| l.eq_ignore_ascii_case("es"));
    match currency {
        "EUR" => "€",
        "GBP" => "£",
        "JPY" => "¥",
        "USD" if !spanish || locale.ends_with("US") || locale.ends_with("PR") => "$",
        "MXN" if locale.ends_with("MX") => "$",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::Style;

    #[test]
    fn writes_numbers_as_the_locale_does() {
        let number = |locale, n, d| Style::of(locale).number(n, d);
        assert_eq!(number("en", 1_234_567.891, 2), "1,234,567.89");
        assert_eq!(number("es", 1_234_567.891, 2), "1.234.567,89");
        assert_eq!(number("es", 1234.0, 0), "1234");
        assert_eq!(number("es-MX", 1234.5, 1), "1,234.5");
        assert_eq!(number("en", -0.001, 2), "0.00");
    }

    #[test]
    fn writes_money_as_the_locale_does() {
        let money = |locale, n, c| Style::of(locale).money(n, c, locale);
        assert_eq!(money("en", 1500.0, "USD"), "$1,500.00");
        assert_eq!(money("en", -20.0, "EUR"), "-€20.00");
        assert_eq!(money("es", 15000.0, "EUR"), "15.000,00\u{a0}€");
        assert_eq!(money("es-MX", 1500.0, "MXN"), "$1,500.00");
        assert_eq!(money("en", 7.0, "CHF"), "CHF\u{a0}7.00");
    }
}
