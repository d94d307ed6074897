//! The form of an address, and what it says: which servers, how they stand together, how to log in.

use std::fmt;
use std::str::FromStr;

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion};

use crate::store::StoreError;

const FORMS: &str = "redis://[user:password@]host[:port][/database], \
    redis-sentinel://[user:password@]host:port,host:port[/database]#service or \
    redis-cluster://[user:password@]host:port,host:port; with TLS: rediss, rediss-sentinel, \
    rediss-cluster";
/// Servers one address can name.
const SERVERS_MAX: usize = 64;
/// Where Sentinels listen when nothing is said.
const SENTINEL_PORT: u16 = 26_379;

/// How servers stand together.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// One server.
    Single,
    /// Sentinels, which know the primary of this service.
    Sentinel {
        /// Name of the service.
        service: String,
    },
    /// Some nodes of a cluster, which know the others.
    Cluster,
}

/// Where Redis is and how to log in:
///
/// * `redis://[user:password@]host[:port][/database]`
/// * `redis-sentinel://[user:password@]host:port,host:port[/database]#service`: the Sentinels, and
///   the service they watch
/// * `redis-cluster://[user:password@]host:port,host:port`: some nodes of the cluster
///
/// `rediss`, `rediss-sentinel` and `rediss-cluster` are the same over TLS. Printing an address shows
/// hosts, ports and database only.
#[derive(Clone)]
pub struct RedisAddress {
    pub(super) form: Form,
    pub(super) hosts: Vec<(String, u16)>,
    pub(super) tls: bool,
    info: ConnectionInfo,
    shown: String,
}

impl RedisAddress {
    /// The same with another password, as read from a file; white space at its ends is not part of it.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        let settings = self.info.redis_settings().clone().set_password(password.trim());
        self.info = self.info.set_redis_settings(settings);
        self
    }

    /// How to reach one server.
    pub(super) fn info(&self, (host, port): &(String, u16)) -> ConnectionInfo {
        let (host, port) = (host.clone(), *port);
        let address = if self.tls {
            ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
        } else {
            ConnectionAddr::Tcp(host, port)
        };
        self.info.clone().set_addr(address)
    }
}

impl FromStr for RedisAddress {
    type Err = StoreError;

    /// # Errors
    /// [`StoreError::Config`], which never repeats the text, since it may hold a password.
    fn from_str(text: &str) -> Result<Self, StoreError> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let (family, kind) = scheme.split_once('-').unwrap_or((scheme, ""));
        let tls = match family {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => return Err(fault("has another scheme")),
        };
        let (rest, service) = match (kind, rest.rsplit_once('#')) {
            ("sentinel", Some((rest, service))) if !service.is_empty() => (rest, service),
            ("sentinel", _) => return Err(fault("names no `#service`")),
            (_, _) => (rest, ""),
        };
        let form = match kind {
            "" => Form::Single,
            "sentinel" => Form::Sentinel { service: service.to_owned() },
            "cluster" => Form::Cluster,
            _ => return Err(fault("has another scheme")),
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let at = if login.is_empty() { "" } else { "@" };
        let mut found = Vec::new();
        let mut first = None;
        for host in hosts.split(',').filter(|host| !host.is_empty()) {
            let url = format!("redis://{login}{at}{host}/{path}");
            // Only the fixed part of the message: the detail may repeat the text.
            let info = url
                .into_connection_info()
                .map_err(|cause| fault(&format!("is not usable ({})", cause.category())))?;
            let ConnectionAddr::Tcp(name, mut port) = info.addr().clone() else {
                return Err(fault("is not a host and port"));
            };
            if kind == "sentinel" && !has_port(host) {
                port = SENTINEL_PORT;
            }
            found.push((name, port));
            first.get_or_insert(info);
        }
        let Some(info) = first.filter(|_| found.len() <= SERVERS_MAX) else {
            return Err(fault("names no server, or too many"));
        };
        if form == Form::Single && found.len() > 1 {
            return Err(fault("names several servers without saying how they stand together"));
        }
        if form == Form::Cluster && info.redis_settings().db() != 0 {
            return Err(fault("names a database, and a cluster has only one"));
        }
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let shown = shown(scheme, &found, settings.db(), &form);
        Ok(Self { form, hosts: found, tls, info: info.set_redis_settings(settings), shown })
    }
}

fn fault(why: &str) -> StoreError {
    StoreError::Config { why: format!("the address of Redis {why}; its form is {FORMS}") }
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `host:port`, with brackets where the host has colons.
pub(super) fn host_and_port((host, port): &(String, u16)) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn shown(scheme: &str, hosts: &[(String, u16)], db: i64, form: &Form) -> String {
    let hosts: Vec<String> = hosts.iter().map(host_and_port).collect();
    let hosts = hosts.join(",");
    match form {
        Form::Single => format!("{scheme}://{hosts}/{db}"),
        Form::Sentinel { service } => format!("{scheme}://{hosts}/{db}#{service}"),
        Form::Cluster => format!("{scheme}://{hosts}"),
    }
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (text, shown) in [
            ("redis://ana:s3cret@db.example:7000/2", "redis://db.example:7000/2"),
            ("rediss://:s3cret@db.example", "rediss://db.example:6379/0"),
            ("redis-cluster://:s3cret@a:1,[::1]:2", "redis-cluster://a:1,[::1]:2"),
            ("redis-sentinel://:s3cret@a,b:2/1#main", "redis-sentinel://a:26379,b:2/1#main"),
        ] {
            let address: RedisAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(format!("{address:?}"), shown);
            assert_eq!(address.info.redis_settings().password(), Some("s3cret"));
        }
    }

    #[test]
    fn a_password_from_a_file_takes_the_place_of_the_one_in_the_address() {
        let address: RedisAddress = "redis://ana:old@db".parse().unwrap();
        let address = address.with_password("n3w\n");
        let settings = address.info.redis_settings();
        assert_eq!((settings.username(), settings.password()), (Some("ana"), Some("n3w")));
    }

    #[test]
    fn a_bad_address_says_the_forms_and_not_the_password() {
        for text in [
            "",
            "localhost:6379",
            "http://:s3cret@localhost",
            "redis://:s3cret@localhost:port",
            "redis://:s3cret@localhost/one",
            "redis://:s3cret@one,two",
            "redis-sentinel://:s3cret@one,two",
            "redis-cluster://:s3cret@one,two/3",
            "redis-cluster://:s3cret@",
            "redis-ring://:s3cret@one",
            "unix:///s3cret",
        ] {
            let error = text.parse::<RedisAddress>().unwrap_err().to_string();
            assert!(error.contains("redis://[user:password@]host"), "{text}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
