//! From bytes to a value with positions.

use saphyr::Scalar;
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::Value;

use super::build::{Builder, Built};
use super::{FILE_BYTES_MAX, Node, NodeContent, Region, Style};

/// Why a file is not the YAML that rules are written in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct YamlError {
    /// Where; the default when it is about the whole file.
    pub at: Region,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
}

impl YamlError {
    pub(super) fn new(at: Region, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), hint: None }
    }

    fn hint(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self
    }
}

/// The text of a file: UTF-8 without a byte order mark.
///
/// # Errors
/// When the file is too large or not UTF-8; the place is that of the first bad byte.
pub fn text(bytes: &[u8]) -> Result<&str, YamlError> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(YamlError::new(
            Region::default(),
            format!("the file is larger than {FILE_BYTES_MAX} bytes"),
        )
        .hint("split it: every .yaml file of the folder is read"));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let good = String::from_utf8_lossy(good);
            let line = good.matches('\n').count() + 1;
            let column = good.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            Err(YamlError::new(point(line, column), "the file is not UTF-8 from here on"))
        }
    }
}

/// Parses one document.
///
/// # Errors
/// All that is wrong: one error when the text is not YAML or breaks a limit, else one for each
/// duplicate or odd key.
pub fn parse(text: &str) -> Result<Built, Vec<YamlError>> {
    let mut builder = Builder::default();
    if let Err(error) = read(text, &mut builder) {
        let mut errors = builder.finish().1;
        errors.push(error);
        return Err(errors);
    }
    match builder.finish() {
        (Some(built), errors) if errors.is_empty() => Ok(built),
        (None, errors) if errors.is_empty() => {
            Err(vec![YamlError::new(Region::default(), "the file is empty")])
        }
        (_, errors) => Err(errors),
    }
}

fn read(text: &str, builder: &mut Builder) -> Result<(), YamlError> {
    let mut parser = Parser::new_from_str(text);
    let mut documents = 0;
    loop {
        let (event, span) = match parser.next_event() {
            None => return Ok(()),
            Some(Ok(next)) => next,
            Some(Err(error)) => {
                let at = point(error.marker().line(), error.marker().col() + 1);
                return Err(not_yaml(text, at, error.info()));
            }
        };
        let at = region(span);
        match event {
            Event::StreamEnd => return Ok(()),
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    return Err(YamlError::new(at, "a file holds one document only")
                        .hint("put what follows `---` into a file of its own"));
                }
            }
            Event::Nothing | Event::StreamStart | Event::DocumentEnd => {}
            Event::Alias(anchor) => builder.alias(at, anchor)?,
            Event::SequenceStart(anchor, _) => builder.open_list(at, anchor)?,
            Event::MappingStart(anchor, _) => builder.open_map(at, anchor)?,
            Event::SequenceEnd | Event::MappingEnd => builder.close(at)?,
            Event::Scalar(scalar, style, anchor, tag) => {
                let node = Node { at, content: NodeContent::Scalar(style_of(style)) };
                let known =
                    Scalar::parse_from_cow_and_metadata(scalar.clone(), style, tag.as_ref());
                let value = value(at, known)?;
                builder.scalar(&scalar, value, node, anchor)?;
            }
        }
    }
}

fn value(at: Region, scalar: Option<Scalar<'_>>) -> Result<Value, YamlError> {
    Ok(match scalar {
        None => return Err(YamlError::new(at, "the value does not fit its tag")),
        Some(Scalar::Null) => Value::Null,
        Some(Scalar::Boolean(truth)) => truth.into(),
        Some(Scalar::Integer(number)) => number.into(),
        Some(Scalar::FloatingPoint(number)) => serde_json::Number::from_f64(number.into_inner())
            .map(Value::Number)
            .ok_or_else(|| YamlError::new(at, "a number must be finite"))?,
        Some(Scalar::String(text)) => Value::String(text.into_owned()),
    })
}

fn not_yaml(text: &str, at: Region, info: &str) -> YamlError {
    let line = text.lines().nth(at.line.saturating_sub(1) as usize);
    let indent = |line: &str| line.chars().take_while(|c| c.is_whitespace()).any(|c| c == '\t');
    let error = YamlError::new(at, format!("this is not YAML: {}", info.trim_end_matches('.')));
    if line.is_some_and(indent) {
        return error.hint("indent with spaces: YAML allows no tabs there");
    }
    if info.starts_with("mapping values are not allowed") {
        return error.hint("put a text that has `: ` in it into quotes");
    }
    error
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
        ScalarStyle::Plain => Style::Plain,
    }
}

fn region(span: Span) -> Region {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Region {
        line: number(span.start.line()),
        column: number(span.start.col() + 1),
        end_line: number(span.end.line()),
        end_column: number(span.end.col() + 1),
    }
}

fn point(line: usize, column: usize) -> Region {
    let line = u32::try_from(line).unwrap_or(u32::MAX);
    let column = u32::try_from(column).unwrap_or(u32::MAX);
    Region { line, column, end_line: line, end_column: column.saturating_add(1) }
}
