//! More than can be done: floods, and peers that hold on without using what they hold.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

mod support;

mod overload {
    mod connections;
    mod flood;
}
