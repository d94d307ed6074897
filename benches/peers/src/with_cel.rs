//! The `cel` interpreter: a program an offer, compiled once; a context a customer, built once, with
//! each feature a variable of its own (a member of a map would cost a look-up more); resolved to a
//! borrowed value, which is the crate's faster way. Membership is written in both ways CEL has.

use std::collections::BTreeMap;

use arbitra::core::value::Value as Ours;
use cel::common::types::CelBool;
use cel::{Context, Program, Value};

use crate::offers::{Condition, Customer, Offer, Test};

/// How "one of these" is written.
#[derive(Clone, Copy)]
pub enum Form {
    List,
    Or,
}

pub const FORMS: [Form; 2] = [Form::List, Form::Or];

/// An expression an offer.
pub struct Programs {
    form: Form,
    programs: Vec<Program>,
    contexts: Vec<Context<'static, 'static>>,
}

impl Programs {
    pub fn new(form: Form, offers: &[Offer], customers: &[Customer]) -> Self {
        let text = |offer: &Offer| {
            let parts: Vec<_> = offer.conditions.iter().map(|c| written(c, form)).collect();
            parts.join(" && ")
        };
        let programs =
            offers.iter().map(|offer| Program::compile(&text(offer)).expect("CEL")).collect();
        Self { form, programs, contexts: customers.iter().map(context).collect() }
    }
}

impl crate::Engine for Programs {
    fn name(&self) -> &'static str {
        match self.form {
            Form::List => "cel, `x in [...]`",
            Form::Or => "cel, `x == a || x == b`",
        }
    }

    fn eligible(&mut self, customer: usize) -> Vec<u32> {
        let context = &self.contexts[customer];
        let holding = (0_u32..).zip(&self.programs).filter(|(_, program)| holds(program, context));
        holding.map(|(offer, _)| offer).collect()
    }
}

/// What sharing alone brings: each distinct condition asked once, offers counted by hand. This is
/// an engine built around the crate, told for comparison only.
pub struct Shared {
    conditions: Vec<Program>,
    offers: Vec<Vec<usize>>,
    contexts: Vec<Context<'static, 'static>>,
}

impl Shared {
    pub fn new(offers: &[Offer], customers: &[Customer]) -> Self {
        let mut distinct: BTreeMap<Condition, usize> = BTreeMap::new();
        let mut conditions = Vec::new();
        let mut number = |condition: &Condition| {
            *distinct.entry(condition.clone()).or_insert_with(|| {
                let text = written(condition, Form::Or);
                conditions.push(Program::compile(&text).expect("CEL"));
                conditions.len() - 1
            })
        };
        let mut numbered = Vec::new();
        for offer in offers {
            numbered.push(offer.conditions.iter().map(&mut number).collect());
        }
        let contexts = customers.iter().map(context).collect();
        Self { conditions, offers: numbered, contexts }
    }
}

impl crate::Engine for Shared {
    fn name(&self) -> &'static str {
        "(cel, each distinct condition once, combined by hand)"
    }

    fn counts(&self) -> bool {
        false
    }

    fn eligible(&mut self, customer: usize) -> Vec<u32> {
        let context = &self.contexts[customer];
        let held: Vec<_> = self.conditions.iter().map(|program| holds(program, context)).collect();
        let eligible = |conditions: &[usize]| conditions.iter().all(|&number| held[number]);
        let holding = (0_u32..).zip(&self.offers).filter(|(_, conditions)| eligible(conditions));
        holding.map(|(offer, _)| offer).collect()
    }
}

fn holds(program: &Program, context: &Context<'static, 'static>) -> bool {
    let value = Value::resolve_val(program.expression(), context).expect("a value");
    *value.downcast_ref::<CelBool>().expect("a truth value").inner()
}

fn context(customer: &Customer) -> Context<'static, 'static> {
    let mut context = Context::default();
    for (name, value) in &customer.features {
        let value = match value {
            Ours::String(text) => Value::from(&**text),
            Ours::Double(number) => Value::Float(*number),
            other => panic!("a feature with the value {other:?}"),
        };
        context.add_variable_from_value(name.clone(), value);
    }
    context
}

fn written(condition: &Condition, form: Form) -> String {
    let path = &condition.feature;
    match (&condition.test, form) {
        (Test::OneOf(values), Form::List) => {
            let values: Vec<_> = values.iter().map(|value| format!("'{value}'")).collect();
            format!("{path} in [{}]", values.join(", "))
        }
        (Test::OneOf(values), Form::Or) => {
            let each: Vec<_> = values.iter().map(|value| format!("{path} == '{value}'")).collect();
            format!("({})", each.join(" || "))
        }
        (Test::Within(from, to), _) => format!("{path} >= {from} && {path} < {to}"),
    }
}
