//! Files, and the names that they give.

use crate::error::CliError;
use std::io::Read as _;
use std::path::Path;
use template::{Substitutions, Syntax};

/// Bytes of a file that is read at all. AWS takes definitions of 1 MiB; more is read so that the message comes from the
/// same place as every other.
const READ_LIMIT: u64 = 16 << 20;

/// A file's text with the name under which messages speak of it.
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
}

/// What the names of files end in that hold one definition each.
const ENDINGS: [&str; 3] = [".asl.json", ".asl.yaml", ".asl.yml"];

/// Whether a file of that name holds one definition.
pub(crate) fn is_definition(file: &str) -> bool {
    ENDINGS.iter().any(|ending| file.ends_with(ending))
}

/// The name of the machine in a file: what comes before `.asl.json`, `.asl.yaml` or `.asl.yml`, or before the last dot.
pub(crate) fn machine_name(path: &Path) -> Option<String> {
    let file = path.file_name()?.to_str()?;
    let name = match ENDINGS.iter().find_map(|ending| file.strip_suffix(ending)) {
        Some(name) => name,
        None => file.rsplit_once('.').map_or(file, |(name, _)| name),
    };
    (!name.is_empty()).then(|| name.to_owned())
}

/// Adds the names and values of a file, an object in JSON or YAML, to those that are known.
pub(crate) fn read_values(path: &Path, values: &mut Substitutions) -> Result<(), CliError> {
    let source = Source::read(path)?;
    let is_none = || CliError::Substitutions { path: path.to_owned() };
    let syntax = Syntax::of(&source.name, &source.text);
    let document = template::document::read(&source.text, syntax).map_err(|_| is_none())?;
    for member in document.tree.as_object().ok_or_else(is_none)? {
        let value = match member.value.as_str() {
            Some(text) => text.to_owned(),
            None => member.value.to_value().to_text(),
        };
        values.add(&*member.key, value);
    }
    Ok(())
}
