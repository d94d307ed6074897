//! Laws of the affinity model.
