//! The one screen at the start: where it listens, what it loaded, what it keeps where, and two
//! commands to try.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;

use crate::cli::rules::{self, Summary};
use crate::cli::{Failure, output};

/// What was started.
pub struct Started {
    /// Where gRPC listens.
    pub grpc: SocketAddr,
    /// Where metrics and probes are.
    pub admin: Option<SocketAddr>,
    /// The rules folder.
    pub rules: String,
    /// What it holds.
    pub catalog: Summary,
    /// The store, in a line.
    pub store: String,
    /// Position of the learning log that the models have reached.
    pub learned: u64,
    /// From the process's start to here.
    pub took: Duration,
}

/// Says it.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn show(started: &Started, json: bool) -> Result<(), Failure> {
    if json {
        return output::say_json(&json!({
            "grpc": started.grpc.to_string(),
            "admin": started.admin.map(|admin| admin.to_string()),
            "rules": started.rules,
            "catalog": started.catalog,
            "store": started.store,
            "learned": started.learned,
            "seconds": started.took.as_secs_f64(),
        }));
    }
    output::say(&text(started));
    Ok(())
}

fn text(started: &Started) -> String {
    let catalog = &started.catalog;
    let admin = started.admin.map_or_else(
        || "off".to_owned(),
        |admin| format!("http://{admin}/metrics, /livez, /readyz"),
    );
    let learned = match started.learned {
        0 => "nothing yet".to_owned(),
        position => format!("{} entries of the learning log", output::thousands(position)),
    };
    // A web site is what most people start with.
    let channel = catalog.channels.iter().find(|(name, _)| name == "web");
    let channel = channel.or(catalog.channels.first()).map_or("web", |(name, _)| name.as_str());
    let server = match started.grpc.to_string() {
        address if address == crate::config::DEFAULT_LISTEN => String::new(),
        address => format!(" --server {address}"),
    };
    let rows = [
        ("gRPC", format!("http://{}", started.grpc)),
        ("admin", admin),
        ("rules", format!("{}, catalog {}", started.rules, catalog.catalog)),
        ("offers", format!("{}: {}", catalog.offers, rules::list(&catalog.groups))),
        ("channels", format!("with placements: {}", rules::list(&catalog.channels))),
        ("conditions", format!("{} distinct, in {} rules", catalog.conditions, catalog.rules)),
        ("store", started.store.clone()),
        ("learned", learned),
    ];
    let mut text = format!(
        "Arbitra {} is ready in {}\n",
        env!("CARGO_PKG_VERSION"),
        output::duration(started.took)
    );
    for (name, value) in rows {
        text.push_str(&format!("\n  {name:<10}  {value}"));
    }
    text.push_str(&format!(
        "\n\nTry:\n  arbitra decide --customer c-1 --channel {channel} --why{server}\n  \
         arbitra profile c-1{server}\n"
    ));
    text
}
