//! The shape of a file: its value held against the JSON Schema of its kind, with what is wrong said
//! in our own words.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::error::ValidationErrorKind;
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use super::fault::{Place, Severity, did_you_mean};
use super::kind::FileKind;

/// One step to a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Into a map.
    Key(String),
    /// Into a list.
    Index(usize),
}

/// Something wrong with a file's shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// To the map, list or scalar.
    pub path: Vec<Step>,
    /// The unknown key, where that is what is wrong.
    pub unknown_key: Option<String>,
    /// Whether something is missing there, rather than wrong.
    pub missing: bool,
    /// What is wrong.
    message: String,
    /// How to mend it.
    hint: Option<String>,
}

impl Finding {
    /// Reports it as a fault of the file that `top` is the top of.
    pub(super) fn report(&self, top: &Place<'_>) {
        at_path(top, &self.path, &mut |place| match &self.unknown_key {
            Some(key) => {
                let kind = (Severity::Error, "unknown-key");
                place.key(key).finding_at_key(kind, self.message.clone(), self.hint.clone());
            }
            None => {
                let kind = (Severity::Error, "shape");
                place.finding(kind, self.message.clone(), self.hint.clone());
            }
        });
    }
}

fn at_path(place: &Place<'_>, path: &[Step], report: &mut dyn FnMut(&Place<'_>)) {
    match path.split_first() {
        None => report(place),
        Some((Step::Key(key), rest)) => at_path(&place.key(key), rest, report),
        Some((Step::Index(index), rest)) => at_path(&place.index(*index), rest, report),
    }
}

/// A schema as text and as machine; `None` for the machine is a defect that tests exclude.
struct Shape {
    schema: Value,
    validator: Option<Validator>,
}

static SHAPES: LazyLock<BTreeMap<FileKind, Shape>> = LazyLock::new(|| {
    FileKind::ALL
        .into_iter()
        .map(|kind| {
            let schema = kind.json_schema();
            let validator = jsonschema::validator_for(&schema).ok();
            (kind, Shape { schema, validator })
        })
        .collect()
});

/// All that is wrong with the shape of `value`.
pub(super) fn validate(kind: FileKind, value: &Value) -> Vec<Finding> {
    let Some(shape) = SHAPES.get(&kind) else {
        return Vec::new();
    };
    let Some(validator) = &shape.validator else {
        return Vec::new();
    };
    if validator.is_valid(value) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for error in validator.iter_errors(value) {
        explain(&shape.schema, value, &error, &mut findings);
    }
    findings
}

fn explain(schema: &Value, root: &Value, error: &ValidationError<'_>, out: &mut Vec<Finding>) {
    let mut finding = |message: String, hint: Option<String>| {
        let missing = matches!(error.kind(), ValidationErrorKind::Required { .. });
        let path = path(error.instance_path());
        out.push(Finding { path, unknown_key: None, missing, message, hint });
    };
    let found = || describe(instance(root, error.instance_path()));
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let known = known_keys(schema, error.schema_path());
            for key in unexpected {
                out.push(Finding {
                    path: path(error.instance_path()),
                    unknown_key: Some(key.clone()),
                    missing: false,
                    message: format!("unknown key `{key}`"),
                    hint: did_you_mean(key, known.iter().copied()),
                });
            }
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            finding(format!("`{name}` is missing here"), None);
        }
        ValidationErrorKind::Type { .. } => {
            let expected = types(schema, error.schema_path()).join(" or ");
            finding(format!("expected {expected}, found {}", found()), None);
        }
        ValidationErrorKind::Enum { options } => {
            let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
            let options: Vec<&str> = options.iter().filter_map(Value::as_str).collect();
            let (message, hint) = one_of(&options, instance(root, error.instance_path()));
            finding(message, hint);
        }
        ValidationErrorKind::Minimum { limit } => {
            finding(format!("must be at least {limit}, found {}", found()), None);
        }
        ValidationErrorKind::Maximum { limit } => {
            finding(format!("must be at most {limit}, found {}", found()), None);
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            alternatives(schema, root, error, context, out);
        }
        _ => finding(error.masked_with("the value").to_string(), None),
    }
}

/// None of several shapes fits: explains by the one that was probably meant.
fn alternatives(
    schema: &Value,
    root: &Value,
    error: &ValidationError<'_>,
    context: &[Vec<ValidationError<'static>>],
    out: &mut Vec<Finding>,
) {
    let here = error.instance_path();
    let value = instance(root, here);
    let mut constants = Vec::new();
    let mut expected = Vec::new();
    let mut best: Option<(usize, &Vec<ValidationError<'static>>)> = None;
    for branch in context {
        let mut of_this_type = true;
        collect(schema, here, branch, &mut |leaf| match leaf {
            Leaf::Constant(constant) => {
                constants.push(constant);
                of_this_type = false;
            }
            Leaf::Types(types) => {
                expected.extend(types);
                of_this_type = false;
            }
        });
        if of_this_type && best.is_none_or(|(errors, _)| branch.len() < errors) {
            best = Some((branch.len(), branch));
        }
    }
    if let Some((_, branch)) = best {
        for error in branch {
            explain(schema, root, error, out);
        }
        return;
    }
    let (message, hint) = if constants.is_empty() || value.is_none_or(|value| !value.is_string()) {
        if !constants.is_empty() {
            expected.push("one of a few words".to_owned());
        }
        expected.retain(|name| name != "nothing");
        expected.dedup();
        (format!("expected {}, found {}", expected.join(" or "), describe(value)), None)
    } else {
        let constants: Vec<&str> = constants.iter().map(String::as_str).collect();
        one_of(&constants, value)
    };
    out.push(Finding { path: path(here), unknown_key: None, missing: false, message, hint });
}

enum Leaf {
    Constant(String),
    Types(Vec<String>),
}

/// What a branch says about the value itself: the words or types it would take.
fn collect(
    schema: &Value,
    here: &Location,
    branch: &[ValidationError<'static>],
    leaf: &mut dyn FnMut(Leaf),
) {
    for error in branch {
        if error.instance_path().as_str() != here.as_str() {
            continue;
        }
        match error.kind() {
            ValidationErrorKind::Constant { expected_value } => {
                leaf(Leaf::Constant(expected_value.as_str().unwrap_or_default().to_owned()));
            }
            ValidationErrorKind::Enum { options } => {
                for option in options.as_array().into_iter().flatten() {
                    leaf(Leaf::Constant(option.as_str().unwrap_or_default().to_owned()));
                }
            }
            ValidationErrorKind::Type { .. } => {
                leaf(Leaf::Types(types(schema, error.schema_path())));
            }
            ValidationErrorKind::AnyOf { context }
            | ValidationErrorKind::OneOfNotValid { context } => {
                for branch in context {
                    collect(schema, here, branch, leaf);
                }
            }
            _ => {}
        }
    }
}

fn one_of(options: &[&str], value: Option<&Value>) -> (String, Option<String>) {
    let given = value.and_then(Value::as_str).unwrap_or_default();
    let list: Vec<String> = options.iter().map(|option| format!("`{option}`")).collect();
    let message = format!("{} is not one of {}", describe(value), list.join(", "));
    let hint = super::fault::nearest(given, options.iter().copied())
        .map(|nearest| format!("did you mean `{nearest}`?"));
    (message, hint)
}

fn instance<'v>(root: &'v Value, location: &Location) -> Option<&'v Value> {
    root.pointer(location.as_str())
}

fn describe(value: Option<&Value>) -> String {
    const SHOWN_CHARS_MAX: usize = 60;
    match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(Value::Bool(truth)) => format!("`{truth}`"),
        Some(Value::Number(number)) => format!("`{number}`"),
        Some(Value::String(text)) => {
            let shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
            format!("`{shown}`")
        }
        Some(Value::Array(_)) => "a list".to_owned(),
        Some(Value::Object(_)) => "a map".to_owned(),
    }
}

fn known_keys<'s>(schema: &'s Value, keyword: &Location) -> Vec<&'s str> {
    let parent = keyword.as_str().rsplit_once('/').map_or("", |(up, _)| up);
    let properties = schema
        .pointer(parent)
        .and_then(|schema| schema.get("properties"))
        .and_then(Value::as_object);
    properties.map_or_else(Vec::new, |map| map.keys().map(String::as_str).collect())
}

fn types(schema: &Value, keyword: &Location) -> Vec<String> {
    let names = match schema.pointer(keyword.as_str()) {
        Some(Value::String(name)) => vec![name.as_str()],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let words: Vec<String> = names
        .iter()
        .filter(|name| **name != "null" || names.len() == 1)
        .map(|name| {
            match *name {
                "object" => "a map",
                "array" => "a list",
                "string" => "text",
                "integer" => "a whole number",
                "number" => "a number",
                "boolean" => "`true` or `false`",
                _ => "nothing",
            }
            .to_owned()
        })
        .collect();
    words
}

fn path(location: &Location) -> Vec<Step> {
    location
        .iter()
        .map(|segment| match segment {
            LocationSegment::Property(key) => Step::Key(key.into_owned()),
            LocationSegment::Index(index) => Step::Index(index),
        })
        .collect()
}
