//! Attributes read in place: from a real PostgreSQL, MariaDB, SQLite file and HTTP server, all of
//! them started, stalled, killed and lied to by the tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may end at the first fault"
)]

mod support;

mod sources {
    mod database;
    mod decided;
    mod http;
    mod hurt;
    mod mysql;
    mod postgres;
    mod sqlite;
    mod world;
}
