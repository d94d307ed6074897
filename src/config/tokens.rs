//! Issuers of tokens: what may be said of them, and what it means.

use std::time::Duration;

use clap::Args;
use jsonwebtoken::Algorithm;

use super::security::Fault;
use crate::api::auth::jwt::issuer::Issuer;
use crate::api::auth::jwt::{ALGORITHMS, Grants, JwtConfig, KeySource};

/// The algorithms that are taken.
const DEFAULT_ALGORITHMS: &str = "RS256,PS256,ES256,EdDSA";
/// The claim that holds roles.
const DEFAULT_ROLES_CLAIM: &str = "roles";
/// How far clocks may differ.
const DEFAULT_SKEW: &str = "30s";
/// Farthest that clocks may be allowed to differ.
const SKEW_MAX: Duration = Duration::from_secs(600);

/// Callers, and customers in browsers, known by signed tokens (JWT).
#[derive(Args, Clone, Debug, Default)]
pub struct TokenArgs {
    /// Key set (JWKS) of the issuer of callers' tokens: a file, or an `https` URL. Taken anew when it
    /// changes.
    #[arg(long, env = "ARBITRA_JWT_KEYS", value_name = "FILE|URL")]
    pub jwt_keys: Option<String>,
    /// What `iss` of callers' tokens must be.
    #[arg(long, env = "ARBITRA_JWT_ISSUER", value_name = "TEXT")]
    pub jwt_issuer: Option<String>,
    /// What `aud` of callers' tokens must be or hold.
    #[arg(long, env = "ARBITRA_JWT_AUDIENCE", value_name = "TEXT")]
    pub jwt_audience: Option<String>,
    /// The claim that names roles as `arbitra:ROLE`; dots lead into objects.
    #[arg(
        long,
        env = "ARBITRA_JWT_ROLES_CLAIM",
        value_name = "CLAIM",
        default_value = DEFAULT_ROLES_CLAIM
    )]
    pub jwt_roles_claim: String,
    /// How often the bearer of a caller's token may call (`100/s`). Default: as often as it likes.
    #[arg(long, env = "ARBITRA_JWT_RATE", value_name = "RATE")]
    pub jwt_rate: Option<String>,
    /// Key set (JWKS) of the issuer of customers' tokens, for browsers and apps: a file or URL. `sub`
    /// names the one customer that its bearer may speak of.
    #[arg(long, env = "ARBITRA_CUSTOMER_KEYS", value_name = "FILE|URL")]
    pub customer_keys: Option<String>,
    /// What `iss` of customers' tokens must be.
    #[arg(long, env = "ARBITRA_CUSTOMER_ISSUER", value_name = "TEXT")]
    pub customer_issuer: Option<String>,
    /// What `aud` of customers' tokens must be or hold; another than that of callers.
    #[arg(long, env = "ARBITRA_CUSTOMER_AUDIENCE", value_name = "TEXT")]
    pub customer_audience: Option<String>,
    /// How often one customer's browsers may call.
    #[arg(long, env = "ARBITRA_CUSTOMER_RATE", value_name = "RATE", default_value = "20/s")]
    pub customer_rate: String,
    /// The algorithms that are taken in tokens; all are asymmetric.
    #[arg(
        long,
        env = "ARBITRA_JWT_ALGORITHMS",
        value_name = "A,B",
        default_value = DEFAULT_ALGORITHMS
    )]
    pub jwt_algorithms: String,
    /// How far the clocks of issuers and of the service may differ.
    #[arg(long, env = "ARBITRA_JWT_SKEW", value_name = "TIME", default_value = DEFAULT_SKEW)]
    pub jwt_skew: String,
}

/// What is said of one issuer, with the flags that say it.
struct Said<'a> {
    keys: (&'static str, &'a Option<String>),
    issuer: (&'static str, &'a Option<String>),
    audience: (&'static str, &'a Option<String>),
    rate: (&'static str, Option<&'a str>),
    grants: Grants,
}

impl TokenArgs {
    /// The issuers; keys in files are tried.
    pub(super) fn issuers(&self, faults: &mut Vec<Fault>) -> Vec<JwtConfig> {
        let algorithms = self.algorithms(faults);
        let skew = match humantime::parse_duration(&self.jwt_skew) {
            Ok(skew) if skew <= SKEW_MAX => skew,
            _ => {
                let message = format!("`{}` is not a time up to 10 minutes", self.jwt_skew);
                faults.push(("--jwt-skew", message));
                Duration::ZERO
            }
        };
        let callers = Said {
            keys: ("--jwt-keys", &self.jwt_keys),
            issuer: ("--jwt-issuer", &self.jwt_issuer),
            audience: ("--jwt-audience", &self.jwt_audience),
            rate: ("--jwt-rate", self.jwt_rate.as_deref()),
            grants: Grants::Roles { claim: self.jwt_roles_claim.clone() },
        };
        let customers = Said {
            keys: ("--customer-keys", &self.customer_keys),
            issuer: ("--customer-issuer", &self.customer_issuer),
            audience: ("--customer-audience", &self.customer_audience),
            rate: ("--customer-rate", Some(&self.customer_rate)),
            grants: Grants::Customer,
        };
        let both = [callers, customers];
        let all: Vec<JwtConfig> =
            both.into_iter().filter_map(|one| one.config(&algorithms, skew, faults)).collect();
        if let [callers, customers] = all.as_slice()
            && callers.issuer == customers.issuer
            && callers.audience == customers.audience
        {
            // A customer's token would be a caller's.
            let message = "must differ from `--jwt-audience` where the issuer is the same";
            faults.push(("--customer-audience", message.to_owned()));
        }
        all
    }

    fn algorithms(&self, faults: &mut Vec<Fault>) -> Vec<Algorithm> {
        let mut found = Vec::new();
        for name in self.jwt_algorithms.split(',').map(str::trim) {
            match name.parse().ok().filter(|algorithm| ALGORITHMS.contains(algorithm)) {
                Some(algorithm) => found.push(algorithm),
                None => {
                    let names = ALGORITHMS.map(|one| format!("{one:?}")).join(", ");
                    let message = format!("`{name}` is not taken; there are {names}");
                    faults.push(("--jwt-algorithms", message));
                }
            }
        }
        found
    }
}

impl Said<'_> {
    fn config(
        self,
        algorithms: &[Algorithm],
        skew: Duration,
        faults: &mut Vec<Fault>,
    ) -> Option<JwtConfig> {
        let Some(keys) = self.keys.1 else {
            for (flag, given) in [self.issuer, self.audience] {
                if given.is_some() {
                    faults.push((flag, format!("needs `{}`", self.keys.0)));
                }
            }
            return None;
        };
        let before = faults.len();
        let keys = keys.parse::<KeySource>().map_err(|why| faults.push((self.keys.0, why))).ok();
        let mut text = |(flag, given): (&'static str, &Option<String>)| {
            let given = given.clone().filter(|text| !text.is_empty());
            if given.is_none() {
                faults.push((flag, format!("`{}` needs it", self.keys.0)));
            }
            given
        };
        let (issuer, audience) = (text(self.issuer), text(self.audience));
        let rate = self.rate.1.map(str::parse).transpose();
        let rate = rate.map_err(|why| faults.push((self.rate.0, why))).ok().flatten();
        let config = JwtConfig {
            keys: keys?,
            issuer: issuer?,
            audience: audience?,
            algorithms: algorithms.to_vec(),
            skew,
            grants: self.grants,
            rate,
        };
        if let Err(why) = Issuer::open(&config) {
            faults.push((self.keys.0, why));
        }
        (faults.len() == before).then_some(config)
    }
}
