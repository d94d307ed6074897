//! A real Redis Cluster of a test's own, and a primary with a replica under real Sentinels.

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::redis_server::{RedisServer, free_port};

const SLOTS: usize = 16_384;

/// A cluster: masters, then their replicas.
pub struct RedisCluster {
    pub nodes: Vec<RedisServer>,
    masters: usize,
}

impl RedisCluster {
    /// So many masters, each with so many replicas; it serves all slots when this returns.
    pub fn start(masters: usize, replicas: usize) -> Self {
        Self::start_with(masters, replicas, &[])
    }

    /// The same, with further options on the command lines.
    pub fn start_with(masters: usize, replicas: usize, options: &[&str]) -> Self {
        let mut all = vec![
            "--cluster-enabled",
            "yes",
            "--cluster-node-timeout",
            "1000",
            "--cluster-require-full-coverage",
            "no",
            "--cluster-replica-validity-factor",
            "0",
            "--repl-diskless-sync-delay",
            "0",
            "--appendonly",
            "no",
        ];
        all.extend(options);
        let count = masters * (1 + replicas);
        let nodes: Vec<RedisServer> = (0..count).map(|_| RedisServer::start_node(&all)).collect();
        let cluster = Self { nodes, masters };
        for (index, node) in cluster.nodes.iter().enumerate() {
            let epoch = (index + 1).to_string();
            node.command(&[b"CLUSTER", b"SET-CONFIG-EPOCH", epoch.as_bytes()]);
            if index < masters {
                let first = (SLOTS * index / masters).to_string();
                let last = (SLOTS * (index + 1) / masters - 1).to_string();
                let added = node.command(&[
                    b"CLUSTER",
                    b"ADDSLOTSRANGE",
                    first.as_bytes(),
                    last.as_bytes(),
                ]);
                assert!(added.starts_with("+OK"), "{added}");
            }
            let port = cluster.nodes[0].port().to_string();
            let bus = cluster.nodes[0].bus_port();
            if index > 0 {
                let (port, bus) = (port.as_bytes(), bus.as_bytes());
                let met = node.command(&[b"CLUSTER", b"MEET", b"127.0.0.1", port, bus]);
                assert!(met.starts_with("+OK"), "{met}");
            }
        }
        cluster.wait("all nodes know each other", |node| {
            let info = node.command(&[b"CLUSTER", b"INFO"]);
            info.contains("cluster_state:ok")
                && info.contains(&format!("cluster_known_nodes:{count}"))
                && info.contains("cluster_slots_ok:16384")
        });
        for replica in masters..count {
            let id = cluster.id(replica % masters);
            cluster.wait_one(replica, "a node becomes a replica", |node| {
                node.command(&[b"CLUSTER", b"REPLICATE", id.as_bytes()]).starts_with("+OK")
            });
            cluster.wait_one(replica, "a replica follows", |node| {
                node.command(&[b"INFO", b"replication"]).contains("master_link_status:up")
            });
        }
        for master in 0..masters {
            cluster.wait_one(master, "a master knows its replicas", |node| {
                let info = node.command(&[b"INFO", b"replication"]);
                info.contains(&format!("connected_slaves:{replicas}"))
            });
        }
        cluster
    }

    /// `redis-cluster://` with all masters.
    pub fn url(&self) -> String {
        let masters = self.nodes.iter().take(self.masters);
        let hosts: Vec<String> = masters.map(|node| format!("127.0.0.1:{}", node.port())).collect();
        format!("redis-cluster://{}", hosts.join(","))
    }

    /// Which node serves the slot of a key.
    pub fn master_of(&self, key: &str) -> usize {
        let slot = self.nodes[0].command(&[b"CLUSTER", b"KEYSLOT", key.as_bytes()]);
        let slot: usize = slot.trim().trim_start_matches(':').parse().unwrap();
        let owns = |index: &usize| {
            let first = SLOTS * index / self.masters;
            (first..SLOTS * (index + 1) / self.masters).contains(&slot)
        };
        (0..self.masters).find(owns).unwrap()
    }

    /// The id of a node.
    pub fn id(&self, index: usize) -> String {
        let id = self.nodes[index].command(&[b"CLUSTER", b"MYID"]);
        id.lines().nth(1).unwrap().to_owned()
    }

    fn wait(&self, what: &str, holds: impl Fn(&RedisServer) -> bool) {
        for index in 0..self.nodes.len() {
            self.wait_one(index, what, &holds);
        }
    }

    fn wait_one(&self, index: usize, what: &str, holds: impl Fn(&RedisServer) -> bool) {
        wait(what, || holds(&self.nodes[index]));
    }
}

/// A primary, its replica, and Sentinels that watch them under the name `main`.
pub struct RedisSentinels {
    pub primary: RedisServer,
    pub replica: RedisServer,
    sentinels: Vec<(Child, u16)>,
    _folder: TempDir,
}

impl RedisSentinels {
    /// Three Sentinels, all of which know each other when this returns.
    pub fn start() -> Self {
        let options = ["--appendonly", "no", "--repl-diskless-sync-delay", "0"];
        let primary = RedisServer::start_with(&options);
        let replica = RedisServer::start_with(&options);
        let port = primary.port().to_string();
        replica.command(&[b"REPLICAOF", b"127.0.0.1", port.as_bytes()]);
        wait("the replica follows", || {
            replica.command(&[b"INFO", b"replication"]).contains("master_link_status:up")
        });
        let folder = tempfile::tempdir().unwrap();
        let sentinels = (0..3).map(|number| {
            let own = free_port();
            let file = folder.path().join(format!("sentinel-{number}.conf"));
            let text = format!(
                "port {own}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {port} 2\n\
                 sentinel down-after-milliseconds main 500\nsentinel failover-timeout main 2000\n"
            );
            std::fs::write(&file, text).unwrap();
            let mut command = Command::new("redis-server");
            command.arg(&file).arg("--sentinel").current_dir(folder.path());
            command.stdin(Stdio::null()).stdout(Stdio::null());
            (command.spawn().unwrap(), own)
        });
        let sentinels = sentinels.collect();
        let this = Self { primary, replica, sentinels, _folder: folder };
        for (_, port) in &this.sentinels {
            wait("the sentinels know each other and the replica", || {
                let words: &[&[u8]] = &[b"SENTINEL", b"MASTER", b"main"];
                super::redis_server::ask(*port, words).is_ok_and(|state| {
                    let lines: Vec<&str> = state.lines().collect();
                    let is = |name: &str, value: &str| {
                        lines.windows(3).any(|w| w[0] == name && w[2] == value)
                    };
                    is("num-other-sentinels", "2") && is("num-slaves", "1")
                })
            });
        }
        this
    }

    /// `redis-sentinel://` with all of them.
    pub fn url(&self) -> String {
        let hosts: Vec<String> =
            self.sentinels.iter().map(|(_, port)| format!("127.0.0.1:{port}")).collect();
        format!("redis-sentinel://{}/0#main", hosts.join(","))
    }
}

impl Drop for RedisSentinels {
    fn drop(&mut self) {
        for (child, _) in &mut self.sentinels {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits until a replica has all that its primary has now.
pub fn caught_up(primary: &RedisServer, replica: &RedisServer) {
    let offset = |server: &RedisServer| {
        let info = server.command(&[b"INFO", b"replication"]);
        let line = info.lines().find_map(|line| line.strip_prefix("master_repl_offset:"));
        line.unwrap().parse::<u64>().unwrap()
    };
    let all = offset(primary);
    wait("the replica has all", || offset(replica) >= all);
}

fn wait(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
