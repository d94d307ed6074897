//! Time as rules write it: zones, periods, windows, hours of the day.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where customers live: read by quiet hours and by limits of calendar periods.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TimeZoneSource {
    /// The attribute (a string) that holds the customer's zone (`Europe/Madrid`), as
    /// `schema.yaml` names it, without `customer.`. Default: none, all customers live in
    /// `default`.
    pub attribute: Option<String>,
    /// The zone of customers of whom none is known, and of rules that name none. Default: `UTC`.
    pub default: Option<String>,
}

/// A part of the day, on the clocks of a zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursSource {
    /// Days of the week, `monday` to `sunday`. Default: all.
    #[serde(default)]
    pub days: Vec<DaySource>,
    /// First minute (`09:00`). Default: `00:00`.
    pub from: Option<String>,
    /// First minute after it (`18:30`; `24:00` for midnight). Default: `24:00`.
    pub to: Option<String>,
    /// IANA zone. Default: the default zone of `channels.yaml`, else `UTC`.
    pub zone: Option<String>,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "days need no words")]
pub enum DaySource {
    Sunday,
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
}

/// A largest number, or the word that there is none: never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum MaxSource {
    /// At most so many, ≥ 1.
    Number(u32),
    /// The word `unlimited`: nothing is limited.
    Word(Unlimited),
}

/// The word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unlimited {
    /// Nothing is limited.
    Unlimited,
}

/// One, or a list of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// One.
    One(T),
    /// Several.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}
