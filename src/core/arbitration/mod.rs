//! From survivors to a ranked answer: `score` turns factors into one number by the channel's
//! scheme; `slate` fills placements in order of score under exclusions and limits, greedily or in
//! random order. Nothing here asks who may get what (see `policy`), nor renders text.

pub mod score;
pub mod slate;

#[cfg(test)]
mod tests;
