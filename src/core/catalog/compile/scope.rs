//! Which names an expression may read, by where it stands.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::core::catalog::kind::FileKind;
use crate::core::catalog::read::Broken;
use crate::core::catalog::schema::{Schema, builtin};
use crate::core::expression::{Binding, Callee, Scope, Slot, Type};
use crate::core::value::Value;

/// Where an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Standing {
    /// A derived attribute or a segment: `customer.*`, `score.*`, `now`.
    Derived,
    /// A condition: also `segment.*`, `context.*`, `offer.*`, `channel`, `locale`, `state`, `arm`.
    Condition,
    /// A worth or a weight: as a condition, but part of the score.
    Number,
    /// A scheme's formula: all there is.
    Formula,
}

impl Standing {
    /// Whether its result becomes part of a score.
    pub(super) fn scores(self) -> bool {
        matches!(self, Self::Number | Self::Formula)
    }

    fn sees(self, path: &str, slot: Slot) -> bool {
        if slot.0 < builtin::FIRST_FREE {
            return match self {
                Self::Derived => slot == builtin::NOW,
                Self::Condition | Self::Number => {
                    [builtin::NOW, builtin::CHANNEL, builtin::LOCALE, builtin::STATE, builtin::ARM]
                        .contains(&slot)
                }
                Self::Formula => true,
            };
        }
        match path.split_once('.').map_or("", |(root, _)| root) {
            "customer" | "score" => true,
            "segment" | "context" => self != Self::Derived,
            "objective" => self == Self::Formula,
            _ => false,
        }
    }
}

/// An offer's own facts, as constants.
pub(super) type Facts = BTreeMap<Arc<str>, Value>;

/// Names of the decision frame.
pub(super) struct FrameScope<'a> {
    pub schema: &'a Schema,
    pub standing: Standing,
    pub offer: Option<&'a Facts>,
    pub broken: &'a Broken,
}

impl Scope for FrameScope<'_> {
    fn resolve(&self, path: &str) -> Option<Binding> {
        if let Some(name) = path.strip_prefix("offer.") {
            let value = self.offer?.get(name)?;
            return Some(Binding::Constant(value.clone()));
        }
        if let Some(slot) = self.schema.by_path.get(path).copied() {
            let spec = self.schema.slot(slot)?;
            return self.standing.sees(path, slot).then(|| Binding::Slot {
                slot,
                ty: spec.ty.clone(),
                optional: self.schema.optional(spec),
            });
        }
        let (_, name) = path.rsplit_once('.')?;
        self.broken.named(name).then(unknowable)
    }

    fn paths(&self) -> Vec<String> {
        let slots = self.schema.by_path.iter();
        let mut paths: Vec<String> = slots
            .filter(|(path, slot)| self.standing.sees(path, **slot))
            .map(|(path, _)| path.to_string())
            .collect();
        let facts = self.offer.into_iter().flat_map(BTreeMap::keys);
        paths.extend(facts.map(|name| format!("offer.{name}")));
        paths
    }

    fn lookup(&self, name: &str) -> Option<Callee> {
        let left_out = self.broken.excuses(FileKind::Tables, name);
        self.schema.lookup(name).or_else(|| left_out.then_some(Callee::Faulty))
    }

    fn lookups(&self) -> Vec<String> {
        self.schema.tables.keys().map(ToString::to_string).collect()
    }
}

/// Names of an event's frame.
pub(super) struct EventScope<'a> {
    pub fields: &'a [crate::core::catalog::schema::FieldSpec],
    pub broken: &'a Broken,
}

impl Scope for EventScope<'_> {
    fn resolve(&self, path: &str) -> Option<Binding> {
        let name = path.strip_prefix("event.")?;
        match self.fields.iter().find(|field| *field.name == *name) {
            Some(field) => Some(Binding::Slot {
                slot: field.slot,
                ty: field.ty.clone(),
                optional: field.default.is_none(),
            }),
            None => self.broken.named(name).then(unknowable),
        }
    }

    fn paths(&self) -> Vec<String> {
        let names = self.fields.iter().map(|field| &field.name);
        names.map(|name| format!("event.{name}")).collect()
    }
}

/// What a name stands for whose declaration had faults: anything, so that it is not reported twice.
fn unknowable() -> Binding {
    Binding::Slot { slot: Slot(0), ty: Type::Dyn, optional: true }
}
