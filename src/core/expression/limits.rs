//! How large an expression, its parts and its work may get. Nothing here is configurable: an
//! expression that needs more is not a rule but a program.

/// Longest source text, in bytes.
pub(super) const SOURCE_BYTES_MAX: usize = 8 * 1024;
/// Deepest nesting of brackets and longest chain of operators without brackets, added up.
pub(super) const DEPTH_MAX: usize = 128;
/// Deepest nesting of brackets the parser follows.
pub(super) const BRACKETS_MAX: u16 = 96;
/// Most nodes of the syntax tree, macros expanded.
pub(super) const NODES_MAX: usize = 16 * 1024;
/// Faults reported for one expression.
pub(super) const FAULTS_MAX: usize = 32;
/// Work of one evaluation: iterations of macros, elements compared, kilobytes of text built.
pub(super) const COST_MAX: u32 = 100_000;
/// Longest text or byte string an operation may build, in bytes.
pub(super) const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Longest list an operation may build.
pub(super) const LIST_LENGTH_MAX: usize = 16 * 1024;
/// Memory a compiled regular expression may take, in bytes.
pub(super) const REGEX_BYTES_MAX: usize = 256 * 1024;
/// Nodes of a value an evaluation may give.
pub(super) const VALUE_NODES_MAX: usize = 64 * 1024;
/// Nodes of a value that takes the place of the expression that makes it.
pub(super) const FOLDED_NODES_MAX: usize = 4 * 1024;
