//! Slates against brute force.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::slate::{
    Board, Bounds, BundleSpec, Diversity, Entry, GroupCap, Proof, Slate, best, fill, value,
};
use crate::core::policy::Bitset;

const OFFERS: usize = 7;

/// A small slate with everything that may bind it.
#[derive(Clone, Debug)]
struct World {
    boards: Vec<Placing>,
    exclusion: Vec<u32>,
    capped: (Vec<u32>, u32),
    group_max: Option<u32>,
    board_max: Option<u32>,
    strength: Option<f64>,
    bundle: Option<Vec<u32>>,
}

const GROUPS: [u16; OFFERS] = [0, 0, 1, 1, 2, 2, 2];

/// Weights of the slots, and what may stand there with its score.
type Placing = (Vec<f64>, Vec<(u32, f64)>);

fn boards() -> impl Strategy<Value = Vec<Placing>> {
    let weights = prop::collection::vec(0.1_f64..1.0, 1..4);
    let scores = prop::collection::vec(prop::option::weighted(0.8, 0.0_f64..10.0), OFFERS);
    let board = (weights, scores).prop_map(|(weights, scores)| {
        let mut ranked: Vec<(u32, f64)> =
            (0..).zip(scores).filter_map(|(offer, score)| Some((offer, score?))).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        (weights, ranked)
    });
    prop::collection::vec(board, 1..3)
}

fn world() -> impl Strategy<Value = World> {
    let offers = || prop::collection::vec(0_u32..OFFERS as u32, 0..4);
    let bundle = prop::sample::subsequence((0..OFFERS as u32).collect::<Vec<_>>(), 2..4);
    (
        boards(),
        offers(),
        (offers(), 0_u32..3),
        prop::option::of(1_u32..3),
        prop::option::of(1_u32..3),
        prop::option::of(0.0_f64..1.0),
        prop::option::of(bundle),
    )
        .prop_map(|(boards, exclusion, capped, group_max, board_max, strength, bundle)| {
            World { boards, exclusion, capped, group_max, board_max, strength, bundle }
        })
}

impl World {
    fn boards(&self) -> Vec<Board> {
        let bundles: Vec<BundleSpec> = self
            .bundle
            .iter()
            .map(|offers| BundleSpec { id: "b".into(), offers: offers.clone(), channels: 1 })
            .collect();
        let categories: Arc<[u32]> = GROUPS.iter().map(|group| u32::from(*group)).collect();
        let each = self.boards.iter().map(|(weights, ranked)| {
            let entries = ranked.iter().enumerate().map(|(position, (offer, score))| Entry {
                offer: *offer,
                position,
                score: *score,
                unit: None,
            });
            let (mut board, _) = Board::new(weights.clone(), entries.collect(), bundles.iter());
            board.diversity = self
                .strength
                .map(|strength| Diversity { categories: categories.clone(), strength });
            board
        });
        each.collect()
    }

    fn with_bounds<T>(&self, check: impl FnOnce(&Bounds<'_>) -> T) -> T {
        let exclusive = Bitset::of(OFFERS, self.exclusion.iter().copied());
        let limited = Bitset::of(OFFERS, self.capped.0.iter().copied());
        let (one, cap) = ("one".into(), "cap".into());
        let whole = self.group_max.map(|max| GroupCap { board: None, max });
        let first = self.board_max.map(|max| GroupCap { board: Some(0), max });
        check(&Bounds {
            exclusions: vec![(&one, &exclusive)],
            caps: vec![(&cap, &limited, self.capped.1)],
            groups: &GROUPS,
            group_caps: whole.into_iter().chain(first).collect(),
        })
    }

    fn offer(&self, board: usize, position: usize) -> u32 {
        self.boards[board].1[position].0
    }

    /// Whether a slate keeps every rule, read plainly.
    fn keeps(&self, slate: &Slate) -> bool {
        let placed: Vec<(usize, usize, u32)> = slate
            .slots
            .iter()
            .enumerate()
            .flat_map(|(board, slots)| {
                slots.iter().enumerate().filter_map(move |(slot, position)| {
                    position.map(|position| (board, slot, position))
                })
            })
            .map(|(board, slot, position)| (board, slot, self.offer(board, position)))
            .collect();
        let offers: Vec<u32> = placed.iter().map(|(.., offer)| *offer).collect();
        let mut distinct = offers.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let count = |set: &[u32]| offers.iter().filter(|offer| set.contains(offer)).count();
        let groups = |board: Option<usize>, max: Option<u32>| {
            (0..3_u16).all(|group| {
                let of = placed.iter().filter(|(on, _, offer)| {
                    board.is_none_or(|only| only == *on) && GROUPS[*offer as usize] == group
                });
                max.is_none_or(|max| of.count() <= max as usize)
            })
        };
        let whole = self.bundle.iter().all(|bundle| match count(bundle) {
            0 => true,
            n if n < bundle.len() => false,
            _ => {
                let first = placed.iter().find(|(.., offer)| *offer == bundle[0]).unwrap();
                bundle
                    .iter()
                    .enumerate()
                    .all(|(offset, offer)| placed.contains(&(first.0, first.1 + offset, *offer)))
            }
        });
        distinct.len() == offers.len()
            && count(&self.exclusion) <= 1
            && count(&self.capped.0) <= self.capped.1 as usize
            && groups(None, self.group_max)
            && groups(Some(0), self.board_max)
            && whole
    }

    /// The best value there is, by trying everything.
    fn brute(&self, boards: &[Board]) -> f64 {
        let empty = Slate {
            slots: boards.iter().map(|board| vec![None; board.weights.len()]).collect(),
            passed: Vec::new(),
        };
        let order: Vec<(usize, usize)> = boards
            .iter()
            .enumerate()
            .flat_map(|(b, board)| (0..board.weights.len()).map(move |slot| (b, slot)))
            .collect();
        let mut most = 0.0;
        self.try_all(boards, &order, empty, &mut most);
        most
    }

    fn try_all(&self, boards: &[Board], order: &[(usize, usize)], slate: Slate, most: &mut f64) {
        let Some(((board, slot), rest)) = order.split_first() else {
            if self.keeps(&slate) {
                *most = most.max(value(boards, &slate));
            }
            return;
        };
        self.try_all(boards, rest, slate.clone(), most);
        for position in 0..self.boards[*board].1.len() {
            let offer = self.offer(*board, position);
            let known = slate.slots.iter().enumerate().any(|(b, slots)| {
                slots.iter().flatten().any(|position| self.offer(b, *position) == offer)
            });
            if !known {
                let mut next = slate.clone();
                next.slots[*board][*slot] = Some(position);
                self.try_all(boards, rest, next, most);
            }
        }
    }
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * b.abs().max(1.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Small slates are the best there are, whatever binds them, and say so; greedy ones keep every
    /// rule too, and without bundles and variety reach the share that is promised.
    #[test]
    fn small_slates_are_the_best_there_are(mut world in world()) {
        while world.boards.iter().map(|(weights, _)| weights.len()).sum::<usize>() > 4 {
            world.boards.pop();
        }
        let boards = world.boards();
        let most = world.brute(&boards);
        world.with_bounds(|bounds| {
            let greedy = fill(&boards, bounds, |_, _| true);
            prop_assert!(world.keeps(&greedy), "{greedy:?}");
            let (better, proof) = best(&boards, bounds, &greedy, &[]);
            let found = better.unwrap_or_else(|| greedy.clone());
            prop_assert!(world.keeps(&found), "{found:?}");
            prop_assert_eq!(proof, Proof::Best);
            let reached = value(&boards, &found);
            prop_assert!(near(reached, most), "{reached} of {most}: {found:?}");
            if world.bundle.is_none() && world.strength.is_none() {
                // Exclusion, limit, and two bounds of groups: q = 4.
                let share = value(&boards, &greedy);
                prop_assert!(share >= most / 6.0 - 1e-9, "{share} of {most}");
            }
            Ok(())
        })?;
    }

    /// Nobody is placed who is refused, no slot is wasted for which somebody acceptable is left,
    /// and the best slate never shows less than the greedy one is worth.
    #[test]
    fn slates_waste_no_slot(
        mut world in world(),
        refused in prop::collection::vec(0_u32..OFFERS as u32, 0..3),
    ) {
        (world.strength, world.bundle) = (None, None);
        let boards = world.boards();
        world.with_bounds(|bounds| {
            let slate = fill(&boards, bounds, |board, position| {
                !refused.contains(&world.offer(board, position))
            });
            prop_assert!(world.keeps(&slate));
            for (board, slots) in slate.slots.iter().enumerate() {
                for position in slots.iter().flatten() {
                    prop_assert!(!refused.contains(&world.offer(board, *position)));
                }
                let Some(free) = slots.iter().position(Option::is_none) else { continue };
                for position in 0..world.boards[board].1.len() {
                    if refused.contains(&world.offer(board, position)) {
                        continue;
                    }
                    let mut more = slate.clone();
                    more.slots[board][free] = Some(position);
                    prop_assert!(!world.keeps(&more), "{position} could have stood on {board}");
                }
            }
            Ok(())
        })?;
    }
}
