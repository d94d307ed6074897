//! Rules folders on disk: read within bounds, and watched for changes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::core::catalog::{FILES_MAX, FOLDER_BYTES_MAX};

/// A folder's files: path within the folder (with `/`) and bytes.
pub type Files = Vec<(String, Vec<u8>)>;

/// Why a folder cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A file or folder cannot be opened.
    #[error("`{}` cannot be read: {cause}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// Over a bound.
    #[error("`{}` is not a rules folder: {why}", path.display())]
    TooLarge {
        /// The folder.
        path: PathBuf,
        /// Which bound.
        why: String,
    },
    /// Changes cannot be followed.
    #[error("`{}` cannot be watched: {cause}", path.display())]
    Watch {
        /// The folder.
        path: PathBuf,
        /// Why.
        cause: notify::Error,
    },
}

/// Folders within a rules folder, at most so deep.
const DEPTH_MAX: usize = 8;

/// Reads the YAML files below `root`, sorted by path. Hidden files and folders are left out, and so
/// are links that lead outside of `root`; links within it are followed (a mounted `ConfigMap` is
/// made of such).
///
/// # Errors
/// Something cannot be opened, or there is more than a catalog may hold.
pub fn read_folder(root: &Path) -> Result<Files, FolderError> {
    let inside =
        root.canonicalize().map_err(|cause| FolderError::Io { path: root.to_path_buf(), cause })?;
    let mut files = Vec::new();
    let mut bytes_left = FOLDER_BYTES_MAX;
    let mut waiting = vec![(root.to_path_buf(), String::new(), 0_usize)];
    while let Some((folder, prefix, depth)) = waiting.pop() {
        let io = |path: &Path, cause| FolderError::Io { path: path.to_path_buf(), cause };
        for entry in std::fs::read_dir(&folder).map_err(|cause| io(&folder, cause))? {
            let entry = entry.map_err(|cause| io(&folder, cause))?;
            let path = entry.path();
            let mut kind = entry.file_type().map_err(|cause| io(&path, cause))?;
            if kind.is_symlink() {
                let leads_inside = path.canonicalize().is_ok_and(|to| to.starts_with(&inside));
                if !leads_inside {
                    continue;
                }
                kind = std::fs::metadata(&path).map_err(|cause| io(&path, cause))?.file_type();
            }
            let name = entry.file_name().to_string_lossy().into_owned();
            let too_large = |why: String| FolderError::TooLarge { path: root.to_path_buf(), why };
            if name.starts_with('.') {
                continue;
            }
            if kind.is_dir() {
                if depth >= DEPTH_MAX {
                    return Err(too_large(format!("more than {DEPTH_MAX} folders deep")));
                }
                waiting.push((path, format!("{prefix}{name}/"), depth + 1));
            } else if kind.is_file() && is_ours(&path) {
                let size = std::fs::metadata(&path).map_err(|cause| io(&path, cause))?.len();
                bytes_left = usize::try_from(size)
                    .ok()
                    .and_then(|size| bytes_left.checked_sub(size))
                    .ok_or_else(|| too_large(format!("more than {FOLDER_BYTES_MAX} bytes")))?;
                if files.len() >= FILES_MAX {
                    return Err(too_large(format!("more than {FILES_MAX} files")));
                }
                let bytes = std::fs::read(&path).map_err(|cause| io(&path, cause))?;
                files.push((format!("{prefix}{name}"), bytes));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// YAML, and tables in CSV.
fn is_ours(path: &Path) -> bool {
    let ours = ["yaml", "yml", "csv"];
    path.extension().is_some_and(|extension| ours.iter().any(|known| extension == *known))
}

/// A folder that is followed.
#[derive(Debug)]
pub struct RulesFolder {
    root: PathBuf,
    changes: mpsc::Receiver<()>,
    _watcher: notify::RecommendedWatcher,
}

/// Changes closer together than this are one: editors save in several steps.
const QUIET: Duration = Duration::from_millis(200);
/// A folder that never comes to rest is read all the same after so many changes.
const CHANGES_MAX: usize = 25;

impl RulesFolder {
    /// Starts following `root`.
    ///
    /// # Errors
    /// The operating system cannot watch it.
    pub fn watch(root: &Path) -> Result<Self, FolderError> {
        let failed = |cause| FolderError::Watch { path: root.to_path_buf(), cause };
        let (changed, changes) = mpsc::channel(1);
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                // Reading the folder is no change of it. A full channel already says 'changed'.
                if !matches!(&event, Ok(event) if event.kind.is_access()) {
                    let _full = changed.try_send(());
                }
            })
            .map_err(failed)?;
        watcher.watch(root, RecursiveMode::Recursive).map_err(failed)?;
        Ok(Self { root: root.to_path_buf(), changes, _watcher: watcher })
    }

    /// Waits for the next change, lets it settle, and reads the folder; `None` when it is no longer
    /// followed.
    pub async fn changed(&mut self) -> Option<Result<Files, FolderError>> {
        self.changes.recv().await?;
        for _ in 0..CHANGES_MAX {
            if !matches!(tokio::time::timeout(QUIET, self.changes.recv()).await, Ok(Some(()))) {
                break;
            }
        }
        let root = self.root.clone();
        tokio::task::spawn_blocking(move || read_folder(&root)).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{RulesFolder, read_folder};

    fn write(path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn paths(root: &Path) -> Vec<String> {
        read_folder(root).unwrap().into_iter().map(|(path, _)| path).collect()
    }

    #[cfg(unix)]
    #[test]
    fn reads_yaml_within_the_folder_only() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("rules");
        write(&outer.path().join("secret.yaml"), "x");
        write(&root.join("..data/schema.yaml"), "x");
        write(&root.join("offers/deep/a.yml"), "x");
        write(&root.join("notes.txt"), "x");
        write(&root.join(".hidden.yaml"), "x");
        let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, root.join(name)).unwrap();
        link("..data/schema.yaml", "schema.yaml");
        link("../secret.yaml", "models.yaml");
        link("nowhere.yaml", "segments.yaml");
        assert_eq!(paths(&root), ["offers/deep/a.yml", "schema.yaml"]);
        link(".", "loop");
        assert!(read_folder(&root).unwrap_err().to_string().contains("folders deep"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_save_by_rename_is_one_change() {
        let root = tempfile::tempdir().unwrap();
        write(&root.path().join("schema.yaml"), "a: 1");
        let mut folder = RulesFolder::watch(root.path()).unwrap();
        write(&root.path().join("schema.yaml~"), "a: 2");
        std::fs::rename(root.path().join("schema.yaml~"), root.path().join("schema.yaml")).unwrap();
        let files = folder.changed().await.unwrap().unwrap();
        assert_eq!(files, [("schema.yaml".to_owned(), b"a: 2".to_vec())]);
    }
}
