//! Forgetting a customer: what the models keep of single customers goes at the same position of
//! the log on every replica.

use crate::core::codec::bytes::{CodecError, Reader, Writer};

/// A customer was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForgetRecord {
    /// Hash of the erasure's id.
    pub id: u64,
    /// Hash of the customer's id.
    pub customer: u64,
}

/// Appends a record.
pub(super) fn encode(record: &ForgetRecord, out: &mut Writer) {
    out.u64(record.id);
    out.u64(record.customer);
}

/// Takes a record.
pub(super) fn decode(input: &mut Reader<'_>) -> Result<ForgetRecord, CodecError> {
    Ok(ForgetRecord { id: input.u64()?, customer: input.u64()? })
}
