//! Slates: which candidate takes which slot. `board` is what is to be filled and what binds it,
//! `book` keeps count while it is filled, `value` is what a slate is worth; `greedy` fills it,
//! `assign` and `search` find the best one where it is small. Nothing here makes a score.

mod assign;
mod board;
mod book;
mod greedy;
mod search;
mod value;

pub use board::{
    Board, Bounds, BundleSpec, Diversity, Entry, Group, GroupCap, Passed, Slate, SlateRule, Unit,
    shuffled,
};
pub use greedy::fill;
pub use search::{Proof, best};
pub use value::{discount, value};
