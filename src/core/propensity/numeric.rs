//! What a model knows of a number's distribution: running moments to standardise it, and a
//! bounded sample whose quantiles are the edges of its bins.

use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::codec::cow::Ranked;

/// Standardised numbers are clipped to this many standard deviations.
pub const Z_MAX: f64 = 4.0;
const SAMPLE_MAX: usize = 256;
/// No bins before this many values: edges of a handful mean nothing.
const SAMPLE_MIN: u64 = 16;

/// A number's distribution so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numeric {
    count: u64,
    mean: f64,
    /// Sum of squared distances from the mean.
    squares: f64,
    /// Every `stride`-th value in order of arrival; when it is full, every other one is dropped
    /// and the stride doubles, so it stays spread evenly over all that was seen.
    sample: Vec<f32>,
    stride: u64,
    edges: Vec<f32>,
}

impl Ranked for Numeric {
    fn rank(&self) -> u64 {
        self.count
    }
}

impl Numeric {
    /// Takes in a finite value (moments: Welford 1962). Edges move only when the count doubles,
    /// so that a bin keeps its meaning while its weights learn.
    pub fn observe(&mut self, value: f32, bins: usize) {
        let x = f64::from(value);
        let stride = self.stride.max(1);
        if self.count.is_multiple_of(stride) {
            self.sample.push(value);
            if self.sample.len() >= SAMPLE_MAX {
                let mut at = 0_usize;
                self.sample.retain(|_| {
                    at += 1;
                    at % 2 == 1
                });
                self.stride = stride * 2;
            }
        }
        self.count += 1;
        let distance = x - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (x - self.mean);
        if self.count >= SAMPLE_MIN && self.count.is_power_of_two() {
            self.edges = edges(&self.sample, bins);
        }
    }

    /// The value in standard deviations from the mean, within ±[`Z_MAX`]; 0 while nothing varies.
    #[must_use]
    pub fn standardised(&self, value: f32) -> f64 {
        let deviation = (self.squares / self.count.max(1) as f64).sqrt();
        if deviation > 0.0 && deviation.is_finite() {
            ((f64::from(value) - self.mean) / deviation).clamp(-Z_MAX, Z_MAX)
        } else {
            0.0
        }
    }

    /// Which bin the value is in: the number of edges at or below it. `None` before there are
    /// edges.
    #[must_use]
    pub fn bin(&self, value: f32) -> Option<u32> {
        let bin = self.edges.iter().take_while(|edge| value >= **edge).count();
        (!self.edges.is_empty()).then_some(bin as u32)
    }

    /// Whether the moments are finite.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.mean.is_finite() && self.squares.is_finite() && self.squares >= 0.0
    }

    /// Appends the state.
    pub fn encode(&self, out: &mut Writer) {
        out.varint(self.count);
        out.f64(self.mean);
        out.f64(self.squares);
        out.varint(self.stride);
        for list in [&self.sample, &self.edges] {
            out.varint(list.len() as u64);
            list.iter().for_each(|value| out.f32(*value));
        }
    }

    /// Takes a state.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are short or no such state.
    pub fn decode(input: &mut Reader<'_>) -> Result<Self, CodecError> {
        let count = input.varint()?;
        let mean = input.finite("mean")?;
        let squares = input.finite("squares")?;
        let stride = input.varint()?;
        let mut list = || -> Result<Vec<f32>, CodecError> {
            let len = input.count(SAMPLE_MAX, 4, "sample")?;
            (0..len).map(|_| input.finite32("sample")).collect()
        };
        let (sample, edges) = (list()?, list()?);
        let numeric = Self { count, mean, squares, sample, stride, edges };
        numeric.is_sound().then_some(numeric).ok_or(CodecError::Invalid("moments"))
    }
}

/// Distinct quantiles of the sample that part it into at most `bins` bins; where few values occur
/// at all, each is a bin of its own.
fn edges(sample: &[f32], bins: usize) -> Vec<f32> {
    let mut sorted = sample.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let mut distinct = sorted.clone();
    distinct.dedup();
    if distinct.len() <= bins {
        return distinct.into_iter().skip(1).collect();
    }
    let lowest = distinct.first().copied().unwrap_or_default();
    let mut edges: Vec<f32> = (1..bins)
        .filter_map(|k| sorted.get(k * sorted.len() / bins).copied())
        .filter(|edge| *edge > lowest)
        .collect();
    edges.dedup();
    edges
}
