//! The weights into items beyond those that are solved together: each is regressed on the few
//! items nearest to it, as the closed form would if there were no others.

use ndarray::{Array1, Array2};

use super::closed_form::Ridge;
use super::gram::Counts;
use super::invert::invert;
use crate::core::affinity::model::Affinity;

/// On how many items, those of the highest cosine.
const NEAREST: usize = 48;

/// From which items with what weight `to` is foretold best: the ridge regression on its nearest
/// neighbours, `(G_NN + Λ)⁻¹ G_N,to` (the closed form of Steck 2019, eq. 8, with the choice of
/// inputs of Ning, Karypis 2011, "SLIM: sparse linear methods for top-n recommender systems",
/// III.D). Empty when it was chosen with nothing.
pub fn local(counts: &Counts, ridge: Ridge, shrinkage: f64, to: usize) -> Vec<(usize, f64)> {
    let own = counts.own(to);
    let mut near: Vec<(usize, f64, f64)> = counts
        .pairs(to)
        .map(|(from, both)| {
            let both = f64::from(both);
            (from, Affinity::cosine(both, counts.own(from), own, shrinkage), both)
        })
        .collect();
    near.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    near.truncate(NEAREST);
    let size = near.len();
    let place = |at: usize| near.get(at).map_or(0, |one| one.0);
    let gram = Array2::from_shape_fn((size, size), |(row, column)| {
        // Only the lower half is read.
        match row.cmp(&column) {
            std::cmp::Ordering::Greater => counts.both(place(row), place(column)),
            std::cmp::Ordering::Equal => {
                let own = counts.own(place(row));
                own + ridge.ridge + ridge.dropout * own
            }
            std::cmp::Ordering::Less => 0.0,
        }
    });
    let Some(inverse) = invert(gram) else { return Vec::new() };
    let both: Array1<f64> = near.iter().map(|one| one.2).collect();
    near.iter().map(|one| one.0).zip(inverse.dot(&both)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::closed_form::closed_form;
    use super::*;
    use crate::core::key::Key;

    #[test]
    fn with_all_others_near_it_is_the_closed_form() {
        // Four items, all chosen together now and then.
        let gram = [
            [9.0, 4.0, 2.0, 1.0],
            [4.0, 6.0, 3.0, 1.0],
            [2.0, 3.0, 8.0, 2.0],
            [1.0, 1.0, 2.0, 5.0],
        ];
        let mut counts = Counts { starts: vec![0], ..Counts::default() };
        for (item, row) in (0_u32..).zip(&gram) {
            counts.items.push(Key(item));
            counts.own.push(row[item as usize]);
            for (other, both) in (0_u32..).zip(row).filter(|(other, _)| *other != item) {
                counts.others.push(other);
                counts.both.push(*both as f32);
            }
            counts.starts.push(counts.others.len());
        }
        let ridge = Ridge { ridge: 2.0, dropout: 0.5 };
        let whole = closed_form(counts.dense(), ridge).unwrap();
        for to in 0..gram.len() {
            let found = local(&counts, ridge, 1.0, to);
            assert_eq!(found.len(), gram.len() - 1);
            for (from, weight) in found {
                assert!((weight - whole[[from, to]]).abs() < 1e-9, "{from} {to}: {weight}");
            }
        }
    }
}
