//! The names of keys.
//!
//! | key | holds |
//! |---|---|
//! | `arbitra:{ID}` | the record of customer ID: version (8 bytes, LE), checksum (8), record |
//! | `arbitra:{ID}:d` | the remembered decisions, a list, newest first |
//! | `arbitra:log:{log}` | the learning log, a stream with the ids `POSITION-0` |
//! | `arbitra:log:{log}:last` | the last position given out |
//! | `arbitra:log:{log}:moved` | cluster: ids of what was moved to the log, until that is certain |
//! | `arbitra:outbox:{TAG}` | cluster: entries of commits in TAG's slot on their way to the log |
//! | `arbitra:document:{NAME}` | a document, in the form of a record |
//! | `arbitra:limit:{NAME}` | units taken |
//!
//! What stands in braces is the cluster's hash tag: all keys of a customer share one slot. Any
//! text may be an id, so `{`, `}` and `%` are written `%7B`, `%7D` and `%25` in it: the first brace
//! pair of a key is always the tag, it is never empty, and two ids never share a key.

use super::slot::tag_in;

/// Names keys under one prefix.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    prefix: String,
    /// The learning log.
    pub log: String,
    /// Its last position.
    pub log_last: String,
    /// What was moved to it.
    pub log_moved: String,
}

impl Keys {
    pub fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            log: format!("{prefix}log:{{log}}"),
            log_last: format!("{prefix}log:{{log}}:last"),
            log_moved: format!("{prefix}log:{{log}}:moved"),
        }
    }

    pub fn record(&self, customer: &str) -> String {
        self.tagged("", customer, "")
    }

    pub fn decisions(&self, customer: &str) -> String {
        self.tagged("", customer, ":d")
    }

    /// The outbox of a slot.
    pub fn outbox(&self, slot: u16) -> String {
        self.tagged("outbox:", tag_in(slot), "")
    }

    pub fn document(&self, name: &str) -> String {
        self.tagged("document:", name, "")
    }

    pub fn limit(&self, name: &str) -> String {
        self.tagged("limit:", name, "")
    }

    fn tagged(&self, kind: &str, name: &str, part: &str) -> String {
        let room = self.prefix.len() + kind.len() + name.len() + part.len() + 2;
        let mut key = String::with_capacity(room);
        key.push_str(&self.prefix);
        key.push_str(kind);
        key.push('{');
        for c in name.chars() {
            match c {
                '{' => key.push_str("%7B"),
                '}' => key.push_str("%7D"),
                '%' => key.push_str("%25"),
                other => key.push(other),
            }
        }
        key.push('}');
        key.push_str(part);
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_the_whole_id_whatever_it_holds() {
        let keys = Keys::new("arbitra:");
        assert_eq!(keys.record("ana"), "arbitra:{ana}");
        assert_eq!(keys.decisions("}a{b}%7D"), "arbitra:{%7Da%7Bb%7D%257D}:d");
        assert_ne!(keys.record("}"), keys.record("%7D"));
        assert_eq!(keys.document("catalog/1"), "arbitra:document:{catalog/1}");
    }
}
