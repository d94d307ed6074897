//! The command line: one file or folder a command. Commands that talk to a running service do so
//! through gRPC, as any client would.

pub mod bench;
mod check;
mod client;
mod data;
mod decide;
mod demo;
pub mod eval;
mod evaluate;
mod exit;
mod import;
mod insight;
mod keys;
mod output;
mod profile;
mod promote;
mod publish;
mod rules;
mod schema;
mod serve;
mod stats;
mod values;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use exit::{Exit, Failure};

/// Arbitra decides, in real time, what to offer a customer next.
#[derive(Debug, Parser)]
#[command(name = "arbitra", version, about, arg_required_else_help = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service.
    Serve(Box<serve::Args>),
    /// Run the whole loop on real customers and real outcomes, and say what was learned.
    Demo(Box<demo::Args>),
    /// Find every fault of a rules folder, and run its cases.
    Check(check::Args),
    /// Evaluate an expression of the rule language: its value and type.
    Eval(eval::Args),
    /// Ask a running service for a decision.
    Decide(decide::Args),
    /// Show what a running service knows of a customer.
    Profile(profile::Args),
    /// Show how models, objectives and limits of a running service fare.
    Insight(insight::Args),
    /// Publish a rules folder to all replicas of a running service.
    Publish(publish::PublishArgs),
    /// Return to an earlier published version.
    Rollback(publish::RollbackArgs),
    /// Let a challenger take the place of the model that serves.
    Promote(promote::Args),
    /// List the published versions, and what each changed.
    Versions(publish::VersionsArgs),
    /// Print the JSON Schema of a file of a rules folder, for editors.
    Schema(schema::Args),
    /// Say how good the models are on a file of past outcomes.
    Evaluate(Box<evaluate::Args>),
    /// Tell a running service of past contacts, so that its models are warm.
    Import(Box<import::Args>),
    /// Make API keys for callers.
    Keys(keys::Args),
    /// Measure.
    Bench(bench::Args),
}

/// Parses the command line and runs it. Exit codes: 0 good, 1 findings or failure, 2 usage, 64 bad
/// configuration.
#[must_use]
pub fn main() -> ExitCode {
    let line = match Line::try_parse() {
        Ok(line) => line,
        Err(error) => {
            let _unwritable = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Good.into() };
        }
    };
    let result = match line.command {
        Command::Serve(args) => serve::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Decide(args) => decide::run(&args),
        Command::Profile(args) => profile::run(&args),
        Command::Insight(args) => insight::run(&args),
        Command::Publish(args) => publish::publish(&args),
        Command::Rollback(args) => publish::roll_back(&args),
        Command::Promote(args) => promote::run(&args),
        Command::Versions(args) => publish::versions(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Keys(args) => keys::run(&args),
        Command::Bench(args) => bench::run(args),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output::complain(&failure.to_string());
            failure.exit().into()
        }
    }
}
