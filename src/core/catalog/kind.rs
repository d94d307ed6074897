//! Which file of a rules folder is which.

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::Value;

use super::source::{
    ArbitrationFile, CasesFile, ChannelsFile, ExperimentsFile, ModelsFile, ObjectivesFile,
    OffersFile, PoliciesFile, SchemaFile, SegmentsFile, SourcesFile, TablesFile,
};

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// `schema.yaml`.
    Schema,
    /// `channels.yaml`.
    Channels,
    /// `arbitration.yaml`.
    Arbitration,
    /// `objectives.yaml`.
    Objectives,
    /// `segments.yaml`.
    Segments,
    /// `models.yaml`.
    Models,
    /// `offers/*.yaml`.
    Offers,
    /// `policies/*.yaml`.
    Policies,
    /// `cases/*.yaml`.
    Cases,
    /// `experiments.yaml`.
    Experiments,
    /// `sources.yaml`.
    Sources,
    /// `tables/*.yaml` and `tables/*.csv`.
    Tables,
}

impl FileKind {
    /// All kinds, in reading order.
    pub const ALL: [Self; 12] = [
        Self::Schema,
        Self::Channels,
        Self::Arbitration,
        Self::Objectives,
        Self::Segments,
        Self::Models,
        Self::Offers,
        Self::Policies,
        Self::Cases,
        Self::Experiments,
        Self::Sources,
        Self::Tables,
    ];

    /// The name: of the file without its ending, or of the folder.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Channels => "channels",
            Self::Arbitration => "arbitration",
            Self::Objectives => "objectives",
            Self::Segments => "segments",
            Self::Models => "models",
            Self::Offers => "offers",
            Self::Policies => "policies",
            Self::Cases => "cases",
            Self::Experiments => "experiments",
            Self::Sources => "sources",
            Self::Tables => "tables",
        }
    }

    /// Whether files of this kind stand in a folder of their own.
    #[must_use]
    pub fn in_folder(self) -> bool {
        matches!(self, Self::Offers | Self::Policies | Self::Cases | Self::Tables)
    }

    /// The kind of the file at `path` (within the rules folder, with `/`); `None`: not of ours.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        if path.starts_with("tables/") && path.ends_with(".csv") {
            return Some(Self::Tables);
        }
        let stem = path.strip_suffix(".yaml").or_else(|| path.strip_suffix(".yml"))?;
        Self::ALL.into_iter().find(|kind| match stem.split_once('/') {
            None => !kind.in_folder() && stem == kind.name(),
            Some((folder, _)) => kind.in_folder() && folder == kind.name(),
        })
    }

    /// The JSON Schema of files of this kind (draft 2020-12), for editors and for validation.
    #[must_use]
    pub fn json_schema(self) -> Value {
        let schema = match self {
            Self::Schema => schema_of::<SchemaFile>(),
            Self::Channels => schema_of::<ChannelsFile>(),
            Self::Arbitration => schema_of::<ArbitrationFile>(),
            Self::Objectives => schema_of::<ObjectivesFile>(),
            Self::Segments => schema_of::<SegmentsFile>(),
            Self::Models => schema_of::<ModelsFile>(),
            Self::Offers => schema_of::<OffersFile>(),
            Self::Policies => schema_of::<PoliciesFile>(),
            Self::Cases => schema_of::<CasesFile>(),
            Self::Experiments => schema_of::<ExperimentsFile>(),
            Self::Sources => schema_of::<SourcesFile>(),
            Self::Tables => schema_of::<TablesFile>(),
        };
        schema.to_value()
    }
}

/// The JSON Schema of files of `kind`.
#[must_use]
pub fn json_schema(kind: FileKind) -> Value {
    kind.json_schema()
}

fn schema_of<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_deserialize();
    SchemaGenerator::new(settings).into_root_schema_for::<T>()
}
