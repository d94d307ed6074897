//! Placements to fill, what binds a slate as a whole, and a filled slate.

use std::sync::Arc;

use crate::core::key::unit;
use crate::core::policy::{Bitset, Gate};

/// Index of a group of offers.
pub type Group = u16;

/// A placement to fill.
#[derive(Clone, Debug, Default)]
pub struct Board {
    /// Weight of each slot, first to last.
    pub weights: Vec<f64>,
    /// What may stand here, best first.
    pub ranked: Vec<Entry>,
    /// Bundles among the entries.
    pub units: Vec<Unit>,
    /// So many positions from the first are mandatory: they stay first in any order.
    pub lead: usize,
    /// Whether further offers of a category count less.
    pub diversity: Option<Diversity>,
}

/// An offer, or a bundle of several, that may stand on a board.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// The offer; of a bundle the first.
    pub offer: u32,
    /// Its position in the caller's candidate list; of a bundle that of its first offer.
    pub position: usize,
    /// Its score; of a bundle the mean of its offers'.
    pub score: f64,
    /// Place of the bundle among [`Board::units`]; `None` for a single offer.
    pub unit: Option<u16>,
}

/// A bundle on a board: all of it in neighbouring slots, or none.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Id of the bundle.
    pub id: Arc<str>,
    /// Its offers in the order of their slots.
    pub members: Vec<Entry>,
}

/// A declared bundle.
#[derive(Clone, Debug)]
pub struct BundleSpec {
    /// Id.
    pub id: Arc<str>,
    /// Its offers in the order of their slots.
    pub offers: Vec<u32>,
    /// Bit per channel on which it holds.
    pub channels: u64,
}

/// Variety: the k-th offer of a category on a board, by attention, counts `(1 - strength)^(k - 1)`
/// of its score.
#[derive(Clone, Debug)]
pub struct Diversity {
    /// Category by offer; offers of [`Diversity::NONE`] are all different.
    pub categories: Arc<[u32]>,
    /// 0..=1.
    pub strength: f64,
}

impl Diversity {
    /// The category of offers that have none.
    pub const NONE: u32 = u32::MAX;

    /// The category of an offer, if it has one.
    #[must_use]
    pub fn category(&self, offer: u32) -> Option<u32> {
        self.categories.get(offer as usize).copied().filter(|category| *category != Self::NONE)
    }
}

/// Most offers of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupCap {
    /// On this board; `None`: on all boards together.
    pub board: Option<usize>,
    /// At most so many.
    pub max: u32,
}

/// What binds a slate as a whole.
#[derive(Clone, Debug, Default)]
pub struct Bounds<'a> {
    /// Sets of offers of which at most one may be placed, by name.
    pub exclusions: Vec<(&'a Arc<str>, &'a Bitset)>,
    /// Sets of offers of which at most so many may still be placed, by name.
    pub caps: Vec<(&'a Arc<str>, &'a Bitset, u32)>,
    /// Group of each offer.
    pub groups: &'a [Group],
    /// How many of one group.
    pub group_caps: Vec<GroupCap>,
}

/// A filled slate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slate {
    /// By board, by slot: position in the candidate list of who took it.
    pub slots: Vec<Vec<Option<usize>>>,
    /// Candidates that were passed over while a slot was free.
    pub passed: Vec<Passed>,
}

/// A candidate that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The board.
    pub board: usize,
    /// Position in its candidate list.
    pub position: usize,
    /// What bound it.
    pub rule: SlateRule,
}

/// What keeps an offer out of a slate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlateRule {
    /// It stands elsewhere already.
    Placed,
    /// Another of this exclusion was placed.
    Exclusion(Arc<str>),
    /// This limit has nothing left.
    Cap(Arc<str>),
    /// Enough of its group were placed.
    Group,
    /// Its bundle, of this id, cannot stand here whole.
    Bundle(Arc<str>),
}

impl SlateRule {
    /// The gate that it is.
    #[must_use]
    pub fn gate(&self) -> Gate {
        match self {
            Self::Placed => Gate::Outranked,
            Self::Exclusion(_) => Gate::Exclusion,
            Self::Cap(_) => Gate::ContactLimit,
            Self::Group | Self::Bundle(_) => Gate::Slate,
        }
    }

    /// The id of the rule; `None` when no declared rule is behind it.
    #[must_use]
    pub fn id(&self) -> Option<Arc<str>> {
        match self {
            Self::Placed => None,
            Self::Exclusion(id) | Self::Cap(id) | Self::Bundle(id) => Some(id.clone()),
            Self::Group => Some("max_per_group".into()),
        }
    }

    /// Why, for people.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self {
            Self::Placed => "placed elsewhere in this decision",
            Self::Exclusion(_) => "another of an exclusive set was placed",
            Self::Cap(_) => "the offers placed before it use up a contact limit",
            Self::Group => "enough offers of its group were placed",
            Self::Bundle(_) => "its bundle cannot be shown whole here",
        }
    }
}

impl Board {
    /// A board of single offers, scored and best first; bundles are made of `bundles` that are
    /// all there, and others are passed over.
    #[must_use]
    pub fn new<'b>(
        weights: Vec<f64>,
        entries: Vec<Entry>,
        bundles: impl Iterator<Item = &'b BundleSpec>,
    ) -> (Self, Vec<(usize, SlateRule)>) {
        let mut board = Self { weights, ranked: entries, ..Self::default() };
        let mut passed = Vec::new();
        for bundle in bundles {
            board.unite(bundle, &mut passed);
        }
        (board, passed)
    }

    /// Makes one entry of a bundle's offers; where some are not there, or do not fit, none stays.
    fn unite(&mut self, bundle: &BundleSpec, passed: &mut Vec<(usize, SlateRule)>) {
        let single = |offer: &u32| self.ranked.iter().find(|e| e.offer == *offer).copied();
        let members: Vec<Entry> = bundle.offers.iter().filter_map(single).collect();
        if members.is_empty() {
            return;
        }
        self.ranked.retain(|entry| !bundle.offers.contains(&entry.offer));
        let whole = members.len() == bundle.offers.len() && members.len() <= self.weights.len();
        let (Some(first), true) = (members.first().copied(), whole) else {
            let rule = SlateRule::Bundle(bundle.id.clone());
            passed.extend(members.iter().map(|member| (member.position, rule.clone())));
            return;
        };
        #[expect(clippy::cast_precision_loss, reason = "at most 8 offers")]
        let score = members.iter().map(|entry| entry.score).sum::<f64>() / members.len() as f64;
        let place = self.ranked.partition_point(|entry| entry.score >= score);
        let unit = u16::try_from(self.units.len()).ok();
        self.ranked.insert(place, Entry { score, unit, ..first });
        self.units.push(Unit { id: bundle.id.clone(), members });
    }

    /// The offers of an entry, in the order of their slots.
    #[must_use]
    pub fn members<'e>(&'e self, entry: &'e Entry) -> &'e [Entry] {
        let unit = entry.unit.and_then(|unit| self.units.get(usize::from(unit)));
        match unit {
            Some(unit) => &unit.members,
            None => std::slice::from_ref(entry),
        }
    }
}

/// The same candidates in an order drawn uniformly at random from `seed`; all count the same, so
/// that the most looked-at slots are filled first.
#[must_use]
pub fn shuffled(board: &Board, seed: u64) -> Board {
    let mut ranked = board.ranked.clone();
    ranked.sort_by(|a, b| {
        let draw = |entry: &Entry| unit(seed, u64::from(entry.offer));
        let behind = |entry: &Entry| entry.position >= board.lead;
        let order = behind(a).cmp(&behind(b)).then(draw(a).total_cmp(&draw(b)));
        order.then(a.offer.cmp(&b.offer))
    });
    for entry in &mut ranked {
        entry.score = if entry.position < board.lead { 2.0 } else { 1.0 };
    }
    let (weights, units, lead) = (board.weights.clone(), board.units.clone(), board.lead);
    Board { weights, ranked, units, lead, diversity: None }
}
