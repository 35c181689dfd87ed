//! `function.toml`: what a function in a folder says of itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::annex::{Alias, Annex, EVENT_AGE_SECONDS, EventInvokeConfig, RETRY_ATTEMPTS};
use crate::errors::FolderProblem;
use crate::folder::Code;
use crate::function::{
    DEFAULT_MEMORY_MB, DEFAULT_TIMEOUT_SECONDS, Family, FunctionSpec, LATEST, MEMORY_MB, Runtime,
    TIMEOUT_SECONDS, is_blank, is_function_name, is_reserved_variable, is_variable_name,
};
use crate::invocation::is_alias_name;
use crate::layers::overlay::LAYER_LIMIT;

/// Bytes of a `function.toml`, or of a `handler.py` that is read for the name of its handler.
const TEXT_LIMIT: u64 = 1024 * 1024;

/// What the file, and its absence, say.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) spec: FunctionSpec,
    /// Folders and zip files, the lowest layer first.
    pub(crate) layers: Vec<PathBuf>,
    pub(crate) annex: Annex,
}

/// `function.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    runtime: Option<Spanned<String>>,
    handler: Option<Spanned<String>>,
    timeout: Option<Spanned<u32>>,
    memory: Option<Spanned<u32>>,
    #[serde(default)]
    environment: BTreeMap<Spanned<String>, String>,
    /// Folders and zip files, from the function's folder.
    #[serde(default)]
    layers: Vec<Spanned<String>>,
    /// Names that lead to the function as it is, `NAME:ALIAS`.
    #[serde(default)]
    aliases: Vec<Spanned<String>>,
    reserved_concurrency: Option<u32>,
    event: Option<EventSettings>,
    #[serde(skip)]
    text: String,
}

/// The table `event`: what becomes of calls of type `Event`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventSettings {
    maximum_retry_attempts: Option<Spanned<u32>>,
    /// Seconds.
    maximum_event_age: Option<Spanned<u32>>,
    /// Names or ARNs of functions.
    on_success: Option<Spanned<String>>,
    on_failure: Option<Spanned<String>>,
}

impl Settings {
    pub(crate) fn read(file: &Path) -> Result<Settings, FolderProblem> {
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

    pub(crate) fn describe(
        self,
        name: &str,
        root: &Path,
        file: &Path,
        code: Option<Code>,
    ) -> Result<Described, Vec<FolderProblem>> {
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
            layers: Vec::new(),
            runtime,
        };
        let layers = read_layers(&self.layers, root, &mut complaints);
        let mut annex = Annex {
            aliases: read_aliases(&self.aliases, &mut complaints),
            reserved_concurrency: self.reserved_concurrency,
            ..Annex::default()
        };
        if let Some(event) = &self.event {
            let config = read_event(event, &mut complaints);
            // It holds for the aliases too, which all lead here.
            for qualifier in annex.aliases.keys().map(String::as_str).chain([LATEST]) {
                annex.event_invoke.insert(qualifier.to_owned(), config.clone());
            }
        }
        let problems = complaints.problems;
        if problems.is_empty() { Ok(Described { spec, layers, annex }) } else { Err(problems) }
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

fn read_layers(paths: &[Spanned<String>], root: &Path, complaints: &mut Complaints<'_>) -> Vec<PathBuf> {
    if let Some(first_over) = paths.get(LAYER_LIMIT) {
        complaints
            .add(Some(first_over.span().start), format!("a function has no more than {LAYER_LIMIT} layers"));
    }
    let layers = paths.iter().map(|path| {
        let layer = root.join(path.get_ref());
        if !layer.is_dir() && !layer.is_file() {
            let message = format!("the layer '{}' is neither a folder nor a zip file", path.get_ref());
            complaints.add(Some(path.span().start), message);
        }
        layer
    });
    layers.collect()
}

fn read_aliases(names: &[Spanned<String>], complaints: &mut Complaints<'_>) -> BTreeMap<String, Alias> {
    let mut aliases = BTreeMap::new();
    for name in names {
        if !is_alias_name(name.get_ref()) {
            let rule = "an alias has 1 to 128 letters, digits, hyphens and underscores, and is no number";
            let message = format!("'{}' cannot be an alias: {rule}", name.get_ref());
            complaints.add(Some(name.span().start), message);
        }
        let alias = Alias {
            version: LATEST.to_owned(),
            description: String::new(),
            weights: BTreeMap::new(),
            revision_id: String::new(),
        };
        aliases.insert(name.get_ref().clone(), alias);
    }
    aliases
}

fn read_event(event: &EventSettings, complaints: &mut Complaints<'_>) -> EventInvokeConfig {
    let retries = event.maximum_retry_attempts.as_ref();
    let age = event.maximum_event_age.as_ref();
    let mut destination = |name: &Option<Spanned<String>>| {
        let name = name.as_ref()?;
        if !is_destination(name.get_ref()) {
            let message = format!("'{}' is not the name or ARN of a function", name.get_ref());
            complaints.add(Some(name.span().start), message);
        }
        Some(name.get_ref().clone())
    };
    EventInvokeConfig {
        on_success: destination(&event.on_success),
        on_failure: destination(&event.on_failure),
        maximum_retry_attempts: complaints.bounded(retries, "maximum_retry_attempts", RETRY_ATTEMPTS),
        maximum_event_age_seconds: complaints.bounded(age, "maximum_event_age (seconds)", EVENT_AGE_SECONDS),
        last_modified: 0,
    }
}

fn is_destination(text: &str) -> bool {
    let (name, alias) = text.split_once(':').unwrap_or((text, LATEST));
    match text.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "lambda", _, _, "function", ..] => true,
        _ => is_function_name(name) && (alias == LATEST || is_alias_name(alias)),
    }
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
