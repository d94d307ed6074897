//! The compiled, immutable content of a rules folder: one version, one hash. `source` is the folder
//! as written; `yaml`, `validate` and `read` take it in, with positions; `compile` turns it into a
//! [`Catalog`]; `load` does all of it, `fault` says what is wrong, and `analysis` what is
//! right and probably not meant. Nothing here decides anything.

mod analysis;
mod changes;
mod compile;
mod csv;
pub mod fault;
pub mod hostile;
mod kind;
mod load;
mod lookup;
mod model;
mod read;
pub mod schema;
pub mod source;
mod validate;
pub mod yaml;

#[cfg(test)]
mod tests;

pub use changes::changes;
pub use compile::{
    Case, Expected, Factor, Happened, LiteralError, OFFERS_MAX, Stopped, in_range, type_name,
    value_of,
};
pub use kind::{FileKind, json_schema};
pub use load::{Inspected, Loaded, inspect, load};
pub use model::{
    Catalog, CatalogVersion, ChallengerShare, Challengers, Channel, Content, ContentVariant,
    ExclusionSpec, Group, HeadsSpec, ModelsSpec, Number, Objective, Offer, Placement, Prior,
    Replaces, Scheme, SchemeFormula, Treatment, ValueSpec,
};
pub use read::{FILES_MAX, FOLDER_BYTES_MAX};
