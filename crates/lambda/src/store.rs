//! Functions made through the API, on disk: `NAME/function.json`, `NAME/annex.json` and `NAME/code-SHA256.zip`.
//!
//! `function.json` names the archive it belongs to, as does every version in `annex.json`; each is replaced in one
//! step, so that after a crash a function is as it was before a change or as it is after it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::annex::Annex;
use crate::errors::HostError;
use crate::function::{FunctionSpec, is_function_name};

const SETTINGS: &str = "function.json";
const ANNEX: &str = "annex.json";

/// A function made through the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stored {
    pub(crate) spec: FunctionSpec,
    pub(crate) role: String,
    pub(crate) description: String,
    /// Of the archive, in hexadecimal.
    pub(crate) code_sha256: String,
    /// Bytes of the archive.
    pub(crate) code_size: u64,
    /// Milliseconds since 1970.
    pub(crate) last_modified: u64,
    /// A UUID, new with every change.
    pub(crate) revision_id: String,
    pub(crate) tags: BTreeMap<String, String>,
}

/// The directory they are kept in.
#[derive(Debug)]
pub(crate) struct Store {
    directory: PathBuf,
}

impl Store {
    pub(crate) fn open(directory: PathBuf) -> Result<Store, HostError> {
        fs::create_dir_all(&directory).map_err(|source| HostError::file("create", &directory, source))?;
        Ok(Store { directory })
    }

    /// Reads every function, in the order of their names.
    pub(crate) fn load(&self) -> Result<Vec<(Stored, Annex)>, HostError> {
        let refuse = |source| HostError::file("read", &self.directory, source);
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(refuse)? {
            let directory = entry.map_err(refuse)?.path();
            // A directory without settings is a creation that was cut off before it was acknowledged.
            let file = directory.join(SETTINGS);
            if !file.is_file() {
                continue;
            }
            let damaged = |reason: String| HostError::Stored { path: directory.clone(), reason };
            let text = fs::read(&file).map_err(|error| damaged(error.to_string()))?;
            let stored: Stored = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
            if !is_function_name(&stored.spec.name)
                || directory.file_name() != Some(stored.spec.name.as_ref())
            {
                return Err(damaged("its name is not that of its directory".to_owned()));
            }
            let annex = match fs::read(directory.join(ANNEX)) {
                Ok(text) => serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => Annex::default(),
                Err(error) => return Err(damaged(error.to_string())),
            };
            all.push((stored, annex));
        }
        all.sort_unstable_by(|(a, _), (b, _)| a.spec.name.cmp(&b.spec.name));
        Ok(all)
    }

    /// The archive of a function.
    pub(crate) fn code(&self, stored: &Stored) -> io::Result<Vec<u8>> {
        let code = fs::read(self.code_path(stored))?;
        if sha256_hex(&code) != stored.code_sha256 {
            return Err(io::Error::other("the archive is not the one that was stored"));
        }
        Ok(code)
    }

    pub(crate) fn code_path(&self, stored: &Stored) -> PathBuf {
        self.function(&stored.spec.name).join(code_name(&stored.code_sha256))
    }

    /// Keeps a function, with `code` where it is new. When this returns, the function is on disk. The archives of
    /// the versions in `annex` stay.
    pub(crate) fn put(&self, stored: &Stored, annex: &Annex, code: Option<&[u8]>) -> io::Result<()> {
        let directory = self.function(&stored.spec.name);
        fs::create_dir_all(&directory)?;
        sync(&self.directory)?;
        if let Some(code) = code {
            replace(&directory.join(code_name(&stored.code_sha256)), code)?;
        }
        if *annex == Annex::default() {
            remove_if_there(&directory.join(ANNEX))?;
        }
        let text = serde_json::to_vec_pretty(stored).map_err(io::Error::other)?;
        replace(&directory.join(SETTINGS), &text)?;
        sync(&directory)?;
        remove_other_code(&directory, stored, annex)
    }

    /// Keeps what a function has beside its code. When this returns, it is on disk.
    pub(crate) fn put_annex(&self, stored: &Stored, annex: &Annex) -> io::Result<()> {
        let directory = self.function(&stored.spec.name);
        let text = serde_json::to_vec_pretty(annex).map_err(io::Error::other)?;
        replace(&directory.join(ANNEX), &text)?;
        sync(&directory)?;
        remove_other_code(&directory, stored, annex)
    }

    /// Forgets a function. The settings go first: without them the rest is nothing.
    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        let directory = self.function(name);
        fs::remove_file(directory.join(SETTINGS))?;
        sync(&directory)?;
        fs::remove_dir_all(&directory)
    }

    fn function(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// The SHA-256 of some bytes in hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn code_name(sha256: &str) -> String {
    format!("code-{sha256}.zip")
}

/// Writes a file beside its place and moves it there once it is on disk.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

pub(crate) fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// What a function of the same name, whose removal was cut off, may have left.
fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn remove_other_code(directory: &Path, stored: &Stored, annex: &Annex) -> io::Result<()> {
    let wanted: BTreeSet<String> =
        annex.versions.values().chain([stored]).map(|version| code_name(&version.code_sha256)).collect();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("code-") && !wanted.contains(name.as_ref()) {
            fs::remove_file(directory.join(name.as_ref()))?;
        }
    }
    Ok(())
}
