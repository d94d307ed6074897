//! `arbitra eval EXPRESSION`: what an expression of the rule language gives, and its type. With a
//! rules folder the names are those of its schema and types are checked; without one every key of
//! the context is a name and types are found at run time.

mod free;
pub mod json;
mod rules;

use std::path::PathBuf;

use serde_json::{Map, Value as Json, json};

use super::{Exit, Failure, output};
use crate::core::expression::ExpressionFault;
use crate::core::value::Value;

/// Flags of `eval`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// A CEL expression, as rules use it.
    #[arg(allow_hyphen_values = true)]
    expression: String,
    /// Names and types come from this rules folder; its tables may be called.
    #[arg(long)]
    rules: Option<PathBuf>,
    /// Values by name, as a JSON object, or `@FILE` that holds one. With `--rules` nested or dotted
    /// (`{"customer": {"age": 31}}`, `{"customer.age": 31}`). `{"@type": "duration", "value":
    /// "90s"}` gives a value of a type that JSON does not have: int, uint, double, bytes (base64),
    /// timestamp, duration, map (`entries`, a list of pairs).
    #[arg(long, value_name = "JSON", default_value = "{}", allow_hyphen_values = true)]
    context: String,
    /// A value by expression, over those given before: `--let since="timestamp('2026-01-31T00:00:00Z')"`.
    #[arg(long = "let", value_name = "NAME=EXPRESSION")]
    lets: Vec<String>,
    /// `{"value": ..., "type": ...}` or `{"error": ...}`.
    #[arg(long)]
    json: bool,
}

/// Values by name, in the order given.
pub(super) type Given = Map<String, Json>;

/// Why there is no value.
#[derive(Debug)]
pub(super) enum EvalFailure {
    /// The expression has faults.
    Faults { source: String, faults: Vec<ExpressionFault> },
    /// The evaluation failed, or the context does not fit the schema.
    Failed(String),
}

/// Evaluates and reports.
///
/// # Errors
/// When the rules cannot be read.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let given = match given(&args.context) {
        Ok(given) => given,
        Err(why) => return Ok(report_failure(args, &why, Exit::Usage, Json::Null)),
    };
    let mut lets = Vec::new();
    for entry in &args.lets {
        let Some((name, source)) = entry.split_once('=').filter(|(name, _)| !name.is_empty())
        else {
            let why = format!("`{entry}` is not of the form `NAME=EXPRESSION`");
            return Ok(report_failure(args, &why, Exit::Usage, Json::Null));
        };
        lets.push((name, source));
    }
    let result = match &args.rules {
        None => free::evaluate(&args.expression, &given, &lets),
        Some(folder) => rules::evaluate(&args.expression, folder, &given, &lets)?,
    };
    Ok(match result {
        Ok(value) => {
            report(args, &value)?;
            Exit::Good
        }
        Err(EvalFailure::Failed(why)) => report_failure(args, &why, Exit::Findings, Json::Null),
        Err(EvalFailure::Faults { source, faults }) => {
            let why = if args.json { one_line(&faults) } else { shown(&source, &faults) };
            report_failure(args, &why, Exit::Findings, to_json(&source, &faults))
        }
    })
}

fn given(context: &str) -> Result<Given, String> {
    let read;
    let text = match context.strip_prefix('@') {
        None => context,
        Some(path) => {
            read = std::fs::read_to_string(path)
                .map_err(|error| format!("`{path}` cannot be read: {error}"))?;
            &read
        }
    };
    match serde_json::from_str(text) {
        Ok(Json::Object(given)) => Ok(given),
        Ok(_) => Err("the context must be a JSON object: names and their values".to_owned()),
        Err(error) => Err(format!("the context is not JSON: {error}")),
    }
}

fn report(args: &Args, value: &Value) -> Result<(), Failure> {
    let shown = json::to_json(value);
    if args.json {
        output::say_json(&json!({ "value": shown, "type": value.cel_type() }))
    } else {
        output::say(&format!("{shown} : {}", value.cel_type()));
        Ok(())
    }
}

fn report_failure(args: &Args, why: &str, exit: Exit, faults: Json) -> Exit {
    if args.json {
        let mut report = json!({ "error": why });
        if let (Json::Array(_), Some(report)) = (&faults, report.as_object_mut()) {
            report.insert("faults".to_owned(), faults);
        }
        output::say(&report.to_string());
    } else {
        output::complain(why);
    }
    exit
}

fn one_line(faults: &[ExpressionFault]) -> String {
    let lines = faults.iter().map(|fault| match &fault.hint {
        Some(hint) => format!("{} ({hint})", fault.message),
        None => fault.message.clone(),
    });
    lines.collect::<Vec<_>>().join("; ")
}

/// Each fault under the text it is about.
fn shown(source: &str, faults: &[ExpressionFault]) -> String {
    let blocks = faults.iter().map(|fault| {
        let (start, end) = fault.span;
        let line_start = source.get(..start).and_then(|s| s.rfind('\n')).map_or(0, |at| at + 1);
        let line = source.get(line_start..).and_then(|s| s.lines().next()).unwrap_or_default();
        let chars = |from: usize, to: usize| source.get(from..to).map_or(0, |s| s.chars().count());
        let marks = chars(start, end.min(line_start + line.len())).max(1);
        let (indent, marks) = (" ".repeat(chars(line_start, start)), "^".repeat(marks));
        let hint = fault.hint.as_ref().map(|hint| format!("\n  hint: {hint}")).unwrap_or_default();
        format!("error: {}\n  {line}\n  {indent}{marks}{hint}", fault.message)
    });
    blocks.collect::<Vec<_>>().join("\n")
}

fn to_json(source: &str, faults: &[ExpressionFault]) -> Json {
    let faults = faults.iter().map(|fault| {
        let (start, end) = fault.span;
        json!({
            "message": fault.message,
            "hint": fault.hint,
            "at": source.get(start..end),
            "start_byte": start,
            "end_byte": end,
        })
    });
    faults.collect()
}
