//! The binary as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The binary with these arguments, and no settings from outside.
pub fn arbitra(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arbitra"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ARBITRA_")) {
        command.env_remove(name);
    }
    command
}

/// What it says and answers.
pub fn run(arguments: &[&str]) -> Output {
    arbitra(arguments).output().unwrap()
}

/// What it complained of.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A running `serve` on ports of its own.
pub struct Served {
    pub child: Child,
    /// What it said at its start.
    pub started: Value,
}

impl Served {
    /// Starts it and waits until it serves.
    pub fn start(flags: &[&str]) -> Self {
        Self::start_logged(flags, Stdio::inherit())
    }

    /// The same, with its log somewhere.
    pub fn start_logged(flags: &[&str], log: Stdio) -> Self {
        let ports = ["serve", "--json", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
        let mut command = arbitra(&[&ports, flags].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut said = String::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            said.push_str(&line);
            if line == "}" {
                break;
            }
        }
        let started = serde_json::from_str(&said).unwrap_or_else(|_| panic!("it said `{said}`"));
        Self { child, started }
    }

    /// Where it answers calls.
    pub fn grpc(&self) -> &str {
        self.started["grpc"].as_str().unwrap()
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// The exit code, which must come soon.
    pub fn ended(&mut self) -> Option<i32> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it did not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The answer of a command to it, as JSON.
    pub fn ask(&self, arguments: &[&str]) -> Value {
        let output = run(&[arguments, &["--json", "--server", self.grpc()]].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}
