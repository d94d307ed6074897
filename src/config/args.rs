//! Flags and environment variables with their defaults. All are text here: what they mean is
//! checked together, so that one start shows every fault.

use clap::Args;

use super::security::SecurityArgs;

/// Where gRPC listens.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:7070";
/// Where metrics and probes are served.
pub const DEFAULT_ADMIN: &str = "127.0.0.1:7071";
/// The rules folder.
pub const DEFAULT_RULES: &str = "rules";
/// The store.
pub const DEFAULT_STORE: &str = "embedded";
/// The folder of the embedded store.
pub const DEFAULT_DATA: &str = "./data";
/// When an acknowledged write is on the disk.
pub const DEFAULT_DURABILITY: &str = "interval";
/// In front of every key in Redis.
pub const DEFAULT_REDIS_PREFIX: &str = "arbitra:";
/// Time for a decision whose caller names no deadline.
pub const DEFAULT_DEADLINE: &str = "200ms";
/// Longest deadline that a caller gets.
pub const DEFAULT_DEADLINE_MAX: &str = "5s";
/// Calls in progress at once.
pub const DEFAULT_IN_FLIGHT_MAX: &str = "4096";
/// How long calls in progress may take to finish at the end.
pub const DEFAULT_DRAIN_MAX: &str = "10s";
/// What is logged: ours, every administrative act, and of the libraries what needs attention.
pub const DEFAULT_LOG: &str = "warn,arbitra=info,audit=info";
/// How a log line looks.
pub const DEFAULT_LOG_FORMAT: &str = "text";

/// Flags of `serve`.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Address of the gRPC service.
    #[arg(long, env = "ARBITRA_LISTEN", value_name = "HOST:PORT", default_value = DEFAULT_LISTEN)]
    pub listen: String,
    /// Address of /metrics, /livez and /readyz; `off` for none.
    #[arg(long, env = "ARBITRA_ADMIN", value_name = "HOST:PORT", default_value = DEFAULT_ADMIN)]
    pub admin: String,
    /// The rules folder; followed while the service runs.
    #[arg(long, env = "ARBITRA_RULES", value_name = "DIR", default_value = DEFAULT_RULES)]
    pub rules: String,
    /// Where the state is.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Time for a decision whose caller names no deadline.
    #[arg(long, env = "ARBITRA_DEADLINE", value_name = "TIME", default_value = DEFAULT_DEADLINE)]
    pub deadline: String,
    /// Longest deadline that a caller gets, however much more it asks for.
    #[arg(
        long,
        env = "ARBITRA_DEADLINE_MAX",
        value_name = "TIME",
        default_value = DEFAULT_DEADLINE_MAX
    )]
    pub deadline_max: String,
    /// Calls in progress at once; more are answered UNAVAILABLE.
    #[arg(
        long,
        env = "ARBITRA_IN_FLIGHT_MAX",
        value_name = "CALLS",
        default_value = DEFAULT_IN_FLIGHT_MAX
    )]
    pub in_flight_max: String,
    /// How long calls in progress may take to finish after SIGTERM.
    #[arg(long, env = "ARBITRA_DRAIN_MAX", value_name = "TIME", default_value = DEFAULT_DRAIN_MAX)]
    pub drain_max: String,
    /// Who may come in.
    #[command(flatten)]
    pub security: SecurityArgs,
    /// What is logged.
    #[command(flatten)]
    pub log: LogArgs,
}

/// Where the state is.
#[derive(Args, Clone, Debug)]
pub struct StoreArgs {
    /// `embedded`, or where Redis is: `redis://[user:password@]host[:port][/database]`,
    /// `redis-sentinel://[user:password@]host:port,host:port[/database]#service`,
    /// `redis-cluster://[user:password@]host:port,host:port`; `rediss`, `rediss-sentinel`,
    /// `rediss-cluster` over TLS.
    #[arg(long, env = "ARBITRA_STORE", value_name = "STORE", default_value = DEFAULT_STORE)]
    pub store: String,
    /// Folder of the embedded store; created when missing.
    #[arg(long, env = "ARBITRA_DATA", value_name = "DIR", default_value = DEFAULT_DATA)]
    pub data: String,
    /// Embedded store: on the disk `always` before it is acknowledged (survives the loss of
    /// power), or every `interval` (100 ms; both survive the death of the process).
    #[arg(
        long,
        env = "ARBITRA_DURABILITY",
        value_name = "always|interval",
        default_value = DEFAULT_DURABILITY
    )]
    pub durability: String,
    /// Redis: what stands in front of every key.
    #[arg(
        long,
        env = "ARBITRA_REDIS_PREFIX",
        value_name = "TEXT",
        default_value = DEFAULT_REDIS_PREFIX
    )]
    pub redis_prefix: String,
    /// Redis: file with the password, instead of one in the address.
    #[arg(long, env = "ARBITRA_REDIS_PASSWORD_FILE", value_name = "FILE")]
    pub redis_password_file: Option<String>,
    /// Redis over TLS: certificates of the authorities to trust (PEM). Default: those of the
    /// operating system.
    #[arg(long, env = "ARBITRA_REDIS_CA", value_name = "FILE")]
    pub redis_ca: Option<String>,
    /// Redis over TLS: our own certificate (PEM), where the server asks for one.
    #[arg(long, env = "ARBITRA_REDIS_CERT", value_name = "FILE", requires = "redis_key")]
    pub redis_cert: Option<String>,
    /// Redis over TLS: the key of our certificate (PEM).
    #[arg(long, env = "ARBITRA_REDIS_KEY", value_name = "FILE", requires = "redis_cert")]
    pub redis_key: Option<String>,
}

/// What is logged, and where traces go.
#[derive(Args, Clone, Debug)]
pub struct LogArgs {
    /// What is logged: a level, or `warn,arbitra=debug`.
    #[arg(long, env = "ARBITRA_LOG", value_name = "FILTER", default_value = DEFAULT_LOG)]
    pub log: String,
    /// How a log line looks.
    #[arg(
        long,
        env = "ARBITRA_LOG_FORMAT",
        value_name = "text|json",
        default_value = DEFAULT_LOG_FORMAT
    )]
    pub log_format: String,
    /// Send traces by OTLP over gRPC to this collector, e.g. `http://127.0.0.1:4317`. Off by
    /// default.
    #[arg(long, env = "ARBITRA_OTLP", value_name = "URL")]
    pub otlp: Option<String>,
}
