//! Counts decisions by arm of the experiment, and writes the counts into the learning log, so that
//! every replica knows those of all.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::answer::Decided;
use super::state::Engine;
use crate::core::experiment;
use crate::core::key::{Key, mix64};
use crate::core::learn::{ArmRecord, LearningRecord, WithheldRecord};

/// Purpose of the draws that give records their ids.
const DRAW_RECORD: u64 = 0x6172_6d73;

/// Most records that wait to be written.
const UNSURE_MAX: usize = 65_536;

/// Counts that wait to be written.
#[derive(Debug, Default)]
pub(super) struct ArmCounts(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// Decisions, and those of them that offered something.
    counts: BTreeMap<Key, (u64, u64)>,
    /// Records that may have been written: written again as they are, they count once.
    unsure: Vec<Vec<u8>>,
}

impl Engine {
    /// Counts a decision, where there is an experiment.
    pub(super) fn count_arm(&self, decided: &Decided, customer: u64) {
        let Some(arm) = experiment::arm_key(&decided.snapshot.catalog, customer) else { return };
        let mut placements =
            decided.decision.channels.iter().flat_map(|channel| &channel.placements);
        let offered = placements.any(|placement| !placement.offers.is_empty());
        let mut waiting = self.arms.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.counts.entry(arm).or_default();
        count.0 += 1;
        count.1 += u64::from(offered);
    }

    /// Keeps what was withheld from a customer of the control group until it is written; what comes
    /// when too much waits is left out and counted.
    pub(super) fn note_withheld(&self, withheld: Vec<WithheldRecord>) {
        if withheld.is_empty() {
            return;
        }
        let mut waiting = self.arms.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.unsure.len() + withheld.len() > UNSURE_MAX {
            metrics::counter!("arbitra_withheld_dropped_total").increment(withheld.len() as u64);
            return;
        }
        waiting
            .unsure
            .extend(withheld.into_iter().map(|record| LearningRecord::Withheld(record).encode()));
    }

    /// Writes what was counted; what could not be written is written with the next.
    pub(super) async fn write_arms(&self) {
        let records = {
            let mut waiting = self.arms.0.lock().unwrap_or_else(PoisonError::into_inner);
            let counts = std::mem::take(&mut waiting.counts);
            let mut records = std::mem::take(&mut waiting.unsure);
            records.extend(counts.into_iter().map(|(arm, (decisions, offered))| {
                let id = mix64(self.draw_seed(), DRAW_RECORD);
                let (kind, value) = (None, 0.0);
                let record = ArmRecord { id, arm, decisions, offered, kind, value };
                LearningRecord::Arm(record).encode()
            }));
            records
        };
        if records.is_empty() {
            return;
        }
        let entries = records.iter().map(|record| record.clone().into()).collect();
        if let Err(error) = self.store.append_log(entries).await {
            tracing::warn!(%error, "decisions by arm could not be written");
            let mut waiting = self.arms.0.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.unsure.extend(records);
        }
    }
}
