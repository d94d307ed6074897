//! How a value is made safe for where it goes.

use std::fmt::Write as _;

use minijinja::{AutoEscape, Environment, ErrorKind, Output, State, Value, escape_formatter};

use super::TemplateKind;

/// In an address: values are percent-encoded.
const ADDRESS: &str = "address";
/// In JSON: values go inside of a string.
const JSON: &str = "json";

/// Makes `environment` escape by the kind that the template's name starts with.
pub(super) fn install(environment: &mut Environment<'_>) {
    environment.set_auto_escape_callback(|name| {
        let prefix = name.split_once(':').map_or("", |(prefix, _)| prefix);
        match prefix {
            "plain" => AutoEscape::None,
            "address" => AutoEscape::Custom(ADDRESS.into()),
            "json" => AutoEscape::Custom(JSON.into()),
            _ => AutoEscape::Html,
        }
    });
    environment.set_formatter(write);
}

/// The prefix of names of templates of `kind`.
pub(super) fn prefix(kind: TemplateKind) -> &'static str {
    match kind {
        TemplateKind::Html => "html",
        TemplateKind::Plain => "plain",
        TemplateKind::Address => "address",
        TemplateKind::Json => "json",
    }
}

fn write(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    let custom = match state.auto_escape() {
        AutoEscape::Custom(name) => name.to_string(),
        _ => return escape_formatter(out, state, value),
    };
    if value.is_undefined() {
        return Err(ErrorKind::UndefinedError.into());
    }
    let text = value.to_string();
    // What is safe for HTML, or is JSON, is not safe in an address.
    if value.is_safe() && custom != ADDRESS {
        return out.write_str(&text).map_err(Into::into);
    }
    if custom == ADDRESS {
        for byte in text.bytes() {
            let unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            match unreserved {
                true => out.write_char(char::from(byte))?,
                false => write!(out, "%{byte:02X}")?,
            }
        }
        return Ok(());
    }
    let quoted = serde_json::Value::String(text).to_string();
    let inside = quoted.get(1..quoted.len().saturating_sub(1));
    out.write_str(inside.unwrap_or_default()).map_err(Into::into)
}
