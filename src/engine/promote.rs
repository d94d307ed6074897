//! Promoting a challenger: said in the learning log, so that every replica does it at the same
//! position.

use super::error::EngineError;
use super::state::Engine;
use crate::core::key::{Key, mix64};
use crate::core::learn::{LearningRecord, PromoteRecord};

impl Engine {
    /// The challenger of that name and the model that serves change places, on all replicas; the
    /// position of the learning log where they do. Whether there is such a challenger is asked
    /// before.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn promote(&self, name: Key) -> Result<u64, EngineError> {
        let id = mix64(u64::from(name.0), self.draw_seed());
        let record = LearningRecord::Promote(PromoteRecord { id, name }).encode();
        Ok(self.store.append_log(vec![record.into()]).await?)
    }
}
