//! All customers' figures of one kind, as counts by bucket. Exact to the bucket: what moved in can
//! move out again, so that each customer counts once, with the latest figure.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::measure::{BUCKETS_PER_DOUBLING, Move, MoveRecord};
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::key::Key;

/// Most populations kept; the one that moved least makes room.
const POPULATIONS_MAX: usize = 256;
/// Most buckets of a population; the lowest makes room.
const BUCKETS_MAX: usize = 8192;

/// Counts of customers by bucket.
#[derive(Clone, Debug, Default)]
pub struct Population {
    counts: BTreeMap<i64, u64>,
    floor: Option<i64>,
    moved: u64,
    /// Made when first asked for, dropped when a customer moves.
    curve: OnceLock<Curve>,
}

impl PartialEq for Population {
    fn eq(&self, other: &Self) -> bool {
        (&self.counts, self.floor, self.moved) == (&other.counts, other.floor, other.moved)
    }
}

/// Where a bucket stands in its population.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// Customers in all.
    pub customers: u64,
    /// By bucket, ascending: (bucket, share of customers below, share of the total above), each
    /// with half of the bucket's own.
    points: Vec<(i64, f64, f64)>,
}

impl Population {
    /// Applies a move. A bucket that is empty cannot be left: a move out of it changes nothing.
    pub fn apply(&mut self, step: &Move) {
        self.curve.take();
        self.moved = self.moved.saturating_add(1);
        let floor = self.floor.map_or(step.floor, |floor| floor.max(step.floor));
        self.floor = Some(floor);
        while let Some(lowest) = self.counts.first_entry()
            && *lowest.key() < floor
        {
            lowest.remove();
        }
        if let Some(count) = step.from.and_then(|from| self.counts.get_mut(&from)) {
            *count = count.saturating_sub(1);
        }
        if let Some(from) = step.from
            && self.counts.get(&from) == Some(&0)
        {
            self.counts.remove(&from);
        }
        if let Some(to) = step.to.filter(|to| *to >= floor) {
            let count = self.counts.entry(to).or_default();
            *count = count.saturating_add(1);
        }
        if self.counts.len() > BUCKETS_MAX {
            self.counts.pop_first();
        }
    }

    /// Customers that count.
    #[must_use]
    pub fn customers(&self) -> u64 {
        self.curve().customers
    }

    /// Ranks and shares by bucket.
    #[must_use]
    pub fn curve(&self) -> &Curve {
        self.curve.get_or_init(|| Curve::of(&self.counts))
    }

    fn encode(&self, out: &mut Writer) {
        out.varint(self.moved);
        out.u8(u8::from(self.floor.is_some()));
        let mut last = self.floor.unwrap_or_default();
        out.signed(last);
        out.varint(self.counts.len() as u64);
        for (bucket, count) in &self.counts {
            out.signed(bucket.wrapping_sub(last));
            out.varint(*count);
            last = *bucket;
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let moved = input.varint()?;
        let has_floor = input.u8()? == 1;
        let mut last = input.signed()?;
        let floor = has_floor.then_some(last);
        let count = input.count(BUCKETS_MAX, 2, "number of buckets")?;
        let mut counts = BTreeMap::new();
        for _ in 0..count {
            last = last.wrapping_add(input.signed()?);
            counts.insert(last, input.varint()?);
        }
        Ok(Self { counts, floor, moved, curve: OnceLock::new() })
    }
}

impl Curve {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    fn of(counts: &BTreeMap<i64, u64>) -> Self {
        let customers = counts.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
        let highest = counts.last_key_value().map_or(0, |(bucket, _)| *bucket);
        // A bucket's figure in units of the highest one's; all decay alike, so shares stay.
        let worth = |bucket: i64, count: u64| {
            let below = bucket.saturating_sub(highest) as f64;
            count as f64 * libm::exp2(below / BUCKETS_PER_DOUBLING)
        };
        let total: f64 = counts.iter().map(|(bucket, count)| worth(*bucket, *count)).sum();
        let (mut below, mut worth_below) = (0.0, 0.0);
        let points = counts.iter().map(|(bucket, count)| {
            let (own, own_worth) = (*count as f64, worth(*bucket, *count));
            let rank = (below + own / 2.0) / customers.max(1) as f64;
            let above = (total - worth_below - own_worth / 2.0) / total;
            (below, worth_below) = (below + own, worth_below + own_worth);
            (*bucket, rank, above)
        });
        Self { customers, points: points.collect() }
    }

    /// Share of customers below `bucket`, with half of those in it, 0..=1.
    #[must_use]
    pub fn rank(&self, bucket: i64) -> f64 {
        let place = self.points.partition_point(|(known, ..)| *known < bucket);
        match (self.points.get(place), place.checked_sub(1).and_then(|i| self.points.get(i))) {
            (Some((known, rank, _)), _) if *known == bucket => *rank,
            // Between two buckets, or beyond them all: as the middle of what is on both sides.
            (Some((_, above, _)), Some((_, below, _))) => f64::midpoint(*above, *below),
            (Some(_), None) | (None, None) => 0.0,
            (None, Some(_)) => 1.0,
        }
    }

    /// Share of the total that larger customers bring, with half of what those in `bucket` do,
    /// 0..=1.
    #[must_use]
    pub fn share_above(&self, bucket: i64) -> f64 {
        let place = self.points.partition_point(|(known, ..)| *known < bucket);
        match (self.points.get(place), place.checked_sub(1).and_then(|i| self.points.get(i))) {
            (Some((known, _, share)), _) if *known == bucket => *share,
            (Some((.., above)), Some((.., below))) => f64::midpoint(*above, *below),
            (Some(_), None) => 1.0,
            (None, _) => 0.0,
        }
    }
}

/// All populations by key. A clone is cheap.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Populations(BTreeMap<Key, Arc<Population>>);

impl Populations {
    /// Applies the moves of one event.
    pub fn apply(&mut self, record: &MoveRecord) {
        for step in &record.moves {
            if self.0.len() >= POPULATIONS_MAX && !self.0.contains_key(&step.population) {
                let least = self.0.iter().min_by_key(|(key, known)| (known.moved, **key));
                if let Some(key) = least.map(|(key, _)| *key) {
                    self.0.remove(&key);
                }
            }
            Arc::make_mut(self.0.entry(step.population).or_default()).apply(step);
        }
    }

    /// The population of that key.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&Population> {
        self.0.get(&key).map(AsRef::as_ref)
    }

    /// Appends the whole state.
    pub fn encode(&self, out: &mut Writer) {
        out.varint(self.0.len() as u64);
        for (key, population) in &self.0 {
            out.key(*key);
            population.encode(out);
        }
    }

    /// Takes a whole state.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no such state.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let count = input.count(POPULATIONS_MAX, 8, "number of populations")?;
        let mut populations = BTreeMap::new();
        for _ in 0..count {
            let key = input.key()?;
            populations.insert(key, Arc::new(Population::decode(input)?));
        }
        Ok(Self(populations))
    }
}
