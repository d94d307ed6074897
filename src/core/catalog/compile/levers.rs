//! Business levers: factors or percentages, of an offer and of its group, become one factor.

use super::Build;
use crate::core::catalog::fault::Place;
use crate::core::catalog::source::{LeverMode, LeverSource};

/// The factor of a lever; 1 when there is none.
pub(super) fn lever(place: &Place<'_>, lever: Option<&LeverSource>) -> f64 {
    let place = place.key("lever");
    let factor = match lever {
        None => return 1.0,
        Some(LeverSource::Factor(factor)) => Some(*factor),
        Some(LeverSource::Percent(text)) => percent(text).map(|percent| 1.0 + percent / 100.0),
    };
    match factor {
        Some(factor) if factor > 0.0 && factor <= 1e9 => factor,
        Some(_) => {
            place.error_hint("a lever is more than 0", "as a factor, or as a percentage over -100");
            1.0
        }
        None => {
            place.error_hint("this is not a lever", "write `1.25` or `+25 %`");
            1.0
        }
    }
}

/// The levers of an offer and of its group together.
pub(super) fn combined(build: &Build<'_>, place: &Place<'_>, own: f64, group: f64) -> f64 {
    match build.arbitration().source.levers {
        LeverMode::Product => own * group,
        LeverMode::Sum => {
            let sum = 1.0 + (own - 1.0) + (group - 1.0);
            if sum > 0.0 {
                return sum;
            }
            let message = format!(
                "the levers of the offer ({:+} %) and of its group ({:+} %) add up to -100 % or less",
                (own - 1.0) * 100.0,
                (group - 1.0) * 100.0
            );
            let hint = "raise one, or multiply them: `levers: product` in arbitration.yaml";
            place.key("lever").error_hint(message, hint);
            1.0
        }
    }
}

/// `+25 %`, `-10%`, `25 %` as a number.
pub(super) fn percent(text: &str) -> Option<f64> {
    let number: f64 = text.trim().strip_suffix('%')?.trim().parse().ok()?;
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_percentage_has_a_sign_and_a_percent_sign() {
        assert_eq!(percent("+25 %"), Some(25.0));
        assert_eq!(percent("-10%"), Some(-10.0));
        assert_eq!(percent(" 7.5 % "), Some(7.5));
        assert_eq!(percent("25"), None);
        assert_eq!(percent("inf %"), None);
    }
}
