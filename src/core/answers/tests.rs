//! How outcomes are shared out.

use proptest::prelude::*;

use super::{Claim, Credit, CreditRule, share};
use crate::core::time::{DAY_MS, UnixMs};

fn claim(day: i64, clicked: bool) -> Claim {
    Claim { at: UnixMs(day * DAY_MS), window_ms: 30 * DAY_MS, clicked, clickable: true }
}

fn rule(rule: CreditRule) -> Credit {
    Credit { rule, ..Credit::default() }
}

#[test]
fn each_rule_shares_as_its_name_says() {
    let claims = [claim(0, false), claim(7, true), claim(14, false)];
    let at = UnixMs(14 * DAY_MS);
    assert_eq!(share(&claims, &rule(CreditRule::Last), at), [0.0, 0.0, 1.0]);
    assert_eq!(share(&claims, &rule(CreditRule::First), at), [1.0, 0.0, 0.0]);
    assert_eq!(share(&claims, &rule(CreditRule::Linear), at), [1.0 / 3.0; 3]);
    let decayed = share(&claims, &rule(CreditRule::TimeDecayed), at);
    assert!((decayed[2] - 4.0 / 7.0).abs() < 1e-12 && (decayed[0] - 1.0 / 7.0).abs() < 1e-12);
}

#[test]
fn what_was_only_seen_claims_less_and_not_for_long() {
    let credit = |r| Credit { view_through: Some((DAY_MS, 0.5, u64::MAX)), ..rule(r) };
    let claims = [claim(0, true), claim(14, false)];
    let at = UnixMs(15 * DAY_MS);
    assert_eq!(share(&claims, &credit(CreditRule::Last), at), [0.0, 0.5]);
    let linear = share(&claims, &credit(CreditRule::Linear), at);
    assert!((linear[0] - 2.0 / 3.0).abs() < 1e-12 && (linear[1] - 1.0 / 3.0).abs() < 1e-12);
    let later = UnixMs(16 * DAY_MS);
    assert_eq!(share(&claims, &credit(CreditRule::Last), later), [1.0, 0.0]);
    assert_eq!(share(&claims[1..], &credit(CreditRule::Last), later), [0.0]);
    // Where no clicks are told, there being none says nothing.
    let silent = [Claim { clickable: false, ..claim(0, false) }];
    assert_eq!(share(&silent, &credit(CreditRule::Last), later), [1.0]);
}

proptest! {
    #[test]
    fn shares_never_exceed_the_whole(
        claims in prop::collection::vec((0..60_i64, any::<bool>(), any::<bool>()), 0..8),
        kind in 0..4_usize,
        view in prop::option::of((1..20_i64, 0.01..1.0_f64)),
        at in 0..80_i64,
    ) {
        let claims: Vec<Claim> = claims
            .into_iter()
            .map(|(day, clicked, clickable)| Claim { clickable, ..claim(day, clicked) })
            .collect();
        let rules = [
            CreditRule::Last, CreditRule::First, CreditRule::Linear, CreditRule::TimeDecayed,
        ];
        let view_through = view.map(|(days, weight)| (days * DAY_MS, weight, u64::MAX));
        let credit = Credit { view_through, ..rule(rules[kind]) };
        let shares = share(&claims, &credit, UnixMs(at * DAY_MS));
        prop_assert_eq!(shares.len(), claims.len());
        prop_assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
        prop_assert!(shares.iter().sum::<f64>() <= 1.0 + 1e-9);
    }
}
