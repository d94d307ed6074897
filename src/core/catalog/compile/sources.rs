//! `sources.yaml`: live sources, and the attributes that they give.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use super::Build;
use super::names::identifier;
use super::windows::time;
use crate::core::catalog::fault::Place;
use crate::core::catalog::kind::FileKind;
use crate::core::catalog::schema::Schema;
use crate::core::catalog::source::{LiveSource, SourceKeyType, SourceKind};
use crate::core::live::{Access, Dialect, LiveField, SourceSpec};

/// Most sources.
const SOURCES_MAX: usize = 64;
/// Longest query or path.
const QUERY_BYTES_MAX: usize = 16 * 1024;
/// Longest wait, ms.
const TIMEOUT_MS_MAX: i64 = 10_000;
/// What a replica is told, for hints.
const ADDRESS_HINT: &str = "where the source is stands in the environment of every replica";

/// Compiles the sources, if there are any.
pub(super) fn compile(build: &Build<'_>, schema: &Schema) -> Vec<SourceSpec> {
    let Some(file) = &build.folder.sources else { return Vec::new() };
    let top = build.place(&file.document);
    let section = top.key("sources");
    let declared = &file.source.sources;
    if declared.len() > SOURCES_MAX {
        section.error_at_key(format!("at most {SOURCES_MAX} sources"), None);
    }
    let mut given: BTreeMap<&str, &str> = BTreeMap::new();
    let mut upper: BTreeMap<String, &str> = BTreeMap::new();
    let mut specs = Vec::new();
    for (name, source) in declared.iter().take(SOURCES_MAX) {
        let place = section.key(name);
        identifier(&place, "a source", name);
        if let Some(first) = upper.insert(name.to_ascii_uppercase(), name) {
            let message = format!("`{name}` and `{first}` would share one address");
            place.error_at_key(message, Some(ADDRESS_HINT.to_owned()));
        }
        let access = access(&place, source);
        let fields = fields(build, schema, &place, source, name, &mut given);
        specs.extend(access.map(|access| spec(&place, name, source, access, fields)));
    }
    specs
}

fn spec(
    place: &Place<'_>,
    name: &str,
    source: &LiveSource,
    access: Access,
    fields: Vec<LiveField>,
) -> SourceSpec {
    let span = |key: &str, text: Option<&str>, default: u32, max: i64| {
        let place = place.key(key);
        let Some(ms) = text.and_then(|text| time(&place, text, 1)) else { return default };
        if ms > max {
            place.error(format!("at most {max} ms"));
        }
        u32::try_from(ms).unwrap_or(default)
    };
    let count = |key: &str, given: Option<u32>, default: u32, max: u32| {
        let given = given.unwrap_or(default);
        if !(1..=max).contains(&given) {
            place.key(key).error(format!("from 1 to {max}"));
        }
        given
    };
    let day = crate::core::time::DAY_MS;
    let fingerprint = xxh3_64(format!("{name} {source:?} {fields:?}").as_bytes());
    SourceSpec {
        name: name.into(),
        access,
        fields,
        timeout_ms: span("timeout", source.timeout.as_deref(), 50, TIMEOUT_MS_MAX),
        cache_ms: span("cache", source.cache.as_deref(), 0, day),
        cache_entries_max: count(
            "cache_entries_max",
            source.cache_entries_max,
            100_000,
            10_000_000,
        ),
        batch_max: count("batch_max", source.batch_max, 256, 4096),
        connections_max: count("connections_max", source.connections_max, 4, 64),
        failures_max: count("failures_max", source.failures_max, 5, 1000),
        retry_after_ms: span("retry_after", source.retry_after.as_deref(), 1000, day),
        required: source.required,
        fingerprint,
    }
}

/// The attributes that it gives; `given` are those of the sources before.
fn fields<'a>(
    build: &Build<'_>,
    schema: &Schema,
    place: &Place<'_>,
    source: &'a LiveSource,
    name: &'a str,
    given: &mut BTreeMap<&'a str, &'a str>,
) -> Vec<LiveField> {
    let section = place.key("attributes");
    if source.attributes.is_empty() {
        section.error_at_key("it gives no attribute", None);
    }
    let mut fields = Vec::new();
    for (attribute, field) in &source.attributes {
        let place = section.key(attribute);
        let slot = schema.attributes.get(attribute.as_str());
        let Some(spec) = slot.and_then(|slot| schema.slot(*slot)) else {
            if !build.broken().excuses(FileKind::Schema, attribute) {
                let known = schema.attributes.keys().map(AsRef::as_ref);
                place.unknown_key("attribute", attribute, known);
            }
            continue;
        };
        if let Some(first) = given.insert(attribute, name) {
            let message = format!("`{attribute}` comes from source `{first}` already");
            place.error_at_key(message, None);
        }
        let events = &build.schema().source.events;
        if let Some((event, _)) = events.iter().find(|(_, e)| e.sets.contains_key(attribute)) {
            let message =
                format!("`{attribute}` is read live, and event `{event}` sets it as well");
            let hint = format!("leave it out of `sets` of `{event}`, or out of this source");
            place.error_at_key(message, Some(hint));
        }
        if field.is_empty() || field.len() > 256 {
            place.error("a column or field of 1 to 256 characters");
        }
        fields.push(LiveField {
            slot: spec.slot,
            name: attribute.as_str().into(),
            field: field.as_str().into(),
            ty: spec.ty.clone(),
            range: spec.range,
        });
    }
    fields
}

fn access(place: &Place<'_>, source: &LiveSource) -> Option<Access> {
    let dialect = match source.kind {
        SourceKind::Postgres => Dialect::Postgres,
        SourceKind::Mysql => Dialect::MySql,
        SourceKind::Sqlite => Dialect::Sqlite,
        SourceKind::Http => return http(place, source),
    };
    if source.path.is_some() {
        place.key("path").error_at_key("a database has a `query`, not a `path`", None);
    }
    let Some(query) = source.query.as_deref() else {
        place.error_at_key("a database needs a `query`", None);
        return None;
    };
    check_query(&place.key("query"), query, dialect)?;
    Some(Access::Sql {
        dialect,
        query: query.trim().into(),
        key: source.key.as_deref().unwrap_or("customer_id").into(),
        int_keys: source.key_type == SourceKeyType::Int,
    })
}

fn http(place: &Place<'_>, source: &LiveSource) -> Option<Access> {
    let stray = [("query", source.query.is_some()), ("key", source.key.is_some())];
    for (key, given) in stray {
        if given {
            place.key(key).error_at_key(format!("a source over HTTP has no `{key}`"), None);
        }
    }
    let Some(path) = source.path.as_deref() else {
        place.error_at_key("a source over HTTP needs a `path`", None);
        return None;
    };
    let named = path.matches("{customer}").count();
    let rest = path.replace("{customer}", "");
    let sound = path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= QUERY_BYTES_MAX
        && !rest.split(['/', '?']).any(|part| part == "..")
        && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.~:?&=%,@+".contains(&b));
    if !sound || named > 1 {
        place.key("path").error_hint(
            "not a path below the source's address",
            "write it as `/v1/customers/{customer}`: no host, no `..`, no space, `{customer}` once",
        );
        return None;
    }
    Some(if named == 1 { Access::HttpGet(path.into()) } else { Access::HttpPost(path.into()) })
}

/// Holds a query to what can be asked for many customers at once, by parameters only.
fn check_query(place: &Place<'_>, query: &str, dialect: Dialect) -> Option<()> {
    let code = unquoted(query);
    let first = code.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    if query.len() > QUERY_BYTES_MAX {
        place.error(format!("longer than {QUERY_BYTES_MAX} bytes"));
        return None;
    }
    if !matches!(first.as_str(), "select" | "with") {
        place.error_hint("a source only reads", "begin with SELECT or WITH");
        return None;
    }
    if code.contains(';') || code.contains("--") || code.contains("/*") {
        place.error("one statement, without `;` and without comments");
        return None;
    }
    let (fits, hint) = match dialect {
        Dialect::Postgres => (
            code.matches('$').count() == 1
                && code.contains("$1")
                && !code.split("$1").nth(1).is_some_and(|s| s.starts_with(char::is_numeric)),
            "take the customers as `= ANY($1)`, once",
        ),
        Dialect::MySql | Dialect::Sqlite => {
            let dense: String = code.chars().filter(|c| !c.is_whitespace()).collect();
            let once = code.matches('?').count() == 1;
            (once && dense.to_ascii_lowercase().contains("in(?)"), "take them as `IN (?)`, once")
        }
    };
    if !fits {
        place.error_hint("the customers asked for must be the only parameter", hint);
        return None;
    }
    Some(())
}

/// The text without what stands in quotes.
fn unquoted(query: &str) -> String {
    let mut open = None;
    query
        .chars()
        .filter(|c| match open {
            Some(quote) => {
                if quote == *c {
                    open = None;
                }
                false
            }
            None => {
                let quote = matches!(c, '\'' | '"' | '`');
                if quote {
                    open = Some(*c);
                }
                !quote
            }
        })
        .collect()
}
