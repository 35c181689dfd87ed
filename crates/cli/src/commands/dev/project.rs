//! The project folder: what is in it, and what of it is served.

use crate::arguments::Filling;
use crate::error::CliError;
use crate::given::Given;
use crate::source;
use crate::stack::{self, Stack};
use engine::{CreateOutcome, StateMachineUpdate};
use lambda::Change;
use model::{Partition, StateMachineArn};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Folders within folders that are looked into.
const DEPTH_LIMIT: usize = 8;
/// Entries that one look visits.
const ENTRY_LIMIT: usize = 50_000;
/// Folders that hold other people's files.
const SKIPPED: [&str; 6] = ["node_modules", "target", "venv", "__pycache__", "cdk.out", "dist"];

/// Whether a folder of that name is left out: one of other people's files, or a hidden one.
pub(super) fn is_skipped(name: &str) -> bool {
    name.starts_with('.') || SKIPPED.contains(&name)
}

/// A folder with what is served of it.
pub(super) struct Project<'a> {
    root: PathBuf,
    /// Values for placeholders.
    filling: &'a Filling,
    /// The machines by their files, with the texts that were looked at last, right or wrong.
    files: BTreeMap<PathBuf, File>,
    functions: BTreeMap<PathBuf, BTreeMap<String, String>>,
    /// The last problem of each folder of functions, which is not told twice.
    function_problems: BTreeMap<PathBuf, String>,
}

struct File {
    text: String,
    /// The machine that a right version of it made.
    served: Option<String>,
}

impl<'a> Project<'a> {
    pub(super) fn new(root: &Path, filling: &'a Filling) -> Project<'a> {
        Project {
            root: root.to_owned(),
            filling,
            files: BTreeMap::new(),
            functions: BTreeMap::new(),
            function_problems: BTreeMap::new(),
        }
    }

    /// The machines that are served, by name, with their ARNs.
    pub(super) fn machines(&self, partition: &Partition) -> Vec<(String, StateMachineArn)> {
        let names: BTreeSet<&String> = self.files.values().filter_map(|file| file.served.as_ref()).collect();
        names.into_iter().map(|name| (name.clone(), partition.state_machine(name))).collect()
    }

    /// The first JSON file in a folder `inputs` beside the machine's definition.
    pub(super) fn sample_input(&self, machine: &str) -> Option<PathBuf> {
        let is_it = |file: &File| file.served.as_deref() == Some(machine);
        let (path, _) = self.files.iter().find(|(_, file)| is_it(file))?;
        let listing = std::fs::read_dir(path.parent()?.join("inputs")).ok()?;
        let inputs = listing.flatten().map(|entry| entry.path());
        inputs.filter(|path| path.extension().is_some_and(|ending| ending == "json")).min()
    }

    /// The functions that are served, with their runtimes.
    pub(super) fn functions(&self) -> Vec<(&str, &str)> {
        self.functions.values().flatten().map(|(name, runtime)| (name.as_str(), runtime.as_str())).collect()
    }

    /// The folders of functions that are there now.
    pub(super) fn function_folders(root: &Path) -> Vec<PathBuf> {
        Found::in_folder(root).functions
    }

    /// Takes up what changed in the folder and tells it line by line. Errors of files are printed and leave what is served
    /// as it is; only the engine's own errors end the command.
    pub(super) async fn load(&mut self, stack: &Stack) -> Result<Vec<String>, CliError> {
        let found = Found::in_folder(&self.root);
        let mut told = Vec::new();
        for folder in &found.functions {
            self.load_functions(stack, folder, &mut told);
        }
        self.remove_missing(stack, &found, &mut told).await?;
        for path in &found.definitions {
            self.load_definition(stack, path, &mut told).await?;
        }
        Ok(told)
    }

    fn load_functions(&mut self, stack: &Stack, folder: &Path, told: &mut Vec<String>) {
        let loaded = match stack::load(&stack.functions, folder) {
            Ok(loaded) => loaded,
            Err(error) => {
                if self.function_problems.insert(folder.to_owned(), error.to_string())
                    != Some(error.to_string())
                {
                    error.print();
                }
                return;
            }
        };
        self.function_problems.remove(folder);
        let known = self.functions.entry(folder.to_owned()).or_default();
        for function in loaded {
            let what = match function.change {
                Change::Added => "new",
                Change::Reloaded => "reloaded",
                Change::Removed => "removed",
                Change::Unchanged => "",
            };
            if !what.is_empty() {
                told.push(format!("function {}: {what}", function.name));
            }
            match function.change {
                Change::Removed => known.remove(&function.name),
                Change::Added | Change::Reloaded | Change::Unchanged => {
                    known.insert(function.name, function.runtime.name)
                }
            };
        }
    }

    async fn load_definition(
        &mut self,
        stack: &Stack,
        path: &Path,
        told: &mut Vec<String>,
    ) -> Result<(), CliError> {
        let given = match Given::one(path, self.filling, stack.engine.partition(), None) {
            Ok(given) => given,
            Err(error) => {
                error.print();
                return Ok(());
            }
        };
        let source = &given.source;
        let file = self.files.entry(path.to_owned()).or_insert(File { text: String::new(), served: None });
        if file.text == source.text {
            return Ok(());
        }
        file.text.clone_from(&source.text);
        let served = file.served.clone();
        let Some(name) = self.free_name(path) else { return Ok(()) };
        let compiled = match given.compile() {
            Ok(compiled) => compiled,
            Err(error) => {
                error.print();
                if served.is_some() {
                    eprintln!("  {name}: the version before stays in service");
                }
                return Ok(());
            }
        };
        given.tell(&compiled.warnings);
        let what = register(stack, &given, &name, Arc::new(compiled.definition)).await?;
        told.push(format!("state machine {name}: {what}"));
        if let Some(file) = self.files.get_mut(path) {
            file.served = Some(name);
        }
        Ok(())
    }

    /// The machine's name if it is one and no other file has it; the reason is printed where not.
    fn free_name(&self, path: &Path) -> Option<String> {
        let name = source::machine_name(path)?;
        if !model::name::is_valid_name(&name) {
            eprintln!(
                "error: {}: {name:?} is no name of a state machine\n  hint: rename the file",
                path.display()
            );
            return None;
        }
        let other =
            self.files.iter().find(|(other, file)| *other != path && file.served.as_ref() == Some(&name));
        if let Some((other, _)) = other {
            eprintln!(
                "error: {} and {} are both named {name}\n  hint: rename one of them; the first stays in service",
                other.display(),
                path.display()
            );
            return None;
        }
        Some(name)
    }

    /// Machines whose files are gone are deleted, as DeleteStateMachine does.
    async fn remove_missing(
        &mut self,
        stack: &Stack,
        found: &Found,
        told: &mut Vec<String>,
    ) -> Result<(), CliError> {
        let gone: Vec<PathBuf> =
            self.files.keys().filter(|path| !found.definitions.contains(path)).cloned().collect();
        for path in gone {
            if let Some(File { served: Some(name), .. }) = self.files.remove(&path) {
                // Another file may have waited for the name.
                self.files
                    .values_mut()
                    .filter(|file| file.served.is_none())
                    .for_each(|file| file.text.clear());
                let has_moved = |path: &PathBuf| source::machine_name(path).as_ref() == Some(&name);
                if found.definitions.iter().any(has_moved) {
                    continue;
                }
                let arn = stack.engine.partition().state_machine(&name);
                stack.engine.delete_state_machine(&arn.0).await?;
                told.push(format!("state machine {name}: removed with its file"));
            }
        }
        Ok(())
    }
}

/// Creates the machine, or updates the one of its name.
async fn register(
    stack: &Stack,
    given: &Given,
    name: &str,
    definition: Arc<asl::Definition>,
) -> Result<&'static str, CliError> {
    let machines = stack.engine.machines();
    let machine = given.to_machine(stack.engine.partition(), name, definition.clone(), stack::now());
    let existing = match machines.create(machine).await? {
        CreateOutcome::Created(_) => return Ok("in service"),
        CreateOutcome::Exists(existing) => existing,
    };
    let text = given.text();
    if *existing.definition_text == text {
        return Ok("in service, as it was");
    }
    let definition = Some((text.into(), definition));
    machines
        .update(&existing.arn.0, StateMachineUpdate { definition, ..StateMachineUpdate::default() })
        .await?;
    Ok("updated; executions that run keep their version")
}

/// What a look into the folder finds, in the order of paths.
#[derive(Default)]
struct Found {
    definitions: Vec<PathBuf>,
    functions: Vec<PathBuf>,
}

impl Found {
    fn in_folder(root: &Path) -> Found {
        let mut found = Found::default();
        let mut waiting = vec![(root.to_owned(), 0)];
        let mut entries = 0;
        while let Some((folder, depth)) = waiting.pop() {
            // A folder that cannot be read, or is gone already, holds nothing for us.
            let Ok(listing) = std::fs::read_dir(&folder) else { continue };
            for entry in listing.flatten() {
                entries += 1;
                if entries > ENTRY_LIMIT {
                    tracing::warn!(
                        limit = ENTRY_LIMIT,
                        "the folder holds too many files; the rest is left out"
                    );
                    return found.sorted();
                }
                let (path, name) = (entry.path(), entry.file_name());
                let Some(name) = name.to_str() else { continue };
                // Links are not followed: they may lead round in a circle.
                let Ok(kind) = entry.file_type() else { continue };
                if kind.is_dir() && name == "functions" {
                    found.functions.push(path);
                } else if kind.is_dir() && depth < DEPTH_LIMIT && !is_skipped(name) {
                    waiting.push((path, depth + 1));
                } else if !kind.is_dir() && source::is_definition(name) {
                    found.definitions.push(path);
                }
            }
        }
        found.sorted()
    }

    fn sorted(mut self) -> Found {
        self.definitions.sort();
        self.functions.sort();
        self
    }
}
