//! How a channel explores.

use crate::core::arbitration::explore::{Draw, Exploration};
use crate::core::catalog::fault::Place;
use crate::core::catalog::source::{ExplorationKind, ExplorationSource};

const SPREAD: f64 = 0.1;
const GAMMA: f64 = 100.0;

/// Compiles and checks what stands at `place`.
pub(super) fn compile(place: &Place<'_>, source: &ExplorationSource) -> Exploration {
    let kind = match (source.kind, source.epsilon) {
        (Some(kind), _) => kind,
        (None, Some(_)) => ExplorationKind::Epsilon,
        (None, None) => ExplorationKind::None,
    };
    let number = |key: &str, given: Option<f64>, (low, high): (f64, f64), otherwise: f64| {
        let Some(number) = given else { return otherwise };
        // Zero is allowed only where the range says so; NaN nowhere.
        let inside = number >= low && number <= high;
        if !inside {
            let range = if low > 0.0 {
                format!("above 0 and at most {high}")
            } else {
                format!("in {low}..={high}")
            };
            place.key(key).error(format!("{key} lies {range}"));
        }
        if inside { number } else { otherwise }
    };
    let tiny = f64::MIN_POSITIVE;
    let epsilon = number("epsilon", source.epsilon, (0.0, 1.0), 0.0);
    let spread = number("spread", source.spread, (tiny, 2.0), SPREAD);
    let gamma = number("gamma", source.gamma, (tiny, 1e9), GAMMA);
    let exploration = Exploration {
        draw: match kind {
            ExplorationKind::None | ExplorationKind::Epsilon => Draw::Ranked,
            ExplorationKind::Thompson => Draw::Thompson { spread },
            ExplorationKind::Squarecb => Draw::Gap { gamma },
        },
        epsilon,
        floor: number("floor", source.floor, (0.0, 0.1), 0.0),
        budget: source.budget.map(|given| number("budget", Some(given), (tiny, 1.0), 1.0)),
        control: number("control", source.control, (0.0, 1.0), 0.0),
    };
    unused(place, source, kind);
    exploration
}

/// Settings that the kind does not read are mistakes.
fn unused(place: &Place<'_>, source: &ExplorationSource, kind: ExplorationKind) {
    let named = match kind {
        ExplorationKind::None => "none",
        ExplorationKind::Epsilon => "epsilon",
        ExplorationKind::Thompson => "thompson",
        ExplorationKind::Squarecb => "squarecb",
    };
    let none = kind == ExplorationKind::None;
    let settings = [
        ("epsilon", source.epsilon.is_some() && none),
        ("floor", source.floor.is_some() && none),
        ("budget", source.budget.is_some() && none),
        ("spread", source.spread.is_some() && kind != ExplorationKind::Thompson),
        ("gamma", source.gamma.is_some() && kind != ExplorationKind::Squarecb),
    ];
    for (key, idle) in settings {
        if idle {
            place.key(key).error(format!("exploration of the kind `{named}` has no `{key}`"));
        }
    }
}
