//! Tokens good and bad. Those of RSA were signed once by `openssl`, with a key that is gone; the others
//! are signed here.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use serde_json::{Value, json};

use super::issuer::{Issuer, TOKEN_BYTES_MAX};
use super::{ALGORITHMS, Grants, Issuers, JwtConfig, KeySet, KeySource, TokenFault};
use crate::api::auth::{Role, caller::Caller};
use crate::api::reload::Reload as _;

const RSA: &str = include_str!("given/rsa.json");
const RS256: &str = include_str!("given/rs256.jwt");
const PS256: &str = include_str!("given/ps256.jwt");

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

struct Signer {
    pair: EcdsaKeyPair,
    id: String,
}

impl Signer {
    fn new(id: &str) -> Self {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
        Self { pair, id: id.to_owned() }
    }

    fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let (x, y) = (encoded(&point[1..33]), encoded(&point[33..]));
        json!({"kty": "EC", "crv": "P-256", "kid": self.id, "x": x, "y": y})
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = unsigned(header, claims);
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", encoded(signature.as_ref()))
    }

    fn token(&self, claims: &Value) -> String {
        self.sign(&json!({"alg": "ES256", "kid": self.id}), claims)
    }
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| encoded(value.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn claims() -> Value {
    json!({
        "iss": "https://id.bank.example", "aud": "arbitra", "sub": "crm", "exp": now() + 60,
        "roles": ["arbitra:decide", "decide", "arbitra:nothing", "admin"],
    })
}

fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims();
    claims[name] = value.into();
    claims
}

fn set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// One issuer, with its file.
fn issuers(set: &str) -> (tempfile::NamedTempFile, Issuers, JwtConfig) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), set).unwrap();
    let config = JwtConfig {
        keys: KeySource::File(file.path().to_owned()),
        issuer: "https://id.bank.example".into(),
        audience: "arbitra".into(),
        algorithms: ALGORITHMS.to_vec(),
        skew: std::time::Duration::from_secs(30),
        grants: Grants::Roles { claim: "roles".into() },
        rate: None,
    };
    (file, Issuers::open(std::slice::from_ref(&config)).unwrap(), config)
}

fn why(issuers: &Issuers, token: &str) -> TokenFault {
    issuers.bearer(token).unwrap_err()
}

#[test]
fn a_good_token_has_the_roles_that_it_names_for_us() {
    let signer = Signer::new("a");
    let (_file, issuers, _) = issuers(&set(&[signer.jwk()]));
    let caller = issuers.bearer(&signer.token(&claims())).unwrap();
    assert_eq!(caller.name(), "crm");
    // `admin` and `decide` without our prefix are roles of another system.
    assert!(caller.may(Role::Decide) && !caller.may(Role::Record) && !caller.may(Role::Admin));
    let several = with("aud", json!(["billing", "arbitra"]));
    issuers.bearer(&signer.token(&several)).unwrap();
    let spaced = issuers.bearer(&signer.token(&with("roles", "x arbitra:insight"))).unwrap();
    assert!(spaced.may(Role::Insight) && !spaced.may(Role::Decide));
}

#[test]
fn tokens_that_are_not_good_are_told_why() {
    let (signer, forger) = (Signer::new("a"), Signer::new("a"));
    let (_file, issuers, _) = issuers(&set(&[signer.jwk()]));
    let mut lacking = claims();
    lacking.as_object_mut().unwrap().remove("exp");
    for (token, expected) in [
        (forger.token(&claims()), TokenFault::BadSignature),
        (Signer::new("b").token(&claims()), TokenFault::UnknownKey),
        (signer.token(&with("exp", now() - 31)), TokenFault::Expired),
        (signer.token(&with("nbf", now() + 60)), TokenFault::TooEarly),
        (signer.token(&with("aud", "billing")), TokenFault::WrongAudience),
        (signer.token(&with("iss", "https://evil.example")), TokenFault::WrongIssuer),
        (signer.token(&lacking), TokenFault::Incomplete),
        (signer.token(&with("exp", "never")), TokenFault::Incomplete),
        (signer.token(&with("sub", "")), TokenFault::Incomplete),
        (signer.token(&with("sub", "x".repeat(300))), TokenFault::Incomplete),
        (String::new(), TokenFault::Malformed),
        ("a.b.c".to_owned(), TokenFault::Malformed),
        ("x".repeat(TOKEN_BYTES_MAX + 1), TokenFault::Malformed),
    ] {
        assert_eq!(why(&issuers, &token), expected, "{token}");
    }
    // Within the clocks' difference.
    issuers.bearer(&signer.token(&with("exp", now() - 10))).unwrap();
    issuers.bearer(&signer.token(&with("nbf", now() + 10))).unwrap();
}

#[test]
fn the_algorithm_is_ours_to_choose() {
    let signer = Signer::new("a");
    let (_file, all, config) = issuers(&set(&[signer.jwk()]));
    let none = unsigned(&json!({"alg": "none", "kid": "a"}), &claims());
    assert_eq!(why(&all, &format!("{none}.")), TokenFault::Malformed);
    // The public key taken for a secret.
    for algorithm in ["HS256", "HS384", "HS512"] {
        let message = unsigned(&json!({"alg": algorithm, "kid": "a"}), &claims());
        let secret = signer.pair.public_key().as_ref();
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
        let tag = ring::hmac::sign(&key, message.as_bytes());
        let token = format!("{message}.{}", encoded(tag.as_ref()));
        assert_eq!(why(&all, &token), TokenFault::Malformed, "{algorithm}");
    }
    // A key is for its own kind of algorithm.
    for algorithm in ["RS256", "PS256", "EdDSA", "ES384"] {
        let token = signer.sign(&json!({"alg": algorithm, "kid": "a"}), &claims());
        let fault = why(&all, &token);
        let expected = [TokenFault::UnknownKey, TokenFault::BadSignature];
        assert!(expected.contains(&fault), "{algorithm}: {fault:?}");
    }
    let algorithms = vec![jsonwebtoken::Algorithm::RS256];
    let pinned = Issuers::open(&[JwtConfig { algorithms, ..config }]).unwrap();
    assert_eq!(why(&pinned, &signer.token(&claims())), TokenFault::Malformed);
}

#[test]
fn rsa_and_ed25519_are_understood() {
    let (_file, issuers, config) = issuers(RSA);
    for token in [RS256, PS256].map(str::trim) {
        assert!(issuers.bearer(token).unwrap().may(Role::Decide));
        let (head, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = head.split_once('.').unwrap();
        let payload = encoded(claims().to_string().as_bytes());
        let changed = format!("{header}.{payload}.{signature}");
        assert_eq!(why(&issuers, &changed), TokenFault::BadSignature);
    }
    let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pair.as_ref()).unwrap();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": encoded(pair.public_key().as_ref())});
    let issuer = Issuer::open(&config).unwrap();
    issuer.take(KeySet::parse(set(&[jwk]).as_bytes()).unwrap());
    let message = unsigned(&json!({"alg": "EdDSA"}), &claims());
    let token = format!("{message}.{}", encoded(pair.sign(message.as_bytes()).as_ref()));
    issuer.bearer(&token).unwrap();
}

#[test]
fn a_key_that_is_gone_opens_nothing_though_its_token_was_good() {
    let (old, new) = (Signer::new("old"), Signer::new("new"));
    let (file, issuers, _) = issuers(&set(&[old.jwk()]));
    let token = old.token(&claims());
    issuers.bearer(&token).unwrap();
    assert_eq!(why(&issuers, &new.token(&claims())), TokenFault::UnknownKey);
    std::fs::write(file.path(), set(&[old.jwk(), new.jwk()])).unwrap();
    let issuer = issuers.iter().next().unwrap();
    assert_eq!(issuer.reload(), Ok(true));
    issuers.bearer(&token).unwrap();
    issuers.bearer(&new.token(&claims())).unwrap();
    std::fs::write(file.path(), set(&[new.jwk()])).unwrap();
    assert_eq!(issuer.reload(), Ok(true));
    assert_eq!(why(&issuers, &token), TokenFault::UnknownKey);
    // A file at fault changes nothing.
    std::fs::write(file.path(), "{}").unwrap();
    issuer.reload().unwrap_err();
    issuers.bearer(&new.token(&claims())).unwrap();
}

#[test]
fn of_two_issuers_each_has_its_own() {
    let (desk, page) = (Signer::new("a"), Signer::new("a"));
    let (_first, _, callers) = issuers(&set(&[desk.jwk()]));
    let (_second, _, customers) = issuers(&set(&[page.jwk()]));
    let customers = JwtConfig { audience: "page".into(), grants: Grants::Customer, ..customers };
    let both = Issuers::open(&[callers, customers]).unwrap();
    let named = |caller: &Caller| caller.customer().map(|id| id.to_string());
    assert_eq!(named(&both.bearer(&desk.token(&claims())).unwrap()), None);
    let mut own = with("aud", "page");
    own["sub"] = "ana".into();
    let browser = both.bearer(&page.token(&own)).unwrap();
    assert_eq!((named(&browser).as_deref(), browser.name()), (Some("ana"), "browser"));
    assert!(!browser.may(Role::ProfileRead) && !browser.may(Role::Admin));
    // A customer's token is no caller's, whatever roles it names.
    assert_eq!(why(&both, &page.token(&claims())), TokenFault::WrongAudience);
}
