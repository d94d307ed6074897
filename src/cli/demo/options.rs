//! What the demo may be told.

use crate::cli::Failure;
use crate::config::{self, DEFAULT_REDIS_PREFIX, DEFAULT_STORE, LogConfig, StoreArgs, StoreConfig};
use crate::telemetry::LogFormat;

/// Flags of `demo`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// How many of the 12,684 answers to replay.
    #[arg(long, value_name = "N")]
    rows: Option<usize>,
    /// Seed of the engine's draws.
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
    /// Rows in progress at once. With 1, each decision can see all outcomes before it.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
    /// `embedded`, or `redis://[user:password@]host[:port][/database]`.
    #[arg(long, env = "ARBITRA_STORE", value_name = "STORE", default_value = DEFAULT_STORE)]
    store: String,
    /// Folder of the embedded store. Default: a temporary one, removed at the end.
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// Redis: what stands in front of every key.
    #[arg(long, value_name = "TEXT", default_value = DEFAULT_REDIS_PREFIX)]
    redis_prefix: String,
    /// Go on in a store that has learned before.
    #[arg(long = "continue")]
    go_on: bool,
    /// Leave the service up at the end, and say what to try.
    #[arg(long)]
    keep: bool,
    /// What is logged.
    #[arg(long, env = "ARBITRA_LOG", value_name = "FILTER", default_value = "warn")]
    log: String,
    /// For machines.
    #[arg(long)]
    json: bool,
}

/// What the demo is told.
#[derive(Debug)]
pub struct Options {
    /// Rows to replay; `None`: all.
    pub rows: Option<usize>,
    /// Seed of the engine's draws.
    pub seed: u64,
    /// Rows in progress at once.
    pub concurrency: usize,
    /// The store.
    pub store: StoreConfig,
    /// Go on where something was learned before.
    pub go_on: bool,
    /// Leave the service up.
    pub keep: bool,
    /// Logs.
    pub log: LogConfig,
    /// For machines.
    pub json: bool,
    /// The temporary folder, which lives as long as this.
    _folder: Option<tempfile::TempDir>,
}

impl Options {
    /// What the flags mean.
    ///
    /// # Errors
    /// When they mean nothing, or no temporary folder can be had.
    pub fn check(args: &Args) -> Result<Self, Failure> {
        let (data, folder) = match &args.data {
            Some(data) => (data.clone(), None),
            None => {
                let folder = tempfile::tempdir()
                    .map_err(|error| Failure::other("no temporary folder", error))?;
                (folder.path().to_string_lossy().into_owned(), Some(folder))
            }
        };
        let store = config::check_store(&StoreArgs {
            store: args.store.clone(),
            data,
            durability: "interval".to_owned(),
            redis_prefix: args.redis_prefix.clone(),
            redis_password_file: None,
            redis_ca: None,
            redis_cert: None,
            redis_key: None,
        })?;
        Ok(Self {
            rows: args.rows,
            seed: args.seed,
            concurrency: args.concurrency.into(),
            store,
            go_on: args.go_on,
            keep: args.keep,
            log: LogConfig { filter: args.log.clone(), format: LogFormat::Text, otlp: None },
            json: args.json,
            _folder: folder,
        })
    }
}
