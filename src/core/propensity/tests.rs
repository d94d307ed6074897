//! Laws of the propensity model.
