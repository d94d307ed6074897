//! How the values of two sets may compare, and what arithmetic makes of intervals.

use super::values::Values;
use crate::core::expression::syntax::Operator;

/// Which comparisons of one value of each set are possible.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Orders {
    pub(super) less: bool,
    pub(super) equal: bool,
    pub(super) greater: bool,
    /// One of them is NaN.
    pub(super) unordered: bool,
}

impl Orders {
    const ALL: Self = Self { less: true, equal: true, greater: true, unordered: true };

    /// Whether `operator` may be true, and whether it may be false.
    pub(super) fn of(self, operator: Operator) -> (bool, bool) {
        let Self { less, equal, greater, unordered } = self;
        match operator {
            Operator::Equal => (equal, less || greater || unordered),
            Operator::NotEqual => (less || greater || unordered, equal),
            Operator::Less => (less, equal || greater || unordered),
            Operator::LessEqual => (less || equal, greater || unordered),
            Operator::Greater => (greater, less || equal || unordered),
            Operator::GreaterEqual => (greater || equal, less || unordered),
            _ => (true, true),
        }
    }
}

/// How values of `a` may compare with values of `b`.
pub(super) fn orders(a: &Values, b: &Values) -> Orders {
    if a.is_empty() || b.is_empty() {
        return Orders::default();
    }
    match (a, b) {
        (Values::Wholes(a, b), Values::Wholes(c, d)) => between((a, b), (c, d), false),
        (Values::Reals(a, b, nan), Values::Reals(c, d, other)) => {
            between((a, b), (c, d), *nan || *other)
        }
        (Values::Wholes(a, b), Values::Reals(c, d, nan)) => {
            between((&below(*a), &above(*b)), (c, d), *nan)
        }
        (Values::Reals(a, b, nan), Values::Wholes(c, d)) => {
            between((a, b), (&below(*c), &above(*d)), *nan)
        }
        (Values::Texts(a), Values::Texts(b)) => {
            let equal = a.intersection(b).next().is_some();
            let differ = a.len() > 1 || b.len() > 1 || !equal;
            Orders { less: differ, greater: differ, equal, unordered: false }
        }
        (Values::Texts(texts), Values::TextsBut(but))
        | (Values::TextsBut(but), Values::Texts(texts)) => {
            let equal = texts.iter().any(|text| !but.contains(text));
            Orders { equal, ..Orders::ALL }
        }
        (Values::Bools { no: a, yes: b }, Values::Bools { no: c, yes: d }) => Orders {
            less: *a && *d,
            greater: *b && *c,
            equal: (*a && *c) || (*b && *d),
            unordered: false,
        },
        _ => Orders::ALL,
    }
}

/// Of two intervals; an interval may be empty where NaN is all there is.
fn between<T: PartialOrd>((a, b): (&T, &T), (c, d): (&T, &T), nan: bool) -> Orders {
    if a > b || c > d {
        return Orders { unordered: nan, ..Orders::default() };
    }
    Orders { less: a < d, greater: b > c, equal: a <= d && c <= b, unordered: nan }
}

/// A double not above the whole number.
#[expect(clippy::cast_precision_loss, reason = "widened by a step")]
fn below(whole: i128) -> f64 {
    if whole.unsigned_abs() < 1 << 53 { whole as f64 } else { (whole as f64).next_down() }
}

/// A double not below the whole number.
#[expect(clippy::cast_precision_loss, reason = "widened by a step")]
fn above(whole: i128) -> f64 {
    if whole.unsigned_abs() < 1 << 53 { whole as f64 } else { (whole as f64).next_up() }
}

/// `a + b`, `a - b` or `a * b`; `None` for other operators and kinds.
pub(super) fn arithmetic(operator: Operator, a: &Values, b: &Values) -> Option<Values> {
    match (a, b) {
        (Values::Wholes(a, b), Values::Wholes(c, d)) => {
            let ends = match operator {
                Operator::Add => [a.checked_add(*c)?, b.checked_add(*d)?, 0, 0],
                Operator::Subtract => [a.checked_sub(*d)?, b.checked_sub(*c)?, 0, 0],
                Operator::Multiply => {
                    let (ac, ad) = (a.checked_mul(*c)?, a.checked_mul(*d)?);
                    let (bc, bd) = (b.checked_mul(*c)?, b.checked_mul(*d)?);
                    [ac.min(ad).min(bc).min(bd), ac.max(ad).max(bc).max(bd), 0, 0]
                }
                _ => return None,
            };
            let [min, max, ..] = ends;
            Some(Values::Wholes(min, max))
        }
        (Values::Reals(a, b, nan), Values::Reals(c, d, other)) => {
            let ends = match operator {
                Operator::Add => [a + c, b + d, a + c, b + d],
                Operator::Subtract => [a - d, b - c, a - d, b - c],
                Operator::Multiply => [a * c, a * d, b * c, b * d],
                _ => return None,
            };
            // Infinities may cancel within, or meet a zero.
            let finite = [a, b, c, d].into_iter().all(|end| end.is_finite());
            if ends.iter().any(|end| end.is_nan()) || a > b || c > d {
                return Some(Values::Reals(f64::NEG_INFINITY, f64::INFINITY, true));
            }
            let min = ends.iter().copied().fold(f64::INFINITY, f64::min);
            let max = ends.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            Some(Values::Reals(min, max, *nan || *other || !finite))
        }
        _ => None,
    }
}
