//! Prometheus metrics: their descriptions and the buckets of their histograms. Names are declared
//! here and nowhere else; a test holds the code to it. No label ever comes from a customer, a
//! request or free text.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Buckets of what happens inside the process, in seconds: 10 µs to 100 ms.
const CORE_SECONDS: &[f64] = &[
    10e-6, 20e-6, 30e-6, 50e-6, 75e-6, 100e-6, 150e-6, 200e-6, 300e-6, 500e-6, 1e-3, 2e-3, 5e-3,
    10e-3, 25e-3, 100e-3,
];

/// Buckets of what crosses a network, in seconds: 0.25 ms to 10 s.
const CALL_SECONDS: &[f64] = &[
    0.25e-3, 0.5e-3, 0.75e-3, 1e-3, 1.5e-3, 2e-3, 3e-3, 5e-3, 7.5e-3, 10e-3, 15e-3, 25e-3, 50e-3,
    75e-3, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// What a metric counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Seconds,
}

/// Every metric: name, kind, meaning.
const METRICS: &[(&str, Kind, &str)] = &[
    ("arbitra_build_info", Kind::Gauge, "1, with the version of the service as a label."),
    ("arbitra_store_up", Kind::Gauge, "1 while the store answers, else 0."),
    ("arbitra_rpc_duration_seconds", Kind::Seconds, "Time of a call, by method and status."),
    ("arbitra_rpc_in_flight", Kind::Gauge, "Calls in progress, by method."),
    ("arbitra_rpc_rate_limited_total", Kind::Counter, "Calls over the rate of their caller."),
    (
        "arbitra_rpc_refused_total",
        Kind::Counter,
        "Calls refused because too many were in progress.",
    ),
    ("arbitra_decide_core_seconds", Kind::Seconds, "Time to decide, without store and network."),
    (
        "arbitra_condition_failures_total",
        Kind::Counter,
        "Conditions that could not be evaluated; their offers were stopped.",
    ),
    (
        "arbitra_degradations_total",
        Kind::Counter,
        "Decisions that had to do without a part, by part.",
    ),
    (
        "arbitra_decisions_forgotten_total",
        Kind::Counter,
        "Decisions not remembered for their outcomes, by cause.",
    ),
    (
        "arbitra_withheld_dropped_total",
        Kind::Counter,
        "Offers withheld from the control group that were not kept as trials: too many waited.",
    ),
    (
        "arbitra_commit_conflicts_total",
        Kind::Counter,
        "Writes of a customer repeated because another writer was first.",
    ),
    ("arbitra_learned_entries_total", Kind::Counter, "Entries of the learning log learned."),
    (
        "arbitra_models_unsound_total",
        Kind::Counter,
        "Checkpoints not saved because the models held a number that is none.",
    ),
    (
        "arbitra_learned_unreadable_total",
        Kind::Counter,
        "Entries of the learning log that could not be read and were skipped.",
    ),
    ("arbitra_quota_leases_total", Kind::Counter, "Leases of units of quotas asked of the store."),
    (
        "arbitra_quota_conflicts_total",
        Kind::Counter,
        "Decisions made again because others took the units of a quota first.",
    ),
    (
        "arbitra_quota_late_total",
        Kind::Counter,
        "Outcomes that found no unit of their quota left after their hold had lapsed.",
    ),
    (
        "arbitra_quota_units_lost_total",
        Kind::Counter,
        "Units of quotas that could not be given back and may be lost.",
    ),
    ("arbitra_affinity_solve_seconds", Kind::Seconds, "Time to solve the weights of affinity."),
    (
        "arbitra_learned_position",
        Kind::Gauge,
        "Position in the learning log that decisions are made with.",
    ),
    (
        "arbitra_answers_pending",
        Kind::Gauge,
        "Contacts that wait for their answer (and stages of funnels), of at most 200,000.",
    ),
    (
        "arbitra_model_drift",
        Kind::Gauge,
        "How near outcomes are to an alarm of drift: 0 as foretold, 1 while it stands.",
    ),
    (
        "arbitra_shadow_price",
        Kind::Gauge,
        "Price of one unit of what a line of the objectives paces or asks for, by line.",
    ),
    (
        "arbitra_pacing_failures_total",
        Kind::Counter,
        "Times that the account of the pacing could not be reached.",
    ),
    (
        "arbitra_pacing_conflicts_total",
        Kind::Counter,
        "Times that another replica wrote the account of the pacing first.",
    ),
    (
        "arbitra_source_reads_total",
        Kind::Counter,
        "Reads of live sources by decisions, by source and result.",
    ),
    (
        "arbitra_source_read_seconds",
        Kind::Seconds,
        "Time that a decision waited for a live source, by source.",
    ),
    (
        "arbitra_source_query_seconds",
        Kind::Seconds,
        "Time of one query of a live source, for one or many customers, by source.",
    ),
    (
        "arbitra_source_values_refused_total",
        Kind::Counter,
        "Values of live sources that were not as declared, by source.",
    ),
    (
        "arbitra_source_circuit_open",
        Kind::Gauge,
        "1 while a live source is left alone after repeated failures, by source.",
    ),
    ("arbitra_catalog_loads_total", Kind::Counter, "Changed rules, taken or refused."),
];

/// Installs the recorder of this process and describes every metric.
///
/// # Errors
/// When a recorder is installed already.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_core_seconds".to_owned()), CORE_SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), CALL_SECONDS)?
        .install_recorder()?;
    for &(name, kind, meaning) in METRICS {
        match kind {
            Kind::Counter => describe_counter!(name, meaning),
            Kind::Gauge => describe_gauge!(name, meaning),
            Kind::Seconds => describe_histogram!(name, Unit::Seconds, meaning),
        }
    }
    gauge!("arbitra_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}

#[cfg(test)]
mod tests;
