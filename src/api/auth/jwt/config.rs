//! What a token must say, and where the keys are that sign it.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use jsonwebtoken::Algorithm;

use crate::api::auth::rate::Rate;

/// Algorithms that may be chosen from; none is symmetric: with those, whoever can check a token can
/// make one.
pub const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Where a JWK set is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// In a file.
    File(PathBuf),
    /// At a URL; `https`, or `http` on this machine.
    Url(String),
}

impl FromStr for KeySource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.contains("://") {
            return Ok(Self::File(text.into()));
        }
        let url: reqwest::Url = text.parse().map_err(|error| format!("`{text}`: {error}"))?;
        let host = url.host_str().unwrap_or_default();
        let here = ["127.0.0.1", "localhost", "[::1]"].contains(&host);
        match url.scheme() {
            "https" => Ok(Self::Url(text.to_owned())),
            "http" if here => Ok(Self::Url(text.to_owned())),
            _ => Err(format!("`{text}` must be `https`: whoever changes it on the way gets in")),
        }
    }
}

/// What a good token makes of its bearer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grants {
    /// A caller with the roles that this claim names as `arbitra:ROLE`: a list, or a text with
    /// spaces between; dots lead into objects (`realm_access.roles`).
    Roles {
        /// The claim.
        claim: String,
    },
    /// The customer that `sub` names, in a browser or app: decisions, events and outcomes of that
    /// customer and of nobody else.
    Customer,
}

/// An issuer of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtConfig {
    /// Where its keys are.
    pub keys: KeySource,
    /// What `iss` must be.
    pub issuer: String,
    /// What `aud` must be, or hold.
    pub audience: String,
    /// The algorithms that are taken.
    pub algorithms: Vec<Algorithm>,
    /// How far the clocks of issuer and service may differ.
    pub skew: Duration,
    /// What a bearer may do.
    pub grants: Grants,
    /// How often each bearer may call; `None`: as often as it likes.
    pub rate: Option<Rate>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_from_files_and_by_https() {
        assert_eq!("keys.json".parse(), Ok(KeySource::File("keys.json".into())));
        for url in ["https://id.example/jwks", "http://127.0.0.1:9/jwks"] {
            assert_eq!(url.parse(), Ok(KeySource::Url(url.to_owned())));
        }
        for url in ["http://id.example/jwks", "ftp://id.example/jwks", "https://"] {
            assert!(url.parse::<KeySource>().is_err(), "{url}");
        }
    }
}
