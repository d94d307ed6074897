//! A real `redis-server` of a test's own: on a free port of this machine, in a temporary folder,
//! gone with the test.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running server; dropping it kills it, and no other.
pub struct RedisServer {
    child: Child,
    port: u16,
    options: Vec<String>,
    folder: TempDir,
}

impl RedisServer {
    /// A server that keeps nothing on disk.
    pub fn start() -> Self {
        Self::start_with(&["--appendonly", "no"])
    }

    /// A server that has every write on disk before it answers.
    pub fn start_durable() -> Self {
        Self::start_with(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    /// A server with these options on its command line.
    pub fn start_with(options: &[&str]) -> Self {
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        let folder = tempfile::tempdir().expect("a temporary folder");
        // Another process may take a free port before the server does: try a few.
        for _ in 0..5 {
            let port = free_port();
            let mut child = spawn(port, folder.path(), &options);
            if answers(port, &mut child) {
                return Self { child, port, options, folder };
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("redis-server does not start; its log is on standard error");
    }

    /// A node of a cluster to be, with a second free port for the others.
    pub fn start_node(options: &[&str]) -> Self {
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        let folder = tempfile::tempdir().expect("a temporary folder");
        for _ in 0..20 {
            let (port, bus) = (free_port(), free_port());
            let mut options = options.clone();
            options.extend(["--cluster-port".to_owned(), bus.to_string()]);
            let mut child = spawn(port, folder.path(), &options);
            if answers(port, &mut child) {
                return Self { child, port, options, folder };
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("a node of a cluster does not start; its log is on standard error");
    }

    /// The port of a node on which the others reach it.
    pub fn bus_port(&self) -> String {
        self.options.last().expect("started as a node").clone()
    }

    /// `redis://127.0.0.1:PORT/0`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills it at once, as a crash would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again on the same port and folder, after a kill.
    pub fn restart(&mut self) {
        self.kill();
        self.child = spawn(self.port, self.folder.path(), &self.options);
        assert!(answers(self.port, &mut self.child), "redis-server does not start again");
    }

    /// Stops it in its tracks: connections stay open, and nothing is answered.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").arg(signal).arg(self.child.id().to_string()).status();
        assert!(sent.expect("the kill command").success());
    }

    /// Sends one command and returns the reply as the protocol has it.
    pub fn command(&self, words: &[&[u8]]) -> String {
        ask(self.port, words).expect("an answer")
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

fn spawn(port: u16, folder: &std::path::Path, options: &[String]) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
    command.args(["--save", "", "--loglevel", "warning", "--dir"]).arg(folder).args(options);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn().unwrap_or_else(|cause| {
        panic!(
            "redis-server cannot be started ({cause}); \
             install it with `apt-get install redis-server`, or run scripts/test, which does"
        )
    })
}

/// Waits until the server answers, or has ended.
fn answers(port: u16, child: &mut Child) -> bool {
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        if child.try_wait().expect("the state of the child").is_some() {
            return false;
        }
        // A server with a password answers as well, if only to refuse.
        match ask(port, &[b"PING"]) {
            Ok(reply) if reply.starts_with("+PONG") || reply.starts_with("-NOAUTH") => return true,
            _ => thread::sleep(Duration::from_millis(2)),
        }
    }
    false
}

pub(super) fn ask(port: u16, words: &[&[u8]]) -> std::io::Result<String> {
    let mut connection = TcpStream::connect(("127.0.0.1", port))?;
    connection.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut command = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        command.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        command.extend_from_slice(word);
        command.extend_from_slice(b"\r\n");
    }
    connection.write_all(&command)?;
    let mut reply = [0; 4096];
    let length = connection.read(&mut reply)?;
    Ok(String::from_utf8_lossy(&reply[..length]).into_owned())
}
