//! What a policy would have earned, told from the log of another one, by estimators that trade
//! bias against variance. Rows are taken as independent; standard errors are those of a mean,
//! s / √n with s² the mean squared deviation.
//!
//! Sources: Horvitz, Thompson 1952 (inverse propensity); Swaminathan, Joachims 2015, eq. 9
//! (self-normalised); Dudík, Langford, Li 2011, "Doubly Robust Policy Evaluation and Learning",
//! eq. 2; Wang, Agarwal, Dudík 2017, "Optimal and Adaptive Off-policy Evaluation in Contextual
//! Bandits", §3 (switch); Su, Dimakopoulou, Krishnamurthy, Dudík 2020, "Doubly robust off-policy
//! evaluation with shrinkage", §3.2 (optimistic shrinkage); Owen, "Monte Carlo theory, methods and
//! examples", §9.3 (effective sample size).

use super::count;

/// Pseudo-observations of the overall rate in the reward model.
const MODEL_EVIDENCE: f64 = 100.0;
/// Weights above this are left to the reward model by the switch estimator.
const SWITCH_WEIGHT: f64 = 10.0;
/// λ of the optimistic shrinkage.
const SHRINKAGE: f64 = 10.0;

/// A row of the log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logged {
    /// What was done, by number.
    pub action: u32,
    /// What came of it.
    pub reward: f64,
    /// Probability with which it was done, in (0, 1].
    pub propensity: f64,
    /// Which of the target's distributions holds for this row.
    pub target: u32,
}

/// What the target policy does: actions sorted by number, with probabilities; those not named have
/// none.
pub type Distribution = Vec<(u32, f64)>;

/// An estimate with its standard error.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Estimate {
    /// The estimate: mean reward a row.
    pub value: f64,
    /// Its standard error.
    pub se: f64,
}

/// All estimates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimates {
    /// What the log earned.
    pub logged_value: Estimate,
    /// Inverse propensity score: unbiased, of large variance.
    pub ips: Estimate,
    /// Self-normalised: slightly biased, of less variance.
    pub snips: Estimate,
    /// Direct method: what the reward model says.
    pub dm: Estimate,
    /// Doubly robust: the reward model, corrected by weighted residuals.
    pub dr: Estimate,
    /// Doubly robust, without the correction where a weight is above 10.
    pub switch_dr: Estimate,
    /// Doubly robust, weights shrunk to λ w / (w² + λ), λ = 10.
    pub dr_os: Estimate,
    /// Target (self-normalised) less log, with the standard error of the difference.
    pub difference: Estimate,
    /// Effective sample size (Σ w)² / Σ w².
    pub ess: f64,
    /// Mean weight; near 1 where log and target fit each other.
    pub mean_weight: Estimate,
    /// The largest row's share of all weight.
    pub largest_share: f64,
}

/// A reward model by action, of one half of the rows, for the other half: with n rows of the action
/// and overall mean m, (Σ reward + 100 m) / (n + 100).
struct RewardModel {
    by_action: Vec<f64>,
    mean: f64,
}

impl RewardModel {
    fn of(rows: impl Iterator<Item = Logged>, actions: usize) -> Self {
        let mut sums = vec![(0.0, 0.0); actions];
        let (mut sum, mut rows_seen) = (0.0, 0.0);
        for row in rows {
            if let Some((n, reward)) = sums.get_mut(row.action as usize) {
                (*n, *reward) = (*n + 1.0, *reward + row.reward);
            }
            (rows_seen, sum) = (rows_seen + 1.0, sum + row.reward);
        }
        let mean = if rows_seen > 0.0 { sum / rows_seen } else { 0.0 };
        let rate =
            |(n, reward): (f64, f64)| (reward + MODEL_EVIDENCE * mean) / (n + MODEL_EVIDENCE);
        Self { by_action: sums.into_iter().map(rate).collect(), mean }
    }

    fn reward(&self, action: u32) -> f64 {
        self.by_action.get(action as usize).copied().unwrap_or(self.mean)
    }

    fn value(&self, distribution: &Distribution) -> f64 {
        distribution.iter().map(|(action, p)| p * self.reward(*action)).sum()
    }
}

/// Estimates what the target would have earned. `None` without rows, or where the target does
/// nothing of what was logged.
#[must_use]
pub fn estimate(log: &[Logged], targets: &[Distribution]) -> Option<Estimates> {
    let actions = log.iter().map(|row| row.action as usize + 1).max()?;
    // Each half is judged by the model of the other, so that no row foretells itself.
    let models =
        [1, 0].map(|other| RewardModel::of(log.iter().copied().skip(other).step_by(2), actions));
    let values: Vec<[f64; 2]> = targets
        .iter()
        .map(|target| [0, 1].map(|half: usize| models.get(half).map_or(0.0, |m| m.value(target))))
        .collect();
    let weights: Vec<f64> = log.iter().map(|row| weight(row, targets)).collect();
    let n = count(log.len());
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return None;
    }
    let squares: f64 = weights.iter().map(|w| w * w).sum();
    let each = |of: &dyn Fn(usize, &Logged, f64) -> f64| {
        let rows = log.iter().zip(&weights).enumerate();
        mean(rows.map(|(number, (row, w))| of(number, row, *w)))
    };
    let modelled = |number: usize, row: &Logged| {
        let half = number % 2;
        let value = values.get(row.target as usize).and_then(|halves| halves.get(half));
        let expected = models.get(half).map_or(0.0, |model| model.reward(row.action));
        (value.copied().unwrap_or(0.0), row.reward - expected)
    };
    let robust = |shrink: fn(f64) -> f64| {
        each(&|number, row, w| {
            let (value, residual) = modelled(number, row);
            value + shrink(w) * residual
        })
    };
    let logged_value = each(&|_, row, _| row.reward);
    let ips = each(&|_, row, w| w * row.reward);
    let normalised = ips.value * n / total;
    let deviation = |row: &Logged, w: f64| w * (row.reward - normalised) * n / total;
    let snips = Estimate { value: normalised, ..each(&|_, row, w| deviation(row, w)) };
    let apart = each(&|_, row, w| deviation(row, w) - (row.reward - logged_value.value));
    Some(Estimates {
        logged_value,
        ips,
        snips,
        dm: each(&|number, row, _| modelled(number, row).0),
        dr: robust(|w| w),
        switch_dr: robust(|w| if w <= SWITCH_WEIGHT { w } else { 0.0 }),
        dr_os: robust(|w| SHRINKAGE * w / (w * w + SHRINKAGE)),
        difference: Estimate { value: normalised - logged_value.value, se: apart.se },
        ess: total * total / squares,
        mean_weight: each(&|_, _, w| w),
        largest_share: weights.iter().copied().fold(0.0, f64::max) / total,
    })
}

/// How much more often the target does what was logged.
fn weight(row: &Logged, targets: &[Distribution]) -> f64 {
    let target = targets.get(row.target as usize).map(Vec::as_slice).unwrap_or_default();
    let place = target.binary_search_by_key(&row.action, |(action, _)| *action).ok();
    place.and_then(|place| target.get(place)).map_or(0.0, |(_, p)| p / row.propensity)
}

fn mean(numbers: impl Iterator<Item = f64> + Clone) -> Estimate {
    let n = count(numbers.clone().count()).max(1.0);
    let value = numbers.clone().sum::<f64>() / n;
    let spread = numbers.map(|number| (number - value) * (number - value)).sum::<f64>() / n;
    Estimate { value, se: (spread / n).sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_is_the_log_earns_what_the_log_earned() {
        let rewards = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0];
        let row = |(number, reward): (usize, &f64)| Logged {
            action: u32::try_from(number % 2).unwrap(),
            reward: *reward,
            propensity: 0.5,
            target: 0,
        };
        let log: Vec<Logged> = rewards.iter().enumerate().map(row).collect();
        let known = estimate(&log, &[vec![(0, 0.5), (1, 0.5)]]).unwrap();
        assert_eq!(known.ips, known.logged_value);
        assert!((known.snips.value - 0.375).abs() < 1e-12);
        assert!((known.ess - 8.0).abs() < 1e-12);
        assert!(known.difference.value.abs() < 1e-12 && known.difference.se < 1e-12);
        // Of action 0 came 1, 0, 1, 0.
        let one = estimate(&log, &[vec![(0, 1.0)]]).unwrap();
        assert!((one.snips.value - 0.5).abs() < 1e-12);
        assert!((one.ess - 4.0).abs() < 1e-12);
    }

    #[test]
    fn a_target_without_support_is_no_estimate() {
        let log = [Logged { action: 0, reward: 1.0, propensity: 1.0, target: 0 }];
        assert_eq!(estimate(&log, &[vec![(1, 1.0)]]), None);
        assert_eq!(estimate(&[], &[]), None);
    }
}
