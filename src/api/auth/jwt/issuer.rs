//! Who bears a token, if it is good: signed by a key of its issuer with an algorithm that is taken,
//! for this service, now. Tokens found good are remembered while they are, so that most calls cost
//! a lookup and not a signature.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Validation, decode, decode_header};
use quick_cache::sync::Cache;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::Notify;

use super::config::{Grants, JwtConfig, KeySource};
use super::keys::{KeySet, KeySetError};
use super::verify;
use crate::api::auth::caller::Caller;
use crate::api::auth::rate::Limiter;
use crate::api::auth::role::Role;
use crate::api::reload::{Print, Reload};

/// Longest token that is looked at, in bytes.
pub const TOKEN_BYTES_MAX: usize = 8 << 10;
/// Longest `sub`, in bytes.
const SUBJECT_BYTES_MAX: usize = 256;
/// Good tokens that are remembered.
const REMEMBERED_MAX: usize = 16_384;
/// Bearers whose calls are counted; over it, those who called least lately begin anew.
const LIMITERS_MAX: usize = 65_536;
/// What stands before the name of a role in a token: other systems have roles of the same names.
const ROLE_PREFIX: &str = "arbitra:";

/// Why a token is no good. In the order in which a token gets further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenFault {
    /// It cannot be read, or is signed in a way that is not taken.
    Malformed,
    /// It is signed with a key that is not known.
    UnknownKey,
    /// Its signature is wrong.
    BadSignature,
    /// It lacks what it must say.
    Incomplete,
    /// Somebody else issued it.
    WrongIssuer,
    /// It is for another service.
    WrongAudience,
    /// It is not valid yet.
    TooEarly,
    /// It is not valid any more.
    Expired,
}

/// An issuer with its keys of the moment.
pub struct Issuer {
    config: JwtConfig,
    keys: ArcSwap<KeySet>,
    seen: Print,
    /// Counts the sets of keys: what was found good by an earlier one is looked at again.
    generation: AtomicU64,
    wanted: Notify,
    remembered: Cache<[u8; 32], Arc<Good>>,
    limiters: Cache<u64, Arc<Limiter>>,
}

/// A token found good.
struct Good {
    caller: Arc<Caller>,
    /// Seconds since 1970 up to which it is.
    until: u64,
    generation: u64,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer").field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl Issuer {
    /// With the keys of its file; those of a URL come with the first fetch, and until then no token
    /// of it is good.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn open(config: &JwtConfig) -> Result<Self, String> {
        verify::install();
        let (keys, text) = match &config.keys {
            KeySource::Url(_) => (KeySet::default(), Vec::new()),
            KeySource::File(path) => {
                let text = std::fs::read(path)
                    .map_err(|why| format!("`{}` cannot be read: {why}", path.display()))?;
                let keys = KeySet::parse(&text);
                (keys.map_err(|error| format!("`{}`: {error}", path.display()))?, text)
            }
        };
        Ok(Self {
            config: config.clone(),
            keys: ArcSwap::from_pointee(keys),
            seen: Print::of(&[&text]),
            generation: AtomicU64::new(0),
            wanted: Notify::new(),
            remembered: Cache::new(REMEMBERED_MAX),
            limiters: Cache::new(LIMITERS_MAX),
        })
    }

    /// Takes another set of keys.
    pub fn take(&self, keys: KeySet) {
        self.keys.store(Arc::new(keys));
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// Where its keys are.
    #[must_use]
    pub fn source(&self) -> &KeySource {
        &self.config.keys
    }

    /// Told when a token names a key that is not known.
    #[must_use]
    pub fn wanted(&self) -> &Notify {
        &self.wanted
    }

    /// Who bears the token, if it is good.
    ///
    /// # Errors
    /// Why it is not.
    pub fn bearer(&self, token: &str) -> Result<Arc<Caller>, TokenFault> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let generation = self.generation.load(Ordering::Acquire);
        if let Some(good) = self.remembered.get(&digest)
            && good.generation == generation
        {
            return if now_s() < good.until {
                Ok(good.caller.clone())
            } else {
                Err(TokenFault::Expired)
            };
        }
        let claims = self.checked(token)?;
        let caller = Arc::new(self.caller(&claims)?);
        let expiry = claims.get("exp").and_then(Value::as_f64).unwrap_or(0.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let until = (expiry as u64).saturating_add(self.config.skew.as_secs());
        let good = Good { caller: caller.clone(), until, generation };
        self.remembered.insert(digest, Arc::new(good));
        Ok(caller)
    }

    /// The claims of a token that is good.
    fn checked(&self, token: &str) -> Result<Value, TokenFault> {
        let header = decode_header(token).map_err(|_| TokenFault::Malformed)?;
        if !self.config.algorithms.contains(&header.alg) {
            return Err(TokenFault::Malformed);
        }
        let keys = self.keys.load();
        let Some(key) = keys.find(header.kid.as_deref(), header.alg) else {
            self.wanted.notify_one();
            return Err(TokenFault::UnknownKey);
        };
        let mut validation = Validation::new(header.alg);
        validation.leeway = self.config.skew.as_secs();
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.config.issuer]);
        validation.set_audience(&[&self.config.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        decode::<Value>(token, key, &validation).map(|data| data.claims).map_err(|e| fault(&e))
    }

    fn caller(&self, claims: &Value) -> Result<Caller, TokenFault> {
        let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
        let printable = !subject.is_empty() && !subject.chars().any(char::is_control);
        if subject.len() > SUBJECT_BYTES_MAX || !printable {
            return Err(TokenFault::Incomplete);
        }
        let limiter = self.config.rate.map(|rate| {
            let key = xxhash_rust::xxh3::xxh3_64(subject.as_bytes());
            let fresh = || Ok::<_, std::convert::Infallible>(Arc::new(rate.limiter()));
            self.limiters
                .get_or_insert_with(&key, fresh)
                .unwrap_or_else(|_| Arc::new(rate.limiter()))
        });
        let caller = match &self.config.grants {
            Grants::Roles { claim } => Caller::new(subject, roles(claims, claim)),
            Grants::Customer => Caller::browser(subject),
        };
        Ok(caller.limited(limiter))
    }
}

impl Reload for Issuer {
    const WHAT: &'static str = "keys of an issuer of tokens";

    fn reload(&self) -> Result<bool, String> {
        let KeySource::File(path) = &self.config.keys else { return Ok(false) };
        let text = std::fs::read(path)
            .map_err(|why| format!("`{}` cannot be read: {why}", path.display()))?;
        if !self.seen.changed(&[&text]) {
            return Ok(false);
        }
        self.take(KeySet::parse(&text).map_err(|error: KeySetError| error.to_string())?);
        Ok(true)
    }
}

/// All issuers whose tokens are taken.
#[derive(Clone, Debug, Default)]
pub struct Issuers(Arc<[Arc<Issuer>]>);

impl Issuers {
    /// Opens them.
    ///
    /// # Errors
    /// What is wrong with the first at fault.
    pub fn open(configs: &[JwtConfig]) -> Result<Self, String> {
        let opened = configs.iter().map(|config| Issuer::open(config).map(Arc::new));
        opened.collect::<Result<_, _>>().map(Self)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Issuer>> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Who bears the token.
    ///
    /// # Errors
    /// Why it is no good to the issuer with whom it gets furthest.
    pub fn bearer(&self, token: &str) -> Result<Arc<Caller>, TokenFault> {
        let mut furthest = TokenFault::Malformed;
        if token.len() > TOKEN_BYTES_MAX {
            return Err(furthest);
        }
        for issuer in self.0.iter() {
            match issuer.bearer(token) {
                Ok(caller) => return Ok(caller),
                Err(fault) => furthest = furthest.max(fault),
            }
        }
        Err(furthest)
    }
}

fn roles(claims: &Value, path: &str) -> Vec<Role> {
    let found = path.split('.').try_fold(claims, |value, name| value.get(name));
    let role = |name: &str| name.strip_prefix(ROLE_PREFIX).and_then(|name| name.parse().ok());
    match found {
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).filter_map(role).collect()
        }
        Some(Value::String(names)) => names.split_whitespace().filter_map(role).collect(),
        _ => Vec::new(),
    }
}

fn fault(error: &Error) -> TokenFault {
    match error.kind() {
        ErrorKind::InvalidSignature => TokenFault::BadSignature,
        ErrorKind::ExpiredSignature => TokenFault::Expired,
        ErrorKind::ImmatureSignature => TokenFault::TooEarly,
        ErrorKind::InvalidIssuer => TokenFault::WrongIssuer,
        ErrorKind::InvalidAudience => TokenFault::WrongAudience,
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) => {
            TokenFault::Incomplete
        }
        _ => TokenFault::Malformed,
    }
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
