//! What the process is told: flags, each also an `ARBITRA_*` environment variable, checked all at
//! once before a port is bound. `args` is what may be said, `check` what it means; `security` both, of
//! certificates and callers.

mod args;
mod check;
mod redis;
mod security;
mod tokens;

pub use args::{
    DEFAULT_ADMIN, DEFAULT_DATA, DEFAULT_LISTEN, DEFAULT_LOG, DEFAULT_REDIS_PREFIX, DEFAULT_RULES,
    DEFAULT_STORE, LogArgs, ServeArgs, StoreArgs,
};
pub use check::{
    ConfigError, ConfigFault, LogConfig, ServeConfig, StoreConfig, check_log, check_serve,
    check_store,
};

pub use security::SecurityArgs;
pub use tokens::TokenArgs;

#[cfg(test)]
mod tests;
