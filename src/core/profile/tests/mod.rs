//! What a profile promises: its stored form, its bounds, its aggregates against a naive reading of
//! the raw events, its history.

mod aggregates;
mod bounds;
mod codec;
mod fixture;
mod frame;
mod history;
mod merge;
