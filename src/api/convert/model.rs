//! How a model of probabilities fares.

use crate::api::wire::v1;
use crate::core::learn::Tally;

/// How good a model of probabilities is, as a whole or in a cell.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub fn insight(tally: &Tally, cell: Vec<String>) -> v1::ModelInsight {
    let bins = tally.calibration().iter().filter(|bin| bin.count > 0);
    let calibration = bins.map(|bin| {
        let count = bin.count as f64;
        v1::CalibrationBin {
            predicted: bin.predicted / count,
            observed: Some(rate(bin.observed, count)),
        }
    });
    v1::ModelInsight {
        model: "propensity".to_owned(),
        cell,
        start_time: None,
        outcomes: tally.count,
        positive_rate: if tally.count > 0 { tally.positives / tally.count as f64 } else { 0.0 },
        log_loss: tally.log_loss().unwrap_or(0.0),
        base_log_loss: tally.base_log_loss().unwrap_or(0.0),
        auc: tally.auc().unwrap_or(0.5),
        calibration_error: tally.calibration_error().unwrap_or(0.0),
        calibration: calibration.collect(),
        features: Vec::new(),
        drift: tally.drift.level(),
        serving: true,
        champion_log_loss: None,
        champion_auc: None,
        trials: None,
        amounts: None,
    }
}

/// A rate with its 90 % interval (Wilson 1927, "Probable inference, the law of succession, and
/// statistical inference", equation 3).
fn rate(positives: f64, count: f64) -> v1::Estimate {
    const Z: f64 = 1.644_853_626_951_472_7;
    let p = (positives / count).clamp(0.0, 1.0);
    let scale = 1.0 + Z * Z / count;
    let middle = (p + Z * Z / (2.0 * count)) / scale;
    let reach = Z * (p * (1.0 - p) / count + Z * Z / (4.0 * count * count)).sqrt() / scale;
    v1::Estimate {
        value: p,
        lower: (middle - reach).clamp(0.0, p),
        upper: (middle + reach).clamp(p, 1.0),
        coverage: 0.9,
        evidence: count,
    }
}
