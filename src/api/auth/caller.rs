//! Who calls, found from what came with the call: an API key before a certificate.

use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Request};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use webpki::EndEntityCert;

use super::jwt::{Issuers, TokenFault};
use super::keys::Keys;
use super::rate::Limiter;
use super::role::Role;
use crate::api::class::Class;

/// The header that a key may stand in beside `authorization: Bearer`.
const API_KEY: &str = "x-api-key";

/// A known caller.
#[derive(Debug)]
pub struct Caller {
    name: Box<str>,
    roles: Box<[Role]>,
    customer: Option<Arc<str>>,
    class: Option<Class>,
    limiter: Option<Arc<Limiter>>,
}

impl Caller {
    /// A caller of these roles.
    #[must_use]
    pub fn new(name: &str, roles: impl Into<Box<[Role]>>) -> Self {
        let (name, roles) = (name.into(), roles.into());
        Self { name, roles, customer: None, class: None, limiter: None }
    }

    /// A browser or app of this customer. It is not named after the customer: names stand in logs.
    #[must_use]
    pub fn browser(customer: &str) -> Self {
        let roles = [Role::Decide, Role::Record];
        Self {
            customer: Some(customer.into()),
            class: Some(Class::Web),
            ..Self::new("browser", roles)
        }
    }

    /// The same, with its calls counted.
    #[must_use]
    pub fn limited(self, limiter: Option<Arc<Limiter>>) -> Self {
        Self { limiter, ..self }
    }

    /// The same, in a class of its own.
    #[must_use]
    pub fn of_class(self, class: Option<Class>) -> Self {
        Self { class, ..self }
    }

    /// Whom alone it may speak of; `None`: of everybody.
    #[must_use]
    pub fn customer(&self) -> Option<&Arc<str>> {
        self.customer.as_ref()
    }

    /// How soon it is served; `None`: nothing is declared.
    #[must_use]
    pub fn class(&self) -> Option<Class> {
        self.class
    }

    /// Counts a call.
    ///
    /// # Errors
    /// How long to wait, when it is one too many.
    pub fn call(&self) -> Result<(), Duration> {
        self.limiter.as_ref().map_or(Ok(()), |limiter| limiter.call())
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
    /// A token came that is no good.
    BadToken(TokenFault),
}

/// Who calls. A wrong key is not made good by a certificate.
///
/// # Errors
/// Why nobody is known.
pub fn find<B>(
    keys: &Keys,
    issuers: &Issuers,
    request: &Request<B>,
) -> Result<Arc<Caller>, Stranger> {
    if let Some(key) = key(request.headers()) {
        let key = key.ok_or(Stranger::UnknownKey)?;
        // Keys have no dots, tokens two.
        if !issuers.is_empty() && key.bytes().filter(|byte| *byte == b'.').count() == 2 {
            return issuers.bearer(key).map_err(Stranger::BadToken);
        }
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
        let none = Issuers::default();
        let why =
            |header: &str, value: &str| find(&keys, &none, &asked(header, value)).unwrap_err();
        for (header, value) in [
            ("authorization", format!("Bearer {}", new.key)),
            ("authorization", format!("bearer {}", new.key)),
            ("x-api-key", new.key.clone()),
        ] {
            assert_eq!(find(&keys, &none, &asked(header, &value)).unwrap().name(), "web");
        }
        for (header, value) in [
            ("authorization", format!("Basic {}", new.key)),
            ("authorization", new.key.clone()),
            ("authorization", "Bearer ".to_owned()),
            ("x-api-key", format!("{}x", new.key)),
        ] {
            assert_eq!(why(header, &value), Stranger::UnknownKey);
        }
        assert_eq!(why("x", "y"), Stranger::NoCredential);
    }
}
