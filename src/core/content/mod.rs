//! What is shown: texts made personal, `markup`, `address` and `shape` say what may be shown at all. `compile` turns texts into checked templates when a catalog
//! is loaded, `render` fills one in for one customer, `locale` picks the language, `filters` and
//! `escape` say how values look. Nothing here decides what is offered.

mod address;
mod compile;
mod escape;
mod filters;
mod locale;
mod markup;
mod number;
mod render;
mod shape;
mod values;

pub use address::refused_scheme;
pub use compile::{Read, TemplateFault, TemplateKind, Templates, TemplatesBuilder};
pub use locale::pick;
pub use render::{ContentError, RENDERED_BYTES_MAX, Scene};
pub use shape::{Shape, check};
