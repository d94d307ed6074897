//! A JWK set, bounded, and which of its keys a token was signed with.

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

/// Longest set that is read, in bytes.
pub const SET_BYTES_MAX: usize = 256 << 10;
/// Most keys of a set.
const KEYS_MAX: usize = 64;

/// Why a set of keys cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// It is too long.
    #[error("the key set is longer than {SET_BYTES_MAX} bytes")]
    TooLong,
    /// It has too many keys.
    #[error("the key set has more than {KEYS_MAX} keys")]
    TooMany,
    /// It is no JWK set.
    #[error("it is no JWK set: {0}")]
    Malformed(String),
    /// It has no key that can be used.
    #[error("the key set has no public RSA, P-256, P-384 or Ed25519 key for signatures")]
    Empty,
}

/// Keys are read one by one: one of a kind not known here does not spoil the others.
#[derive(Deserialize)]
struct Raw {
    keys: Vec<serde_json::Value>,
}

struct Key {
    id: Option<String>,
    algorithm: Option<Algorithm>,
    key: DecodingKey,
}

/// The keys of an issuer.
#[derive(Default)]
pub struct KeySet(Vec<Key>);

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeySet of {}", self.0.len())
    }
}

impl KeySet {
    /// The usable keys of a set.
    ///
    /// # Errors
    /// Why it has none.
    pub fn parse(text: &[u8]) -> Result<Self, KeySetError> {
        if text.len() > SET_BYTES_MAX {
            return Err(KeySetError::TooLong);
        }
        let raw: Raw = serde_json::from_slice(text)
            .map_err(|error| KeySetError::Malformed(format!("line {}", error.line())))?;
        if raw.keys.len() > KEYS_MAX {
            return Err(KeySetError::TooMany);
        }
        let keys: Vec<Key> = raw.keys.into_iter().filter_map(usable).collect();
        if keys.is_empty() { Err(KeySetError::Empty) } else { Ok(Self(keys)) }
    }

    /// The key with that id, for that algorithm; without an id, the only one there is for it.
    #[must_use]
    pub fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let fits = |key: &&Key| {
            key.key.family() == family(algorithm)
                && key.algorithm.is_none_or(|own| own == algorithm)
                && id.is_none_or(|id| key.id.as_deref() == Some(id))
        };
        let mut found = self.0.iter().filter(fits);
        let first = found.next()?;
        found.next().is_none().then_some(&first.key)
    }
}

fn family(algorithm: Algorithm) -> jsonwebtoken::AlgorithmFamily {
    use jsonwebtoken::AlgorithmFamily as Family;
    match algorithm {
        Algorithm::ES256 | Algorithm::ES384 => Family::Ec,
        Algorithm::EdDSA => Family::Ed,
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => Family::Hmac,
        _ => Family::Rsa,
    }
}

/// A public key for signatures; secrets that stand in a set by mistake are left out.
fn usable(value: serde_json::Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    if matches!(jwk.algorithm, AlgorithmParameters::OctetKey(_))
        || jwk.common.public_key_use.as_ref().is_some_and(|own| *own != PublicKeyUse::Signature)
    {
        return None;
    }
    let algorithm = match jwk.common.key_algorithm {
        Some(own) => Some(own.to_string().parse().ok()?),
        None => None,
    };
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    Some(Key { id: jwk.common.key_id, algorithm, key })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_key_set_is_refused_and_secrets_are_no_keys() {
        assert!(matches!(KeySet::parse(b"{"), Err(KeySetError::Malformed(_))));
        assert!(matches!(KeySet::parse(br#"{"keys":7}"#), Err(KeySetError::Malformed(_))));
        for keys in ["", r#"{"kty":"oct","k":"c2VjcmV0"}"#, r#"{"kty":"XX"}"#, "7"] {
            let set = format!(r#"{{"keys":[{keys}]}}"#);
            assert_eq!(KeySet::parse(set.as_bytes()).unwrap_err(), KeySetError::Empty, "{keys}");
        }
        let many = format!(r#"{{"keys":[{}]}}"#, vec!["{}"; 65].join(","));
        assert_eq!(KeySet::parse(many.as_bytes()).unwrap_err(), KeySetError::TooMany);
        assert_eq!(KeySet::parse(&vec![b' '; 300 << 10]).unwrap_err(), KeySetError::TooLong);
    }

    #[test]
    fn a_key_is_found_by_id_and_never_for_another_algorithm() {
        let ed = r#"{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"a",
            "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let enc = ed.replace("\"sig\"", "\"enc\"").replace("\"a\"", "\"b\"");
        let set = format!(r#"{{"keys":[{ed},{enc}]}}"#);
        let set = KeySet::parse(set.as_bytes()).unwrap();
        assert!(set.find(Some("a"), Algorithm::EdDSA).is_some());
        assert!(set.find(None, Algorithm::EdDSA).is_some());
        assert!(set.find(Some("b"), Algorithm::EdDSA).is_none());
        for other in [Algorithm::ES256, Algorithm::RS256, Algorithm::HS256] {
            assert!(set.find(Some("a"), other).is_none());
        }
    }
}
