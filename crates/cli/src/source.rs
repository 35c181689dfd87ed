//! Definitions as files.

use crate::error::CliError;
use crate::terminal::diagnostic;
use asl::{Compiled, Definition, Diagnostic};
use engine::StateMachine;
use model::{Partition, StateMachineStatus, StateMachineType, Timestamp};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

/// Bytes of a file that is read at all. AWS takes definitions of 1 MiB; more is read so that the message comes from the
/// same place as every other.
const READ_LIMIT: u64 = 16 << 20;

/// A definition's text with the name under which messages speak of it.
#[derive(Debug)]
pub(crate) struct Source {
    /// The path as the user wrote it, or `<stdin>`.
    pub(crate) name: String,
    /// What the file holds.
    pub(crate) text: String,
}

impl Source {
    /// Reads a file; `-` is the standard input.
    pub(crate) fn read(path: &Path) -> Result<Source, CliError> {
        let failed = |error| CliError::Read { path: path.to_owned(), error };
        let mut bytes = Vec::new();
        let name = if path == Path::new("-") {
            std::io::stdin().lock().take(READ_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
            "<stdin>".to_owned()
        } else {
            let file = std::fs::File::open(path).map_err(failed)?;
            file.take(READ_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
            path.display().to_string()
        };
        if bytes.len() as u64 > READ_LIMIT {
            return Err(CliError::TooLarge { path: path.to_owned(), limit: READ_LIMIT });
        }
        let text = String::from_utf8(bytes).map_err(|_| CliError::NotText { path: path.to_owned() })?;
        Ok(Source { name, text })
    }

    /// Compiles it. Errors are an error that prints itself with excerpts; warnings come back with the definition.
    pub(crate) fn compile(&self, machine_type: StateMachineType) -> Result<Compiled, CliError> {
        asl::compile(&self.text, machine_type).map_err(|diagnostics| self.invalid(&diagnostics))
    }

    /// A Standard machine of this definition, as CreateStateMachine would make it.
    pub(crate) fn machine(
        &self,
        partition: &Partition,
        name: &str,
        definition: Arc<Definition>,
        now: Timestamp,
    ) -> StateMachine {
        StateMachine {
            arn: partition.state_machine(name),
            name: name.into(),
            machine_type: StateMachineType::Standard,
            definition_text: self.text.as_str().into(),
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

    /// The error that shows `diagnostics` in this text.
    pub(crate) fn invalid(&self, diagnostics: &[Diagnostic]) -> CliError {
        let mut shown = String::new();
        for problem in diagnostics {
            shown.push_str(&diagnostic::render(self, problem, crate::terminal::colours_on_stderr()));
            shown.push_str("\n\n");
        }
        CliError::InvalidDefinition { name: self.name.clone(), shown }
    }
}

/// The name of the machine in a file: what comes before `.asl.json`, or before the last dot.
pub(crate) fn machine_name(path: &Path) -> Option<String> {
    let file = path.file_name()?.to_str()?;
    let name = match file.strip_suffix(".asl.json") {
        Some(name) => name,
        None => file.rsplit_once('.').map_or(file, |(name, _)| name),
    };
    (!name.is_empty()).then(|| name.to_owned())
}
