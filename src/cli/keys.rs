//! `arbitra keys`: makes API keys.

use clap::Subcommand;
use serde_json::json;

use super::{Exit, Failure, output};
use crate::api::auth::{NewKey, Role};

/// Flags of `keys`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Make a key; it is shown once and kept nowhere.
    New(New),
}

/// Flags of `keys new`.
#[derive(clap::Args, Clone, Debug)]
struct New {
    /// Name of the caller, for the audit log.
    #[arg(long, value_name = "NAME", default_value = "caller")]
    name: String,
    /// What the caller may do: decide, record, profile.read, profile.write, profile.erase,
    /// catalog.read, catalog.publish, insight, admin (everything).
    #[arg(long, value_name = "ROLE,ROLE", value_delimiter = ',', required = true)]
    role: Vec<Role>,
    /// For machines.
    #[arg(long)]
    json: bool,
}

/// Makes a key and shows it with its line for the file of callers.
///
/// # Errors
/// A name that cannot be one, or no random source.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let Command::New(new) = &args.command;
    let drawn = NewKey::draw(&new.name, &new.role).map_err(Failure::Setting)?;
    if new.json {
        output::say_json(&json!({ "key": drawn.key, "line": drawn.line }))?;
    } else {
        output::say(&format!(
            "The key, for the caller (shown once, kept nowhere):\n  {}\n\nIts line, for the file \
             of `arbitra serve --api-keys FILE`:\n  {}\n",
            drawn.key, drawn.line
        ));
    }
    Ok(Exit::Good)
}
