//! Compiles each distinct text once: conditions recur on thousands of offers.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;

use super::guards;
use super::references::references;
use super::scope::{Facts, FrameScope, Standing};
use crate::core::catalog::fault::Place;
use crate::core::catalog::read::Broken;
use crate::core::catalog::schema::Schema;
use crate::core::catalog::source::{Condition, Number as NumberSource};
use crate::core::expression::{ExpressionFault, Program, Type};
use crate::core::value::Value;

/// Longest expression, in bytes.
pub(super) const EXPRESSION_BYTES_MAX: usize = 16 * 1024;

/// What an expression must give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Gives {
    /// Anything.
    Any,
    /// True or false.
    Bool,
    /// An int or a double.
    Number,
}

type Compiled = Result<Program, Arc<[ExpressionFault]>>;

/// The programs of a catalog by text.
pub(super) struct Programs<'a> {
    broken: &'a Broken,
    cache: RefCell<HashMap<String, Compiled>>,
    used: RefCell<BTreeSet<Arc<str>>>,
}

impl<'a> Programs<'a> {
    /// None yet.
    pub(super) fn new(broken: &'a Broken) -> Self {
        Self { broken, cache: RefCell::default(), used: RefCell::default() }
    }

    /// The program of `text`, which stands at `place`; its faults are reported there.
    pub(super) fn compile(
        &self,
        schema: &Schema,
        place: &Place<'_>,
        text: &str,
        want: (Standing, Gives),
        offer: Option<&Facts>,
    ) -> Option<Program> {
        let key = cache_key(text, want, offer);
        if let Some(known) = self.cache.borrow().get(&key) {
            return self.deliver(place, text, known);
        }
        let compiled = self.compile_new(schema, text, want, offer);
        let delivered = self.deliver(place, text, &compiled);
        self.cache.borrow_mut().insert(key, compiled);
        delivered
    }

    fn deliver(&self, place: &Place<'_>, text: &str, compiled: &Compiled) -> Option<Program> {
        match compiled {
            Ok(program) => Some(program.clone()),
            Err(faults) => {
                place.expression(text, faults);
                None
            }
        }
    }

    fn compile_new(
        &self,
        schema: &Schema,
        text: &str,
        (standing, gives): (Standing, Gives),
        offer: Option<&Facts>,
    ) -> Compiled {
        if let Some(fault) = too_long(text) {
            return Err([fault].into());
        }
        let scope = FrameScope { schema, standing, offer, broken: self.broken };
        let expected = match gives {
            Gives::Bool => Type::Bool,
            Gives::Any | Gives::Number => Type::Dyn,
        };
        let program = Program::compile(text, &scope, &expected)?;
        self.note(&program);
        let mut faults = Vec::new();
        if gives == Gives::Number && !is_number(program.ty()) {
            faults.push(whole(text, "this must give a number".to_owned(), None));
        }
        if standing.scores() {
            faults.extend(forbidden(schema, &program, text));
        }
        faults.extend(guards::unguarded(schema, &program, standing));
        faults.extend(program.units(&|slot| schema.slot(slot)?.unit.clone()).1);
        if faults.is_empty() { Ok(program) } else { Err(faults.into()) }
    }

    /// Notes which names a program reads.
    pub(super) fn note(&self, program: &Program) {
        let mut used = self.used.borrow_mut();
        used.extend(program.paths().iter().cloned());
    }

    /// Notes that a name is read.
    pub(super) fn note_path(&self, path: &str) {
        self.used.borrow_mut().insert(path.into());
    }

    /// Whether anything reads `path`.
    pub(super) fn uses(&self, path: &str) -> bool {
        self.used.borrow().contains(path)
    }

    /// The condition at `place`, with its words for people.
    pub(super) fn condition(
        &self,
        schema: &Schema,
        place: &Place<'_>,
        condition: &Condition,
        offer: Option<&Facts>,
    ) -> Option<Program> {
        let want = (Standing::Condition, Gives::Bool);
        match condition {
            Condition::Expression(text) => self.compile(schema, place, text, want, offer),
            Condition::Explained(explained) => {
                let place = place.key("when");
                self.compile(schema, &place, &explained.when, want, offer)
            }
        }
    }

    /// The number at `place`: constant or computed.
    pub(super) fn number(
        &self,
        schema: &Schema,
        place: &Place<'_>,
        number: &NumberSource,
        offer: Option<&Facts>,
    ) -> Option<crate::core::catalog::Number> {
        use crate::core::catalog::Number;
        match number {
            NumberSource::Constant(number) => Some(Number::Constant(*number)),
            NumberSource::Expression(text) => {
                let want = (Standing::Number, Gives::Number);
                let program = self.compile(schema, place, text, want, offer)?;
                Some(match program.constant().and_then(Value::as_f64) {
                    Some(number) => Number::Constant(number),
                    None => Number::Program(program),
                })
            }
        }
    }
}

/// A fault when `text` is too long to compile.
pub(super) fn too_long(text: &str) -> Option<ExpressionFault> {
    let long = text.len() > EXPRESSION_BYTES_MAX;
    long.then(|| {
        let message = format!("this expression is longer than {EXPRESSION_BYTES_MAX} bytes");
        whole(text, message, None)
    })
}

fn whole(text: &str, message: String, hint: Option<String>) -> ExpressionFault {
    ExpressionFault { span: (0, text.len()), message, hint }
}

fn is_number(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Uint | Type::Double | Type::Dyn)
}

/// Reads that must not become part of a score (invariant 8).
fn forbidden(schema: &Schema, program: &Program, text: &str) -> Vec<ExpressionFault> {
    let mentions = references(text);
    let mut faults = Vec::new();
    for slot in program.slots() {
        let Some(spec) = schema.slot(*slot) else {
            continue;
        };
        let kind = match (spec.sensitive, spec.personal) {
            (true, _) => "sensitive",
            (_, true) => "personal",
            _ => continue,
        };
        let span = mentions
            .iter()
            .find(|mention| format!("{}.{}", mention.root, mention.name) == *spec.path)
            .map_or((0, text.len()), |mention| mention.span);
        faults.push(ExpressionFault {
            span,
            message: format!("`{}` is {kind}: it must not reach a score", spec.path),
            hint: Some("conditions may read it; scores, models and texts may not".to_owned()),
        });
    }
    faults
}

/// Same key, same program: the text, where it stands, and the offer's facts that it mentions.
fn cache_key(text: &str, (standing, gives): (Standing, Gives), offer: Option<&Facts>) -> String {
    let key = format!("{standing:?} {gives:?} {text}");
    match offer {
        Some(facts) if text.contains("offer") => key + &offer_key(text, facts),
        _ => key,
    }
}

/// Offers for which this is the same have the same program for `text`: the facts it mentions.
pub(super) fn offer_key(text: &str, facts: &Facts) -> String {
    let mut key = String::new();
    for mention in references(text) {
        if mention.root == "offer" {
            let fact = facts.get(mention.name);
            let _ = write!(key, "\u{0}{}={fact:?}", mention.name);
        }
    }
    key
}
