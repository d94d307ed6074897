//! Models as bytes: magic, version, checksum (XXH3) of the rest, position, then each part. A
//! restored checkpoint makes identical updates and encodes to identical bytes.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::arms::ArmTallies;
use super::challengers::Challengers;
use super::funnel::Funnel;
use super::head_tally::HeadTallies;
use super::heads::Heads;
use super::models::{Counts, Models};
use super::pending::Pending;
use super::seen::Seen;
use super::tally::Tallies;
use crate::core::affinity::Affinity;
use crate::core::codec::bytes::{CodecError, Reader, Writer};
use crate::core::propensity::Propensity;
use crate::core::segment::Populations;

const MAGIC: &[u8] = b"arbm";
const VERSION: u8 = 6;
/// The layout before the models beside the propensity had tallies.
const WITHOUT_HEAD_TALLIES: u8 = 5;

impl Models {
    /// The whole state.
    #[must_use]
    pub fn checkpoint(&self) -> Vec<u8> {
        let body = self.body();
        let mut out = Writer(Vec::with_capacity(body.len() + 13));
        out.0.extend_from_slice(MAGIC);
        out.u8(VERSION);
        out.u64(xxh3_64(&body));
        out.0.extend_from_slice(&body);
        out.0
    }

    /// The position of a checkpoint, without restoring it.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are damaged, of another version, or no checkpoint.
    pub fn position_of(checkpoint: &[u8]) -> Result<u64, CodecError> {
        opened(checkpoint)?.1.u64()
    }

    /// The models of a checkpoint, settings included.
    ///
    /// # Errors
    /// [`CodecError`] when the bytes are damaged, of another version, or no checkpoint.
    pub fn restore(bytes: &[u8]) -> Result<Self, CodecError> {
        let (version, mut input) = opened(bytes)?;
        let position = input.u64()?;
        let counts = Counts {
            outcomes: input.varint()?,
            items: input.varint()?,
            duplicates: input.varint()?,
            unknown: input.varint()?,
            corrupt: input.varint()?,
        };
        let mut models = Self {
            position,
            counts,
            seen: Seen::decode(&mut input)?,
            tallies: Tallies::decode(&mut input)?,
            arms: ArmTallies::decode(&mut input)?,
            propensity: Propensity::decode(&mut input)?,
            affinity: Affinity::decode(&mut input)?,
            populations: Populations::decode(&mut input)?,
            funnel: Funnel::decode(&mut input)?,
            pending: Pending::decode(&mut input)?,
            heads: Heads::decode(&mut input)?,
            challengers: Challengers::decode(&mut input)?,
        };
        if version >= VERSION {
            models.heads.tallies = Arc::new(HeadTallies::decode(&mut input)?);
        }
        if !input.rest().is_empty() {
            return Err(CodecError::Invalid("end of a checkpoint"));
        }
        Ok(models)
    }

    /// Hash of the exact state: equal on replicas at the same position. As costly as a
    /// checkpoint: for comparing now and then, not for every decision.
    #[must_use]
    pub fn digest(&self) -> u64 {
        xxh3_64(&self.body())
    }

    fn body(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.u64(self.position);
        for count in [
            self.counts.outcomes,
            self.counts.items,
            self.counts.duplicates,
            self.counts.unknown,
            self.counts.corrupt,
        ] {
            out.varint(count);
        }
        self.seen.encode(&mut out);
        self.tallies.encode(&mut out);
        self.arms.encode(&mut out);
        self.propensity.encode(&mut out);
        self.affinity.encode(&mut out);
        self.populations.encode(&mut out);
        self.funnel.encode(&mut out);
        self.pending.encode(&mut out);
        self.heads.encode(&mut out);
        self.challengers.encode(&mut out);
        self.heads.tallies.encode(&mut out);
        out.0
    }
}

/// A checkpoint's version and body, once its head and checksum hold.
fn opened(bytes: &[u8]) -> Result<(u8, Reader<'_>), CodecError> {
    let mut input = Reader::new(bytes);
    if input.take(MAGIC.len())? != MAGIC {
        return Err(CodecError::Invalid("magic of a checkpoint"));
    }
    let version = input.u8()?;
    match version {
        VERSION | WITHOUT_HEAD_TALLIES => {}
        version => return Err(CodecError::Version(version)),
    }
    if input.u64()? != xxh3_64(input.rest()) {
        return Err(CodecError::Checksum);
    }
    Ok((version, input))
}
