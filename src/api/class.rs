//! Who goes first when there is more to do than can be done.

use std::str::FromStr;

/// A kind of caller, by how long its own callers can wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Nobody waits: a campaign that may take a second longer.
    Campaign,
    /// Somebody looks at a page that is being built.
    #[default]
    Web,
    /// Somebody is on the telephone.
    CallCentre,
}

impl Class {
    /// All, those who wait first.
    pub const ALL: [Self; 3] = [Self::Campaign, Self::Web, Self::CallCentre];

    /// Its name in files, headers and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Web => "web",
            Self::CallCentre => "call_centre",
        }
    }
}

impl FromStr for Class {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|class| class.name() == text);
        found.ok_or_else(|| {
            format!("`{text}` is no priority; there are call_centre, web and campaign")
        })
    }
}
