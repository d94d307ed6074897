//! The whole service, as its callers meet it: over a real socket, with the example rules.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

mod support;

mod service {
    mod affinity;
    mod answers;
    mod bad_input;
    mod decide;
    mod doors;
    mod learn;
    mod pacing;
    mod people;
    mod profile;
    mod publish;
    mod reload;
    mod replicas;
    mod store_down;
    mod uplift;
}
