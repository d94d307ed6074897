//! The parts, put together as they are served: between few items one dense matrix, between many
//! sparse rows beside factors.

use ndarray::Array2;

use super::block::first_columns;
use super::closed_form::Ridge;
use super::gram::Counts;
use super::local::local;
use super::spectral::Spectrum;
use super::trial::Best;
use crate::core::affinity::model::Affinity;
use crate::core::affinity::weights::{Chosen, NOT_SOLVED, Weights};

/// Most items that are served from a dense matrix, with nothing dropped.
const DENSE_MAX: usize = 2_048;
/// Most solved weights kept of an item.
const SOLVED_ROW_MAX: usize = 512;
/// Most cosines kept of an item.
const COSINE_ROW_MAX: usize = 64;
/// Most weights kept into an item that is not among the solved.
const LOCAL_MAX: usize = 16;
/// Share of a row's squared weights that may be dropped, the smallest first, before a row is full.
const DROPPED_MAX: f64 = 0.001;

/// What was solved.
pub struct Parts {
    /// The low-rank part, when it has a share.
    pub spectrum: Option<Spectrum>,
    /// The closed form.
    pub closed: Array2<f64>,
    /// Which items both are of, by place among all, ascending.
    pub places: Vec<usize>,
    /// The settings, and the scales of the parts.
    pub best: Best,
}

/// The weights to serve.
pub fn assemble(model: &Affinity, counts: &Counts, parts: &mut Parts) -> Weights {
    let settings = parts.best.settings;
    let found = parts.spectrum.as_ref().map_or(0, |spectrum| spectrum.vectors.ncols());
    let rank = settings.rank.min(found);
    let blend = if rank > 0 { settings.blend } else { 0.0 };
    let mut all = Weights {
        observed: model.observed(),
        items: counts.items.clone(),
        numbers: vec![NOT_SOLVED; counts.items.len()],
        cosine: parts.best.cosine as f32,
        chosen: Chosen {
            ridge: settings.ridge,
            dropout: settings.dropout,
            rank,
            blend,
            ndcg: parts.best.ndcg,
            dropped: 0.0,
        },
        ..Weights::default()
    };
    for (number, place) in (0_u32..).zip(&parts.places) {
        if let Some(known) = all.numbers.get_mut(*place) {
            *known = number;
        }
    }
    all.solved = parts.places.iter().filter_map(|place| u32::try_from(*place).ok()).collect();
    parts.closed *= 1.0 - blend;
    let share = blend * parts.best.ratio;
    if counts.items.len() <= DENSE_MAX && parts.places.len() == counts.items.len() {
        if let Some(spectrum) = &parts.spectrum {
            parts.closed.scaled_add(share, &low_rank(spectrum, rank));
            parts.closed.diag_mut().fill(0.0);
        }
        all.dense = parts.closed.iter().map(|weight| *weight as f32).collect();
        return all;
    }
    if let Some(spectrum) = &parts.spectrum {
        factors(&mut all, spectrum, rank, share);
    }
    rows(&mut all, counts, parts, model.spec().shrinkage);
    all
}

/// `n_h^-½ V Vᵀ n_j^½`: the projection of a history, divided by norms, on the leading directions.
fn low_rank(spectrum: &Spectrum, rank: usize) -> Array2<f64> {
    let vectors = first_columns(&spectrum.vectors, rank);
    let mut weights = vectors.dot(&vectors.t());
    let roots: Vec<f64> = spectrum.norms.iter().map(|norm| norm.sqrt()).collect();
    for ((from, to), weight) in weights.indexed_iter_mut() {
        if let (Some(from), Some(to)) = (roots.get(from), roots.get(to)) {
            *weight *= to / from;
        }
    }
    weights
}

/// Factors such that `f_h · f_j scale_j` is the same, by its share: `v / n^½` on either side, and
/// `n_j` for the candidate.
fn factors(all: &mut Weights, spectrum: &Spectrum, rank: usize, share: f64) {
    for (vector, norm) in spectrum.vectors.outer_iter().zip(&spectrum.norms) {
        let by = 1.0 / norm.sqrt();
        all.factors.extend(vector.iter().take(rank).map(|value| (value * by) as f32));
        all.scales.push((norm * share) as f32);
    }
}

/// Sparse rows: solved weights between solved items; into others those of their own regression;
/// and from others into solved ones, which were solved without them, scaled cosines.
fn rows(all: &mut Weights, counts: &Counts, parts: &Parts, shrinkage: f64) {
    let (mut dropped, mut whole) = (0.0, 0.0);
    let mut beyond = into_others(all, counts, parts, shrinkage);
    all.starts.push(0);
    for (place, number) in all.numbers.clone().into_iter().enumerate() {
        let mut row = Vec::new();
        if number != NOT_SOLVED {
            let weights = parts.closed.row(number as usize);
            row = weights.iter().zip(&parts.places).map(|(weight, to)| (*to, *weight)).collect();
            let (before, after) = strongest(&mut row, SOLVED_ROW_MAX);
            whole += before;
            dropped += before - after;
        }
        let from_other =
            |to: usize| number == NOT_SOLVED && all.numbers.get(to) != Some(&NOT_SOLVED);
        let mut near: Vec<(usize, f64)> = counts
            .pairs(place)
            .filter(|(to, _)| from_other(*to))
            .map(|(to, both)| {
                let (own, other) = (counts.own(place), counts.own(to));
                let cosine = Affinity::cosine(f64::from(both), own, other, shrinkage);
                (to, cosine * parts.best.cosine)
            })
            .collect();
        strongest(&mut near, COSINE_ROW_MAX);
        row.extend(near);
        row.extend(beyond.get_mut(place).map(std::mem::take).unwrap_or_default());
        row.sort_unstable_by_key(|(to, _)| *to);
        for (to, weight) in row {
            all.targets.push(u32::try_from(to).unwrap_or(NOT_SOLVED));
            all.weights.push(weight as f32);
        }
        all.starts.push(u32::try_from(all.targets.len()).unwrap_or(u32::MAX));
    }
    all.chosen.dropped = dropped / f64::max(whole, f64::MIN_POSITIVE);
}

/// By item of a history: the weights into items that are not among the solved.
fn into_others(
    all: &Weights,
    counts: &Counts,
    parts: &Parts,
    shrinkage: f64,
) -> Vec<Vec<(usize, f64)>> {
    let settings = parts.best.settings;
    let ridge = Ridge { ridge: settings.ridge, dropout: settings.dropout };
    let mut rows = vec![Vec::new(); all.numbers.len()];
    for (to, _) in all.numbers.iter().enumerate().filter(|(_, number)| **number == NOT_SOLVED) {
        let mut weights = local(counts, ridge, shrinkage, to);
        strongest(&mut weights, LOCAL_MAX);
        for (from, weight) in weights {
            if let Some(row) = rows.get_mut(from) {
                row.push((to, weight));
            }
        }
    }
    rows
}

/// Keeps the weights that carry a row, at most `most`; the sums of squares before and after.
fn strongest(row: &mut Vec<(usize, f64)>, most: usize) -> (f64, f64) {
    row.retain(|(_, weight)| *weight != 0.0);
    let whole: f64 = row.iter().map(|(_, weight)| weight * weight).sum();
    row.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
    let (mut kept, mut length) = (0.0, 0);
    for (_, weight) in row.iter().take(most) {
        if kept >= whole * (1.0 - DROPPED_MAX) {
            break;
        }
        kept += weight * weight;
        length += 1;
    }
    row.truncate(length);
    (whole, f64::min(kept, whole))
}
