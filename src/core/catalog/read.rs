//! From files to source structs. A file that is wrong in part is mended by leaving out what is
//! wrong, once that is reported, so that the rest is still checked in the same run.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::csv;
use super::fault::{Document, Faults, Place, Severity};
use super::kind::FileKind;
use super::source::{
    ArbitrationFile, CasesFile, ChannelsFile, ExperimentsFile, ModelsFile, ObjectivesFile,
    OffersFile, PoliciesFile, SchemaFile, SegmentsFile, SourcesFile, TablesFile,
};
use super::validate::{Finding, Step, validate};
use super::yaml::{self, Node, NodeContent};

/// Most files of a folder.
pub const FILES_MAX: usize = 4096;
/// Most bytes of a folder.
pub const FOLDER_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A file, read.
#[derive(Debug)]
pub(super) struct Parsed<T> {
    /// Its text and positions.
    pub document: Document,
    /// Its content.
    pub source: T,
}

/// A folder, read as far as it could be.
#[derive(Debug, Default)]
pub(super) struct Folder {
    pub schema: Option<Parsed<SchemaFile>>,
    pub channels: Option<Parsed<ChannelsFile>>,
    pub arbitration: Option<Parsed<ArbitrationFile>>,
    pub objectives: Option<Parsed<ObjectivesFile>>,
    pub segments: Option<Parsed<SegmentsFile>>,
    pub models: Option<Parsed<ModelsFile>>,
    pub offers: Vec<Parsed<OffersFile>>,
    pub policies: Vec<Parsed<PoliciesFile>>,
    pub cases: Vec<Parsed<CasesFile>>,
    pub experiments: Option<Parsed<ExperimentsFile>>,
    pub sources: Option<Parsed<SourcesFile>>,
    pub tables: Vec<Parsed<TablesFile>>,
    /// What was left out.
    pub broken: Broken,
}

/// What was left out after its faults were reported: naming it is not a second fault.
#[derive(Debug, Default)]
pub(super) struct Broken {
    names: HashSet<String>,
    files: BTreeSet<FileKind>,
}

impl Broken {
    /// Whether an unknown `name` of something declared in files of `kind` may be one left out.
    pub(super) fn excuses(&self, kind: FileKind, name: &str) -> bool {
        self.files.contains(&kind) || self.names.contains(name)
    }

    /// Whether an unknown `name` in an expression or text may be one left out.
    pub(super) fn named(&self, name: &str) -> bool {
        self.excuses(FileKind::Schema, name)
    }

    /// Whether a file of `kind` was left out.
    pub(super) fn lost(&self, kind: FileKind) -> bool {
        self.files.contains(&kind)
    }
}

/// Reads all files; what is wrong goes to `faults`.
pub(super) fn read(files: &[&(String, Vec<u8>)], faults: &Faults) -> Folder {
    let mut folder = Folder::default();
    if !within_limits(files, faults) {
        return folder;
    }
    let mut seen: BTreeMap<FileKind, &str> = BTreeMap::new();
    for (path, bytes) in files {
        let Some(kind) = FileKind::of(path) else {
            unknown_file(path, faults);
            continue;
        };
        if !kind.in_folder()
            && let Some(first) = seen.insert(kind, path)
        {
            let message = format!("there is `{first}` already");
            faults.file(Severity::Error, path, message, None);
            continue;
        }
        seen.insert(kind, path);
        let broken = &mut folder.broken;
        let file = File { kind, path, bytes, faults };
        match kind {
            FileKind::Schema => folder.schema = file.parse(broken),
            FileKind::Channels => folder.channels = file.parse(broken),
            FileKind::Arbitration => folder.arbitration = file.parse(broken),
            FileKind::Objectives => folder.objectives = file.parse(broken),
            FileKind::Segments => folder.segments = file.parse(broken),
            FileKind::Models => folder.models = file.parse(broken),
            FileKind::Offers => folder.offers.extend(file.parse(broken)),
            FileKind::Policies => folder.policies.extend(file.parse(broken)),
            FileKind::Cases => folder.cases.extend(file.parse(broken)),
            FileKind::Experiments => folder.experiments = file.parse(broken),
            FileKind::Sources => folder.sources = file.parse(broken),
            FileKind::Tables => folder.tables.extend(file.parse(broken)),
        }
    }
    missing_files(&seen, files.is_empty(), faults);
    for (kind, path) in seen {
        if folder.broken.lost(kind) {
            folder.stand_in(kind, path);
        }
    }
    folder
}

impl Folder {
    /// Puts an empty file in the place of a required one that was left out, so that the others can
    /// be checked against what is left.
    fn stand_in(&mut self, kind: FileKind, path: &str) {
        let document = || Document::new(path, "");
        match kind {
            FileKind::Schema => self.schema = Some(Parsed::empty(document())),
            FileKind::Channels => self.channels = Some(Parsed::empty(document())),
            FileKind::Arbitration => self.arbitration = Some(Parsed::empty(document())),
            _ => {}
        }
    }
}

impl<T: Default> Parsed<T> {
    fn empty(document: Document) -> Self {
        Self { document, source: T::default() }
    }
}

fn within_limits(files: &[&(String, Vec<u8>)], faults: &Faults) -> bool {
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    let message = if files.len() > FILES_MAX {
        format!("the folder has {} files, at most {FILES_MAX}", files.len())
    } else if bytes > FOLDER_BYTES_MAX {
        format!("the folder has {bytes} bytes, at most {FOLDER_BYTES_MAX}")
    } else {
        return true;
    };
    faults.file(Severity::Error, "", message, None);
    false
}

fn missing_files(seen: &BTreeMap<FileKind, &str>, empty: bool, faults: &Faults) {
    if empty {
        faults.file(
            Severity::Error,
            "",
            "the rules folder has no .yaml file".to_owned(),
            Some("it needs schema.yaml, channels.yaml, arbitration.yaml and offers/".to_owned()),
        );
        return;
    }
    for kind in [FileKind::Schema, FileKind::Channels, FileKind::Arbitration] {
        if !seen.contains_key(&kind) {
            let message = format!("the rules folder has no `{}.yaml`", kind.name());
            faults.file(Severity::Error, "", message, None);
        }
    }
    if !seen.contains_key(&FileKind::Offers) {
        let message = "the rules folder has no file in `offers/`".to_owned();
        faults.file(Severity::Error, "", message, None);
    }
}

fn unknown_file(path: &str, faults: &Faults) {
    let (folder, known): (&str, Vec<String>) = (
        path.rsplit_once('/').map_or("", |(folder, _)| folder),
        FileKind::ALL
            .into_iter()
            .map(|kind| match kind.in_folder() {
                true => format!("{}/", kind.name()),
                false => format!("{}.yaml", kind.name()),
            })
            .collect(),
    );
    let name = if folder.is_empty() { path.to_owned() } else { format!("{folder}/") };
    let hint = super::fault::nearest(&name, known.iter().map(String::as_str)).map_or_else(
        || format!("files of a rules folder: {}", known.join(", ")),
        |nearest| format!("did you mean `{nearest}`?"),
    );
    let message = "this file is none of a rules folder's: it is ignored".to_owned();
    faults.file(Severity::Warning, path, message, Some(hint));
}

struct File<'a> {
    kind: FileKind,
    path: &'a str,
    bytes: &'a [u8],
    faults: &'a Faults,
}

impl File<'_> {
    fn parse<T: DeserializeOwned>(&self, broken: &mut Broken) -> Option<Parsed<T>> {
        let parsed = self.try_parse(broken);
        if parsed.is_none() {
            broken.files.insert(self.kind);
        }
        parsed
    }

    fn try_parse<T: DeserializeOwned>(&self, broken: &mut Broken) -> Option<Parsed<T>> {
        let text = match yaml::text(self.bytes) {
            Ok(text) => text,
            Err(error) => {
                let lossy = if self.bytes.len() <= yaml::FILE_BYTES_MAX {
                    String::from_utf8_lossy(self.bytes).into_owned()
                } else {
                    String::new()
                };
                let document = Document::new(self.path, &lossy);
                self.faults.yaml(&document, vec![error]);
                return None;
            }
        };
        let mut document = Document::new(self.path, text);
        let (mut value, root) = match csv::parse_file(self.path, text) {
            Ok(built) => built,
            Err(errors) => {
                self.faults.yaml(&document, errors);
                return None;
            }
        };
        document.root = Some(root);
        let findings = validate(self.kind, &value);
        for finding in &findings {
            finding.report(&Place::top(&document, self.faults));
        }
        if !findings.is_empty() {
            leave_out_values(&findings, &mut value, broken);
            let still = validate(self.kind, &value);
            let root = document.root.as_mut()?;
            if !leave_out_entries(&still, &mut value, root, broken) {
                return None;
            }
        }
        match serde_json::from_value(value) {
            Ok(source) => Some(Parsed { document, source }),
            // What the JSON Schema cannot say; findings already say why most of these happen.
            Err(error) if findings.is_empty() => {
                Place::top(&document, self.faults).error(error.to_string());
                None
            }
            Err(_) => None,
        }
    }
}

/// Leaves out of `value` the unknown keys, and the values in maps that are wrong themselves.
fn leave_out_values(findings: &[Finding], value: &mut Value, broken: &mut Broken) {
    for finding in findings {
        let (parent, key) = match (&finding.unknown_key, finding.path.split_last()) {
            (Some(key), _) => {
                broken.names.insert(key.clone());
                (finding.path.as_slice(), key)
            }
            // Sections and their entries are more than a value: what names them must know.
            (None, Some((Step::Key(key), parent))) if parent.len() >= 2 && !finding.missing => {
                (parent, key)
            }
            _ => continue,
        };
        if let Some(Value::Object(map)) = walk(value, parent) {
            map.shift_remove(key);
        }
    }
}

/// Leaves out of `value` and of `root` the entries of the file that `findings` are about. `false`:
/// nothing sound would be left.
fn leave_out_entries(
    findings: &[Finding],
    value: &mut Value,
    root: &mut Node,
    broken: &mut Broken,
) -> bool {
    let mut entries: BTreeSet<(&str, &Step)> = BTreeSet::new();
    for finding in findings {
        match finding.path.as_slice() {
            [Step::Key(section), entry, ..] => {
                entries.insert((section, entry));
            }
            _ => return false,
        }
    }
    // From the last to the first, so that positions in lists still hold.
    for (section, entry) in entries.into_iter().rev() {
        let content = child(root, section);
        match (value.get_mut(section), entry, content) {
            (Some(Value::Array(items)), Step::Index(index), Some(NodeContent::List(nodes)))
                if *index < items.len() && *index < nodes.len() =>
            {
                let item = items.remove(*index);
                nodes.remove(*index);
                let name = item.get("id").or_else(|| item.get("name"));
                if let Some(name) = name.and_then(Value::as_str) {
                    broken.names.insert(name.to_owned());
                }
            }
            (Some(Value::Object(map)), Step::Key(key), _) => {
                map.shift_remove(key);
                broken.names.insert(key.clone());
            }
            _ => return false,
        }
    }
    true
}

fn walk<'v>(value: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(index),
    })
}

fn child<'n>(root: &'n mut Node, key: &str) -> Option<&'n mut NodeContent> {
    let NodeContent::Map(entries) = &mut root.content else {
        return None;
    };
    entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.node.content)
}
