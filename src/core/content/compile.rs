//! Texts to templates, when a catalog is loaded: syntax and names are checked, each distinct text
//! is compiled once.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value};

use super::{escape, filters, markup, values};
use crate::core::expression::{Slot, Type};

/// Steps a rendering may take; a text of a few lines takes under a hundred.
const FUEL: u64 = 20_000;
/// Deepest nesting while rendering.
const RECURSION_MAX: usize = 64;
/// Longest text, in bytes.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// What a template's values are made safe for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TemplateKind {
    /// HTML: values are HTML-escaped.
    Html,
    /// Plain text: values go in as they are.
    Plain,
    /// An address: values are percent-encoded.
    Address,
    /// JSON: values go inside of strings.
    Json,
}

/// A name that a template reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Read {
    /// A value of the frame.
    Slot {
        /// `customer`, `context`, `segment`; empty for a name without a dot.
        root: Arc<str>,
        /// The last part of the name.
        name: Arc<str>,
        /// Where it stands.
        slot: Slot,
    },
    /// A fact of the offer.
    Fact(Arc<str>),
    /// `offer.id`.
    OfferId,
    /// `offer.name`, in the text's locale.
    OfferName,
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFault {
    /// Line within the text, from 1, where known.
    pub line: Option<usize>,
    /// The name that is wrong, where that is it.
    pub name: Option<String>,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
}

impl TemplateFault {
    fn about(name: &str, message: String, hint: Option<String>) -> Self {
        Self { line: None, name: Some(name.to_owned()), message, hint }
    }
}

/// The compiled templates of a catalog.
pub struct Templates {
    pub(super) environment: Environment<'static>,
    pub(super) reads: HashMap<Arc<str>, Arc<[Read]>>,
}

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Templates({})", self.reads.len())
    }
}

impl Default for Templates {
    fn default() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(RECURSION_MAX);
        // Values are escaped already; `escape` would mark them safe everywhere.
        for name in ["safe", "escape", "e"] {
            environment.remove_filter(name);
        }
        environment.remove_filter("pprint");
        for name in ["range", "lipsum", "debug", "dict", "namespace"] {
            environment.remove_global(name);
        }
        escape::install(&mut environment);
        filters::add(&mut environment);
        Self { environment, reads: HashMap::new() }
    }
}

impl Templates {
    /// Number of distinct templates.
    #[must_use]
    pub fn len(&self) -> usize {
        self.reads.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reads.is_empty()
    }
}

/// What a dotted name is, for those who compile texts: what to read, and its type.
pub type Resolve<'r> = dyn Fn(&str) -> Result<(Read, Type), (String, Option<String>)> + 'r;

type Known = HashMap<(TemplateKind, Arc<str>), Result<Added, Vec<TemplateFault>>>;

/// A compiled text: the name of its template and what it reads; `None` when it has no placeholder.
pub type Added = Option<Compiled>;

/// The name of a template and what it reads.
pub type Compiled = (Arc<str>, Arc<[Read]>);

/// Gathers templates while a catalog is compiled.
#[derive(Debug, Default)]
pub struct TemplatesBuilder {
    templates: Templates,
    known: Known,
}

impl TemplatesBuilder {
    /// Compiles `text`; `resolve` says what its names stand for.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn add(
        &mut self,
        text: &str,
        kind: TemplateKind,
        resolve: &Resolve<'_>,
    ) -> Result<Added, Vec<TemplateFault>> {
        if !text.contains("{{") && !text.contains("{%") && !text.contains("{#") {
            return Ok(None);
        }
        let key = (kind, Arc::from(text));
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let added = self.compile(text, kind, resolve).map(Some);
        self.known.insert(key, added.clone());
        added
    }

    /// The templates.
    #[must_use]
    pub fn finish(self) -> Templates {
        self.templates
    }

    fn compile(
        &mut self,
        text: &str,
        kind: TemplateKind,
        resolve: &Resolve<'_>,
    ) -> Result<Compiled, Vec<TemplateFault>> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(vec![TemplateFault {
                line: None,
                name: None,
                message: format!("a text has at most {TEXT_BYTES_MAX} bytes"),
                hint: None,
            }]);
        }
        if let Some(fault) = unescapable(text, kind) {
            return Err(vec![fault]);
        }
        let name: Arc<str> =
            format!("{}:{}", escape::prefix(kind), self.templates.reads.len()).into();
        let environment = &mut self.templates.environment;
        let added = environment.add_template_owned(name.to_string(), text.to_owned());
        added.map_err(|error| vec![from_minijinja(&error, "this is not a template")])?;
        let template = environment
            .get_template(&name)
            .map_err(|error| vec![from_minijinja(&error, "this is not a template")])?;
        let mut paths: Vec<String> = template.undeclared_variables(true).into_iter().collect();
        paths.sort_unstable();
        let mut faults = Vec::new();
        let mut reads = Vec::new();
        let mut samples = Context::default();
        for path in paths {
            match read(&path, resolve) {
                Ok((read, ty)) => {
                    samples.put(&read, values::sample(&ty));
                    reads.push(read);
                }
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() {
            // Tried out on made-up values: only what is wrong for all values counts.
            let tried = template.render(samples.finish("en")).err();
            faults.extend(tried.and_then(|error| match error.kind() {
                ErrorKind::UnknownFilter => Some(from_minijinja(&error, "unknown filter")),
                ErrorKind::UnknownTest => Some(from_minijinja(&error, "unknown test")),
                ErrorKind::UnknownFunction => Some(from_minijinja(&error, "unknown function")),
                ErrorKind::OutOfFuel => Some(from_minijinja(&error, "the text takes too long")),
                _ => None,
            }));
        }
        if !faults.is_empty() {
            self.templates.environment.remove_template(&name);
            return Err(faults);
        }
        reads.dedup();
        let reads: Arc<[Read]> = reads.into();
        self.templates.reads.insert(name.clone(), reads.clone());
        Ok((name, reads))
    }
}

/// A fault where escaping cannot make the values in `text` safe.
fn unescapable(text: &str, kind: TemplateKind) -> Option<TemplateFault> {
    let fault = |message: String, hint: &str| TemplateFault {
        line: None,
        name: None,
        message,
        hint: Some(hint.to_owned()),
    };
    let switched = text.split("{%").skip(1).any(|tag| {
        let tag = tag.trim_start_matches(['-', '+', ' ']);
        tag.starts_with("autoescape")
    });
    if switched {
        let message = "escaping cannot be switched off".to_owned();
        return Some(fault(message, "values are escaped for where they go; leave the tag out"));
    }
    let place = markup::unsafe_place(text).filter(|_| kind == TemplateKind::Html)?;
    let message = format!("a value cannot stand in {place}: no escaping makes it safe there");
    let hint = "put it between tags or in a quoted attribute; an address is content of type `link`";
    Some(fault(message, hint))
}

/// What `path`, a name as minijinja gives it, stands for.
fn read(path: &str, resolve: &Resolve<'_>) -> Result<(Read, Type), TemplateFault> {
    const ROOTS: [&str; 5] = ["customer", "context", "offer", "segment", "score"];
    if ROOTS.contains(&path) {
        return Err(TemplateFault::about(
            path,
            format!("`{path}` is not a value of its own"),
            Some(format!("name what is meant: `{path}.NAME`")),
        ));
    }
    // `customer.tags.first` reads `customer.tags`.
    let short = match path.match_indices('.').nth(1) {
        Some((end, _)) => path.get(..end).unwrap_or(path),
        None => path,
    };
    resolve(short).map_err(|(message, hint)| TemplateFault::about(short, message, hint))
}

fn from_minijinja(error: &minijinja::Error, what: &str) -> TemplateFault {
    let detail = error.detail().unwrap_or_default();
    TemplateFault {
        line: error.line(),
        name: None,
        message: if detail.is_empty() { what.to_owned() } else { format!("{what}: {detail}") },
        hint: None,
    }
}

/// The names and values that a template sees.
#[derive(Default)]
pub(super) struct Context {
    roots: BTreeMap<String, BTreeMap<String, Value>>,
    names: BTreeMap<String, Value>,
}

impl Context {
    /// Sets what `read` stands for.
    pub(super) fn put(&mut self, read: &Read, value: Value) {
        let (root, name) = match read {
            Read::Slot { root, name, .. } => (&**root, &**name),
            Read::Fact(name) => ("offer", &**name),
            Read::OfferId => ("offer", "id"),
            Read::OfferName => ("offer", "name"),
        };
        if root.is_empty() {
            self.names.insert(name.to_owned(), value);
        } else {
            let entries = self.roots.entry(root.to_owned()).or_default();
            entries.insert(name.to_owned(), value);
        }
    }

    /// Lets `read`'s root exist, so that what is missing is `undefined` and not an error by itself.
    pub(super) fn open(&mut self, read: &Read) {
        let root = match read {
            Read::Slot { root, .. } => &**root,
            Read::Fact(_) | Read::OfferId | Read::OfferName => "offer",
        };
        if !root.is_empty() {
            self.roots.entry(root.to_owned()).or_default();
        }
    }

    /// All of it, in `locale`.
    pub(super) fn finish(self, locale: &str) -> Value {
        let mut names = self.names;
        names.insert("locale".to_owned(), Value::from(locale));
        names.extend(self.roots.into_iter().map(|(root, entries)| (root, Value::from(entries))));
        Value::from(names)
    }
}
