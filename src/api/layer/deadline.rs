//! The deadline of a call: what the caller asks for by `grpc-timeout`, capped; handed down as a
//! [`Deadline`], never enforced from outside, so that an answer can still be given before it.

use std::time::{Duration, Instant};

use http::{HeaderMap, Request};

use crate::api::config::ApiConfig;

/// When the answer must be on its way.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(pub Instant);

/// The method that has a budget of its own.
const DECIDE: &str = "/arbitra.v1.DecisionService/Decide";
/// Most of a deadline that is kept back for the way home.
const WAY_HOME_MAX: Duration = Duration::from_millis(10);

/// How long calls may take.
#[derive(Clone, Copy, Debug)]
pub struct Budgets {
    max: Duration,
    decide: Duration,
}

impl Budgets {
    /// The configured budgets.
    pub fn new(config: &ApiConfig) -> Self {
        Self { max: config.deadline_max, decide: config.decide_budget.min(config.deadline_max) }
    }

    /// Puts the [`Deadline`] of a call into its extensions.
    pub fn mark<B>(self, mut request: Request<B>) -> Request<B> {
        let asked = asked(request.headers());
        let budget = match asked {
            // A twentieth, at most 10 ms, is left for the answer's way to the caller.
            Some(asked) => (asked - (asked / 20).min(WAY_HOME_MAX)).min(self.max),
            None if request.uri().path() == DECIDE => self.decide,
            None => self.max,
        };
        request.extensions_mut().insert(Deadline(Instant::now() + budget));
        request
    }
}

/// The time that the caller gives, by the gRPC over HTTP/2 specification: at most eight digits and
/// a unit. What does not read so counts as not given.
fn asked(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3_600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(path: &str, timeout: Option<&str>) -> Duration {
        let mut request = Request::builder().uri(path);
        if let Some(timeout) = timeout {
            request = request.header("grpc-timeout", timeout);
        }
        let marked = Budgets::new(&ApiConfig::default()).mark(request.body(()).unwrap());
        let Deadline(at) = marked.extensions().get().unwrap();
        at.duration_since(Instant::now())
    }

    #[test]
    fn a_caller_gets_what_it_asks_up_to_the_cap() {
        let near = |left: Duration, ms: u64| {
            let expected = Duration::from_millis(ms);
            assert!(left <= expected && left + Duration::from_millis(50) > expected, "{left:?}");
        };
        near(left(DECIDE, None), 200);
        near(left("/arbitra.v1.ProfileService/GetProfile", None), 5_000);
        near(left(DECIDE, Some("1S")), 990);
        near(left(DECIDE, Some("100m")), 95);
        near(left(DECIDE, Some("99999999H")), 5_000);
        near(left(DECIDE, Some("0m")), 0);
    }

    #[test]
    fn what_is_no_timeout_counts_as_none() {
        for text in ["", "5", "S", "1s", "123456789S", "-1S", "1 S", "é"] {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-timeout", http::HeaderValue::from_bytes(text.as_bytes()).unwrap());
            assert_eq!(asked(&headers), None, "{text}");
        }
    }
}
