use proptest::prelude::*;

use super::super::slate::{Board, Bounds, fill};
use crate::core::policy::Bitset;

fn board() -> impl Strategy<Value = Board> {
    let weights = prop::collection::vec(0.1_f64..1.0, 1..4);
    let ranked = prop::collection::vec(0_u32..8, 0..8).prop_map(|offers| {
        let mut seen = Vec::new();
        for offer in offers {
            if !seen.contains(&offer) {
                seen.push(offer);
            }
        }
        seen.into_iter().zip(0..).collect()
    });
    (weights, ranked).prop_map(|(weights, ranked)| Board { weights, ranked })
}

proptest! {
    /// No offer twice, no exclusion or cap broken, nobody placed who was not accepted, and no slot
    /// left empty for which somebody acceptable was left.
    #[test]
    fn slates_keep_their_bounds_and_waste_no_slot(
        boards in prop::collection::vec(board(), 1..4),
        exclusion in prop::collection::vec(0_u32..8, 0..4),
        capped in prop::collection::vec(0_u32..8, 0..6),
        cap in 0_u32..3,
        refused in prop::collection::vec(0_u32..8, 0..3),
    ) {
        let exclusive = Bitset::of(8, exclusion);
        let limited = Bitset::of(8, capped);
        let (one, cap_name) = ("one".into(), "cap".into());
        let bounds = Bounds {
            exclusions: vec![(&one, &exclusive)],
            caps: vec![(&cap_name, &limited, cap)],
        };
        let offer = |board: usize, position: usize| boards[board].ranked[position].0;
        let slate = fill(&boards, &bounds, |board, position| {
            !refused.contains(&offer(board, position))
        });
        let placed: Vec<u32> = slate.slots.iter().enumerate().flat_map(|(board, slots)| {
            slots.iter().flatten().map(move |position| offer(board, *position))
        }).collect();
        for (number, one) in placed.iter().enumerate() {
            prop_assert!(!placed[..number].contains(one));
            prop_assert!(!refused.contains(one));
        }
        prop_assert!(placed.iter().filter(|one| exclusive.contains(**one)).count() <= 1);
        prop_assert!(placed.iter().filter(|one| limited.contains(**one)).count() <= cap as usize);
        for (board, slots) in slate.slots.iter().enumerate() {
            let free = slots.iter().any(Option::is_none);
            for (candidate, _) in &boards[board].ranked {
                let bound = placed.contains(candidate)
                    || refused.contains(candidate)
                    || exclusive.contains(*candidate) && placed.iter().any(|p| exclusive.contains(*p))
                    || limited.contains(*candidate)
                        && placed.iter().filter(|p| limited.contains(**p)).count() >= cap as usize;
                prop_assert!(!free || bound, "{candidate} could have stood on board {board}");
            }
        }
    }
}
