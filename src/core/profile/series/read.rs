//! The value of an aggregate, from the state of its series, at the time of reading.

use super::{Cell, Series};
use crate::core::catalog::schema::{AggregateFunction, AggregateSpec, SeriesState};
use crate::core::expression::Type;
use crate::core::time::UnixMs;
use crate::core::value::Value;

/// A number before it takes the type its slot declares.
enum Number {
    Count(u64),
    Real(f64),
}

impl Number {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        reason = "casts from doubles saturate; counts stay far below 2^53"
    )]
    fn into_value(self, ty: &Type) -> Value {
        match (self, ty) {
            (Self::Count(n), Type::Double) => Value::Double(n as f64),
            (Self::Count(n), Type::Uint) => Value::Uint(n),
            (Self::Count(n), _) => Value::Int(n as i64),
            (Self::Real(x), Type::Int) => Value::Int(libm::round(x) as i64),
            (Self::Real(x), Type::Uint) => Value::Uint(libm::round(x) as u64),
            (Self::Real(x), _) => Value::Double(x),
        }
    }
}

/// The value of `spec` at `now`, in the type `ty` where it is a number: counts, sums and distinct
/// counts are 0 when there was no event, the others missing.
pub(in crate::core::profile) fn read(
    series: Option<&Series>,
    state: Option<&SeriesState>,
    spec: &AggregateSpec,
    ty: &Type,
    now: UnixMs,
) -> Option<Value> {
    let number = match spec.function {
        AggregateFunction::Last => return last(series?, spec.window_ms, now),
        AggregateFunction::Recency => return recency(series?, spec.window_ms, now),
        AggregateFunction::Distinct => Number::Count(match series {
            Some(Series::Distinct(distinct)) => distinct.within(spec.window_ms, now) as u64,
            _ => 0,
        }),
        function => from_cell(series, state, function, spec.window_ms, now)?,
    };
    Some(number.into_value(ty))
}

fn from_cell(
    series: Option<&Series>,
    state: Option<&SeriesState>,
    function: AggregateFunction,
    window_ms: Option<i64>,
    now: UnixMs,
) -> Option<Number> {
    let cell = match series {
        Some(Series::Decayed(decayed)) => {
            let half_life_ms = match state {
                Some(SeriesState::Decayed { half_life_ms }) => *half_life_ms,
                _ => i64::MAX,
            };
            let (count, sum) = decayed.at(now, half_life_ms);
            return match function {
                AggregateFunction::Count => Some(Number::Real(count)),
                AggregateFunction::Sum => Some(Number::Real(sum)),
                AggregateFunction::Avg if count > 0.0 => Some(Number::Real(sum / count)),
                _ => None,
            };
        }
        Some(Series::Buckets(buckets)) => buckets.within(window_ms, now),
        Some(Series::Total { cell, .. }) => Some(*cell),
        _ => None,
    };
    match (function, cell) {
        (AggregateFunction::Count, cell) => {
            Some(Number::Count(cell.map_or(0, |c| u64::from(c.count))))
        }
        (AggregateFunction::Sum, cell) => Some(Number::Real(cell.map_or(0.0, |c| c.sum))),
        (AggregateFunction::Avg, Some(Cell { count, sum, .. })) => {
            Some(Number::Real(sum / f64::from(count)))
        }
        (AggregateFunction::Min, Some(cell)) => Some(Number::Real(cell.min)),
        (AggregateFunction::Max, Some(cell)) => Some(Number::Real(cell.max)),
        _ => None,
    }
}

fn last(series: &Series, window_ms: Option<i64>, now: UnixMs) -> Option<Value> {
    match series {
        Series::Last { value, at } if is_within(*at, window_ms, now) => Some(value.clone()),
        _ => None,
    }
}

fn recency(series: &Series, window_ms: Option<i64>, now: UnixMs) -> Option<Value> {
    let at = series.latest_at();
    let elapsed_ms = now.since(at).max(0);
    is_within(at, window_ms, now)
        .then(|| Value::Duration(jiff::SignedDuration::from_millis(elapsed_ms)))
}

/// Whether `at` is younger than the window.
fn is_within(at: UnixMs, window_ms: Option<i64>, now: UnixMs) -> bool {
    window_ms.is_none_or(|window| now.since(at) < window)
}
