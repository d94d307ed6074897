//! HTTP and JSON. The host is the one this replica was told; redirects and proxies are not followed,
//! and what comes is read up to a bound.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Certificate, Client, Response, StatusCode, Url, redirect};
use serde_json::{Value as Json, json};

use super::batch::Rows;
use super::cell::Cell;
use super::config::Connection;
use super::error::SourceError;
use crate::core::live::{Access, SourceSpec};

/// Bytes of an answer about one customer, at most.
const ONE_BYTES_MAX: usize = 64 * 1024;
/// Bytes of an answer about many, at most.
const MANY_BYTES_MAX: usize = 4 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct HttpConnector {
    client: Client,
    /// Without a slash at its end.
    base: String,
    host: Option<String>,
}

impl HttpConnector {
    pub(super) fn new(spec: &SourceSpec, connection: &Connection) -> Result<Self, SourceError> {
        let malformed = || SourceError::failed("the address of the source is malformed");
        let url = Url::parse(&connection.url).map_err(|_| malformed())?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(malformed());
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(token) = &connection.token {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .map_err(|_| SourceError::failed("the token holds a character it must not"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let timeout = Duration::from_millis(u64::from(spec.timeout_ms));
        let mut client = Client::builder()
            .user_agent(concat!("arbitra/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(timeout)
            .pool_max_idle_per_host(spec.connections_max as usize);
        if let Some(pem) = &connection.authorities {
            let unreadable = |_| SourceError::failed("the authorities to trust cannot be read");
            client = client.tls_built_in_root_certs(false);
            for authority in Certificate::from_pem_bundle(pem).map_err(unreadable)? {
                client = client.add_root_certificate(authority);
            }
        }
        let client = client.build().map_err(|_| SourceError::failed("no HTTP client"))?;
        let base = connection.url.trim_end_matches('/').to_owned();
        Ok(Self { client, base, host: url.host_str().map(str::to_owned) })
    }

    pub(super) async fn fetch(
        &self,
        spec: &SourceSpec,
        asked: &[Arc<str>],
    ) -> Result<Rows, SourceError> {
        match &spec.access {
            Access::HttpGet(path) => {
                let mut rows = Rows::new();
                for customer in asked {
                    let found = self.one(path, customer).await?;
                    rows.extend(found.map(|found| (Arc::clone(customer), cells(spec, &found))));
                }
                Ok(rows)
            }
            Access::HttpPost(path) => {
                let mut found = self.many(path, asked).await?;
                let rows = asked.iter().filter_map(|customer| {
                    let one = found.remove(&**customer).filter(Json::is_object)?;
                    Some((Arc::clone(customer), cells(spec, &one)))
                });
                Ok(rows.collect())
            }
            Access::Sql { .. } => Err(SourceError::failed("no source over HTTP")),
        }
    }

    async fn one(&self, path: &str, customer: &str) -> Result<Option<Json>, SourceError> {
        // As a segment of a path these would name another one.
        if matches!(customer, "" | "." | "..") {
            return Ok(None);
        }
        let url = self.url(&path.replace("{customer}", &encoded(customer)))?;
        let response = self.client.get(url).send().await.map_err(told)?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        match body(response, ONE_BYTES_MAX).await? {
            found @ Json::Object(_) => Ok(Some(found)),
            _ => Err(SourceError::failed("the answer is no JSON object")),
        }
    }

    async fn many(
        &self,
        path: &str,
        asked: &[Arc<str>],
    ) -> Result<serde_json::Map<String, Json>, SourceError> {
        let customers: Vec<&str> = asked.iter().map(|customer| &**customer).collect();
        let asked = json!({ "customers": customers }).to_string();
        let request = self.client.post(self.url(path)?);
        let request = request.header("content-type", "application/json").body(asked);
        match body(request.send().await.map_err(told)?, MANY_BYTES_MAX).await? {
            Json::Object(found) => Ok(found),
            _ => Err(SourceError::failed("the answer is no JSON object")),
        }
    }

    /// A path below the address; never another host.
    fn url(&self, path: &str) -> Result<Url, SourceError> {
        let url = Url::parse(&format!("{}{path}", self.base)).ok();
        url.filter(|url| url.host_str() == self.host.as_deref())
            .ok_or_else(|| SourceError::failed("no address can be made for the customer"))
    }
}

fn cells(spec: &SourceSpec, found: &Json) -> Vec<Cell> {
    let read = |name: &str| match name.starts_with('/') {
        true => found.pointer(name),
        false => found.get(name),
    };
    let fields = spec.fields.iter();
    fields.map(|field| read(&field.field).map_or(Cell::Null, |v| Cell::Json(v.clone()))).collect()
}

/// Everything but letters, digits and `-_~.` as `%XX` (RFC 3986, 2.3).
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~.".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

async fn body(mut response: Response, bytes_max: usize) -> Result<Json, SourceError> {
    let status = response.status();
    if !status.is_success() {
        return Err(SourceError::failed(format!("the source answers {}", status.as_u16())));
    }
    let mut read = Vec::new();
    while let Some(part) = response.chunk().await.map_err(told)? {
        if read.len() + part.len() > bytes_max {
            return Err(SourceError::failed(format!("the answer is over {bytes_max} bytes")));
        }
        read.extend_from_slice(&part);
    }
    serde_json::from_slice(&read).map_err(|_| SourceError::failed("the answer is no JSON"))
}

/// An error without the address, which may name a customer.
fn told(error: reqwest::Error) -> SourceError {
    if error.is_timeout() {
        SourceError::Late
    } else if error.is_connect() {
        SourceError::failed("the source cannot be reached")
    } else {
        SourceError::failed("the source broke off")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_stays_one_segment_of_the_path() {
        assert_eq!(encoded("a/../b?x=1#y"), "a%2F..%2Fb%3Fx%3D1%23y");
        assert_eq!(encoded("ñ @"), "%C3%B1%20%40");
    }
}
