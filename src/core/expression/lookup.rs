//! What stands outside of the language and may be called from it: decision tables.

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;

use super::types::Type;
use crate::core::value::Value;

/// A parameter of a [`Lookup`].
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: Arc<str>,
    /// Its type; a whole number is taken where it is a double.
    pub ty: Type,
}

/// Something expressions call as `table.NAME(args)`: pure, total, the same answer for the same
/// arguments.
pub trait Lookup: Debug + Send + Sync {
    /// Its name.
    fn name(&self) -> &str;
    /// Its parameters, in order.
    fn params(&self) -> &[Parameter];
    /// Type of what it gives.
    fn result(&self) -> Type;
    /// What it gives for arguments of its parameters' types.
    ///
    /// # Errors
    /// When it has nothing for them; the message says so.
    fn call(&self, args: &[Cow<'_, Value>]) -> Result<Value, String>;
    /// As [`Lookup::call`], the slow and plain way: for tests.
    ///
    /// # Errors
    /// As [`Lookup::call`].
    fn reference(&self, args: &[Cow<'_, Value>]) -> Result<Value, String> {
        self.call(args)
    }
}

/// What a name behind `table.` stands for.
#[derive(Clone, Debug)]
pub enum Callee {
    /// Something to call.
    Lookup(Arc<dyn Lookup>),
    /// Something with faults of its own, reported elsewhere: it takes and gives anything.
    Faulty,
}

/// The word before the dot.
pub(super) const ROOT: &str = "table";
/// Work that one call counts as.
pub(super) const CALL_COST: usize = 8;
