//! The roles, and which of them each method needs.

use std::fmt;
use std::str::FromStr;

/// What a caller may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Ask for decisions.
    Decide,
    /// Record events and outcomes.
    Record,
    /// Read profiles, and export them.
    ProfileRead,
    /// Change profiles, consents and identities.
    ProfileWrite,
    /// Erase profiles.
    ProfileErase,
    /// Read the catalog, and validate another.
    CatalogRead,
    /// Publish catalogs, and go back to earlier ones.
    CatalogPublish,
    /// Read figures about offers, models and the service.
    Insight,
    /// Everything.
    Admin,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 9] = [
        Self::Decide,
        Self::Record,
        Self::ProfileRead,
        Self::ProfileWrite,
        Self::ProfileErase,
        Self::CatalogRead,
        Self::CatalogPublish,
        Self::Insight,
        Self::Admin,
    ];

    /// Its name in files and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::Record => "record",
            Self::ProfileRead => "profile.read",
            Self::ProfileWrite => "profile.write",
            Self::ProfileErase => "profile.erase",
            Self::CatalogRead => "catalog.read",
            Self::CatalogPublish => "catalog.publish",
            Self::Insight => "insight",
            Self::Admin => "admin",
        }
    }

    /// Whether it allows what `needed` allows.
    #[must_use]
    pub fn allows(self, needed: Self) -> bool {
        self == Self::Admin || self == needed
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|role| role.name()).collect();
            format!("`{text}` is no role; there are {}", names.join(", "))
        })
    }
}

/// What a method needs of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: whoever balances load or starts processes asks it.
    Nothing,
    /// To be known, whatever the role: reflection, and what is not served.
    Caller,
    /// A role; an act that is audited when `audited`.
    Role {
        /// The role.
        role: Role,
        /// Whether every such call leaves a line in the audit log.
        audited: bool,
    },
}

/// What the method at `path` (`/package.Service/Method`) needs.
#[must_use]
pub fn need(path: &str) -> Need {
    if path.starts_with("/grpc.health.v1.Health/") {
        return Need::Nothing;
    }
    let found = path
        .strip_prefix("/arbitra.v1.")
        .and_then(|method| METHODS.iter().find(|(name, ..)| *name == method));
    found.map_or(Need::Caller, |&(_, role, audited)| Need::Role { role, audited })
}

/// Every method of `arbitra.v1`, the role it needs, and whether it is audited. The most called
/// stand first.
const METHODS: &[(&str, Role, bool)] = &[
    ("DecisionService/Decide", Role::Decide, false),
    ("DecisionService/DecideStream", Role::Decide, false),
    ("DecisionService/GetDecision", Role::Decide, false),
    ("InteractionService/RecordEvents", Role::Record, false),
    ("InteractionService/RecordOutcomes", Role::Record, false),
    ("InteractionService/RecordStream", Role::Record, false),
    ("ProfileService/GetProfile", Role::ProfileRead, false),
    ("ProfileService/UpdateProfile", Role::ProfileWrite, false),
    ("ProfileService/SetConsent", Role::ProfileWrite, true),
    ("ProfileService/MergeProfiles", Role::ProfileWrite, true),
    ("ProfileService/ImportProfiles", Role::ProfileWrite, true),
    ("ProfileService/ExportProfile", Role::ProfileRead, true),
    ("ProfileService/EraseProfile", Role::ProfileErase, true),
    ("CatalogService/GetCatalog", Role::CatalogRead, false),
    ("CatalogService/ListOffers", Role::CatalogRead, false),
    ("CatalogService/ValidateCatalog", Role::CatalogRead, false),
    ("CatalogService/ListCatalogVersions", Role::CatalogRead, false),
    ("CatalogService/PublishCatalog", Role::CatalogPublish, true),
    ("CatalogService/RollbackCatalog", Role::CatalogPublish, true),
    ("CatalogService/PromoteModel", Role::CatalogPublish, true),
    ("InsightService/GetOfferInsights", Role::Insight, false),
    ("InsightService/GetModelInsights", Role::Insight, false),
    ("InsightService/GetObjectiveInsights", Role::Insight, false),
    ("InsightService/GetLimitInsights", Role::Insight, false),
    ("InsightService/GetServiceInsights", Role::Insight, false),
    ("InsightService/GetScorecard", Role::Insight, false),
    ("InsightService/WatchDecisions", Role::Insight, false),
];

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;
    use crate::api::wire::FILE_DESCRIPTOR_SET;

    #[test]
    fn the_table_names_every_method_of_the_protos_and_no_other() {
        let set = prost_types::FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
        let mut served: Vec<String> = Vec::new();
        for service in set.file.iter().flat_map(|file| &file.service) {
            for method in &service.method {
                served.push(format!("{}/{}", service.name(), method.name()));
            }
        }
        let mut listed: Vec<_> = METHODS.iter().map(|(name, ..)| (*name).to_owned()).collect();
        served.sort();
        listed.sort();
        assert_eq!(listed, served);
    }

    #[test]
    fn health_is_open_and_what_is_not_listed_is_not() {
        assert_eq!(need("/grpc.health.v1.Health/Check"), Need::Nothing);
        for path in ["/grpc.reflection.v1.ServerReflection/Info", "/x", "/arbitra.v1.New/Method"] {
            assert_eq!(need(path), Need::Caller, "{path}");
        }
        let erase = Need::Role { role: Role::ProfileErase, audited: true };
        assert_eq!(need("/arbitra.v1.ProfileService/EraseProfile"), erase);
    }

    #[test]
    fn only_admin_allows_more_than_itself() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
            assert!(Role::Admin.allows(role));
            assert_eq!(
                role.allows(Role::ProfileErase),
                matches!(role, Role::ProfileErase | Role::Admin)
            );
        }
    }
}
