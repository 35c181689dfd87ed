//! Layers made through the API, on disk: `NAME/N.json` and `NAME/N.zip`.
//!
//! A version that was deleted leaves its `N.json`, so that its number is not given again, and its archive as long
//! as a function uses it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::errors::HostError;
use crate::store::{replace, sha256_hex, sync};

/// Layers, and versions of one layer.
pub(crate) const LAYER_VERSION_LIMIT: usize = 1_000;

/// A version of a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LayerVersion {
    pub(crate) name: String,
    pub(crate) version: u64,
    pub(crate) description: String,
    pub(crate) license_info: Option<String>,
    pub(crate) compatible_runtimes: Vec<String>,
    pub(crate) compatible_architectures: Vec<String>,
    /// Of the archive, in hexadecimal.
    pub(crate) code_sha256: String,
    /// Bytes of the archive.
    pub(crate) code_size: u64,
    /// Milliseconds since 1970.
    pub(crate) created: u64,
    /// Functions that use it go on to; no other can.
    pub(crate) deleted: bool,
}

type Versions = BTreeMap<u64, Arc<LayerVersion>>;

/// All layers.
#[derive(Debug)]
pub(crate) struct LayerStore {
    directory: PathBuf,
    layers: Mutex<BTreeMap<String, Versions>>,
}

impl LayerStore {
    pub(crate) fn open(directory: PathBuf) -> Result<LayerStore, HostError> {
        fs::create_dir_all(&directory).map_err(|source| HostError::file("create", &directory, source))?;
        let mut layers: BTreeMap<String, Versions> = BTreeMap::new();
        let refuse = |source| HostError::file("read", &directory, source);
        for layer in fs::read_dir(&directory).map_err(refuse)? {
            let layer = layer.map_err(refuse)?.path();
            if !layer.is_dir() {
                continue;
            }
            for file in fs::read_dir(layer).map_err(refuse)? {
                let path = file.map_err(refuse)?.path();
                if path.extension().is_some_and(|extension| extension == "json") {
                    let version = read(&path).map_err(|reason| HostError::Stored { path, reason })?;
                    let versions = layers.entry(version.name.clone()).or_default();
                    versions.insert(version.version, Arc::new(version));
                }
            }
        }
        Ok(LayerStore { directory, layers: Mutex::new(layers) })
    }

    /// A version that functions can be given.
    pub(crate) fn get(&self, name: &str, version: u64) -> Option<Arc<LayerVersion>> {
        self.lock().get(name)?.get(&version).filter(|version| !version.deleted).cloned()
    }

    /// The versions of a layer, the newest first.
    pub(crate) fn versions(&self, name: &str) -> Vec<Arc<LayerVersion>> {
        let layers = self.lock();
        let all = layers.get(name).into_iter().flat_map(|versions| versions.values().rev());
        all.filter(|version| !version.deleted).cloned().collect()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    /// The archive of a version, deleted or not.
    pub(crate) fn archive(&self, name: &str, version: u64) -> io::Result<Vec<u8>> {
        let missing = || io::Error::other(format!("the layer {name}:{version} is not here"));
        let known = self.lock().get(name).and_then(|versions| versions.get(&version).cloned());
        let archive = fs::read(self.archive_path(name, version))?;
        match known.ok_or_else(missing)? {
            known if known.code_sha256 == sha256_hex(&archive) => Ok(archive),
            _ => Err(io::Error::other("the archive is not the one that was stored")),
        }
    }

    pub(crate) fn archive_path(&self, name: &str, version: u64) -> PathBuf {
        self.directory.join(name).join(format!("{version}.zip"))
    }

    /// Keeps a new version, whose number is set here. `None` where there are too many. When this returns, it is on
    /// disk.
    pub(crate) fn publish(
        &self,
        version: LayerVersion,
        archive: &[u8],
    ) -> io::Result<Option<Arc<LayerVersion>>> {
        let last = {
            let layers = self.lock();
            let versions = layers.get(&version.name);
            if versions.map_or(layers.len(), BTreeMap::len) >= LAYER_VERSION_LIMIT {
                return Ok(None);
            }
            versions.and_then(|versions| versions.keys().next_back().copied()).unwrap_or(0)
        };
        let version = Arc::new(LayerVersion { version: last + 1, ..version });
        let directory = self.directory.join(&version.name);
        fs::create_dir_all(&directory)?;
        sync(&self.directory)?;
        replace(&self.archive_path(&version.name, version.version), archive)?;
        self.write(&version)?;
        let mut layers = self.lock();
        layers.entry(version.name.clone()).or_default().insert(version.version, Arc::clone(&version));
        Ok(Some(version))
    }

    /// Deletes a version, which may be gone already; its archive stays while it is `in_use`.
    pub(crate) fn delete(&self, name: &str, version: u64, in_use: bool) -> io::Result<()> {
        let Some(known) = self.get(name, version) else { return Ok(()) };
        let deleted = Arc::new(LayerVersion { deleted: true, ..LayerVersion::clone(&known) });
        self.write(&deleted)?;
        if let Some(versions) = self.lock().get_mut(name) {
            versions.insert(version, deleted);
        }
        if in_use { Ok(()) } else { fs::remove_file(self.archive_path(name, version)) }
    }

    /// Removes the archives of deleted versions that nothing uses any more. `used` holds names and versions.
    pub(crate) fn sweep(&self, used: &BTreeSet<(String, u64)>) {
        for version in self.lock().values().flat_map(BTreeMap::values).filter(|version| version.deleted) {
            if !used.contains(&(version.name.clone(), version.version)) {
                // Gone already, or it can go another time.
                let _ = fs::remove_file(self.archive_path(&version.name, version.version));
            }
        }
    }

    fn write(&self, version: &LayerVersion) -> io::Result<()> {
        let directory = self.directory.join(&version.name);
        let text = serde_json::to_vec_pretty(version).map_err(io::Error::other)?;
        replace(&directory.join(format!("{}.json", version.version)), &text)?;
        sync(&directory)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Versions>> {
        self.layers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(path: &Path) -> Result<LayerVersion, String> {
    let text = fs::read(path).map_err(|error| error.to_string())?;
    let version: LayerVersion = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    let stem = path.file_stem().and_then(|name| name.to_str());
    if folder != Some(version.name.as_str()) || stem != Some(version.version.to_string().as_str()) {
        return Err("its name is not that of its file".to_owned());
    }
    Ok(version)
}

/// The name and version in a layer version's ARN, whatever its account and region say.
pub(crate) fn read_arn(arn: &str) -> Option<(&str, u64)> {
    match arn.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "lambda", _, _, "layer", name, version] if is_layer_name(name) => {
            Some((*name, crate::annex::read_number(version)?))
        }
        _ => None,
    }
}

/// Whether `name` can be a layer's name: 1 to 140 of `[a-zA-Z0-9-_]`.
pub(crate) fn is_layer_name(name: &str) -> bool {
    (1..=140).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_layer_versions_are_read() {
        assert_eq!(read_arn("arn:aws:lambda:eu-west-1:123456789012:layer:lib:7"), Some(("lib", 7)));
        for other in [
            "lib:7",
            "arn:aws:lambda:r:1:layer:lib",
            "arn:aws:lambda:r:1:layer:lib:0",
            "arn:aws:lambda:r:1:layer:../x:1",
        ] {
            assert_eq!(read_arn(other), None, "{other}");
        }
    }
}
