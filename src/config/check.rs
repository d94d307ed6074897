//! From text to meaning: every fault is found before anything is done.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::args::{LogArgs, ServeArgs, StoreArgs};
use crate::api::ApiConfig;
use crate::store::{Durability, EmbeddedConfig, RedisConfig};
use crate::telemetry::LogFormat;

/// Time between writes to the disk with `--durability interval`.
const DURABILITY_INTERVAL: Duration = Duration::from_millis(100);
/// Shortest and longest deadline that can be configured.
const DEADLINES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(60));
/// Longest drain that can be configured.
const DRAIN: (Duration, Duration) = (Duration::ZERO, Duration::from_secs(600));
/// Most calls in progress that can be configured.
const IN_FLIGHT_MAX: usize = 1_000_000;

/// One setting at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// The flag, with its dashes.
    pub flag: &'static str,
    /// What is wrong.
    pub message: String,
}

/// Every setting at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// The faults, in order of the flags; never empty.
    pub faults: Vec<ConfigFault>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.faults.len() == 1 { "" } else { "s" };
        write!(f, "the configuration has {} fault{plural}:", self.faults.len())?;
        for fault in &self.faults {
            let variable = fault.flag.trim_start_matches('-').replace('-', "_").to_uppercase();
            write!(f, "\n  {} (ARBITRA_{variable}): {}", fault.flag, fault.message)?;
        }
        Ok(())
    }
}

/// Which store, and how.
#[derive(Clone, Debug)]
pub enum StoreConfig {
    /// In this process.
    Embedded(EmbeddedConfig),
    /// A Redis server.
    Redis(Box<RedisConfig>),
}

/// What is logged, and where traces go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// What is logged.
    pub filter: String,
    /// How a line looks.
    pub format: LogFormat,
    /// Where traces go.
    pub otlp: Option<String>,
}

/// What `serve` is told.
#[derive(Clone, Debug)]
pub struct ServeConfig {
    /// Where gRPC listens.
    pub listen: SocketAddr,
    /// Where metrics and probes are served.
    pub admin: Option<SocketAddr>,
    /// The rules folder.
    pub rules: PathBuf,
    /// The store.
    pub store: StoreConfig,
    /// The doors.
    pub api: ApiConfig,
    /// Logs and traces.
    pub log: LogConfig,
}

/// What `serve` is told, or all that is wrong with it.
///
/// # Errors
/// With every fault.
pub fn check_serve(args: &ServeArgs) -> Result<ServeConfig, ConfigError> {
    let mut faults = Faults::default();
    let listen = faults.take("--listen", address(&args.listen));
    let admin = match args.admin.as_str() {
        "off" | "" => Some(None),
        given => faults.take("--admin", address(given)).map(Some),
    };
    if let Some(why) = listen.and_then(|listen| args.security.closed(listen)) {
        faults.add("--listen", why);
    }
    faults.loopback("--admin", admin.flatten(), args.security.insecure);
    let mut found = Vec::new();
    let (tls, api_keys) = (args.security.tls(&mut found), args.security.keys(&mut found));
    let jwt = args.security.tokens.issuers(&mut found);
    found.into_iter().for_each(|(flag, message)| faults.add(flag, message));
    let rules = PathBuf::from(&args.rules);
    if !rules.is_dir() {
        faults.add("--rules", format!("there is no folder `{}`", args.rules));
    }
    let store = faults.take_all(check_store(&args.store));
    let budget = faults.take("--deadline", time(&args.deadline, DEADLINES));
    let longest = faults.take("--deadline-max", time(&args.deadline_max, DEADLINES));
    if let (Some(budget), Some(longest)) = (budget, longest)
        && budget > longest
    {
        let message = format!("{} is longer than `--deadline-max`", args.deadline);
        faults.add("--deadline", message);
    }
    let in_flight = faults.take("--in-flight-max", calls(&args.in_flight_max));
    let drain = faults.take("--drain-max", time(&args.drain_max, DRAIN));
    let log = faults.take_all(check_log(&args.log));
    match (listen, admin, store, budget, longest, in_flight, drain, log) {
        (
            Some(listen),
            Some(admin),
            Some(store),
            Some(decide_budget),
            Some(deadline_max),
            Some(in_flight_max),
            Some(drain_max),
            Some(log),
        ) if faults.0.is_empty() => Ok(ServeConfig {
            listen,
            admin,
            store,
            log,
            api: ApiConfig {
                decide_budget,
                deadline_max,
                in_flight_max,
                drain_max,
                rules: Some(rules.clone()),
                tls,
                api_keys,
                jwt,
                ..ApiConfig::default()
            },
            rules,
        }),
        _ => Err(ConfigError { faults: faults.0 }),
    }
}

/// Which store, or all that is wrong with it.
///
/// # Errors
/// With every fault.
pub fn check_store(args: &StoreArgs) -> Result<StoreConfig, ConfigError> {
    let mut faults = Faults::default();
    let durability = match args.durability.as_str() {
        "always" => Some(Durability::Always),
        "interval" => Some(Durability::Interval(DURABILITY_INTERVAL)),
        other => {
            faults.add("--durability", format!("`{other}` is neither `always` nor `interval`"));
            None
        }
    };
    if args.data.is_empty() {
        faults.add("--data", "names no folder".to_owned());
    }
    let store = match args.store.as_str() {
        "embedded" => durability.map(|durability| {
            let config = EmbeddedConfig::new(&args.data);
            StoreConfig::Embedded(EmbeddedConfig { durability, ..config })
        }),
        address if address.contains("://") => {
            super::redis::check(args, address, &mut faults).map(Box::new).map(StoreConfig::Redis)
        }
        // Not repeated: what is no address may still hold a password.
        _ => {
            let message = "must be `embedded`, or `redis://[user:password@]host[:port][/database]` \
                           or another form of address (see `--help`)";
            faults.add("--store", message.to_owned());
            None
        }
    };
    match store {
        Some(store) if faults.0.is_empty() => Ok(store),
        _ => Err(ConfigError { faults: faults.0 }),
    }
}

/// What is logged, or all that is wrong with it.
///
/// # Errors
/// With every fault.
pub fn check_log(args: &LogArgs) -> Result<LogConfig, ConfigError> {
    let mut faults = Faults::default();
    let filter = crate::telemetry::logs::parse_filter(&args.log).map_err(|e| e.to_string());
    faults.take("--log", filter);
    let format = match args.log_format.as_str() {
        "text" => LogFormat::Text,
        "json" => LogFormat::Json,
        other => {
            faults.add("--log-format", format!("`{other}` is neither `text` nor `json`"));
            LogFormat::Text
        }
    };
    if let Some(url) = &args.otlp
        && !(url.starts_with("http://") && url.parse::<http::Uri>().is_ok())
    {
        faults.add("--otlp", format!("`{url}` is not of the form `http://host:port`"));
    }
    if faults.0.is_empty() {
        let (filter, otlp) = (args.log.clone(), args.otlp.clone());
        Ok(LogConfig { filter, format, otlp })
    } else {
        Err(ConfigError { faults: faults.0 })
    }
}

#[derive(Default)]
pub(super) struct Faults(Vec<ConfigFault>);

impl Faults {
    pub(super) fn add(&mut self, flag: &'static str, message: String) {
        self.0.push(ConfigFault { flag, message });
    }

    pub(super) fn take<T>(&mut self, flag: &'static str, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.add(flag, message)).ok()
    }

    fn take_all<T>(&mut self, result: Result<T, ConfigError>) -> Option<T> {
        result.map_err(|error| self.0.extend(error.faults)).ok()
    }

    fn loopback(&mut self, flag: &'static str, address: Option<SocketAddr>, insecure: bool) {
        if let Some(address) = address
            && !address.ip().is_loopback()
            && !insecure
        {
            let message = format!(
                "`{address}` can be reached from other machines, but metrics and \
                 probes are open to all who reach them; listen on 127.0.0.1, or say `--insecure` if the \
                 network keeps strangers out"
            );
            self.add(flag, message);
        }
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let text = text.replace("localhost:", "127.0.0.1:");
    text.parse().map_err(|_| format!("`{text}` is not of the form `127.0.0.1:7070`"))
}

fn time(text: &str, (least, most): (Duration, Duration)) -> Result<Duration, String> {
    let time = humantime::parse_duration(text)
        .map_err(|error| format!("`{text}` is not a time like `200ms` or `5s`: {error}"))?;
    if time < least || time > most {
        return Err(format!("`{text}` is outside {least:?} to {most:?}"));
    }
    Ok(time)
}

fn calls(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(calls) if (1..=IN_FLIGHT_MAX).contains(&calls) => Ok(calls),
        _ => Err(format!("`{text}` is not a whole number from 1 to {IN_FLIGHT_MAX}")),
    }
}
