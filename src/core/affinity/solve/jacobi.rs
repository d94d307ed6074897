//! Eigenvectors of a small symmetric matrix, by Jacobi's rotations (Golub, Van Loan 2013, "Matrix
//! computations", §8.5).

#![expect(clippy::indexing_slicing, reason = "indices run over the bounds of their own matrix")]

use ndarray::Array2;

/// Most sweeps over all pairs; a matrix of size 100 takes less than 10.
const SWEEPS_MAX: usize = 30;

/// Eigenvalues, descending, and the eigenvectors as columns.
pub fn eigen(mut a: Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let size = a.nrows();
    let mut vectors = Array2::eye(size);
    for _ in 0..SWEEPS_MAX {
        let mut off = 0.0;
        let mut whole = 0.0;
        for row in 0..size {
            whole += a[[row, row]] * a[[row, row]];
            for column in 0..row {
                off += a[[row, column]] * a[[row, column]];
            }
        }
        if off <= 1e-22 * whole {
            break;
        }
        for p in 0..size {
            for q in p + 1..size {
                rotate(&mut a, &mut vectors, p, q);
            }
        }
    }
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|x, y| a[[*y, *y]].total_cmp(&a[[*x, *x]]));
    let values = order.iter().map(|at| a[[*at, *at]]).collect();
    (values, vectors.select(ndarray::Axis(1), &order))
}

fn rotate(a: &mut Array2<f64>, vectors: &mut Array2<f64>, p: usize, q: usize) {
    let off = a[[p, q]];
    if off.abs() <= f64::MIN_POSITIVE {
        return;
    }
    let tau = (a[[q, q]] - a[[p, p]]) / (2.0 * off);
    let t = 1.0_f64.copysign(tau) / (tau.abs() + (1.0 + tau * tau).sqrt());
    let c = 1.0 / (1.0 + t * t).sqrt();
    let s = t * c;
    for k in 0..a.nrows() {
        let (x, y) = (a[[k, p]], a[[k, q]]);
        a[[k, p]] = c * x - s * y;
        a[[k, q]] = s * x + c * y;
    }
    for k in 0..a.nrows() {
        let (x, y) = (a[[p, k]], a[[q, k]]);
        a[[p, k]] = c * x - s * y;
        a[[q, k]] = s * x + c * y;
        let (x, y) = (vectors[[k, p]], vectors[[k, q]]);
        vectors[[k, p]] = c * x - s * y;
        vectors[[k, q]] = s * x + c * y;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvectors_make_the_matrix_again() {
        let size = 24;
        let a = Array2::from_shape_fn((size, size), |(r, c)| 1.0 / (1.0 + (r + c) as f64));
        let (values, vectors) = eigen(a.clone());
        assert!(values.is_sorted_by(|x, y| x >= y));
        let again = (&vectors * &ndarray::Array1::from(values)).dot(&vectors.t());
        assert!((again - a).iter().all(|off| off.abs() < 1e-9));
    }
}
