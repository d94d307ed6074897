//! `arbitra promote MODEL`: lets a challenger take the place of the model that serves.

use serde_json::json;

use super::client::{self, ServerArgs};
use super::{Exit, Failure, output};
use crate::api::wire::v1;
use crate::api::wire::v1::catalog_service_client::CatalogServiceClient;

/// Flags of `promote`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// The challenger, as `models.yaml` names it.
    model: String,
    /// For machines.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Asks for it.
///
/// # Errors
/// When nobody answers, or there is no such challenger.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let request = v1::PromoteModelRequest { model: args.model.clone() };
    let answer = client::block_on(async {
        let channel = args.server.connect().await?;
        Ok(CatalogServiceClient::new(channel).promote_model(request).await?.into_inner())
    })?;
    if args.json {
        output::say_json(&json!({ "model": args.model, "log_position": answer.log_position }))?;
    } else {
        output::say(&format!(
            "`{}` serves from position {} of the learning log on, on all replicas; what served before \
             learns on under its name: promote it again to return",
            args.model, answer.log_position
        ));
    }
    Ok(Exit::Good)
}
