//! The part of low rank: what the strongest common directions of taste say.

use ndarray::{Array2, Axis};

use super::block::first_columns;
use super::gram::Counts;
use super::jacobi::eigen;
use crate::core::key::mix64;

/// Most factors.
pub const RANK_MAX: usize = 64;
/// Directions iterated beside those kept, so that the last kept converge.
const SPARE: usize = 8;
/// Iterations; the subspace of the first half of the factors is then good to several digits.
const ITERATIONS: usize = 14;

/// Choices added to each item's own in the norms, so that items that few chose make no directions
/// of their own.
const SHIFT: f64 = 5.0;

/// The leading eigenvectors of the normalised counts `D^-½ G D^-½`, `D = diag G + SHIFT`.
#[derive(Clone, Debug)]
pub struct Spectrum {
    /// Eigenvectors as columns, by descending eigenvalue.
    pub vectors: Array2<f64>,
    /// `D^½` by item.
    pub norms: Vec<f64>,
}

impl Spectrum {
    /// By subspace iteration with a Rayleigh-Ritz step at its end (Golub, Van Loan 2013, "Matrix
    /// computations", §8.2.4; Halko, Martinsson, Tropp 2011, "Finding structure with randomness").
    pub fn of(counts: &Counts) -> Self {
        let size = counts.items.len();
        let norms: Vec<f64> = counts.own.iter().map(|own| (own + SHIFT).sqrt()).collect();
        let width = (RANK_MAX + SPARE).min(size);
        // A start that is the same everywhere and like nothing in the data.
        let mut block = Array2::from_shape_fn((size, width), |(row, column)| {
            let item = counts.items.get(row).map_or(0, |item| u64::from(item.0));
            (mix64(item, column as u64) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        });
        orthonormalise(&mut block);
        for _ in 0..ITERATIONS {
            block = product(counts, &norms, &block);
            orthonormalise(&mut block);
        }
        let image = product(counts, &norms, &block);
        let (_, rotation) = eigen(block.t().dot(&image));
        let vectors = first_columns(&block.dot(&rotation), RANK_MAX).to_owned();
        Self { vectors, norms }
    }
}

/// `D^-½ G D^-½ block`.
fn product(counts: &Counts, norms: &[f64], block: &Array2<f64>) -> Array2<f64> {
    let mut out = Array2::zeros(block.raw_dim());
    let norm = |item: usize| norms.get(item).copied().unwrap_or(1.0);
    for (item, mut row) in out.axis_iter_mut(Axis(0)).enumerate() {
        let by = 1.0 / norm(item);
        row.scaled_add(counts.own(item) * by * by, &block.row(item));
        for (other, both) in counts.pairs(item) {
            row.scaled_add(f64::from(both) * by / norm(other), &block.row(other));
        }
    }
    out
}

/// Makes columns orthonormal by modified Gram-Schmidt, twice; a column that the others span
/// becomes 0.
fn orthonormalise(block: &mut Array2<f64>) {
    let mut rows = block.t().as_standard_layout().to_owned();
    let count = rows.nrows();
    for at in 0..count {
        let (done, mut rest) = rows.view_mut().split_at(Axis(0), at);
        let mut row = rest.row_mut(0);
        let before = row.dot(&row).sqrt();
        for _ in 0..2 {
            for known in done.axis_iter(Axis(0)) {
                let share = known.dot(&row);
                row.scaled_add(-share, &known);
            }
        }
        let norm = row.dot(&row).sqrt();
        let kept = norm > 1e-10 * before && norm.is_finite();
        let by = if kept { 1.0 / norm } else { 0.0 };
        row.mapv_inplace(|value| if kept { value * by } else { 0.0 });
    }
    *block = rows.t().as_standard_layout().to_owned();
}
