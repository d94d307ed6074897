//! The item weights that foretell each choice from a customer's others best, in closed form.

use ndarray::{Array2, Axis};

use super::invert::invert;

/// How the weights are kept small.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ridge {
    /// What is added to the diagonal, in choices.
    pub ridge: f64,
    /// What share of itself is added to the diagonal: as if each choice of the history had been
    /// forgotten with probability `dropout / (1 + dropout)` (Steck 2020, "Autoencoders that don't
    /// overfit towards the identity", eq. 5-6).
    pub dropout: f64,
}

/// `B = I − P diag(1 / diag P)` with `P = (G + Λ)⁻¹`: the ridge regression of each item on all
/// others (Steck 2019, "Embarrassingly shallow autoencoders for sparse data", eq. 8). Row: the
/// item of the history; column: the candidate; zero diagonal. `None` when the matrix cannot be
/// inverted.
#[must_use]
pub fn closed_form(mut gram: Array2<f64>, ridge: Ridge) -> Option<Array2<f64>> {
    gram.diag_mut().map_inplace(|own| *own += ridge.ridge + ridge.dropout * *own);
    let mut weights = invert(gram)?;
    let divisors = weights.diag().map(|own| -1.0 / own);
    for mut row in weights.axis_iter_mut(Axis(0)) {
        row *= &divisors;
    }
    weights.diag_mut().fill(0.0);
    Some(weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_is_regressed_on_the_others() {
        // Two items, so that the regression is a quotient: both / (own + ridge).
        let gram = Array2::from_shape_vec((2, 2), vec![9.0, 4.0, 4.0, 6.0]).unwrap();
        let weights = closed_form(gram.clone(), Ridge { ridge: 1.0, dropout: 0.0 }).unwrap();
        assert!(
            (weights[[0, 1]] - 0.4).abs() < 1e-12 && (weights[[1, 0]] - 4.0 / 7.0).abs() < 1e-12
        );
        assert!(weights[[0, 0]] == 0.0 && weights[[1, 1]] == 0.0);
        let forgetful = closed_form(gram, Ridge { ridge: 0.0, dropout: 1.0 }).unwrap();
        assert!((forgetful[[0, 1]] - 4.0 / 18.0).abs() < 1e-12);
    }
}
