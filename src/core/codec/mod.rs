//! Compact bytes: `bytes` has varints, keys and floats, `bits` packs below the byte, `cow` holds
//! bounded maps that are cheap to clone and encode. What the learning log, the checkpoints and
//! remembered decisions are written with.

pub mod bits;
pub mod bytes;
pub mod cow;

pub use bytes::{CodecError, Reader, Writer};
