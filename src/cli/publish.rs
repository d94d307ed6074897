//! `arbitra publish`, `rollback` and `versions`: changing the rules of a running service, and looking
//! back.

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::client::{self, ServerArgs};
use super::{Exit, Failure, output, rules};
use crate::api::wire::v1;
use crate::api::wire::v1::catalog_service_client::CatalogServiceClient;

/// Who and why.
#[derive(clap::Args, Clone, Debug)]
struct Said {
    /// Why, for those who review.
    #[arg(long, value_name = "TEXT", default_value = "")]
    comment: String,
    /// Who publishes.
    #[arg(long, env = "USER", value_name = "NAME", default_value = "")]
    author: String,
    /// Only if this is the number of the version that serves; 0: none was published.
    #[arg(long, value_name = "NUMBER")]
    expected: Option<u64>,
    /// For machines.
    #[arg(long)]
    json: bool,
}

/// Flags of `publish`.
#[derive(clap::Args, Clone, Debug)]
pub struct PublishArgs {
    /// The rules folder.
    folder: PathBuf,
    #[command(flatten)]
    said: Said,
    #[command(flatten)]
    server: ServerArgs,
}

/// Flags of `rollback`.
#[derive(clap::Args, Clone, Debug)]
pub struct RollbackArgs {
    /// The number of the version to return to.
    number: u64,
    #[command(flatten)]
    said: Said,
    #[command(flatten)]
    server: ServerArgs,
}

/// Flags of `versions`.
#[derive(clap::Args, Clone, Debug)]
pub struct VersionsArgs {
    /// How many, newest first.
    #[arg(long, value_name = "N", default_value_t = 20)]
    last: u16,
    /// For machines.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Checks the folder here, then publishes it.
///
/// # Errors
/// Rules that cannot serve, with every fault; a service that is not there or refuses.
pub fn publish(args: &PublishArgs) -> Result<Exit, Failure> {
    let files = rules::read(&args.folder)?;
    rules::load(&files, &args.folder.to_string_lossy())?;
    let request = v1::PublishCatalogRequest {
        files: files
            .into_iter()
            .map(|(path, content)| v1::RuleFile { path, content: content.into() })
            .collect(),
        comment: args.said.comment.clone(),
        author: args.said.author.clone(),
        expected_number: args.said.expected,
        request_id: String::new(),
    };
    let answer = client::block_on(async {
        let channel = args.server.connect().await?;
        Ok(CatalogServiceClient::new(channel).publish_catalog(request).await?.into_inner())
    })?;
    tell(answer.version, args.said.json)
}

/// Returns to an earlier version.
///
/// # Errors
/// No such version; a service that is not there or refuses.
pub fn roll_back(args: &RollbackArgs) -> Result<Exit, Failure> {
    let request = v1::RollbackCatalogRequest {
        number: args.number,
        comment: args.said.comment.clone(),
        author: args.said.author.clone(),
        expected_number: args.said.expected,
        request_id: String::new(),
    };
    let answer = client::block_on(async {
        let channel = args.server.connect().await?;
        Ok(CatalogServiceClient::new(channel).rollback_catalog(request).await?.into_inner())
    })?;
    tell(answer.version, args.said.json)
}

/// Lists versions.
///
/// # Errors
/// A service that is not there or refuses.
pub fn versions(args: &VersionsArgs) -> Result<Exit, Failure> {
    let request =
        v1::ListCatalogVersionsRequest { page_size: i32::from(args.last), ..Default::default() };
    let answer = client::block_on(async {
        let channel = args.server.connect().await?;
        Ok(CatalogServiceClient::new(channel).list_catalog_versions(request).await?.into_inner())
    })?;
    if args.json {
        let versions: Vec<Json> = answer.versions.iter().map(to_json).collect();
        output::say_json(&json!({ "versions": versions }))?;
        return Ok(Exit::Good);
    }
    if answer.versions.is_empty() {
        output::say("nothing was published yet: the rules folder of each replica serves");
    }
    for version in &answer.versions {
        show(version);
    }
    Ok(Exit::Good)
}

fn tell(version: Option<v1::CatalogVersionInfo>, json: bool) -> Result<Exit, Failure> {
    let version =
        version.ok_or_else(|| Failure::Other("the answer holds no version".to_owned()))?;
    if json {
        output::say_json(&to_json(&version))?;
    } else {
        show(&version);
    }
    Ok(Exit::Good)
}

fn show(info: &v1::CatalogVersionInfo) {
    let version = info.version.clone().unwrap_or_default();
    let mut line = format!("version {} ({:.12})", version.number, version.hash);
    if let Some(at) = time(info) {
        line.push_str(&format!(", {at}"));
    }
    if !info.author.is_empty() {
        line.push_str(&format!(", by {}", info.author));
    }
    if info.restored_number > 0 {
        line.push_str(&format!(", brings back version {}", info.restored_number));
    }
    if info.serving {
        line.push_str(", serving");
    }
    output::say(&line);
    if !info.comment.is_empty() {
        output::say(&format!("  \"{}\"", info.comment));
    }
    for change in &info.changes {
        output::say(&format!("  - {change}"));
    }
}

fn time(info: &v1::CatalogVersionInfo) -> Option<jiff::Timestamp> {
    let at = info.publish_time.as_ref()?;
    jiff::Timestamp::new(at.seconds, at.nanos).ok()
}

fn to_json(info: &v1::CatalogVersionInfo) -> Json {
    let version = info.version.clone().unwrap_or_default();
    json!({
        "number": version.number,
        "hash": version.hash,
        "author": info.author,
        "comment": info.comment,
        "published": time(info).map(|at| at.to_string()),
        "serving": info.serving,
        "restored": info.restored_number,
        "changes": info.changes,
    })
}
