//! Keeps a key set at a URL current: asked for every few minutes, and sooner when a token names a key
//! that is not known, but not more often than every ten seconds. Redirects are not followed; what
//! comes is bounded in bytes and time. What was in use stays in use while it cannot be had.

use std::sync::Arc;
use std::time::Duration;

use super::issuer::Issuer;
use super::keys::{KeySet, SET_BYTES_MAX};

/// How often the set is asked for.
const REFRESH_INTERVAL: Duration = Duration::from_secs(300);
/// The same while there is none, and the least time between two questions.
pub const RETRY_INTERVAL: Duration = Duration::from_secs(10);
/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Asks for ever, until dropped.
pub async fn follow(issuer: Arc<Issuer>, url: String, spacing: Duration) {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(ANSWER_MAX)
        .build();
    let client = match client {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, "no key set can be fetched");
            return;
        }
    };
    let mut last_fault = None;
    loop {
        let wait = match set(&client, &url).await {
            Ok(keys) => {
                issuer.take(keys);
                last_fault = None;
                REFRESH_INTERVAL
            }
            Err(fault) => {
                if last_fault.as_ref() != Some(&fault) {
                    tracing::warn!(fault, "the key set of an issuer of tokens cannot be had");
                }
                last_fault = Some(fault);
                spacing
            }
        };
        tokio::time::sleep(spacing).await;
        let asked = issuer.wanted().notified();
        let _either = tokio::time::timeout(wait.saturating_sub(spacing), asked).await;
    }
}

async fn set(client: &reqwest::Client, url: &str) -> Result<KeySet, String> {
    let answer = client.get(url).send().await.map_err(|error| error.without_url().to_string())?;
    if !answer.status().is_success() {
        return Err(format!("the answer is {}", answer.status()));
    }
    let (mut body, mut answer) = (Vec::new(), answer);
    let lost = |error: reqwest::Error| error.without_url().to_string();
    while let Some(piece) = answer.chunk().await.map_err(lost)? {
        body.extend_from_slice(&piece);
        if body.len() > SET_BYTES_MAX {
            break;
        }
    }
    KeySet::parse(&body).map_err(|error| error.to_string())
}
