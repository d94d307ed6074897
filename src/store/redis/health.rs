//! What an operator should know of the servers: who they are, and whether they could lose data.

use std::collections::BTreeSet;

use super::connection::Place;
use super::store::RedisStore;
use crate::store::StoreError;

/// The oldest Redis that has all commands and options in use (XTRIM with MINID).
const VERSION_MIN: (u32, u32) = (6, 2);

impl RedisStore {
    pub(super) async fn answer(&self) -> Result<(), StoreError> {
        self.connections.command(Place::write(&self.keys.log), &redis::cmd("PING")).await
    }

    pub(super) async fn described(&self) -> String {
        match self.infos().await {
            Ok(infos) => {
                let lines: BTreeSet<String> = infos.iter().map(|info| summary(info)).collect();
                let lines: Vec<String> = lines.into_iter().collect();
                let count = match infos.len() {
                    1 => String::new(),
                    count => format!("{count} masters, "),
                };
                format!("{}, {count}{}", self.address, lines.join("; "))
            }
            Err(StoreError::Unavailable { why, .. }) => {
                format!("{}, not reachable yet: {why}", self.address)
            }
            Err(other) => format!("{}, {other}", self.address),
        }
    }

    /// How the servers could lose data or refuse to work, each with how to mend it.
    pub(super) async fn risks(&self) -> Vec<String> {
        let Ok(infos) = self.infos().await else { return Vec::new() };
        let mut found: BTreeSet<String> = infos.iter().flat_map(|info| risks(info)).collect();
        if self.connections.is_cluster() {
            let mut ask = redis::cmd("CONFIG");
            ask.arg("GET").arg("cluster-require-full-coverage");
            let place = Place::read(&self.keys.log);
            // Managed services refuse it.
            let asked: Result<Vec<String>, _> = self.connections.command(place, &ask).await;
            if asked.is_ok_and(|answer| answer.get(1).is_some_and(|value| value == "yes")) {
                found.insert(
                    "one master without a replica to take over stops all of the cluster: set \
                     `cluster-require-full-coverage no`"
                        .to_owned(),
                );
            }
        }
        found.into_iter().collect()
    }

    async fn infos(&self) -> Result<Vec<String>, StoreError> {
        let mut infos = Vec::new();
        for node in self.connections.nodes().await? {
            let info = redis::cmd("INFO");
            infos.push(self.connections.command(Place::Node(node), &info).await?);
        }
        Ok(infos)
    }
}

fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = info.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// An INFO in a line.
fn summary(info: &str) -> String {
    let (product, version) = match field(info, "valkey_version") {
        Some(version) => ("Valkey", version),
        None => ("Redis", field(info, "redis_version").unwrap_or("of unknown version")),
    };
    let durable = match field(info, "aof_enabled") {
        Some("1") => "append-only file on",
        _ => "append-only file off: what was acknowledged can be lost when it stops",
    };
    let evicts = match field(info, "maxmemory_policy") {
        None | Some("noeviction") => String::new(),
        Some(policy) => format!(", maxmemory-policy {policy}: set it to noeviction"),
    };
    format!("{product} {version}, {durable}{evicts}")
}

/// What in an INFO an operator should mend.
fn risks(info: &str) -> Vec<String> {
    let mut risks = Vec::new();
    // Valkey says which Redis it is compatible with.
    let version = field(info, "redis_version").unwrap_or_default();
    let mut parts = version.split('.').map_while(|part| part.parse::<u32>().ok());
    let (major, minor) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    let (least, least_minor) = VERSION_MIN;
    if !version.is_empty() && (major, minor) < VERSION_MIN {
        risks.push(format!(
            "Redis {version} lacks commands in use: take {least}.{least_minor} or later, or Valkey"
        ));
    }
    if let Some(policy) = field(info, "maxmemory_policy").filter(|policy| *policy != "noeviction") {
        risks.push(format!(
            "customers, limits and log entries are evicted when memory is short (maxmemory-policy \
             {policy}): set `maxmemory-policy noeviction`"
        ));
    }
    if field(info, "aof_enabled") == Some("0") {
        risks.push(
            "what was acknowledged is lost when a server stops: set `appendonly yes`, and \
             `appendfsync always` where not even the last second may be lost"
                .to_owned(),
        );
    }
    if field(info, "aof_last_write_status") == Some("err") {
        risks.push("the append-only file cannot be written: look at the server's disk".to_owned());
    }
    risks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_lose_data_is_said_with_how_to_mend_it() {
        let good = "redis_version:7.2.4\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n";
        assert_eq!(risks(good), Vec::<String>::new());
        let bad = "redis_version:6.0.16\r\nmaxmemory_policy:allkeys-lru\r\naof_enabled:0\r\n\
                   aof_last_write_status:err\r\n";
        let said = risks(bad).join("\n");
        for mend in ["6.2 or later", "maxmemory-policy noeviction", "appendonly yes", "disk"] {
            assert!(said.contains(mend), "{said}");
        }
    }
}
