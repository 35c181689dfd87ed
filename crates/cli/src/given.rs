//! Definitions as they are given: JSON or YAML, by themselves or in a template, with placeholders.

use crate::arguments::Filling;
use crate::error::CliError;
use crate::source::Source;
use crate::terminal::{self, diagnostic};
use asl::{Code, Compiled, Definition, Diagnostic, Severity};
use json::spanned::Spanned;
use model::{Partition, StateMachineStatus, StateMachineType, Timestamp};
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use template::machines::{self, Machine, Quoted};
use template::{Document, Place, ReadError, Substitutions, Syntax};

/// Names of placeholders that a note shows.
const NAMES_SHOWN: usize = 8;

/// A definition with the text that its places are of.
#[derive(Debug)]
pub(crate) struct Given {
    /// The file.
    pub(crate) source: Arc<Source>,
    /// The key of its resource, where it is one of a template.
    pub(crate) machine: Option<String>,
    /// The type that the template says.
    machine_type: Option<StateMachineType>,
    /// What was read, with its placeholders filled, or why it cannot be read.
    tree: Result<Spanned, Diagnostic>,
    /// The text within the template that its places are of.
    quoted: Option<Quoted>,
    /// Placeholders without a value for which something was assumed.
    pub(crate) assumed: BTreeSet<String>,
}

impl Given {
    /// Every definition of a file: one, or those of a template.
    pub(crate) fn in_file(
        path: &Path,
        filling: &Filling,
        partition: &Partition,
    ) -> Result<Vec<Given>, CliError> {
        let source = Arc::new(Source::read(path)?);
        let reading = Reading { values: filling.values()?, place: place(partition) };
        let syntax = Syntax::of(&source.name, &source.text);
        let all = match template::document::read(&source.text, syntax) {
            Err(error) => vec![Given::unreadable(source, &error)],
            Ok(document) => match machines::find(&document, &source.text, &reading.values, reading.place) {
                None => vec![reading.definition(source, document, &reading.values)],
                Some(found) if found.is_empty() => return Err(CliError::NoMachine { path: path.to_owned() }),
                Some(found) => {
                    let machines = found.into_iter().map(|machine| reading.machine(path, &source, machine));
                    machines.collect::<Result<_, _>>()?
                }
            },
        };
        all.iter().try_for_each(|given| given.check_length(path))?;
        Ok(all)
    }

    /// The definition of a file; of a template with several the one that was named.
    pub(crate) fn one(
        path: &Path,
        filling: &Filling,
        partition: &Partition,
        name: Option<&str>,
    ) -> Result<Given, CliError> {
        let mut all = Given::in_file(path, filling, partition)?;
        let names: Vec<String> = all.iter().filter_map(|given| given.machine.clone()).collect();
        let wanted = match name {
            None if all.len() > 1 => return Err(CliError::WhichMachine { path: path.to_owned(), names }),
            None => Some(0),
            Some(_) if names.is_empty() => return Err(CliError::NoTemplate { path: path.to_owned() }),
            Some(name) => all.iter().position(|given| given.machine.as_deref() == Some(name)),
        };
        match wanted {
            Some(at) => Ok(all.swap_remove(at)),
            None => Err(CliError::WhichMachine { path: path.to_owned(), names }),
        }
    }

    fn unreadable(source: Arc<Source>, error: &ReadError) -> Given {
        let tree = Err(problem(&source.text, error));
        Given { source, machine: None, machine_type: None, tree, quoted: None, assumed: BTreeSet::new() }
    }

    /// Everything that AWS would say about it, for the type that was asked for, else that of the template.
    pub(crate) fn validate(&self, machine_type: Option<StateMachineType>) -> Vec<Diagnostic> {
        let machine_type = machine_type.or(self.machine_type).unwrap_or(StateMachineType::Standard);
        let found = match &self.tree {
            Ok(tree) => asl::validate_tree(tree, machine_type),
            Err(problem) => vec![problem.clone()],
        };
        self.placed(found)
    }

    /// Compiles it for a Standard machine. Errors are an error that prints itself with excerpts; warnings come back with the
    /// definition.
    pub(crate) fn compile(&self) -> Result<Compiled, CliError> {
        let compiled = match &self.tree {
            Ok(tree) => asl::compile_tree(tree, StateMachineType::Standard),
            Err(problem) => Err(vec![problem.clone()]),
        };
        match compiled {
            Ok(Compiled { definition, warnings }) => {
                Ok(Compiled { definition, warnings: self.placed(warnings) })
            }
            Err(found) => Err(self.invalid(&self.placed(found))),
        }
    }

    /// The definition as a value; `null` where it cannot be read.
    pub(crate) fn value(&self) -> json::Value {
        self.tree.as_ref().map_or(json::Value::Null, Spanned::to_value)
    }

    /// The definition as JSON: as it was written, if it is JSON and nothing was put into it.
    pub(crate) fn text(&self) -> String {
        let value = self.value();
        match json::parse(&self.source.text) {
            Ok(written) if written == value => self.source.text.clone(),
            Ok(_) | Err(_) => value.to_text(),
        }
    }

    /// A Standard machine of this definition, as CreateStateMachine would make it.
    pub(crate) fn to_machine(
        &self,
        partition: &Partition,
        name: &str,
        definition: Arc<Definition>,
        now: Timestamp,
    ) -> engine::StateMachine {
        engine::StateMachine {
            arn: partition.state_machine(name),
            name: name.into(),
            machine_type: StateMachineType::Standard,
            definition_text: self.text().into(),
            definition,
            role_arn: format!("arn:{}:iam::{}:role/stepwright", partition.name, partition.account).into(),
            logging_configuration: None,
            tracing_configuration: None,
            encryption_configuration: None,
            tags: Vec::new(),
            created_at: now,
            updated_at: None,
            revision_id: None,
            status: StateMachineStatus::Active,
            revision: 0,
        }
    }

    /// One line about the placeholders for which something was assumed, if there are any.
    pub(crate) fn note(&self) -> Option<String> {
        let count = self.assumed.len();
        let mut names: Vec<&str> = self.assumed.iter().map(String::as_str).take(NAMES_SHOWN).collect();
        if count > NAMES_SHOWN {
            names.push("...");
        }
        let what = match count {
            0 => return None,
            1 => "1 placeholder has no value, and something that fits was assumed".to_owned(),
            _ => format!("{count} placeholders have no value, and something that fits was assumed"),
        };
        Some(format!(
            "note: {}: {what}: {} (--substitution NAME=VALUE gives one)",
            self.source.name,
            names.join(", ")
        ))
    }

    /// Tells warnings, and what was assumed, to whoever runs the command.
    pub(crate) fn tell(&self, warnings: &[Diagnostic]) {
        for warning in warnings {
            eprintln!("{}\n", diagnostic::render(&self.source, warning, terminal::colours_on_stderr()));
        }
        if let Some(note) = self.note() {
            eprintln!("{note}");
        }
    }

    /// The error that shows `diagnostics` in this text.
    fn invalid(&self, diagnostics: &[Diagnostic]) -> CliError {
        let mut shown = String::new();
        for problem in diagnostics {
            shown.push_str(&diagnostic::render(&self.source, problem, terminal::colours_on_stderr()));
            shown.push_str("\n\n");
        }
        CliError::InvalidDefinition { name: self.source.name.clone(), shown }
    }

    /// The diagnostics with the places of the file.
    fn placed(&self, mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
        if let Some(quoted) = &self.quoted {
            for problem in &mut found {
                problem.span = problem.span.as_ref().map(|span: &Range<usize>| quoted.place(span));
            }
        }
        found
    }

    fn check_length(&self, path: &Path) -> Result<(), CliError> {
        let is_too_long = self.tree.is_ok() && self.text().chars().count() > model::limits::DEFINITION_LENGTH;
        if is_too_long { Err(CliError::TooLong { path: path.to_owned() }) } else { Ok(()) }
    }
}

/// What is known while a file is read.
struct Reading<'a> {
    values: Substitutions,
    place: Place<'a>,
}

impl Reading<'_> {
    fn machine(&self, path: &Path, source: &Arc<Source>, machine: Machine) -> Result<Given, CliError> {
        let machine_type = machine.machine_type.as_deref().and_then(|name| match name {
            "EXPRESS" => Some(StateMachineType::Express),
            "STANDARD" => Some(StateMachineType::Standard),
            _ => None,
        });
        let mut given = match machine.definition {
            template::Definition::Inline(document) => self.filled(source.clone(), document, &machine.values),
            template::Definition::Text(quoted) => self.quoted(source, quoted, &machine.values),
            template::Definition::File(name) => {
                let beside = path.parent().unwrap_or(Path::new("")).join(name);
                let source = Arc::new(Source::read(&beside)?);
                match template::document::read(&source.text, Syntax::of(&source.name, &source.text)) {
                    Ok(document) => self.definition(source, document, &machine.values),
                    Err(error) => Given::unreadable(source, &error),
                }
            }
            template::Definition::Elsewhere => {
                return Err(CliError::Elsewhere { path: path.to_owned(), machine: machine.id });
            }
        };
        given.machine_type = machine_type;
        given.machine = Some(machine.id);
        Ok(given)
    }

    /// A definition that stands by itself, in which CloudFormation's functions are placeholders.
    fn definition(&self, source: Arc<Source>, mut document: Document, values: &Substitutions) -> Given {
        machines::flatten(&mut document, values, self.place);
        self.filled(source, document, values)
    }

    fn filled(&self, source: Arc<Source>, document: Document, values: &Substitutions) -> Given {
        if let Some(error) = document.key_given_twice() {
            return Given::unreadable(source, &error);
        }
        let filled = template::fill(document, values, self.place);
        let (tree, assumed) = (Ok(filled.tree), filled.assumed);
        Given { source, machine: None, machine_type: None, tree, quoted: None, assumed }
    }

    /// A definition that is one text of a template.
    fn quoted(&self, source: &Arc<Source>, quoted: Quoted, values: &Substitutions) -> Given {
        let mut given = match template::document::read(&quoted.text, Syntax::of("", &quoted.text)) {
            Ok(document) => self.filled(source.clone(), document, values),
            Err(error) => Given {
                tree: Err(problem(&quoted.text, &error)),
                ..Given::unreadable(source.clone(), &error)
            },
        };
        given.quoted = Some(quoted);
        given
    }
}

/// The problem of a text that cannot be read, in AWS's words where it is JSON.
fn problem(text: &str, error: &ReadError) -> Diagnostic {
    match error {
        // A blank text has words of its own.
        ReadError::Json(error) => match asl::validate(text, StateMachineType::Standard).into_iter().next() {
            Some(problem) if text.trim().is_empty() => problem,
            Some(_) | None => asl::not_json(text, error),
        },
        ReadError::TooDeep { message, span } => {
            asl::too_deep(format!("The YAML cannot be read: {message}"), Some(span.clone()))
        }
        ReadError::Yaml { message, span } => Diagnostic {
            severity: Severity::Error,
            code: Code::InvalidJsonDescription,
            message: format!("The YAML cannot be read: {message}"),
            location: None,
            span: Some(span.clone()),
        },
    }
}

fn place(partition: &Partition) -> Place<'_> {
    Place { partition: &partition.name, region: &partition.region, account: &partition.account }
}
