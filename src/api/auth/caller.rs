//! Who calls, found from what came with the call: an API key before a certificate.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Request};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use webpki::EndEntityCert;

use super::keys::Keys;
use super::role::Role;

/// The header that a key may stand in beside `authorization: Bearer`.
const API_KEY: &str = "x-api-key";

/// A known caller.
#[derive(Debug, PartialEq, Eq)]
pub struct Caller {
    name: Box<str>,
    roles: Box<[Role]>,
}

impl Caller {
    /// A caller of these roles.
    #[must_use]
    pub fn new(name: &str, roles: impl Into<Box<[Role]>>) -> Self {
        Self { name: name.into(), roles: roles.into() }
    }

    /// Its name in the file of callers.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it may do what `needed` allows.
    #[must_use]
    pub fn may(&self, needed: Role) -> bool {
        self.roles.iter().any(|role| role.allows(needed))
    }
}

/// Why nobody known calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// Neither a key nor a certificate came with the call.
    NoCredential,
    /// A key came that nobody has.
    UnknownKey,
    /// A certificate came that nobody has.
    UnknownCertificate,
}

/// Who calls. A wrong key is not made good by a certificate.
///
/// # Errors
/// Why nobody is known.
pub fn find<B>(keys: &Keys, request: &Request<B>) -> Result<Arc<Caller>, Stranger> {
    if let Some(key) = key(request.headers()) {
        let key = key.ok_or(Stranger::UnknownKey)?;
        return keys.by_key(key).cloned().ok_or(Stranger::UnknownKey);
    }
    let shown = request.extensions().get::<TlsConnectInfo<TcpConnectInfo>>();
    let Some(chain) = shown.and_then(TlsConnectInfo::peer_certs) else {
        return Err(Stranger::NoCredential);
    };
    let certificate = chain.first().ok_or(Stranger::NoCredential)?;
    by_certificate(keys, certificate).ok_or(Stranger::UnknownCertificate)
}

fn by_certificate(keys: &Keys, certificate: &CertificateDer<'_>) -> Option<Arc<Caller>> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    keys.by_names(certificate.valid_dns_names()).cloned()
}

/// The key that came; the inner `None` is one that cannot be read.
fn key(headers: &HeaderMap) -> Option<Option<&str>> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let scheme_and_key = value.to_str().ok().and_then(|text| text.split_once(' '));
        return Some(match scheme_and_key {
            Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => Some(key.trim()),
            _ => None,
        });
    }
    headers.get(API_KEY).map(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::auth::NewKey;

    fn asked(header: &str, value: &str) -> Request<()> {
        Request::builder().header(header, value).body(()).unwrap()
    }

    #[test]
    fn a_key_comes_in_either_header() {
        let new = NewKey::draw("web", &[Role::Decide]).unwrap();
        let keys = Keys::parse(&new.line).unwrap();
        for (header, value) in [
            ("authorization", format!("Bearer {}", new.key)),
            ("authorization", format!("bearer {}", new.key)),
            ("x-api-key", new.key.clone()),
        ] {
            assert_eq!(find(&keys, &asked(header, &value)).unwrap().name(), "web");
        }
        for (header, value) in [
            ("authorization", format!("Basic {}", new.key)),
            ("authorization", new.key.clone()),
            ("authorization", "Bearer ".to_owned()),
            ("x-api-key", format!("{}x", new.key)),
        ] {
            assert_eq!(find(&keys, &asked(header, &value)), Err(Stranger::UnknownKey));
        }
        assert_eq!(find(&keys, &asked("x", "y")), Err(Stranger::NoCredential));
    }
}
