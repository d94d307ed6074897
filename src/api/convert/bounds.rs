//! What a request may hold at most.

/// Bytes of a customer's id or an identity's.
pub const ID_BYTES_MAX: usize = 256;
/// Bytes of a request's, event's, outcome's, interaction's or item's id.
pub const REQUEST_ID_BYTES_MAX: usize = 128;
/// Bytes of a text value.
pub const TEXT_BYTES_MAX: usize = 1024;
/// Entries of a list value.
pub const LIST_ENTRIES_MAX: usize = 64;
/// Entries of a context, of an event's fields, or of a set of attributes.
pub const ENTRIES_MAX: usize = 256;
/// Items of a batch.
pub const BATCH_MAX: usize = 1_000;
/// Channels of a decision.
pub const CHANNELS_MAX: usize = 16;
/// Names in one list of an offer filter.
pub const FILTER_NAMES_MAX: usize = 64;
/// Identities of a request.
pub const IDENTITIES_MAX: usize = 16;
/// Schemes to compare.
pub const COMPARE_SCHEMES_MAX: usize = 4;
/// Consents of a request.
pub const CONSENTS_MAX: usize = 64;
/// Bytes of the reason of an outcome.
pub const REASON_BYTES_MAX: usize = 64;
/// Bytes of a locale.
pub const LOCALE_BYTES_MAX: usize = 35;
/// Items of one message of a stream of decisions.
pub const STREAM_ITEMS_MAX: usize = 256;
/// Recent things shown of a profile, and by default.
pub const RECENT_MAX: u32 = 1_000;
/// See [`RECENT_MAX`].
pub const RECENT_DEFAULT: u32 = 50;
/// Things on a page, and by default.
pub const PAGE_MAX: i32 = 1_000;
/// See [`PAGE_MAX`].
pub const PAGE_DEFAULT: i32 = 100;
/// Placements of a channel; as many as a catalog can declare.
pub const PLACEMENTS_MAX: usize = 128;
