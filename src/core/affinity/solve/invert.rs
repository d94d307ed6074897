//! The inverse of a symmetric positive definite matrix, by sweeping blocks (Beaton 1964; Goodnight
//! 1979, "A tutorial on the SWEEP operator"): each step is one matrix product, and only one half is
//! worked on, `n³` operations in all. The order of the operations is fixed.

#![expect(clippy::indexing_slicing, reason = "indices run over the bounds of their own matrix")]

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, Axis};

use super::block::{part, part_mut};

/// Rows swept at once.
const BLOCK: usize = 96;
/// Columns of a product that are updated at once.
const PANEL: usize = 384;

/// The inverse; `None` when the matrix is not positive definite. Only its lower half is read.
pub fn invert(mut a: Array2<f64>) -> Option<Array2<f64>> {
    let size = a.nrows();
    for start in (0..size).step_by(BLOCK) {
        let end = (start + BLOCK).min(size);
        sweep_block(&mut a, start, end)?;
    }
    for row in 0..size {
        for column in 0..=row {
            let value = -a[[row, column]];
            a[[row, column]] = value;
            a[[column, row]] = value;
        }
    }
    a.iter().all(|value| value.is_finite()).then_some(a)
}

fn sweep_block(a: &mut Array2<f64>, start: usize, end: usize) -> Option<()> {
    let size = a.nrows();
    let inverse = invert_small(part(a, start..end, start..end))?;
    let mut column = Array2::<f64>::zeros((size, end - start));
    part_mut(&mut column, 0..start, 0..end - start).assign(&part(a, start..end, 0..start).t());
    part_mut(&mut column, end..size, 0..end - start).assign(&part(a, end..size, start..end));
    let swept = column.dot(&inverse);
    for left in (0..size).step_by(PANEL) {
        let right = (left + PANEL).min(size);
        let factor = part(&column, left..right, 0..end - start);
        let mut panel = part_mut(a, left..size, left..right);
        let swept = part(&swept, left..size, 0..end - start);
        general_mat_mul(-1.0, &swept, &factor.t(), 1.0, &mut panel);
    }
    part_mut(a, start..end, 0..start).assign(&part(&swept, 0..start, 0..end - start).t());
    part_mut(a, end..size, start..end).assign(&part(&swept, end..size, 0..end - start));
    part_mut(a, start..end, start..end).assign(&inverse.map(|value| -value));
    Some(())
}

/// The same, row by row.
fn invert_small(lower: ArrayView2<'_, f64>) -> Option<Array2<f64>> {
    let size = lower.nrows();
    let mut a = Array2::from_shape_fn((size, size), |(row, column)| {
        lower[[row.max(column), row.min(column)]]
    });
    for pivot in 0..size {
        let by = a[[pivot, pivot]];
        if !(by.is_finite() && by > 0.0) {
            return None;
        }
        let swept = a.row(pivot).map(|value| value / by);
        let column = a.column(pivot).to_owned();
        for (row, mut values) in a.axis_iter_mut(Axis(0)).enumerate() {
            if row != pivot {
                values.scaled_add(-column[row], &swept);
                values[pivot] = column[row] / by;
            }
        }
        a.row_mut(pivot).assign(&swept);
        a[[pivot, pivot]] = -1.0 / by;
    }
    a.mapv_inplace(|value| -value);
    Some(a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inverse_undoes_its_matrix() {
        for size in [1, 2, 95, 96, 97, 250] {
            let x = Array2::from_shape_fn((size, size + 3), |(row, column)| {
                f64::from(u8::from((row * 7 + column * 13) % 5 < 2))
            });
            let mut a = x.dot(&x.t());
            a.diag_mut().map_inplace(|value| *value += 3.0);
            let unit = a.dot(&invert(a.clone()).unwrap());
            let off =
                (unit - Array2::<f64>::eye(size)).iter().fold(0.0, |m: f64, v| m.max(v.abs()));
            assert!(off < 1e-10, "{size}: {off}");
        }
    }

    #[test]
    fn what_is_not_positive_is_refused() {
        assert!(invert(Array2::zeros((3, 3))).is_none());
        assert!(invert(Array2::from_elem((2, 2), f64::NAN)).is_none());
    }
}
