//! A customer's own figure, as the number of a bucket that stays the same until the next event.
//!
//! A decayed sum falls by the same factor for everybody, so that an order once known stays: with
//! half-life h, `log2(x) + t/h` does not change while x decays (forward decay: Cormode,
//! Shkapenyuk, Srivastava, Xu, ICDE 2009, §III). Buckets are of equal width in that logarithm, 32
//! a doubling, as in DDSketch (Masson, Rim, Lee, VLDB 2019, §2.1): a figure is known to 2.2 %, and
//! what was added can be taken away exactly. So the whole population is kept without a batch job:
//! an event moves its customer from one bucket to another.

use super::spec::{Measure, PopulationSpec};
use crate::core::catalog::schema::{EventSpec, Schema};
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::key::Key;
use crate::core::profile::Profile;
use crate::core::profile::series::Series;
use crate::core::time::UnixMs;

/// Buckets a doubling.
pub(super) const BUCKETS_PER_DOUBLING: f64 = 32.0;
/// Figures below 2^-12 (a single purchase twelve half-lives ago) leave the population.
const DOUBLINGS_MIN: f64 = -12.0;
/// Buckets of time a half-life, for recency.
const BUCKETS_PER_HALF_LIFE: i64 = 64;
/// After so many half-lives without an event a customer leaves the population of recency.
const HALF_LIVES_MAX: i64 = 12;
/// Most moves of one record: bounds what a record may hold.
const MOVES_MAX: usize = 64;

impl PopulationSpec {
    /// The bucket of the customer; `None`: no event yet, or nothing positive to compare.
    #[must_use]
    pub fn bucket(&self, schema: &Schema, profile: &Profile) -> Option<i64> {
        let key = schema.series.get(self.series)?.key;
        let known = profile.series();
        let place = known.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        let Some((_, Series::Decayed(state))) = known.get(place) else { return None };
        match self.measure {
            Measure::Recency => Some(state.at.0.div_euclid(self.width_ms())),
            Measure::Count => self.logarithmic(f64::from(state.count), state.at),
            Measure::Sum => self.logarithmic(f64::from(state.sum), state.at),
        }
    }

    /// The lowest bucket that still counts at `now`.
    #[must_use]
    pub fn floor(&self, now: UnixMs) -> i64 {
        match self.measure {
            Measure::Recency => {
                let kept_ms = self.half_life_ms.saturating_mul(HALF_LIVES_MAX);
                now.0.saturating_sub(kept_ms).div_euclid(self.width_ms())
            }
            Measure::Count | Measure::Sum => self.index(DOUBLINGS_MIN, now),
        }
    }

    fn width_ms(&self) -> i64 {
        (self.half_life_ms / BUCKETS_PER_HALF_LIFE).max(1)
    }

    fn logarithmic(&self, figure: f64, at: UnixMs) -> Option<i64> {
        let counts = figure > 0.0 && figure.is_finite();
        counts.then(|| self.index(libm::log2(figure), at))
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "milliseconds of ten thousand years fit 53 bits; the cast saturates"
    )]
    fn index(&self, doublings: f64, at: UnixMs) -> i64 {
        let half_lives = at.0 as f64 / self.half_life_ms.max(1) as f64;
        libm::floor((doublings + half_lives) * BUCKETS_PER_DOUBLING) as i64
    }
}

/// A customer's move within one population.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Which population.
    pub population: Key,
    /// The bucket left; `None`: the customer is new to it.
    pub from: Option<i64>,
    /// The bucket entered; `None`: none.
    pub to: Option<i64>,
    /// Buckets below this no longer count.
    pub floor: i64,
}

/// What one event moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveRecord {
    /// Hash of the event's id.
    pub id: u64,
    /// When it happened.
    pub at: UnixMs,
    /// The moves.
    pub moves: Vec<Move>,
}

/// Where the customer stands in the populations that `event` feeds, before or after it; empty, and
/// free, where it feeds none.
fn standing(schema: &Schema, event: &EventSpec, profile: &Profile) -> Vec<(usize, Option<i64>)> {
    let fed = |spec: &PopulationSpec| event.series.contains(&spec.series);
    let specs = schema.populations.iter().enumerate().filter(|(_, spec)| fed(spec));
    specs.map(|(number, spec)| (number, spec.bucket(schema, profile))).collect()
}

/// What `event` moves: `apply` changes the profile in between.
pub fn moves<R>(
    schema: &Schema,
    event: Option<&EventSpec>,
    profile: &mut Profile,
    now: UnixMs,
    apply: impl FnOnce(&mut Profile) -> R,
) -> (R, Vec<Move>) {
    let Some(event) = event.filter(|_| !schema.populations.is_empty()) else {
        return (apply(profile), Vec::new());
    };
    let before = standing(schema, event, profile);
    let applied = apply(profile);
    let moves = before.into_iter().filter_map(|(number, from)| {
        let spec = schema.populations.get(number)?;
        let to = spec.bucket(schema, profile);
        let floor = spec.floor(now);
        (from != to).then_some(Move { population: spec.key, from, to, floor })
    });
    let moves = moves.take(MOVES_MAX).collect();
    (applied, moves)
}

impl MoveRecord {
    /// Appends the record.
    pub fn encode(&self, out: &mut Writer) {
        out.u64(self.id);
        out.signed(self.at.0);
        out.varint(self.moves.len() as u64);
        for step in &self.moves {
            out.key(step.population);
            out.u8(u8::from(step.from.is_some()) | u8::from(step.to.is_some()) << 1);
            out.signed(step.floor);
            for bucket in [step.from, step.to].into_iter().flatten() {
                out.signed(bucket.wrapping_sub(step.floor));
            }
        }
    }

    /// Takes a record.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no such record.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let id = input.u64()?;
        let at = UnixMs(input.signed()?);
        let count = input.count(MOVES_MAX, 6, "number of moves")?;
        let mut moves = Vec::with_capacity(count);
        for _ in 0..count {
            let population = input.key()?;
            let which = input.u8()?;
            let floor = input.signed()?;
            let mut bucket = |bit: u8| -> Result<Option<i64>, CodecError> {
                let has = which & bit != 0;
                has.then(|| Ok(input.signed()?.wrapping_add(floor))).transpose()
            };
            let (from, to) = (bucket(1)?, bucket(2)?);
            moves.push(Move { population, from, to, floor });
        }
        Ok(Self { id, at, moves })
    }
}
