//! What is shown: texts made personal. `compile` turns texts into checked templates when a catalog
//! is loaded, `render` fills one in for one customer, `locale` picks the language, `filters` and
//! `escape` say how values look. Nothing here decides what is offered.

mod compile;
mod escape;
mod filters;
mod locale;
mod number;
mod render;
mod values;

pub use compile::{Read, TemplateFault, TemplateKind, Templates, TemplatesBuilder};
pub use locale::pick;
pub use render::{ContentError, RENDERED_BYTES_MAX, Scene};
