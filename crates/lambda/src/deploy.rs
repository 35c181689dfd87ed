//! How functions come to a host and change there: folders, what the data directory holds, the API.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::annex::Annex;
use crate::archive::{self, ArchiveError};
use crate::clock;
use crate::config::VERSION_LIMIT;
use crate::errors::{FolderProblem, HostError};
use crate::folder::{self, Change, Found, LoadedFunction};
use crate::function::{Function, FunctionSpec, LATEST, LayerRef, TaskRoot, lane};
use crate::host::FunctionHost;
use crate::layers::overlay::{self, Source};
use crate::layers::store::read_arn;
use crate::logs::LogRing;
use crate::registry::{Entry, Origin};
use crate::store::Stored;

/// The directories that stand for `/opt`, by the layers in them, so that functions with the same layers share one.
#[derive(Debug, Default)]
pub(crate) struct Overlays(Mutex<HashMap<Vec<String>, Weak<TaskRoot>>>);

/// What is laid out of a function: its code, and its layers if it has any.
#[derive(Debug, Clone)]
struct Laid {
    root: Arc<TaskRoot>,
    opt: Option<Arc<TaskRoot>>,
}

impl FunctionHost {
    /// Serves the functions in `directory`: each subfolder with a `handler.py` (Python, handler
    /// `handler.handler`, or `handler.lambda_handler` where the file defines that), an `index.mjs` or `index.js`
    /// (Node, `index.handler`) or an executable `bootstrap`, with an optional `function.toml` (`runtime`,
    /// `handler`, `timeout` in seconds, `memory` in MB, a table `environment`, `layers`, `aliases`,
    /// `reserved_concurrency`, a table `event`).
    ///
    /// Calling it again takes up what changed: new functions, changed ones (their workers end after their
    /// current call) and those that are gone. When anything is wrong, nothing changes. The answer has the
    /// functions in the order of their names, those removed last.
    pub fn load_folder(&self, directory: &Path) -> Result<Vec<LoadedFunction>, HostError> {
        let _changing = self.inner.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let found = folder::scan(directory)?;
        let directory =
            directory.canonicalize().map_err(|source| HostError::file("read", directory, source))?;
        let registry = &self.inner.registry;
        let taken = |found: &&Found| {
            registry.get(&found.spec.name).is_some_and(|entry| !entry.origin.is_in(&directory))
        };
        let mut problems: Vec<FolderProblem> = found.iter().filter(taken).map(name_taken).collect();
        let mut laid = Vec::new();
        for found in &found {
            match self.overlay_of_folder(found) {
                Ok(opt) => laid.push(opt),
                Err(error) => problems.push(folder::layer_problem(found, &error.to_string())),
            }
        }
        if !problems.is_empty() {
            return Err(HostError::Folder { problems });
        }
        let gone: Vec<String> = registry
            .names_in(&directory)
            .into_iter()
            .filter(|name| !found.iter().any(|found| found.spec.name == *name))
            .collect();
        let mut loaded: Vec<LoadedFunction> =
            found.into_iter().zip(laid).map(|(found, opt)| self.load_found(found, opt, &directory)).collect();
        loaded.extend(gone.iter().filter_map(|name| self.unload(name)));
        Ok(loaded)
    }

    fn overlay_of_folder(&self, found: &Found) -> Result<Option<Arc<TaskRoot>>, ArchiveError> {
        // What it is made of is in the function's mark: another content is another overlay.
        let key = found.layers.iter().map(|path| path.display().to_string());
        let key: Vec<String> = key.chain([format!("{:?}", found.layers_mark)]).collect();
        let sources = || Ok(found.layers.iter().cloned().map(Source::Path).collect());
        if found.layers.is_empty() { Ok(None) } else { self.overlay(key, sources).map(Some) }
    }

    fn load_found(&self, found: Found, opt: Option<Arc<TaskRoot>>, directory: &Path) -> LoadedFunction {
        let Found { spec, root, fingerprint, mut annex, .. } = found;
        let before = self.inner.registry.get(&spec.name);
        let change = match &before {
            None => Change::Added,
            Some(entry) => match &entry.origin {
                Origin::Folder { fingerprint: old, .. } if *old == fingerprint => Change::Unchanged,
                Origin::Folder { .. } | Origin::Api(_) => Change::Reloaded,
            },
        };
        let loaded = loaded(&spec, change);
        if change != Change::Unchanged {
            for config in annex.event_invoke.values_mut() {
                for name in [&mut config.on_success, &mut config.on_failure].into_iter().flatten() {
                    if !name.starts_with("arn:") {
                        *name = self.function_arn(name);
                    }
                }
            }
            let origin = Origin::Folder { directory: directory.to_owned(), fingerprint };
            let laid = Laid { root: Arc::new(TaskRoot::Folder(root)), opt };
            self.serve(spec, laid, origin, Arc::new(annex));
        }
        loaded
    }

    /// Takes up what the data directory holds.
    pub(crate) fn load_stored(&self) -> Result<(), HostError> {
        let mut layers = BTreeSet::new();
        for (stored, annex) in self.inner.store.load()? {
            // Versions often have the same code.
            let mut roots: HashMap<String, Arc<TaskRoot>> = HashMap::new();
            let mut lay = |stored: &Stored| -> Result<Laid, HostError> {
                let path = self.inner.store.code_path(stored);
                let damaged = |reason: String| HostError::Stored { path: path.clone(), reason };
                let root = match roots.get(&stored.code_sha256) {
                    Some(root) => Arc::clone(root),
                    None => {
                        let code =
                            self.inner.store.code(stored).map_err(|error| damaged(error.to_string()))?;
                        self.lay_out(&code).map_err(|error| damaged(error.to_string()))?
                    }
                };
                roots.insert(stored.code_sha256.clone(), Arc::clone(&root));
                let opt = self.opt(&stored.spec.layers).map_err(|error| damaged(error.to_string()))?;
                let used = stored.spec.layers.iter().filter_map(|layer| read_arn(&layer.arn));
                layers.extend(used.map(|(name, version)| (name.to_owned(), version)));
                Ok(Laid { root, opt })
            };
            let latest = lay(&stored)?;
            let versions = annex.versions.iter().map(|(number, version)| Ok((*number, lay(version)?)));
            let versions: Vec<(u64, Laid)> = versions.collect::<Result<_, HostError>>()?;
            let (spec, origin) = (stored.spec.clone(), Origin::Api(Arc::new(stored)));
            let entry = self.serve(spec, latest, origin, Arc::new(annex));
            for (number, laid) in versions {
                if let Some(stored) = entry.annex.versions.get(&number) {
                    self.serve_version(&entry, number, stored, laid);
                }
            }
        }
        self.inner.layers.sweep(&layers);
        Ok(())
    }

    /// Keeps and serves a function of the API; without `code`, with the code it has. Only inside a change.
    pub(crate) fn put(&self, stored: Stored, code: Option<&[u8]>) -> Result<Entry, ArchiveError> {
        let before = self.entry(&stored.spec.name);
        let root = match (code, &before) {
            (None, Some(entry)) => Arc::clone(&entry.function.root),
            (Some(code), _) => self.lay_out(code)?,
            (None, None) => self.lay_out(&self.inner.store.code(&stored)?)?,
        };
        let laid = Laid { root, opt: self.opt(&stored.spec.layers)? };
        let annex = before.map(|entry| entry.annex).unwrap_or_default();
        self.inner.store.put(&stored, &annex, code)?;
        Ok(self.serve(stored.spec.clone(), laid, Origin::Api(Arc::new(stored)), annex))
    }

    /// Keeps what a function of the API has beside its code and configuration. Only inside a change.
    pub(crate) fn put_annex(&self, entry: &Entry, stored: &Stored, annex: Annex) -> io::Result<Entry> {
        self.inner.store.put_annex(stored, &annex)?;
        let entry = Entry { annex: Arc::new(annex), ..entry.clone() };
        self.inner.registry.put(entry.clone());
        Ok(entry)
    }

    /// Publishes `$LATEST` as a version, or gives the last version where nothing has changed since. `None` where
    /// there are too many. Only inside a change.
    pub(crate) fn publish(
        &self,
        entry: &Entry,
        stored: &Stored,
        description: Option<String>,
    ) -> io::Result<Option<(u64, Stored)>> {
        let mut annex = Annex::clone(&entry.annex);
        // AWS: documented: no version is made if the code and configuration are those of the last one.
        let same = |version: &Stored| {
            (&version.code_sha256, &version.spec, &version.role)
                == (&stored.code_sha256, &stored.spec, &stored.role)
        };
        if let Some((number, last)) = annex.versions.last_key_value().filter(|(_, version)| same(version)) {
            return Ok(Some((*number, last.clone())));
        }
        if annex.versions.len() >= VERSION_LIMIT {
            return Ok(None);
        }
        let number = annex.last_version + 1;
        let version = Stored {
            description: description.unwrap_or_else(|| stored.description.clone()),
            last_modified: clock::now_millis(),
            revision_id: uuid::Uuid::new_v4().to_string(),
            ..stored.clone()
        };
        annex.last_version = number;
        annex.versions.insert(number, version.clone());
        let entry = self.put_annex(entry, stored, annex)?;
        let laid =
            Laid { root: Arc::clone(&entry.function.root), opt: entry.function.opt.as_ref().map(Arc::clone) };
        self.serve_version(&entry, number, &version, laid);
        Ok(Some((number, version)))
    }

    /// Forgets a published version. Only inside a change.
    pub(crate) fn delete_version(&self, entry: &Entry, stored: &Stored, number: u64) -> io::Result<()> {
        let mut annex = Annex::clone(&entry.annex);
        annex.versions.remove(&number);
        annex.event_invoke.remove(&number.to_string());
        self.put_annex(entry, stored, annex)?;
        self.inner.fleet.withdraw(&lane(&stored.spec.name, &number.to_string()));
        Ok(())
    }

    /// Forgets a function of the API with its versions. Only inside a change.
    pub(crate) fn delete(&self, name: &str) -> io::Result<()> {
        self.inner.store.remove(name)?;
        self.unload(name);
        Ok(())
    }

    /// The layers that functions and their versions use now, as names and versions.
    pub(crate) fn used_layers(&self) -> BTreeSet<(String, u64)> {
        let entries = self.inner.registry.all();
        let specs = entries.iter().flat_map(|entry| {
            let versions = entry.annex.versions.values().map(|version| &version.spec);
            versions.chain([&entry.function.spec])
        });
        let arns = specs.flat_map(|spec| &spec.layers).filter_map(|layer| read_arn(&layer.arn));
        arns.map(|(name, version)| (name.to_owned(), version)).collect()
    }

    fn unload(&self, name: &str) -> Option<LoadedFunction> {
        let entry = self.inner.registry.get(name)?;
        self.inner.registry.remove(name);
        self.inner.fleet.withdraw(name);
        for number in entry.annex.versions.keys() {
            self.inner.fleet.withdraw(&lane(name, &number.to_string()));
        }
        Some(loaded(&entry.function.spec, Change::Removed))
    }

    /// Makes a revision of a function the one that is served. Its log goes on from the revision before.
    fn serve(&self, spec: FunctionSpec, laid: Laid, origin: Origin, annex: Arc<Annex>) -> Entry {
        let registry = &self.inner.registry;
        let logs = registry.get(&spec.name).map(|entry| Arc::clone(&entry.function.logs));
        let logs = logs.unwrap_or_else(|| Arc::new(LogRing::new(self.config().log_lines)));
        let function = self.function(spec, LATEST.to_owned(), laid, logs);
        let entry = Entry { function: Arc::clone(&function), origin, annex };
        self.inner.fleet.deploy(function);
        registry.put(entry.clone());
        entry
    }

    fn serve_version(&self, entry: &Entry, number: u64, stored: &Stored, laid: Laid) {
        let logs = Arc::clone(&entry.function.logs);
        self.inner.fleet.deploy(self.function(stored.spec.clone(), number.to_string(), laid, logs));
    }

    fn function(&self, spec: FunctionSpec, version: String, laid: Laid, logs: Arc<LogRing>) -> Arc<Function> {
        Arc::new(Function {
            arn: self.function_arn(&spec.name),
            revision: self.inner.registry.next_revision(),
            spec,
            version,
            root: laid.root,
            opt: laid.opt,
            logs,
        })
    }

    fn lay_out(&self, code: &[u8]) -> Result<Arc<TaskRoot>, ArchiveError> {
        let directory =
            tempfile::Builder::new().prefix("task-").tempdir_in(self.inner.fleet.equipment.code())?;
        archive::unpack(code, directory.path())?;
        Ok(Arc::new(TaskRoot::Extracted(directory)))
    }

    /// What stands for `/opt` of a function with these layers.
    fn opt(&self, layers: &[LayerRef]) -> Result<Option<Arc<TaskRoot>>, ArchiveError> {
        if layers.is_empty() {
            return Ok(None);
        }
        let sources = || {
            let archives = layers.iter().map(|layer| {
                let missing = || io::Error::other(format!("{} is no layer version", layer.arn));
                let (name, version) = read_arn(&layer.arn).ok_or_else(missing)?;
                self.inner.layers.archive(name, version).map(Source::Archive)
            });
            archives.collect()
        };
        self.overlay(layers.iter().map(|layer| layer.arn.clone()).collect(), sources).map(Some)
    }

    /// Checks an archive that shall become a function, by laying it out.
    pub(crate) fn check_code(&self, archive: &[u8]) -> Result<(), ArchiveError> {
        self.lay_out(archive).map(drop)
    }

    /// Checks an archive that shall become a layer, by laying it out.
    pub(crate) fn check_layer(&self, archive: Vec<u8>) -> Result<(), ArchiveError> {
        let code = self.inner.fleet.equipment.code();
        let directory = tempfile::Builder::new().prefix("opt-").tempdir_in(code)?;
        overlay::lay_over(&[Source::Archive(archive)], directory.path())
    }

    fn overlay(
        &self,
        key: Vec<String>,
        sources: impl FnOnce() -> io::Result<Vec<Source>>,
    ) -> Result<Arc<TaskRoot>, ArchiveError> {
        let mut overlays = self.inner.overlays.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(there) = overlays.get(&key).and_then(Weak::upgrade) {
            return Ok(there);
        }
        let code = self.inner.fleet.equipment.code();
        let directory = tempfile::Builder::new().prefix("opt-").tempdir_in(code)?;
        overlay::lay_over(&sources()?, directory.path())?;
        let laid = Arc::new(TaskRoot::Extracted(directory));
        overlays.retain(|_, overlay| overlay.strong_count() > 0);
        overlays.insert(key, Arc::downgrade(&laid));
        Ok(laid)
    }
}

fn loaded(spec: &FunctionSpec, change: Change) -> LoadedFunction {
    LoadedFunction {
        name: spec.name.clone(),
        runtime: spec.runtime.clone(),
        handler: spec.handler.clone(),
        change,
    }
}

fn name_taken(found: &Found) -> FolderProblem {
    let message = format!(
        "there is another function called '{}', from another folder or made through the Lambda API; rename or \
         delete one of them",
        found.spec.name
    );
    FolderProblem { path: found.root.clone(), line: None, message }
}
