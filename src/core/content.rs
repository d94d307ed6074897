//! What is shown: texts made personal.

/// The compiled templates of a catalog.
#[derive(Debug, Default)]
pub struct Templates {}
