//! The compiled, immutable content of a rules folder.
