//! The binary: parse the command line, run, exit code.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A decision makes hundreds of small short-lived values, on whichever thread is free.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    arbitra::cli::main()
}
