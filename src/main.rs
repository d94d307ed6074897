//! The binary: parse the command line, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    arbitra::cli::main()
}
