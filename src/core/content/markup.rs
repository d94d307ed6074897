//! Where in HTML a placeholder stands. Escaping makes a value safe between tags and inside quoted
//! attributes, and nowhere else: a placeholder in a script, a style, an event handler, an address,
//! an unquoted attribute, a tag or a comment is a fault (OWASP, "Cross Site Scripting Prevention
//! Cheat Sheet", rules 0 to 5).

/// Attributes that hold an address.
const ADDRESSES: [&str; 10] = [
    "href",
    "src",
    "action",
    "formaction",
    "poster",
    "cite",
    "background",
    "data",
    "srcset",
    "ping",
];
/// Attributes that hold code, styles or whole documents.
const CODE: [&str; 2] = ["style", "srcdoc"];

/// Why escaping cannot make a placeholder of `text` safe; `None`: it can, everywhere.
pub(super) fn unsafe_place(text: &str) -> Option<&'static str> {
    let mut scan = Scan { rest: text, place: Place::Text };
    scan.find()
}

/// Where the scan stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// Between tags.
    Text,
    /// Inside `<!-- -->`.
    Comment,
    /// Inside an element whose content is no text, until its end tag.
    Raw(&'static str),
    /// Inside a tag, outside of any attribute's value.
    Tag,
    /// Inside the value of an attribute: its name in lower case, and the quote.
    Value(String, char),
}

struct Scan<'t> {
    rest: &'t str,
    place: Place,
}

impl Scan<'_> {
    fn find(&mut self) -> Option<&'static str> {
        while let Some(next) = self.rest.chars().next() {
            if self.rest.starts_with("{{") {
                if let Some(why) = refused(&self.place) {
                    return Some(why);
                }
                self.skip_to("}}");
            } else if self.rest.starts_with("{%") {
                self.skip_to("%}");
            } else if self.rest.starts_with("{#") {
                self.skip_to("#}");
            } else {
                self.step(next);
            }
        }
        None
    }

    fn step(&mut self, next: char) {
        match self.place.clone() {
            Place::Text if self.rest.starts_with("<!--") => self.enter("<!--", Place::Comment),
            Place::Text if next == '<' => self.open(),
            Place::Comment if self.rest.starts_with("-->") => self.enter("-->", Place::Text),
            Place::Raw(end) if self.starts_with_ignoring_case(end) => {
                self.enter(end, Place::Tag);
            }
            Place::Tag if next == '>' => self.enter(">", Place::Text),
            Place::Tag if next.is_ascii_alphabetic() => self.attribute(),
            Place::Value(_, quote) if next == quote => self.advance(next.len_utf8(), Place::Tag),
            Place::Value(_, ' ') if next.is_whitespace() => {
                self.advance(next.len_utf8(), Place::Tag);
            }
            Place::Value(_, ' ') if next == '>' => self.enter(">", Place::Text),
            place => self.advance(next.len_utf8(), place),
        }
    }

    /// At `<`: a tag, unless what follows is no name.
    fn open(&mut self) {
        let name: String =
            self.rest.chars().skip(1).take_while(char::is_ascii_alphanumeric).collect();
        let place = match name.to_ascii_lowercase().as_str() {
            "script" => Place::Raw("</script"),
            "style" => Place::Raw("</style"),
            "" if !self.rest.starts_with("</") && !self.rest.starts_with("<{") => Place::Text,
            _ => Place::Tag,
        };
        self.advance(1 + name.len(), place);
    }

    /// At the name of an attribute.
    fn attribute(&mut self) {
        let named = |c: &char| c.is_ascii_alphanumeric() || "-_:".contains(*c);
        let name: String = self.rest.chars().take_while(named).collect();
        self.advance(name.len(), Place::Tag);
        let after = self.rest.trim_start();
        let Some(value) = after.strip_prefix('=') else { return };
        let value = value.trim_start();
        let skipped = self.rest.len() - value.len();
        let quote = value.chars().next().filter(|c| *c == '"' || *c == '\'');
        let place = Place::Value(name.to_ascii_lowercase(), quote.unwrap_or(' '));
        self.advance(skipped + usize::from(quote.is_some()), place);
    }

    fn enter(&mut self, prefix: &str, place: Place) {
        self.advance(prefix.len(), place);
    }

    fn advance(&mut self, bytes: usize, place: Place) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
        self.place = place;
    }

    fn skip_to(&mut self, end: &str) {
        let found = self.rest.find(end).map(|at| at + end.len());
        self.rest = found.and_then(|at| self.rest.get(at..)).unwrap_or_default();
    }

    fn starts_with_ignoring_case(&self, prefix: &str) -> bool {
        self.rest.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    }
}

fn refused(place: &Place) -> Option<&'static str> {
    match place {
        Place::Text => None,
        Place::Comment => Some("a comment"),
        Place::Raw("</script") => Some("a script"),
        Place::Raw(_) => Some("a style"),
        Place::Tag => Some("a tag, outside of a quoted attribute"),
        Place::Value(_, ' ') => Some("an attribute without quotes"),
        Place::Value(name, _) if name.starts_with("on") => Some("an event handler"),
        Place::Value(name, _) if CODE.contains(&name.as_str()) => Some("a style or a document"),
        Place::Value(name, _) if ADDRESSES.contains(&name.as_str()) => Some("an address"),
        Place::Value(..) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::unsafe_place;

    #[test]
    fn a_placeholder_is_safe_between_tags_and_in_quoted_attributes_only() {
        let safe = [
            "Hello {{ x }}, 3 < 4 {{ y }}",
            "<p class='a'>Hello <b>{{ x }}</b></p>",
            "<img alt=\"{{ x }}\" src='/a.png'> {{ y }}",
            "<!-- no --> {{ x }} <script>var a = 1 < 2;</script> {{ y }}",
            "{% if x %}<b>{{ x }}</b>{% endif %}",
        ];
        for text in safe {
            assert_eq!(unsafe_place(text), None, "{text}");
        }
        let refused = [
            ("<script>var a = '{{ x }}';</script>", "a script"),
            ("<SCRIPT src='/a.js'>{{ x }}</SCRIPT>", "a script"),
            ("<style>p { color: {{ x }} }</style>", "a style"),
            ("<p style=\"color: {{ x }}\">", "a style or a document"),
            ("<a onclick=\"go('{{ x }}')\">", "an event handler"),
            ("<a href=\"{{ x }}\">", "an address"),
            ("<img src='https://a/{{ x }}'>", "an address"),
            ("<p class={{ x }}>", "an attribute without quotes"),
            ("<p {{ x }}>", "a tag, outside of a quoted attribute"),
            ("<{{ x }}>", "a tag, outside of a quoted attribute"),
            ("<!-- {{ x }} -->", "a comment"),
        ];
        for (text, why) in refused {
            assert_eq!(unsafe_place(text), Some(why), "{text}");
        }
    }
}
