//! Builds the value and its tree of positions from parser events, within the limits.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{DEPTH_MAX, Entry, Node, NodeContent, Region, WEIGHT_MAX, YamlError};

/// A value with its positions.
pub(super) type Built = (Value, Node);

/// An open list or map.
struct Open {
    at: Region,
    anchor: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Value>, Vec<Node>),
    Map { values: Map<String, Value>, entries: Vec<Entry>, key: Option<(String, Region)> },
}

/// The tree under construction.
#[derive(Default)]
pub(super) struct Builder {
    open: Vec<Open>,
    anchors: BTreeMap<usize, (Built, usize)>,
    weight: usize,
    root: Option<Built>,
    /// Faults that do not stop the reading: duplicate keys, keys that are not text.
    pub(super) errors: Vec<YamlError>,
}

impl Builder {
    /// Opens a list.
    pub(super) fn open_list(&mut self, at: Region, anchor: usize) -> Result<(), YamlError> {
        self.open(at, anchor, OpenKind::List(Vec::new(), Vec::new()))
    }

    /// Opens a map.
    pub(super) fn open_map(&mut self, at: Region, anchor: usize) -> Result<(), YamlError> {
        let kind = OpenKind::Map { values: Map::new(), entries: Vec::new(), key: None };
        self.open(at, anchor, kind)
    }

    fn open(&mut self, at: Region, anchor: usize, kind: OpenKind) -> Result<(), YamlError> {
        if self.open.len() >= DEPTH_MAX {
            return Err(too_deep(at));
        }
        self.weigh(at, 1)?;
        if let Some(Open { kind: OpenKind::Map { key: key @ None, .. }, .. }) = self.open.last_mut()
        {
            self.errors.push(YamlError::new(at, "a key must be text, not a list or a map"));
            *key = Some((String::new(), at));
        }
        self.open.push(Open { at, anchor, kind });
        Ok(())
    }

    /// Closes the innermost list or map.
    pub(super) fn close(&mut self, end: Region) -> Result<(), YamlError> {
        let Some(Open { mut at, anchor, kind }) = self.open.pop() else {
            return Ok(());
        };
        (at.end_line, at.end_column) = (end.end_line, end.end_column);
        let built = match kind {
            OpenKind::List(values, nodes) => {
                (Value::Array(values), Node { at, content: NodeContent::List(nodes) })
            }
            OpenKind::Map { values, entries, .. } => {
                (Value::Object(values), Node { at, content: NodeContent::Map(entries) })
            }
        };
        self.add(built, anchor)
    }

    /// Adds a scalar, as a key or a value.
    pub(super) fn scalar(
        &mut self,
        text: &str,
        value: Value,
        node: Node,
        anchor: usize,
    ) -> Result<(), YamlError> {
        self.weigh(node.at, 1 + text.len())?;
        if let Some(Open { kind: OpenKind::Map { key, values, .. }, .. }) = self.open.last_mut()
            && key.is_none()
        {
            if values.contains_key(text) {
                self.errors.push(YamlError::new(
                    node.at,
                    format!("`{text}` is given twice in the same map"),
                ));
            }
            *key = Some((text.to_owned(), node.at));
            return Ok(());
        }
        self.add((value, node), anchor)
    }

    /// Writes out what an alias stands for.
    pub(super) fn alias(&mut self, at: Region, anchor: usize) -> Result<(), YamlError> {
        let Some((_, weight)) = self.anchors.get(&anchor) else {
            return Err(YamlError::new(at, "this alias stands inside what it names"));
        };
        let weight = *weight;
        self.weigh(at, weight)?;
        let Some(((value, mut node), _)) = self.anchors.get(&anchor).cloned() else {
            return Ok(());
        };
        if self.open.len() + node.height() > DEPTH_MAX {
            return Err(too_deep(at));
        }
        node.at = at;
        if let Some(Open { kind: OpenKind::Map { key: key @ None, .. }, .. }) = self.open.last_mut()
        {
            self.errors.push(YamlError::new(at, "a key must be text, not an alias"));
            *key = Some((String::new(), at));
            return Ok(());
        }
        self.add((value, node), 0)
    }

    /// The document, if there was one.
    pub(super) fn finish(self) -> (Option<Built>, Vec<YamlError>) {
        (self.root, self.errors)
    }

    fn weigh(&mut self, at: Region, weight: usize) -> Result<(), YamlError> {
        self.weight = self.weight.saturating_add(weight);
        if self.weight > WEIGHT_MAX {
            return Err(YamlError::new(
                at,
                "the file is too large once its aliases are written out",
            ));
        }
        Ok(())
    }

    fn add(&mut self, built: Built, anchor: usize) -> Result<(), YamlError> {
        if anchor != 0 {
            let weight = weight(&built.0);
            self.weigh(built.1.at, weight)?;
            self.anchors.insert(anchor, (built.clone(), weight));
        }
        let (value, node) = built;
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.root = Some((value, node)),
            Some(OpenKind::List(values, nodes)) => {
                values.push(value);
                nodes.push(node);
            }
            Some(OpenKind::Map { values, entries, key, .. }) => {
                if let Some((key, at)) = key.take() {
                    values.insert(key.clone(), value);
                    entries.push(Entry { key, at, node });
                }
            }
        }
        Ok(())
    }
}

fn too_deep(at: Region) -> YamlError {
    YamlError::new(at, format!("lists and maps are nested deeper than {DEPTH_MAX} levels"))
}

fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => 1 + text.len(),
        Value::Array(items) => 1 + items.iter().map(weight).sum::<usize>(),
        Value::Object(entries) => {
            1 + entries.iter().map(|(key, value)| key.len() + weight(value)).sum::<usize>()
        }
    }
}
