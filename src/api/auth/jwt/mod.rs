//! Callers known by a signed token (JWT, RFC 7519), as OpenID providers issue them: keys from a JWK
//! set (RFC 7517) in a file or at a URL, taken anew while the service runs; issuer, audience and
//! times checked; the algorithms pinned, all of them asymmetric.
//!
//! - [`config`]: where the keys are, and what a token must say.
//! - [`keys`]: the set of keys in use.
//! - [`fetch`]: how a set at a URL is kept current.
//! - [`issuer`]: a token's bearer, if it is good.
//! - `verify`: signatures, by `ring`.

pub mod config;
pub mod fetch;
pub mod issuer;
pub mod keys;
mod verify;

pub use config::{ALGORITHMS, Grants, JwtConfig, KeySource};
pub use issuer::{Issuers, TokenFault};
pub use keys::{KeySet, KeySetError};

#[cfg(test)]
mod tests;
