//! Compact bytes: varints, keys, floats, bit packing. What the profile, the learning log, the
//! checkpoints and remembered decisions are written with.

pub use crate::core::learn::bytes::{CodecError, Reader, Writer};
