//! Who gets in: TLS, client certificates, API keys and roles, over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

mod support;

mod security {
    mod command_line;
    mod keys;
    mod tls;
    mod tokens;
}
