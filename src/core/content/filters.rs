//! Filters of texts, beside minijinja's own: `money('EUR')`, `number`, `number(2)`, `date`,
//! `date('short')`, which write as the text's locale does, and `tojson`, for a whole value in JSON.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::number::Style;

/// Adds the filters to `environment`.
pub(super) fn add(environment: &mut Environment<'_>) {
    environment.add_filter("money", money);
    environment.add_filter("number", number);
    environment.add_filter("date", date);
    environment.add_filter("tojson", tojson);
}

fn locale(state: &State<'_, '_>) -> String {
    state.lookup("locale").and_then(|locale| locale.as_str().map(str::to_owned)).unwrap_or_default()
}

fn amount(value: &Value) -> Result<f64, Error> {
    if value.is_undefined() {
        return Err(ErrorKind::UndefinedError.into());
    }
    f64::try_from(value.clone())
        .ok()
        .filter(|number| number.is_finite())
        .ok_or_else(|| invalid(format!("`{value}` is not a number")))
}

/// A whole value as JSON; what could end an element or an attribute of HTML is written as `\u00..`.
fn tojson(value: &Value) -> Result<Value, Error> {
    if value.is_undefined() {
        return Err(ErrorKind::UndefinedError.into());
    }
    let json = serde_json::to_string(value).map_err(|error| invalid(error.to_string()))?;
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\'' => text.push_str("\\u0027"),
            other => text.push(other),
        }
    }
    Ok(Value::from_safe_string(text))
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

fn money(state: &State<'_, '_>, value: Value, currency: String) -> Result<String, Error> {
    if currency.len() != 3 || !currency.chars().all(|c| c.is_ascii_uppercase()) {
        return Err(invalid(format!("`{currency}` is not a currency code")));
    }
    let locale = locale(state);
    Ok(Style::of(&locale).money(amount(&value)?, &currency, &locale))
}

fn number(state: &State<'_, '_>, value: Value, decimals: Option<u8>) -> Result<String, Error> {
    const DECIMALS_MAX: u8 = 12;
    let number = amount(&value)?;
    let decimals = match decimals {
        Some(decimals) => usize::from(decimals.min(DECIMALS_MAX)),
        None if libm::trunc(number) == number => 0,
        None => 2,
    };
    Ok(Style::of(&locale(state)).number(number, decimals))
}

fn date(state: &State<'_, '_>, value: Value, length: Option<String>) -> Result<String, Error> {
    if value.is_undefined() {
        return Err(ErrorKind::UndefinedError.into());
    }
    let text = value.to_string();
    let date = text
        .parse::<Timestamp>()
        .map(|at| at.to_zoned(TimeZone::UTC).date())
        .or_else(|_| text.parse::<Date>())
        .map_err(|_| invalid(format!("`{text}` is not a moment")))?;
    let short = match length.as_deref() {
        None | Some("long") => false,
        Some("short") => true,
        Some(other) => return Err(invalid(format!("`{other}` is not `short` or `long`"))),
    };
    let locale = locale(state);
    let (language, region) = locale.split_once('-').unwrap_or((&locale, ""));
    let (day, month, year) = (date.day(), date.month(), date.year());
    Ok(match (language, short) {
        ("es", true) => format!("{day:02}/{month:02}/{year}"),
        ("es", false) => format!("{day} de {} de {year}", name(&SPANISH, month)),
        ("en" | "", true) if region != "GB" => format!("{month:02}/{day:02}/{year}"),
        ("en", true) => format!("{day:02}/{month:02}/{year}"),
        ("en", false) if region == "GB" => format!("{day} {} {year}", name(&ENGLISH, month)),
        ("en" | "", false) => format!("{} {day}, {year}", name(&ENGLISH, month)),
        _ => date.to_string(),
    })
}

fn name(names: &[&'static str; 12], month: i8) -> &'static str {
    usize::try_from(month - 1).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
}

const ENGLISH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const SPANISH: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];
