//! The rows of each region of each input, as bits. A call finds its region in every input by binary
//! search and intersects: its cost depends on neither the order nor (but for one word in 64) the
//! number of rows.

use smallvec::SmallVec;

use super::regions::Regions;
use super::{INDEX_BITS_MAX, INPUTS_MAX, Spec};
use crate::core::value::Value;

#[derive(Debug)]
pub(super) struct Index {
    /// Words of a set of rows.
    words: usize,
    columns: Vec<Column>,
    /// A set with every row.
    all: Vec<u64>,
}

#[derive(Debug)]
struct Column {
    regions: Regions,
    /// The sets of rows of all regions, one behind the other.
    bits: Vec<u64>,
    double: bool,
}

impl Index {
    pub(super) fn new(spec: &Spec) -> Result<Self, String> {
        let words = spec.rows.len().div_ceil(64);
        let mut columns = Vec::with_capacity(spec.inputs.len());
        let mut bits_left = INDEX_BITS_MAX / 64;
        for (place, input) in spec.inputs.iter().enumerate() {
            let cells = || spec.rows.iter().filter_map(|row| row.cells.get(place));
            let regions = Regions::new(cells());
            let length = words * regions.len();
            bits_left = bits_left.checked_sub(length).ok_or_else(|| {
                "the table is too large: too many rows with too many different values".to_owned()
            })?;
            let mut bits = vec![0_u64; length];
            for (row, cell) in cells().enumerate() {
                regions.each_of(cell, &mut |region| {
                    if let Some(word) = bits.get_mut(region * words + row / 64) {
                        *word |= 1 << (row % 64);
                    }
                });
            }
            let double = input.ty == crate::core::expression::Type::Double;
            columns.push(Column { regions, bits, double });
        }
        let mut all = vec![u64::MAX; words];
        if let (Some(last), rest @ 1..) = (all.last_mut(), spec.rows.len() % 64) {
            *last = (1 << rest) - 1;
        }
        Ok(Self { words, columns, all })
    }

    /// The numbers of the rows that take these values, ascending; `None` where a value is none.
    pub(super) fn rows<'v>(
        &self,
        values: impl Iterator<Item = &'v Value>,
    ) -> Option<impl Iterator<Item = usize>> {
        let mut sets: SmallVec<[&[u64]; INPUTS_MAX]> = SmallVec::new();
        for (column, value) in self.columns.iter().zip(values) {
            sets.push(column.rows(value, self.words)?);
        }
        Some((0..self.words).flat_map(move |word| {
            let all = self.all.get(word).copied().unwrap_or_default();
            let bits =
                sets.iter().fold(all, |bits, set| bits & set.get(word).copied().unwrap_or(0));
            Bits(bits).map(move |bit| word * 64 + bit)
        }))
    }

    /// The regions of each input.
    pub(super) fn regions(&self) -> impl Iterator<Item = &Regions> {
        self.columns.iter().map(|column| &column.regions)
    }

    /// The set of rows of a region of an input.
    pub(super) fn set(&self, input: usize, region: usize) -> &[u64] {
        let column = self.columns.get(input);
        column
            .and_then(|c| c.bits.get(region * self.words..(region + 1) * self.words))
            .unwrap_or(&[])
    }

    /// The set of all rows.
    pub(super) fn all(&self) -> &[u64] {
        &self.all
    }
}

impl Column {
    fn rows(&self, value: &Value, words: usize) -> Option<&[u64]> {
        let region = match value {
            Value::Int(_) | Value::Uint(_) if self.double => {
                self.regions.of(&Value::Double(value.as_f64()?))
            }
            value => self.regions.of(value),
        }?;
        self.bits.get(region * words..(region + 1) * words)
    }
}

/// The places of the bits of a word.
pub(super) struct Bits(pub(super) u64);

impl Iterator for Bits {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let place = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(place)
    }
}
