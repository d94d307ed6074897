//! One item: how much it was chosen, and with what.

use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::codec::cow::Ranked;
use crate::core::key::Key;

/// An item's counts, in units of the model's clock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Decayed sum of squared weights.
    pub count: f64,
    /// Decayed co-occurrence with each neighbour, by ascending key.
    neighbours: Vec<(Key, f32)>,
}

impl Ranked for Row {
    fn rank(&self) -> u64 {
        // The bits of doubles that are not negative sort as the doubles do.
        self.count.max(0.0).to_bits()
    }
}

impl Row {
    /// The neighbours, by ascending key.
    #[must_use]
    pub fn neighbours(&self) -> &[(Key, f32)] {
        &self.neighbours
    }

    /// Co-occurrence with `item`.
    #[must_use]
    pub fn with(&self, item: Key) -> f32 {
        let at = self.neighbours.binary_search_by_key(&item, |one| one.0).ok();
        at.and_then(|at| self.neighbours.get(at)).map_or(0.0, |one| one.1)
    }

    /// Adds `amount` to the co-occurrence with `item`; when there is no room, the neighbour with
    /// the least (then the lowest key) leaves.
    pub fn add(&mut self, item: Key, amount: f32, neighbours_max: usize) {
        match self.neighbours.binary_search_by_key(&item, |one| one.0) {
            Ok(at) => {
                if let Some(one) = self.neighbours.get_mut(at) {
                    one.1 = (one.1 + amount).min(f32::MAX);
                }
            }
            Err(_) => {
                if self.neighbours.len() >= neighbours_max {
                    let order = |a: &(Key, f32), b: &(Key, f32)| a.1.total_cmp(&b.1);
                    let least = self.neighbours.iter().enumerate();
                    let least = least.min_by(|a, b| order(a.1, b.1)).map(|(at, _)| at);
                    least.map(|at| self.neighbours.remove(at));
                }
                let at = self.neighbours.partition_point(|one| one.0 < item);
                self.neighbours.insert(at, (item, amount));
            }
        }
    }

    /// Forgets a neighbour.
    pub fn forget(&mut self, item: Key) {
        self.neighbours.retain(|one| one.0 != item);
    }

    /// Multiplies all counts.
    pub fn scale(&mut self, factor: f64) {
        self.count *= factor;
        for one in &mut self.neighbours {
            one.1 = (f64::from(one.1) * factor) as f32;
        }
        self.neighbours.retain(|one| one.1 > f32::MIN_POSITIVE);
    }

    /// Whether every count is finite and not negative.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let sound = |count: f64| count.is_finite() && count >= 0.0;
        sound(self.count)
            && self.neighbours.iter().all(|one| sound(f64::from(one.1)))
            && self.neighbours.is_sorted_by(|a, b| a.0 < b.0)
    }

    /// Appends the row.
    pub fn encode(&self, out: &mut Writer) {
        out.f64(self.count);
        out.varint(self.neighbours.len() as u64);
        let mut previous = 0;
        for (item, amount) in &self.neighbours {
            out.varint(u64::from(item.0 - previous));
            previous = item.0;
            out.f32(*amount);
        }
    }

    /// Takes a row.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no row.
    pub fn decode(neighbours_max: usize, input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut row = Self { count: input.f64()?, neighbours: Vec::new() };
        let count = input.count(neighbours_max, 5, "number of neighbours")?;
        row.neighbours.reserve_exact(count);
        let mut key = 0_u64;
        for _ in 0..count {
            key = key.saturating_add(input.varint()?);
            let item = u32::try_from(key).map_err(|_| CodecError::Invalid("item"))?;
            row.neighbours.push((Key(item), input.f32()?));
        }
        row.is_sound().then_some(row).ok_or(CodecError::Invalid("row"))
    }
}
