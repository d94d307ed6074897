//! Who may call what: callers with their roles, and the one role that each method needs.
//!
//! - [`role`]: the roles, and the table from method to role.
//! - [`keys`]: the file of callers, each with an API key (as a digest) or a client certificate.
//! - [`caller`]: who calls, found from what came with the call.

pub mod caller;
pub mod keys;
pub mod role;

pub use caller::Caller;
pub use keys::{Keys, KeysError, KeysFile, NewKey};
pub use role::{Need, Role};
