//! Values by name, as JSON gives them, for an expression to read.

use arbitra::cli::eval::json::from_json;
use arbitra::core::expression::{Binding, Scope, Slot, Type};
use arbitra::core::value::Value;
use serde_json::{Map, Value as Json};

/// Names in the order of their slots; of any type, and never missing.
pub struct Names(Vec<String>);

/// The names of `given`, and their values in the same order.
pub fn read(given: &Map<String, Json>) -> (Names, Vec<Option<Value>>) {
    let frame = given.values().map(|json| Some(from_json(json).unwrap())).collect();
    (Names(given.keys().cloned().collect()), frame)
}

impl Scope for Names {
    fn resolve(&self, path: &str) -> Option<Binding> {
        let index = self.0.iter().position(|name| name == path)?;
        let slot = Slot(u32::try_from(index).unwrap());
        Some(Binding::Slot { slot, ty: Type::Dyn, optional: false })
    }

    fn paths(&self) -> Vec<String> {
        self.0.clone()
    }
}
