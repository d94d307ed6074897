//! Settings, judged by how well they foretell what was held out of the panel.

#![expect(clippy::indexing_slicing, reason = "indices run over the bounds of their own matrix")]

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

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
/// Share of itself that is added to the diagonal: half of a history forgotten.
const DROPOUT: f64 = 1.0;
/// How often choices are held out anew, to tell settings from chance.
const FOLDS: u64 = 2;
/// Shares of the low-rank part that are tried.
const BLENDS: [f64; 6] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
/// Ranks tried.
const RANKS: [usize; 2] = [32, 64];
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

/// Choices held out once, and what is known without them.
struct Fold {
    cases: Vec<Case>,
    counts: Counts,
    gram: Array2<f64>,
}

/// The settings that do best on the panel; the first ones when there is none. `counts` are those
/// of the items to try with.
pub fn choose(model: &Affinity, counts: &Counts) -> Best {
    let ridge = RIDGE_FIRST * counts.typical();
    let first = Settings { ridge, dropout: DROPOUT, rank: 0, blend: 0.0 };
    let mut best = Best { settings: first, ndcg: 0.0, ratio: 1.0, cosine: COSINE_FIRST };
    let fold = |salt: u64| {
        let mut counts = counts.clone();
        let cases = hold_out(&model.panel, salt, &mut counts);
        let gram = counts.dense();
        (!cases.is_empty()).then_some(Fold { cases, counts, gram })
    };
    let folds: Vec<Fold> = (0..FOLDS).filter_map(fold).collect();
    if folds.is_empty() {
        return best;
    }
    let closed = descend(&mut best, &folds);
    if closed.len() == folds.len() {
        let shrinkage = model.spec().shrinkage;
        let by = folds.iter().zip(&closed).map(|(fold, closed)| {
            slope(closed, &scores(&cosines(fold.gram.clone(), shrinkage), &fold.cases))
        });
        best.cosine = by.sum::<f64>() / folds.len() as f64;
        blend(&mut best, &closed, &folds);
    }
    best
}

/// The ridge, downhill in steps, either way from the first; the scores with it by fold.
fn descend(best: &mut Best, folds: &[Fold]) -> Vec<Array2<f64>> {
    let middle = best.settings.ridge;
    let mut closed = Vec::new();
    for (direction, from) in [(-1, 0), (1, 1)] {
        for step in from..=RIDGE_STEPS_MAX {
            let ridge = middle * RIDGE_STEP.powi(direction * step);
            let tried = Ridge { ridge, dropout: best.settings.dropout };
            let by_fold = folds.iter().filter_map(|fold| {
                let weights = closed_form(fold.gram.clone(), tried)?;
                Some(scores(&weights, &fold.cases))
            });
            let by_fold: Vec<Array2<f64>> = by_fold.collect();
            if by_fold.len() < folds.len() {
                break;
            }
            let ndcg = mean_ndcg(folds, |number| by_fold[number].view());
            if ndcg > best.ndcg {
                best.ndcg = ndcg;
                best.settings.ridge = ridge;
                closed = by_fold;
            } else if step > 0 {
                break;
            }
        }
    }
    closed
}

/// The share of the low-rank part, and its rank. What is gained by a share is looked at together
/// with what its neighbours gain, so that chance alone takes none to the end.
fn blend(best: &mut Best, closed: &[Array2<f64>], folds: &[Fold]) {
    let spectra: Vec<Spectrum> = folds.iter().map(|fold| Spectrum::of(&fold.counts)).collect();
    let plain = best.ndcg;
    for rank in RANKS {
        let lows: Vec<Array2<f64>> =
            folds.iter().zip(&spectra).map(|(fold, spectrum)| low(fold, spectrum, rank)).collect();
        let ratios = closed.iter().zip(&lows).map(|(closed, low)| {
            root_mean_square(closed) / root_mean_square(low).max(f64::MIN_POSITIVE)
        });
        let ratio = ratios.sum::<f64>() / folds.len() as f64;
        let mut found: Vec<f64> = vec![plain];
        found.extend(BLENDS.iter().map(|blend| {
            let mixed: Vec<Array2<f64>> = closed
                .iter()
                .zip(&lows)
                .map(|(closed, low)| closed * (1.0 - blend) + low * (blend * ratio))
                .collect();
            mean_ndcg(folds, |number| mixed[number].view())
        }));
        for (blend, near) in BLENDS.iter().zip(found.windows(3)) {
            let smoothed = near.iter().sum::<f64>() / near.len() as f64;
            if smoothed > best.ndcg {
                best.ndcg = smoothed;
                best.ratio = ratio;
                best.settings = Settings { rank, blend: *blend, ..best.settings };
            }
        }
    }
}

/// Scores by the low-rank part.
fn low(fold: &Fold, spectrum: &Spectrum, rank: usize) -> Array2<f64> {
    let roots: Array1<f64> = spectrum.norms.iter().map(|norm| norm.sqrt()).collect();
    let vectors = first_columns(&spectrum.vectors, rank);
    let mut users = Array2::<f64>::zeros((fold.cases.len(), vectors.ncols()));
    for (case, mut user) in fold.cases.iter().zip(users.axis_iter_mut(Axis(0))) {
        for (number, strength) in &case.query {
            user.scaled_add(strength / roots[*number], &vectors.row(*number));
        }
    }
    users.dot(&vectors.t()) * &roots
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

/// Mean NDCG@10 with binary relevance over all cases; a held-out choice's rank is how many others,
/// of those that the query does not hold, score at least as high.
fn mean_ndcg<'a>(folds: &[Fold], scores: impl Fn(usize) -> ArrayView2<'a, f64>) -> f64 {
    let (mut sum, mut cases) = (0.0, 0);
    for (number, fold) in folds.iter().enumerate() {
        for (case, scores) in fold.cases.iter().zip(scores(number).axis_iter(Axis(0))) {
            sum += ndcg(case, scores);
            cases += 1;
        }
    }
    sum / f64::from(cases.max(1))
}

fn ndcg(case: &Case, scores: ArrayView1<'_, f64>) -> f64 {
    let gain = |rank: usize| 1.0 / libm::log2(rank as f64 + 2.0);
    let rank = |held: usize| {
        let reach = |other: f64| other >= scores[held];
        let all = scores.iter().filter(|other| reach(**other)).count();
        let known = case.query.iter().filter(|(number, _)| reach(scores[*number])).count();
        all.saturating_sub(known + 1)
    };
    let hits = case.held.iter().map(|(held, _)| rank(*held)).filter(|rank| *rank < 10);
    let ideal: f64 = (0..case.held.len().min(10)).map(gain).sum();
    hits.map(gain).sum::<f64>() / ideal
}
