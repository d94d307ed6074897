//! Processes that a run starts, and that end with it.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, stdin};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::cli::{Failure, output};

/// How long a Redis server may take to answer.
const REDIS_START_MAX: Duration = Duration::from_secs(10);

/// A process that is ended when this is dropped.
pub struct Process {
    child: Child,
    /// Where it listens.
    pub address: String,
}

impl Process {
    /// Processor time used so far, in clock ticks of `/proc`; `None` where there is no `/proc`.
    #[must_use]
    pub fn processor_ticks(&self) -> Option<u64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // After the name, which may hold blanks: state is the first field, utime and stime the
        // 12th and 13th (proc_pid_stat(5)).
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(ticks(11)? + ticks(12)?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// Starts this binary again with `arguments`; it says on its first line where it listens.
///
/// # Errors
/// When it cannot be started, or says nothing.
pub fn again(arguments: &[&str]) -> Result<Process, Failure> {
    let failed = |error: std::io::Error| Failure::other("a server cannot be started", error);
    let program = std::env::current_exe().map_err(failed)?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let mut address = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut address).map_err(failed)?;
    }
    let process = Process { child, address: address.trim().to_owned() };
    if process.address.is_empty() {
        return Err(Failure::Other("a server ended before it listened".to_owned()));
    }
    Ok(process)
}

/// In such a process: says where it listens, and returns when its starter is gone.
pub fn say_and_wait(address: &str) {
    output::say(address);
    // Ends when the other side of the pipe is closed, however that came about.
    let _ended = stdin().read_to_end(&mut Vec::new());
}

/// A Redis server of its own on a free port, without persistence.
///
/// # Errors
/// When there is none on the path, or it does not answer.
pub async fn redis() -> Result<Process, Failure> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(|error| Failure::other("no free port", error))?
        .port();
    let child = Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no", "--loglevel", "warning"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => Failure::Setting(
                "redis-server is not on the path; install it (`apt-get install redis-server`, \
                 `dnf install redis`, `brew install redis`), or name a server with `--redis`"
                    .to_owned(),
            ),
            _ => Failure::other("redis-server cannot be started", error),
        })?;
    let process = Process { child, address: format!("redis://127.0.0.1:{port}/0") };
    let started = Instant::now();
    while let Err(error) = ping(&process.address).await {
        if started.elapsed() > REDIS_START_MAX {
            return Err(Failure::other("redis-server does not answer", error));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(process)
}

async fn ping(address: &str) -> redis::RedisResult<()> {
    let mut connection = redis::Client::open(address)?.get_multiplexed_async_connection().await?;
    redis::cmd("PING").query_async(&mut connection).await
}
