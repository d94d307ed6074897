//! From survivors to a ranked answer: `spec` is what a catalog declares; `score` turns factors into
//! one number by a scheme, of which `formula`, `goals`, `marketer` and `constrained` are parts;
//! `influence` and `objection` are what the customer's own answers do to it; `slate` fills placements
//! in order of score under exclusions and limits, greedily or in random order; `channels` is how a
//! customer answers on each. Nothing here asks who may get what (see `policy`), nor renders text.

pub mod channels;
pub mod constrained;
pub mod explore;
pub mod formula;
pub mod goals;
pub mod influence;
pub mod marketer;
pub mod objection;
pub mod score;
pub mod slate;
pub mod spec;

#[cfg(test)]
mod tests;
