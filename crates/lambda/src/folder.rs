//! Functions in a folder: `NAME/handler.py`, `NAME/index.mjs`, `NAME/index.js` or `NAME/bootstrap`, each with an
//! optional `NAME/function.toml`.

use std::fmt::Write as _;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::annex::Annex;
use crate::errors::{FolderProblem, HostError};
use crate::function::{Family, FunctionSpec, Runtime, is_function_name};
use crate::function_toml::{Described, Settings};

/// Functions in one folder.
const FUNCTION_LIMIT: usize = 10_000;
/// Files of one function that are looked at for changes.
const FILE_LIMIT: usize = 50_000;
/// Folders inside folders of one function.
const DEPTH_LIMIT: usize = 32;

/// A function as [`load_folder`](crate::FunctionHost::load_folder) left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedFunction {
    /// The function's name.
    pub name: String,
    /// How it is run.
    pub runtime: Runtime,
    /// Its handler, e.g. `handler.handler`.
    pub handler: String,
    /// What loading did.
    pub change: Change,
}

/// What loading a folder did to one of its functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// Its code or configuration had changed.
    Reloaded,
    /// It is as it was.
    Unchanged,
    /// It is no longer in the folder and no longer served.
    Removed,
}

/// A function found in a folder.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) spec: FunctionSpec,
    pub(crate) annex: Annex,
    pub(crate) root: PathBuf,
    /// Folders and zip files, the lowest layer first.
    pub(crate) layers: Vec<PathBuf>,
    /// Changes with every change of the layers' files.
    pub(crate) layers_mark: [u8; 32],
    /// Changes with every change of the function's files, and of its layers'.
    pub(crate) fingerprint: Fingerprint,
}

/// A short mark of all files of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    pub(crate) sha256: [u8; 32],
    /// Bytes of all files.
    pub(crate) size: u64,
    /// The newest file, in milliseconds since 1970.
    pub(crate) modified_millis: u64,
}

/// Reads every function in `directory`, in the order of their names. A subfolder that holds none of the files that
/// make a function is not one; nor is one whose name starts with a dot.
pub(crate) fn scan(directory: &Path) -> Result<Vec<Found>, HostError> {
    let directory = directory.canonicalize().map_err(|source| HostError::file("read", directory, source))?;
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for name in sorted_names(&directory).map_err(|source| HostError::file("read", &directory, source))? {
        let root = directory.join(&name);
        if name.starts_with('.') || !root.is_dir() {
            continue;
        }
        match read_function(&name, &root) {
            Ok(Some(function)) if found.len() < FUNCTION_LIMIT => found.push(function),
            Ok(Some(_)) => problems.push(problem(&root, format!("more than {FUNCTION_LIMIT} functions"))),
            Ok(None) => {}
            Err(several) => problems.extend(several),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(HostError::Folder { problems }) }
}

fn sorted_names(directory: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        // A name that is not UTF-8 cannot be a function's.
        names.extend(entry?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

fn read_function(name: &str, root: &Path) -> Result<Option<Found>, Vec<FolderProblem>> {
    let settings_file = root.join("function.toml");
    let code = Code::find(root);
    if code.is_none() && !settings_file.is_file() {
        return Ok(None);
    }
    if !is_function_name(name) {
        let rule = "a function's name has 1 to 64 letters, digits, hyphens and underscores";
        return Err(vec![problem(root, format!("'{name}' cannot be a function's name: {rule}"))]);
    }
    let settings = Settings::read(&settings_file).map_err(|problem| vec![problem])?;
    let Described { spec, layers, mut annex } = settings.describe(name, root, &settings_file, code)?;
    let unreadable =
        |path: &Path, error: std::io::Error| vec![problem(path, format!("cannot be read: {error}"))];
    let mut fingerprint = Fingerprint::take(root).map_err(|error| unreadable(root, error))?;
    let mut mark = Sha256::new();
    for layer in &layers {
        mark.update(Fingerprint::take(layer).map_err(|error| unreadable(layer, error))?.sha256);
    }
    let layers_mark: [u8; 32] = mark.finalize().into();
    if !layers.is_empty() {
        let both = Sha256::new().chain_update(fingerprint.sha256).chain_update(layers_mark);
        fingerprint.sha256 = both.finalize().into();
    }
    annex.aliases.values_mut().for_each(|alias| alias.revision_id = fingerprint.revision_id());
    Ok(Some(Found { spec, annex, root: root.to_owned(), layers, layers_mark, fingerprint }))
}

/// A layer of a function that cannot be laid out.
pub(crate) fn layer_problem(found: &Found, reason: &str) -> FolderProblem {
    problem(&found.root.join("function.toml"), format!("its layers cannot be laid out: {reason}"))
}

/// Which file a function's code was recognised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    Bootstrap,
    Python,
    Node,
}

impl Code {
    fn find(root: &Path) -> Option<Code> {
        [
            (Code::Bootstrap, "bootstrap"),
            (Code::Python, "handler.py"),
            (Code::Node, "index.mjs"),
            (Code::Node, "index.js"),
        ]
        .into_iter()
        .find(|(_, file)| root.join(file).is_file())
        .map(|(code, _)| code)
    }

    pub(crate) fn family(self) -> Family {
        match self {
            Code::Bootstrap => Family::Provided,
            Code::Python => Family::Python,
            Code::Node => Family::Node,
        }
    }
}

fn problem(path: &Path, message: String) -> FolderProblem {
    FolderProblem { path: path.to_owned(), line: None, message }
}

impl Fingerprint {
    /// Looks at the names, sizes, times and inodes of all files below `root`. The time of the inode's change is
    /// among them, so that a file written twice in one tick of the clock, or with its time set back, still counts.
    fn take(root: &Path) -> std::io::Result<Fingerprint> {
        let mut hash = Sha256::new();
        let metadata = fs::metadata(root)?;
        if metadata.is_file() {
            let sha256 = hash.chain_update(describe(root, &metadata)).finalize().into();
            let (size, modified_millis) = (metadata.len(), modified(&metadata));
            return Ok(Fingerprint { sha256, size, modified_millis });
        }
        let (mut size, mut modified_millis, mut files) = (0, 0, 0);
        let mut pending = vec![(root.to_owned(), 0)];
        while let Some((directory, depth)) = pending.pop() {
            for name in sorted_names(&directory)? {
                let path = directory.join(&name);
                if matches!(name.as_str(), "__pycache__" | ".git") || files >= FILE_LIMIT {
                    continue;
                }
                // A file that vanished meanwhile is seen as gone.
                let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
                if metadata.is_dir() {
                    if depth < DEPTH_LIMIT {
                        pending.push((path, depth + 1));
                    }
                    continue;
                }
                files += 1;
                size += metadata.len();
                modified_millis = modified_millis.max(modified(&metadata));
                hash.update(describe(&path, &metadata));
            }
        }
        Ok(Fingerprint { sha256: hash.finalize().into(), size, modified_millis })
    }

    /// A UUID that changes with the files, as AWS's `RevisionId` does.
    pub(crate) fn revision_id(&self) -> String {
        let (id, _) = self.sha256.split_at(16);
        uuid::Uuid::from_slice(id).unwrap_or_default().to_string()
    }
}

fn describe(path: &Path, metadata: &Metadata) -> String {
    let mut text = format!("{}\0{:o} {} {}", path.display(), metadata.mode(), metadata.len(), metadata.ino());
    let (changed, written) =
        ((metadata.ctime(), metadata.ctime_nsec()), (metadata.mtime(), metadata.mtime_nsec()));
    let _ = write!(text, " {changed:?} {written:?}\0");
    text
}

fn modified(metadata: &Metadata) -> u64 {
    u64::try_from(metadata.mtime())
        .map_or(0, |seconds| seconds * 1000 + metadata.mtime_nsec().unsigned_abs() / 1_000_000)
}
