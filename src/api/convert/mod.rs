//! Wire messages to the core's words, and back. Names are resolved against one snapshot, taken at
//! the start of a call. What comes in is checked field by field, and every fault is kept
//! (`fault`); what goes out gets its names again. Nothing here has effects.

pub mod arm;
pub mod attribution;
pub mod beside;
pub mod bounds;
pub mod catalog;
pub mod consent;
pub mod context;
pub mod customer;
pub mod decide;
pub mod decision;
pub mod event;
pub mod fate;
pub mod fault;
pub mod filter;
pub mod fresh;
pub mod kind;
pub mod merge;
pub mod model;
pub mod name;
pub mod offer;
pub mod outcome;
pub mod pacing;
pub mod profile;
pub mod reasons;
pub mod source;
pub mod standing;
pub mod time;
pub mod update;
pub mod value;
pub mod what_if;
