//! Addresses that a channel may follow: relative ones, and those of any scheme that runs no code.

/// Schemes that run code or hold whole documents.
const REFUSED: [&str; 6] = ["javascript", "vbscript", "data", "blob", "file", "about"];

/// The scheme of an address that must not be shown; `None`: it may. Read as browsers do: white
/// space and control characters at the front, and tabs and line ends anywhere, do not count (WHATWG
/// URL Standard, §4.4).
#[must_use]
pub fn refused_scheme(address: &str) -> Option<String> {
    let seen = address
        .trim_start_matches(|c: char| c <= ' ')
        .chars()
        .filter(|c| !matches!(c, '\t' | '\n' | '\r'));
    let scheme: String = seen.take_while(|c| !matches!(c, ':' | '/' | '?' | '#')).collect();
    let has_scheme = address.contains(':') && !scheme.is_empty();
    let scheme = scheme.to_ascii_lowercase();
    (has_scheme && REFUSED.contains(&scheme.as_str())).then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::refused_scheme;

    #[test]
    fn what_runs_code_is_refused_however_it_is_written() {
        for address in ["/a", "https://a.example/b?c=d:e", "bank://card", "tel:+34", "a/data:b", ""]
        {
            assert_eq!(refused_scheme(address), None, "{address}");
        }
        let refused = [
            "javascript:alert(1)",
            " JaVaScRiPt:alert(1)",
            "java\tscript:alert(1)",
            "\u{1}javascript:alert(1)",
            "data:text/html,<script>",
            "vbscript:x",
        ];
        for address in refused {
            assert!(refused_scheme(address).is_some(), "{address}");
        }
    }
}
