//! The language of rules: CEL, parsed by the `cel` crate, type-checked and evaluated by us.
//!
//! A [`Program`] is compiled once against a [`Scope`] (which names exist, with what type, in which
//! slot) and evaluated against a [`Frame`] (a slice of slots). Missing is a third truth value.
//!
//! The way of an expression: text → `parse` (tokens, convert) → `syntax` → `check` → `term` →
//! `fold` → `code` → `eval`. `reference` evaluates the `term` plainly; `canonical` prints it.
//!
//! # Language
//! CEL as in <https://github.com/google/cel-spec/blob/master/doc/langdef.md>, with these choices:
//!
//! * Numbers compare across types by their mathematical value. Arithmetic does not mix types:
//!   `customer.income * 2` is a fault that proposes `2.0`.
//! * A comparison that can never hold (text with a number, a word outside a closed set) is a fault.
//! * No messages, no optional values. Timestamps end with the year 9999 less a day (the range of
//!   `jiff`). Time zones are those of the bundled database. What differs from CEL's conformance
//!   suite stands as cases in `tests/conformance/deviations.yaml`.
//! * A slot must hold its declared type, except that whole numbers become doubles where a double is
//!   declared; `null` there is a failure. List elements and map values are taken as they come.
//!
//! # Missing and failed
//! An empty slot makes what reads it *missing*; overflow, division by zero, a key that is not there
//! and the like make it *failed*. Both travel up through every operation, except:
//!
//! * `false && x` and `x && false` are false, `true || x` and `x || true` are true, whatever `x`;
//!   `all` and `exists` likewise over elements. Where nothing decides and both meet, failed wins; of
//!   several failures the one whose message sorts first, of several missing slots the lowest.
//! * `has(customer.x)` is whether the slot holds anything (also `null`); it is never missing.
//!   `has(m.key)` is whether the map has the key, and false where the map is missing.
//! * `coalesce(x, default)` is `x`, or `default` where `x` is missing (not where it failed).
//! * `? :` evaluates one branch only.
//!
//! # Functions
//! | call | gives | |
//! |---|---|---|
//! | `size(x)`, `x.size()` | int | characters, bytes, elements or entries |
//! | `s.contains(t)`, `s.startsWith(t)`, `s.endsWith(t)` | bool | |
//! | `s.matches(r)`, `matches(s, r)` | bool | somewhere in `s`; syntax of the `regex` crate (RE2) |
//! | `int(x)`, `uint(x)`, `double(x)`, `string(x)`, `bool(x)`, `bytes(x)` | | failed where the value does not fit |
//! | `timestamp(x)`, `duration(x)` | | from RFC 3339 text or Unix seconds; from `1h30m` |
//! | `dyn(x)`, `type(x)` | | `x` unchecked; its type: `type(x) == int` |
//! | `t.getFullYear()`, `getMonth` (from 0), `getDate` (from 1), `getDayOfMonth` (from 0), `getDayOfWeek` (Sunday 0), `getDayOfYear` (from 0), `getHours`, `getMinutes`, `getSeconds`, `getMilliseconds` | int | of a timestamp in UTC, or in a zone: `t.getHours('Europe/Madrid')`, `'+02:00'` |
//! | `d.getHours()`, `getMinutes`, `getSeconds` | int | all of a duration; `getMilliseconds` within the second |
//! | `days_between(t, u)` | int | whole days of 24 hours from `t` to `u` |
//! | `coalesce(x, default)` | | see above; a whole default of a double is converted |
//! | `min(a, b, ...)`, `max(a, b, ...)`, `clamp(x, low, high)` | number | int where all are, else double; NaN if any is |
//! | `abs(x)`, `round(x)` (halves away from zero), `floor(x)`, `ceil(x)` | number | of the type of `x` |
//! | `ln(x)`, `exp(x)`, `pow(x, y)`, `sqrt(x)` | double | by `libm`: the same bits on every machine |
//! | `s.lowerAscii()`, `s.upperAscii()`, `s.trim()`, `s.replace(old, new)`, `s.substring(from)`, `s.substring(from, to)` | string | places in characters |
//! | `s.split(separator)`, `list.join()`, `list.join(separator)` | list, string | |
//!
//! Macros: `has(a.b)`, `l.all(x, p)`, `l.exists(x, p)`, `l.exists_one(x, p)`, `l.map(x, e)`,
//! `l.map(x, p, e)`, `l.filter(x, p)`; over a map they go over its keys.
//!
//! # Bounds
//! Source length, nesting, work of one evaluation, sizes of built texts and lists, and regular
//! expressions are bounded (`limits`). Work over the bound fails with a message that starts with
//! `cost limit exceeded`.

mod apply;
mod arithmetic;
mod bytes;
mod canonical;
mod check;
mod code;
mod compare;
mod convert;
mod cost;
mod domain;
mod eval;
mod fold;
mod functions;
mod guard;
mod limits;
mod lookup;
mod parse;
mod program;
mod read;
mod reference;
mod single;
mod stop;
mod syntax;
mod term;
mod time;
mod tokens;
mod types;
mod units;

#[cfg(test)]
mod tests;

pub use domain::{Computed, Domain, Knowledge, Outcomes, Slots, Values};
pub use functions::function_names;
pub use guard::Unguarded;
pub use lookup::{Callee, Lookup, Parameter};
pub use program::Program;
pub use single::Single;
pub use time::parse_duration;
pub use types::{Binding, EvalError, ExpressionFault, Frame, Scope, Slot, Type};
pub use units::Unit;
