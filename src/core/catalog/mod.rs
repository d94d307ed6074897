//! The compiled, immutable content of a rules folder: one version, one hash. `source` is the folder
//! as written; `load` reads and checks it, collecting every fault; `compile` turns it into a
//! [`Catalog`]. Nothing here decides anything.

pub mod fault;
mod lookup;
mod model;
pub mod schema;
pub mod source;

pub use model::{
    Catalog, CatalogVersion, Channel, Content, ContentVariant, ExclusionSpec, Group, ModelsSpec,
    Number, Objective, Offer, Placement, Prior, Scheme, SchemeFormula, Treatment,
};
