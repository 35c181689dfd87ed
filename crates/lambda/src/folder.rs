//! Functions in a folder: `NAME/handler.py`, `NAME/index.mjs`, `NAME/index.js` or `NAME/bootstrap`, each with an
//! optional `NAME/function.toml`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use toml::Spanned;

use crate::errors::{FolderProblem, HostError};
use crate::function::{
    DEFAULT_MEMORY_MB, DEFAULT_TIMEOUT_SECONDS, Family, FunctionSpec, MEMORY_MB, Runtime, TIMEOUT_SECONDS,
    is_blank, is_function_name, is_reserved_variable, is_variable_name,
};

/// Functions in one folder.
const FUNCTION_LIMIT: usize = 10_000;
/// Files of one function that are looked at for changes.
const FILE_LIMIT: usize = 50_000;
/// Folders inside folders of one function.
const DEPTH_LIMIT: usize = 32;
/// Bytes of a `function.toml`, or of a `handler.py` that is read for the name of its handler.
const TEXT_LIMIT: u64 = 1024 * 1024;

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
    pub(crate) root: PathBuf,
    /// Changes with every change of the function's files.
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
    let spec = settings.into_spec(name, root, &settings_file, code)?;
    let fingerprint =
        Fingerprint::take(root).map_err(|error| vec![problem(root, format!("cannot be read: {error}"))])?;
    Ok(Some(Found { spec, root: root.to_owned(), fingerprint }))
}

/// Which file a function's code was recognised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
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

    fn family(self) -> Family {
        match self {
            Code::Bootstrap => Family::Provided,
            Code::Python => Family::Python,
            Code::Node => Family::Node,
        }
    }
}

/// `function.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    runtime: Option<Spanned<String>>,
    handler: Option<Spanned<String>>,
    timeout: Option<Spanned<u32>>,
    memory: Option<Spanned<u32>>,
    #[serde(default)]
    environment: BTreeMap<Spanned<String>, String>,
    #[serde(skip)]
    text: String,
}

impl Settings {
    fn read(file: &Path) -> Result<Settings, FolderProblem> {
        if !file.is_file() {
            return Ok(Settings::default());
        }
        let text = read_text(file).map_err(|error| problem(file, format!("cannot be read: {error}")))?;
        match toml::from_str::<Settings>(&text) {
            Ok(settings) => Ok(Settings { text, ..settings }),
            Err(error) => Err(FolderProblem {
                path: file.to_owned(),
                line: error.span().map(|span| line_of(&text, span.start)),
                message: error.message().to_owned(),
            }),
        }
    }

    fn into_spec(
        self,
        name: &str,
        root: &Path,
        file: &Path,
        code: Option<Code>,
    ) -> Result<FunctionSpec, Vec<FolderProblem>> {
        let mut complaints = Complaints { file, text: &self.text, problems: Vec::new() };
        let runtime = read_runtime(self.runtime.as_ref(), code, &mut complaints);
        let (timeout, memory) = (self.timeout.as_ref(), self.memory.as_ref());
        let spec = FunctionSpec {
            name: name.to_owned(),
            handler: read_handler(self.handler.as_ref(), runtime.family, root, &mut complaints),
            timeout_seconds: complaints
                .bounded(timeout, "timeout (seconds)", TIMEOUT_SECONDS)
                .unwrap_or(DEFAULT_TIMEOUT_SECONDS),
            memory_mb: complaints.bounded(memory, "memory (MB)", MEMORY_MB).unwrap_or(DEFAULT_MEMORY_MB),
            environment: read_environment(self.environment, &mut complaints),
            runtime,
        };
        if complaints.problems.is_empty() { Ok(spec) } else { Err(complaints.problems) }
    }
}

/// What is wrong in one `function.toml`.
struct Complaints<'a> {
    file: &'a Path,
    text: &'a str,
    problems: Vec<FolderProblem>,
}

impl Complaints<'_> {
    /// `offset` is the place in the file, in bytes, when the problem has one.
    fn add(&mut self, offset: Option<usize>, message: impl Into<String>) {
        let line = offset.map(|offset| line_of(self.text, offset));
        self.problems.push(FolderProblem { path: self.file.to_owned(), line, message: message.into() });
    }

    fn bounded(
        &mut self,
        value: Option<&Spanned<u32>>,
        what: &str,
        range: std::ops::RangeInclusive<u32>,
    ) -> Option<u32> {
        let value = value?;
        if !range.contains(value.get_ref()) {
            let (low, high) = (range.start(), range.end());
            self.add(Some(value.span().start), format!("{what} must be from {low} to {high}"));
        }
        Some(*value.get_ref())
    }
}

fn read_runtime(
    named: Option<&Spanned<String>>,
    code: Option<Code>,
    complaints: &mut Complaints<'_>,
) -> Runtime {
    let Some(named) = named else {
        if code.is_none() {
            let message =
                "there is no handler.py, index.mjs, index.js or bootstrap beside it; name a runtime";
            complaints.add(None, message);
        }
        return Runtime::of_family(code.map_or(Family::Provided, Code::family));
    };
    let read = match named.get_ref().as_str() {
        "python" | "python3" => Some(Runtime::of_family(Family::Python)),
        "node" | "nodejs" => Some(Runtime::of_family(Family::Node)),
        name => Runtime::parse(name),
    };
    read.unwrap_or_else(|| {
        let known = "python3.N, nodejsN.x, provided.al2023, or python, nodejs, provided";
        let message = format!("'{}' is not a runtime of this host: use {known}", named.get_ref());
        complaints.add(Some(named.span().start), message);
        Runtime::of_family(Family::Provided)
    })
}

fn read_handler(
    named: Option<&Spanned<String>>,
    family: Family,
    root: &Path,
    complaints: &mut Complaints<'_>,
) -> String {
    let Some(named) = named else { return default_handler(family, root) };
    let (handler, offset) = (named.get_ref(), named.span().start);
    if family != Family::Provided && !handler.contains('.') {
        complaints.add(Some(offset), "a handler is written as file.function");
    } else if handler.contains(is_blank) {
        complaints.add(Some(offset), "a handler has no spaces or control characters in it");
    }
    handler.clone()
}

fn read_environment(
    variables: BTreeMap<Spanned<String>, String>,
    complaints: &mut Complaints<'_>,
) -> BTreeMap<String, String> {
    let mut environment = BTreeMap::new();
    for (key, value) in variables {
        let (offset, key) = (key.span().start, key.into_inner());
        if is_reserved_variable(&key) {
            complaints.add(Some(offset), format!("'{key}' is set by Lambda itself"));
        } else if !is_variable_name(&key) || value.contains('\0') {
            complaints.add(Some(offset), format!("'{key}' cannot be an environment variable"));
        }
        environment.insert(key, value);
    }
    environment
}

fn default_handler(family: Family, root: &Path) -> String {
    match family {
        Family::Python if defines_lambda_handler(&root.join("handler.py")) => "handler.lambda_handler",
        Family::Python => "handler.handler",
        Family::Node => "index.handler",
        Family::Provided => "bootstrap",
    }
    .to_owned()
}

/// Whether a Python file defines `lambda_handler` at its top level, by `def` or by assignment.
fn defines_lambda_handler(file: &Path) -> bool {
    let Ok(text) = read_text(file) else { return false };
    text.lines().any(|line| {
        let name = line.strip_prefix("def ").unwrap_or(line).trim_start();
        name.strip_prefix("lambda_handler").is_some_and(|rest| {
            let rest = rest.trim_start();
            rest.starts_with('(') || rest.starts_with('=') && !rest.starts_with("==")
        })
    })
}

fn read_text(file: &Path) -> std::io::Result<String> {
    if fs::metadata(file)?.len() > TEXT_LIMIT {
        return Err(std::io::Error::other("it is too large"));
    }
    fs::read_to_string(file)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

fn problem(path: &Path, message: String) -> FolderProblem {
    FolderProblem { path: path.to_owned(), line: None, message }
}

impl Fingerprint {
    /// Looks at the names, sizes, times and inodes of all files below `root`. The time of the inode's change is
    /// among them, so that a file written twice in one tick of the clock, or with its time set back, still counts.
    fn take(root: &Path) -> std::io::Result<Fingerprint> {
        let mut hash = Sha256::new();
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
