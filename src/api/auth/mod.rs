//! Who may call what: callers with their roles, and the one role that each method needs.
//!
//! - [`role`]: the roles, and the table from method to role.
//! - [`keys`]: the file of callers, each with an API key (as a digest) or a client certificate.
//! - [`jwt`]: callers, and customers in browsers, known by signed tokens.
//! - [`caller`]: who calls, found from what came with the call.
//! - [`acts_for`]: the one customer that a browser may speak of.
//! - [`rate`]: how often a caller may call.

pub mod acts_for;
pub mod caller;
pub mod jwt;
pub mod keys;
pub mod rate;
pub mod role;

pub use acts_for::ActsFor;
pub use caller::Caller;
pub use keys::{Keys, KeysError, KeysFile, NewKey};
pub use role::{Need, Role};
