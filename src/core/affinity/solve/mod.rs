//! Solving weights from counts: a pure function of the model, long-running, for the background.
//! `gram` gathers the counts, `closed_form` (with `invert`) is the full-rank part, `local` what stands for it where items are
//! too many, `spectral` (with
//! `jacobi`) the part of low rank, `panel` holds choices out, `trial` judges settings on them, and
//! `assemble` puts the parts together.

mod assemble;
mod block;
mod closed_form;
mod gram;
mod invert;
mod jacobi;
mod local;
mod panel;
mod spectral;
mod trial;

use super::model::Affinity;
use super::weights::Weights;
pub use closed_form::{Ridge, closed_form};
pub use gram::Counts;
use spectral::Spectrum;

/// Most items between which settings are tried: enough to tell them apart, and an eighth of the
/// work at half the size.
const TRIAL_ITEMS_MAX: usize = 2_048;

/// Solves the model's weights as it stands; `None` while there is nothing to solve from. The work
/// grows with the cube of `solved_max` and with counted pairs: seconds at the default.
#[must_use]
pub fn solve(model: &Affinity) -> Option<Weights> {
    let counts = Counts::of(model);
    if counts.items.len() < 2 {
        return None;
    }
    let solved_max = model.spec().solved_max;
    let (trial, _) = counts.of_most(TRIAL_ITEMS_MAX.min(solved_max));
    let best = trial::choose(model, &trial);
    let (solved, places) = counts.of_most(solved_max);
    let ridge = Ridge { ridge: best.settings.ridge, dropout: best.settings.dropout };
    let mut parts = assemble::Parts {
        spectrum: (best.settings.blend > 0.0).then(|| Spectrum::of(&solved)),
        closed: closed_form(solved.dense(), ridge)?,
        places,
        best,
    };
    Some(assemble::assemble(model, &counts, &mut parts))
}
