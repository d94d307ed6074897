//! Laws of learning: what a log teaches depends on the log alone.
