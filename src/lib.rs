//! Arbitra.
