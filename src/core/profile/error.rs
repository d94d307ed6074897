//! What a profile refuses.

/// Why a change or a stored form was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// The stored form has a major version that this build does not know.
    #[error("stored profile has version {0}, this build reads version {max}", max = super::codec::VERSION)]
    UnknownVersion(u8),
    /// The stored form is damaged.
    #[error("stored profile is damaged: {0}")]
    Malformed(&'static str),
    /// A limit of the profile is reached.
    #[error("too many {what}: at most {max}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// A number that is not finite.
    #[error("number is not finite")]
    NotFinite,
    /// A value of a kind that profiles do not hold.
    #[error("a {0} cannot be stored")]
    Unsupported(&'static str),
}
