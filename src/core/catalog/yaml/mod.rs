//! YAML with positions: `parse` turns the bytes of one file into a JSON value and a tree of
//! [`Node`]s that says where each key and value stands; `locate` finds a place inside a scalar.
//! Nothing here knows what a rules folder means.

mod build;
mod locate;
mod parse;

pub use locate::locate;
pub use parse::{YamlError, parse, text};

/// Most bytes of one file.
pub const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Deepest nesting of lists and maps.
pub const DEPTH_MAX: usize = 64;
/// Most nodes and bytes of text of one file, aliases written out.
pub const WEIGHT_MAX: usize = 16 * 1024 * 1024;

/// A stretch of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Region {
    /// First line, from 1.
    pub line: u32,
    /// First column in characters, from 1.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last character.
    pub end_column: u32,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As it is.
    Plain,
    /// `'...'`.
    Single,
    /// `"..."`.
    Double,
    /// `|`.
    Literal,
    /// `>`.
    Folded,
}

/// A key of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub at: Region,
    /// Its value.
    pub node: Node,
}

/// Where a value stands, and the values in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where.
    pub at: Region,
    /// What is in it.
    pub content: NodeContent,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeContent {
    /// A scalar.
    Scalar(Style),
    /// A list.
    List(Vec<Node>),
    /// A map, as written.
    Map(Vec<Entry>),
}

impl Node {
    /// Levels of lists and maps in it, itself included.
    #[must_use]
    pub fn height(&self) -> usize {
        match &self.content {
            NodeContent::Scalar(_) => 0,
            NodeContent::List(items) => 1 + items.iter().map(Self::height).max().unwrap_or(0),
            NodeContent::Map(entries) => {
                1 + entries.iter().map(|entry| entry.node.height()).max().unwrap_or(0)
            }
        }
    }
}
