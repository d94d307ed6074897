//! How well amounts are foretold.

use super::count;

/// An amount that was foretold, and what came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Foretold {
    /// The mean that was foretold.
    pub predicted: f64,
    /// What came.
    pub observed: f64,
}

/// Root of the mean squared error; `None` of nothing.
#[must_use]
pub fn rmse(rows: &[Foretold]) -> Option<f64> {
    let square = |row: &Foretold| (row.predicted - row.observed).powi(2);
    (!rows.is_empty()).then(|| (rows.iter().map(square).sum::<f64>() / count(rows.len())).sqrt())
}

/// Mean absolute error; `None` of nothing.
#[must_use]
pub fn mae(rows: &[Foretold]) -> Option<f64> {
    let distance = |row: &Foretold| (row.predicted - row.observed).abs();
    (!rows.is_empty()).then(|| rows.iter().map(distance).sum::<f64>() / count(rows.len()))
}

/// Root of the mean squared error of the mean so far, 0 for the first.
#[must_use]
pub fn base_rmse(rows: &[Foretold]) -> Option<f64> {
    let mut sum = 0.0;
    let base = |(seen, row): (usize, &Foretold)| {
        let predicted = if seen > 0 { sum / count(seen) } else { 0.0 };
        sum += row.observed;
        Foretold { predicted, observed: row.observed }
    };
    rmse(&rows.iter().enumerate().map(base).collect::<Vec<_>>())
}

/// Normalised Gini index: the area between the Lorenz curve of what came, in the order foretold, and
/// the diagonal, over that in the order of what came (Frees, Meyers, Cummings 2011, "Summarizing
/// insurance scores using a Gini index"); 1 is a perfect order, 0 one at random. Equals keep the
/// given order. `None` where all amounts are equal.
#[must_use]
pub fn gini(rows: &[Foretold]) -> Option<f64> {
    let area = |key: fn(&Foretold) -> f64| {
        let mut order: Vec<&Foretold> = rows.iter().collect();
        order.sort_by(|a, b| key(b).total_cmp(&key(a)));
        let total: f64 = rows.iter().map(|row| row.observed).sum();
        let (mut sum, mut area) = (0.0, 0.0);
        for row in order {
            sum += row.observed;
            area += sum / total;
        }
        area / count(rows.len()) - (count(rows.len()) + 1.0) / (2.0 * count(rows.len()))
    };
    let best = area(|row| row.observed);
    (best > 1e-12).then(|| area(|row| row.predicted) / best)
}

/// Mean foretold and observed of each of `parts` parts by what was foretold, the lowest first, with
/// the standard error of the observed one.
#[must_use]
pub fn by_part(rows: &[Foretold], parts: usize) -> Vec<(f64, f64, f64)> {
    let mut order: Vec<&Foretold> = rows.iter().collect();
    order.sort_by(|a, b| a.predicted.total_cmp(&b.predicted));
    let part = |rows: &[&Foretold]| {
        let n = count(rows.len());
        let observed = rows.iter().map(|row| row.observed).sum::<f64>() / n;
        let squares: f64 = rows.iter().map(|row| (row.observed - observed).powi(2)).sum();
        (rows.iter().map(|row| row.predicted).sum::<f64>() / n, observed, (squares / n / n).sqrt())
    };
    let size = rows.len().div_ceil(parts.max(1)).max(1);
    order.chunks(size).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_the_textbook_ones() {
        let row = |predicted, observed| Foretold { predicted, observed };
        let rows = [row(1.0, 2.0), row(3.0, 3.0), row(5.0, 1.0)];
        assert!((rmse(&rows).unwrap() - (17.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!((mae(&rows).unwrap() - 5.0 / 3.0).abs() < 1e-12);
        // Means so far: 0, 2, 2.5.
        let base = (4.0 + 1.0 + 2.25_f64) / 3.0;
        assert!((base_rmse(&rows).unwrap() - base.sqrt()).abs() < 1e-12);
        // Shares in the order foretold 1/6, 4/6, 1 against 3/6, 5/6, 1.
        let area = |shares: f64| shares / 3.0 - 2.0 / 3.0;
        let expected = area(11.0 / 6.0) / area(14.0 / 6.0);
        assert!((gini(&rows).unwrap() - expected).abs() < 1e-12);
        assert_eq!(gini(&[row(1.0, 2.0), row(2.0, 2.0)]), None);
        assert_eq!(rmse(&[]), None);
        assert_eq!(by_part(&rows, 3)[2], (5.0, 1.0, 0.0));
    }
}
