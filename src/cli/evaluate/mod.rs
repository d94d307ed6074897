//! `arbitra evaluate`: how good the models are on anybody's data, by the code that serves. Lives
//! here: running data through the models in order, and the figures. Not here: the
//! models, and the statistics (`cli::stats`).

mod affinity;
mod amounts;
mod bandit;
mod columns;
mod policy;
mod propensity;
mod rows;
mod uplift;
mod value;

use super::{Exit, Failure};

/// What is evaluated.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Clone, Debug)]
enum What {
    /// Probabilities: predict each row, then learn from it, in one pass.
    Propensity(propensity::Args),
    /// Choices: choose a label at each row, see only its reward, in one pass.
    Bandit(bandit::Args),
    /// What others chose: learn the choices of train, then foretell those of test.
    Affinity(affinity::Args),
    /// Policies: what one would have earned, told from the log of another.
    Policy(policy::Args),
    /// Effects: what a contact changes, foretold for each row of a trial, in one pass.
    Uplift(uplift::Args),
    /// Amounts: foretell each row's, then learn from it, in one pass.
    Value(value::Args),
}

/// Evaluates and reports.
///
/// # Errors
/// When the data cannot be read or used; the message names row and column.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    match &args.what {
        What::Propensity(args) => propensity::run(args),
        What::Bandit(args) => bandit::run(args),
        What::Affinity(args) => affinity::run(args),
        What::Policy(args) => policy::run(args),
        What::Uplift(args) => uplift::run(args),
        What::Value(args) => value::run(args),
    }
}
