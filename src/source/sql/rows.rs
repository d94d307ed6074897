//! Customers as a query is asked for them, and rows as it gives them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value as Json;

use crate::core::live::SourceSpec;
use crate::source::batch::Rows;
use crate::source::cell::Cell;
use crate::source::error::SourceError;

/// The customers of a query.
pub(super) struct Asked {
    by_key: HashMap<String, Arc<str>>,
    /// As text, in order; empty where the source writes integers.
    pub(super) texts: Vec<String>,
    /// As integers, in order.
    pub(super) ints: Vec<i64>,
    pub(super) is_int: bool,
}

impl Asked {
    /// With integers, customers whose id is none (as the source would write it) are left out.
    pub(super) fn new(customers: &[Arc<str>], is_int: bool) -> Self {
        let mut asked = Self { by_key: HashMap::new(), texts: vec![], ints: vec![], is_int };
        for customer in customers {
            if is_int {
                let Ok(number) = customer.parse::<i64>() else { continue };
                if number.to_string() != **customer {
                    continue;
                }
                asked.ints.push(number);
            } else {
                // No database keeps a text with NUL in it.
                if customer.contains('\0') {
                    continue;
                }
                asked.texts.push(customer.to_string());
            }
            asked.by_key.insert(customer.to_string(), Arc::clone(customer));
        }
        asked
    }

    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// `query` with so many parameters in the place of its one `?` that all customers fit: a power
    /// of two, so that few statements are prepared; the customers with the last one repeated.
    pub(super) fn expanded(&self, query: &str) -> (String, usize) {
        let size = self.len().next_power_of_two();
        let mut parameters = "?,".repeat(size);
        parameters.pop();
        let at = placeholder(query);
        let (head, tail) = query.split_at_checked(at).unwrap_or((query, ""));
        (format!("{head}{parameters}{}", tail.strip_prefix('?').unwrap_or(tail)), size)
    }
}

/// Where the one `?` stands that is not within quotes.
fn placeholder(query: &str) -> usize {
    let mut open = None;
    for (at, c) in query.char_indices() {
        match open {
            Some(quote) if quote == c => open = None,
            Some(_) => {}
            None if c == '?' => return at,
            None if matches!(c, '\'' | '"' | '`') => open = Some(c),
            None => {}
        }
    }
    query.len()
}

/// The rows of a query.
pub(super) struct Taken<'a> {
    pub(super) spec: &'a SourceSpec,
    pub(super) key: &'a str,
    asked: &'a Asked,
    seen: HashSet<Arc<str>>,
    rows: Rows,
    read: usize,
    fault: Option<&'static str>,
}

impl<'a> Taken<'a> {
    pub(super) fn new(spec: &'a SourceSpec, key: &'a str, asked: &'a Asked) -> Self {
        let (seen, rows, read, fault) = (HashSet::new(), Rows::new(), 0, None);
        Self { spec, key, asked, seen, rows, read, fault }
    }

    /// Takes a row; whether to read on.
    pub(super) fn take(&mut self, key: &Cell, cells: Vec<Cell>) -> bool {
        self.read += 1;
        if self.read > 2 * self.asked.len() + 16 {
            self.fault = Some("the query gives more rows than customers were asked for");
            return false;
        }
        let key = match key {
            Cell::Json(Json::String(text)) => text.clone(),
            Cell::Json(Json::Number(number)) => number.to_string(),
            _ => {
                self.fault = Some("the key column holds neither text nor an integer");
                return false;
            }
        };
        // A database that takes `A` for `a` may give a customer nobody asked for.
        let Some(customer) = self.asked.by_key.get(&key) else { return true };
        if !self.seen.insert(Arc::clone(customer)) {
            self.fault = Some("the query gives two rows for one customer");
            return false;
        }
        self.rows.push((Arc::clone(customer), cells));
        true
    }

    pub(super) fn finish(self) -> Result<Rows, SourceError> {
        match self.fault {
            Some(fault) => Err(SourceError::failed(fault)),
            None => Ok(self.rows),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_become_parameters_and_nothing_else() {
        let customers: Vec<Arc<str>> =
            ["1", "a'); DROP TABLE x; --", "007", "3"].into_iter().map(Arc::from).collect();
        let asked = Asked::new(&customers, false);
        let query = "SELECT '?', a FROM t WHERE \"?\" = 1 AND id IN (?) AND 'x' <> 'y'";
        let (text, size) = asked.expanded(query);
        assert_eq!(size, 4);
        assert_eq!(text, "SELECT '?', a FROM t WHERE \"?\" = 1 AND id IN (?,?,?,?) AND 'x' <> 'y'");
        let asked = Asked::new(&customers, true);
        assert_eq!(asked.ints, [1, 3], "only what the source itself would write");
        assert_eq!(asked.expanded("IN (?)").0, "IN (?,?)");
    }
}
