//! Real database servers of a test's own: on free ports, in temporary folders, gone with the test.
//! Both refuse to run as root; then they run as `nobody`.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

pub struct Postgres {
    child: Child,
    folder: TempDir,
    port: u16,
}

pub const PASSWORD: &str = "not-a-secret";

impl Postgres {
    pub async fn start() -> Self {
        let folder = folder();
        std::fs::write(folder.path().join("password"), PASSWORD).unwrap();
        own(&folder.path().join("password"));
        let mut init = as_nobody(&program("initdb", "/usr/lib/postgresql"));
        init.args(["-U", "postgres", "-A", "scram-sha-256", "-N", "--no-instructions"]);
        init.arg("--pwfile").arg(folder.path().join("password"));
        init.arg("-D").arg(folder.path().join("data")).env("LC_ALL", "C").stdout(Stdio::null());
        assert!(init.status().expect("initdb").success());
        let port = free_port();
        let server = Self { child: postgres(folder.path(), port), folder, port };
        server.answers().await;
        server
    }

    /// With the password in it.
    pub fn url(&self) -> String {
        format!("postgres://postgres:{PASSWORD}@127.0.0.1:{}/postgres", self.port)
    }

    /// Without.
    pub fn bare_url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    pub async fn run(&self, sql: &'static str) {
        let pool = sqlx::PgPool::connect(&self.url()).await.unwrap();
        sqlx::raw_sql(sql).execute(&pool).await.unwrap();
        pool.close().await;
    }

    /// Ends it at once, with all its connections.
    pub fn kill(&mut self) {
        let id = self.child.id().to_string();
        let _sent = Command::new("kill").args(["-QUIT", &id]).status();
        let _ended = self.child.wait();
    }

    pub async fn restart(&mut self) {
        self.child = postgres(self.folder.path(), self.port);
        self.answers().await;
    }

    async fn answers(&self) {
        crate::support::eventually("PostgreSQL answers", || async {
            let options = sqlx::postgres::PgPoolOptions::new().max_connections(1);
            let options = options.acquire_timeout(Duration::from_secs(5));
            options.connect(&self.url()).await.ok()?.close().await;
            Some(())
        })
        .await;
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

fn postgres(folder: &Path, port: u16) -> Child {
    let mut server = as_nobody(&program("postgres", "/usr/lib/postgresql"));
    server.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string()]);
    server.args(["-h", "127.0.0.1", "-F", "-c", "max_connections=100", "-k"]).arg(folder);
    server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    server.spawn().expect("postgres starts")
}

pub struct MySql {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl MySql {
    pub async fn start() -> Self {
        let folder = folder();
        let data = folder.path().join("data");
        let mut install = as_nobody(&program("mariadb-install-db", "/usr/bin"));
        install.arg("--no-defaults").arg("--auth-root-authentication-method=normal");
        install.arg(format!("--datadir={}", data.display())).arg("--skip-test-db");
        install.stdout(Stdio::null()).stderr(Stdio::null());
        assert!(install.status().expect("mariadb-install-db").success());
        let port = free_port();
        let mut server = as_nobody(&program("mariadbd", "/usr/sbin"));
        server.arg("--no-defaults").arg(format!("--datadir={}", data.display()));
        server.arg(format!("--port={port}")).arg("--bind-address=127.0.0.1");
        server.arg(format!("--socket={}", folder.path().join("socket").display()));
        server.arg(format!("--pid-file={}", folder.path().join("pid").display()));
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = server.spawn().expect("mariadbd starts");
        let server = Self { child, port, _folder: folder };
        crate::support::eventually("MariaDB answers", || async {
            sqlx::MySqlPool::connect(&server.url()).await.ok()?.close().await;
            Some(())
        })
        .await;
        server
    }

    pub fn url(&self) -> String {
        format!("mysql://root@127.0.0.1:{}/mysql", self.port)
    }

    pub async fn run(&self, sql: &'static str) {
        let pool = sqlx::MySqlPool::connect(&self.url()).await.unwrap();
        sqlx::raw_sql(sql).execute(&pool).await.unwrap();
        pool.close().await;
    }
}

impl Drop for MySql {
    fn drop(&mut self) {
        let _sent = self.child.kill();
        let _ended = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A program by its name, or below where packages put what is not on the path.
fn program(name: &str, below: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.push(below.into());
    let versions = std::fs::read_dir(below).into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    let found = folders.into_iter().map(|folder| folder.join(name)).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("{name} is missing: scripts/test installs it"))
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.starts_with(b"0\n")
}

fn as_nobody(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(program);
    command.current_dir("/").env("HOME", "/");
    command
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    own(folder.path());
    folder
}

fn own(path: &Path) {
    if is_root() {
        std::os::unix::fs::chown(path, Some(65534), Some(65534)).unwrap();
    }
}
