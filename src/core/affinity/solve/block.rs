//! Parts of a matrix.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis};

/// Some rows and columns.
pub fn part(a: &Array2<f64>, rows: Range<usize>, columns: Range<usize>) -> ArrayView2<'_, f64> {
    a.slice_axis(Axis(0), rows.into()).slice_axis_move(Axis(1), columns.into())
}

/// Some rows and columns, to change.
pub fn part_mut(
    a: &mut Array2<f64>,
    rows: Range<usize>,
    columns: Range<usize>,
) -> ArrayViewMut2<'_, f64> {
    a.slice_axis_mut(Axis(0), rows.into()).slice_axis_move(Axis(1), columns.into())
}

/// The first columns.
pub fn first_columns(a: &Array2<f64>, columns: usize) -> ArrayView2<'_, f64> {
    part(a, 0..a.nrows(), 0..columns.min(a.ncols()))
}
