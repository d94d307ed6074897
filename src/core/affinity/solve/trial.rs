//! Settings, judged by how well they foretell what was held out of the panel.

#![expect(clippy::indexing_slicing, reason = "indices run over the bounds of their own matrix")]

use ndarray::{Array1, Array2, Axis};

use super::block::first_columns;
use super::closed_form::{Ridge, closed_form};
use super::gram::Counts;
use super::panel::{Case, hold_out};
use super::spectral::Spectrum;
use crate::core::affinity::model::Affinity;

/// First ridge tried, as a share of the typical count.
const RIDGE_FIRST: f64 = 1.0;
/// Factor between ridges.
const RIDGE_STEP: f64 = 2.0;
/// Most steps from the best ridge so far, either way.
const RIDGE_STEPS_MAX: i32 = 6;
/// Dropouts tried.
const DROPOUTS: [f64; 2] = [1.0, 0.0];
/// Shares of the low-rank part that are tried.
const BLENDS: [f64; 6] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
/// Ranks tried.
const RANKS: [usize; 3] = [16, 32, 64];
/// Cosines count this much of a solved weight while nothing is known.
const COSINE_FIRST: f64 = 0.02;

/// What can be chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Added to the diagonal, in choices.
    pub ridge: f64,
    /// Share of itself added to the diagonal.
    pub dropout: f64,
    /// Factors of the low-rank part.
    pub rank: usize,
    /// Share of the low-rank part.
    pub blend: f64,
}

/// What did best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// The settings.
    pub settings: Settings,
    /// NDCG@10 on what was held out.
    pub ndcg: f64,
    /// Root mean square of the closed form's scores by that of the low-rank part's.
    pub ratio: f64,
    /// What a cosine counts as a solved weight: the slope of scores by the closed form on those by
    /// cosine.
    pub cosine: f64,
}

/// The settings that do best on the panel; the first ones when there is none. `counts` are those
/// of the items to try with.
pub fn choose(model: &Affinity, mut counts: Counts) -> Best {
    let typical = counts.typical();
    let first =
        Settings { ridge: RIDGE_FIRST * typical, dropout: DROPOUTS[0], rank: 0, blend: 0.0 };
    let mut best = Best { settings: first, ndcg: 0.0, ratio: 1.0, cosine: COSINE_FIRST };
    let cases = hold_out(&model.panel, &mut counts);
    if cases.is_empty() {
        return best;
    }
    let gram = counts.dense();
    let mut closed = None;
    for dropout in DROPOUTS {
        // Downhill in steps, either way from the best so far.
        let middle = best.settings.ridge;
        for (direction, from) in [(-1, 0), (1, 1)] {
            for step in from..=RIDGE_STEPS_MAX {
                let ridge = middle * RIDGE_STEP.powi(direction * step);
                let weights = closed_form(gram.clone(), Ridge { ridge, dropout });
                let Some(scores) = weights.map(|weights| scores(&weights, &cases)) else { break };
                let ndcg = mean_ndcg(&scores, &cases);
                if ndcg > best.ndcg {
                    best.ndcg = ndcg;
                    best.settings = Settings { ridge, dropout, ..best.settings };
                    closed = Some(scores);
                } else if step > 0 {
                    break;
                }
            }
        }
    }
    if let Some(closed) = closed {
        best.cosine = slope(&closed, &scores(&cosines(gram, model.spec().shrinkage), &cases));
        blend(&mut best, &closed, &cases, &Spectrum::of(&counts));
    }
    best
}

/// The share of the low-rank part, and its rank.
fn blend(best: &mut Best, closed: &Array2<f64>, cases: &[Case], spectrum: &Spectrum) {
    let closed_size = root_mean_square(closed);
    let roots: Array1<f64> = spectrum.norms.iter().map(|norm| norm.sqrt()).collect();
    for rank in RANKS {
        let vectors = first_columns(&spectrum.vectors, rank);
        let mut users = Array2::<f64>::zeros((cases.len(), vectors.ncols()));
        for (case, mut user) in cases.iter().zip(users.axis_iter_mut(Axis(0))) {
            for (number, strength) in &case.query {
                user.scaled_add(strength / roots[*number], &vectors.row(*number));
            }
        }
        let low = users.dot(&vectors.t()) * &roots;
        let ratio = closed_size / root_mean_square(&low).max(f64::MIN_POSITIVE);
        for blend in BLENDS {
            let mixed = closed * (1.0 - blend) + &low * (blend * ratio);
            let ndcg = mean_ndcg(&mixed, cases);
            if ndcg > best.ndcg {
                best.ndcg = ndcg;
                best.ratio = ratio;
                best.settings = Settings { rank: vectors.ncols(), blend, ..best.settings };
            }
        }
    }
}

fn root_mean_square(scores: &Array2<f64>) -> f64 {
    let sum: f64 = scores.iter().map(|score| score * score).sum();
    (sum / scores.len().max(1) as f64).sqrt()
}

/// The slope of `y` on `x` through 0, not below 0.
fn slope(y: &Array2<f64>, x: &Array2<f64>) -> f64 {
    let both: f64 = y.iter().zip(x).map(|(y, x)| y * x).sum();
    let own: f64 = x.iter().map(|x| x * x).sum();
    (both / own.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)
}

fn cosines(mut gram: Array2<f64>, shrinkage: f64) -> Array2<f64> {
    let own = gram.diag().to_owned();
    for ((row, column), both) in gram.indexed_iter_mut() {
        *both = if row == column {
            0.0
        } else {
            Affinity::cosine(*both, own[row], own[column], shrinkage)
        };
    }
    gram
}

fn scores(weights: &Array2<f64>, cases: &[Case]) -> Array2<f64> {
    let mut scores = Array2::zeros((cases.len(), weights.nrows()));
    for (case, mut sums) in cases.iter().zip(scores.axis_iter_mut(Axis(0))) {
        for (number, strength) in &case.query {
            sums.scaled_add(*strength, &weights.row(*number));
        }
    }
    scores
}

/// Mean NDCG@10 with binary relevance; a held-out choice's rank is how many others, of those that
/// the query does not hold, score at least as high.
fn mean_ndcg(scores: &Array2<f64>, cases: &[Case]) -> f64 {
    let gain = |rank: usize| 1.0 / libm::log2(rank as f64 + 2.0);
    let mut sum = 0.0;
    for (case, scores) in cases.iter().zip(scores.axis_iter(Axis(0))) {
        let rank = |held: usize| {
            let reach = |other: f64| other >= scores[held];
            let all = scores.iter().filter(|other| reach(**other)).count();
            let known = case.query.iter().filter(|(number, _)| reach(scores[*number])).count();
            all.saturating_sub(known + 1)
        };
        let hits = case.held.iter().map(|(held, _)| rank(*held)).filter(|rank| *rank < 10);
        let ideal: f64 = (0..case.held.len().min(10)).map(gain).sum();
        sum += hits.map(gain).sum::<f64>() / ideal;
    }
    sum / cases.len().max(1) as f64
}
