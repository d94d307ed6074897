//! zen-engine in both forms it has for this: one decision table with a column a feature and a row an
//! offer, hit policy `collect`, compiled (so that its index on text columns is built); and a
//! compiled expression an offer, run on one machine and one scope a customer.

use std::rc::Rc;
use std::sync::Arc;

use arbitra::core::value::Value as Ours;
use serde_json::{Map, Value, json};
use zen_engine::Decision;
use zen_engine::model::GraphContent;
use zen_expression::expression::Standard;
use zen_expression::vm::VM;
use zen_expression::{Expression, Scope, Variable, compile_expression};

use crate::offers::{Condition, Customer, Offer, Test};

/// An expression an offer.
pub struct Expressions {
    expressions: Vec<Expression<Standard>>,
    scopes: Vec<Scope>,
    machine: VM,
}

impl Expressions {
    pub fn new(offers: &[Offer], customers: &[Customer]) -> Self {
        let text = |offer: &Offer| {
            let parts: Vec<_> = offer.conditions.iter().map(expression).collect();
            parts.join(" and ")
        };
        let compiled = |offer| compile_expression(&text(offer)).expect("an expression");
        let scopes = customers.iter().map(|customer| Scope::new(variable(customer))).collect();
        Self { expressions: offers.iter().map(compiled).collect(), scopes, machine: VM::new() }
    }
}

impl crate::Engine for Expressions {
    fn name(&self) -> &'static str {
        "zen-expression, compiled"
    }

    fn eligible(&mut self, customer: usize) -> Vec<u32> {
        let (scope, machine) = (&self.scopes[customer], &mut self.machine);
        let mut holds = |expression: &Expression<Standard>| {
            let value = expression.evaluate_with_scope(scope, machine).expect("a value");
            value.as_bool().expect("a truth value")
        };
        let mut eligible = Vec::new();
        for (offer, expression) in (0_u32..).zip(&self.expressions) {
            if holds(expression) {
                eligible.push(offer);
            }
        }
        eligible
    }
}

/// One decision table.
pub struct Table {
    decision: Decision,
    customers: Vec<Variable>,
    runtime: tokio::runtime::Runtime,
}

impl Table {
    pub fn new(offers: &[Offer], customers: &[Customer]) -> Self {
        let content: GraphContent =
            serde_json::from_value(graph(offers, &customers[0])).expect("a decision of zen-engine");
        let mut decision = Decision::from(Arc::new(content));
        decision.compile();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        Self { decision, customers: customers.iter().map(variable).collect(), runtime }
    }
}

impl crate::Engine for Table {
    fn name(&self) -> &'static str {
        "zen-engine, decision table"
    }

    fn eligible(&mut self, customer: usize) -> Vec<u32> {
        let input = self.customers[customer].clone();
        let answer = self.runtime.block_on(self.decision.evaluate(input)).expect("an answer");
        let rows = answer.result.as_array().expect("a list of rows");
        let number = |row: &Variable| {
            let offer = row.dot("offer").and_then(|offer| offer.as_number());
            u32::try_from(offer.expect("an offer")).expect("its number")
        };
        let eligible = Rc::clone(&rows).borrow().iter().map(number).collect();
        eligible
    }
}

fn graph(offers: &[Offer], customer: &Customer) -> Value {
    let column = |(name, _): &(String, Ours)| json!({ "id": name, "name": name, "field": name });
    let inputs: Vec<_> = customer.features.iter().map(column).collect();
    let row = |(number, offer): (usize, &Offer)| {
        let mut row = Map::new();
        row.insert("_id".to_owned(), json!(format!("r{number}")));
        row.insert("offer".to_owned(), json!(number.to_string()));
        for condition in &offer.conditions {
            row.insert(condition.feature.clone(), json!(cell(condition)));
        }
        Value::Object(row)
    };
    let rules: Vec<_> = offers.iter().enumerate().map(row).collect();
    let table = json!({
        "hitPolicy": "collect", "inputs": inputs, "rules": rules,
        "outputs": [{ "id": "offer", "name": "offer", "field": "offer" }],
    });
    json!({
        "nodes": [
            { "id": "in", "name": "in", "type": "inputNode", "content": {} },
            { "id": "table", "name": "table", "type": "decisionTableNode", "content": table },
            { "id": "out", "name": "out", "type": "outputNode", "content": {} },
        ],
        "edges": [
            { "id": "first", "sourceId": "in", "targetId": "table" },
            { "id": "second", "sourceId": "table", "targetId": "out" },
        ],
    })
}

fn cell(condition: &Condition) -> String {
    match &condition.test {
        Test::OneOf(values) => quoted(values),
        Test::Within(from, to) => format!("[{from}..{to})"),
    }
}

fn expression(condition: &Condition) -> String {
    let path = &condition.feature;
    match &condition.test {
        Test::OneOf(values) => format!("{path} in [{}]", quoted(values)),
        Test::Within(from, to) => format!("{path} in [{from}..{to})"),
    }
}

fn quoted(values: &[String]) -> String {
    values.iter().map(|value| format!("'{value}'")).collect::<Vec<_>>().join(", ")
}

fn variable(customer: &Customer) -> Variable {
    let mut features = Map::new();
    for (name, value) in &customer.features {
        let value = match value {
            Ours::String(text) => json!(&**text),
            Ours::Double(number) => json!(number),
            other => panic!("a feature with the value {other:?}"),
        };
        features.insert(name.clone(), value);
    }
    Value::Object(features).into()
}
