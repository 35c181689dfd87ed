//! `stepwright graph`: a definition as a diagram.

use crate::arguments::{DiagramFormat, Graph as Arguments};
use crate::error::CliError;
use crate::graph::{self, Graph};
use crate::source::Source;
use crate::terminal;
use asl::Definition;
use model::StateMachineType;
use std::path::Path;
use std::process::ExitCode;

/// Draws one definition.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    let format = match arguments.format {
        Some(format) => format,
        None => format_of(&arguments.output)?,
    };
    let mut source = Source::read(&arguments.file)?;
    let definition = compile(&mut source)?;
    // The text was just compiled, so it is JSON; names that only stand there are left out where it were not.
    let value = json::parse(&source.text).unwrap_or(json::Value::Null);
    let graph = Graph::of(&definition, &value);
    let diagram = match format {
        DiagramFormat::Svg => graph.to_svg(),
        DiagramFormat::Dot => graph.to_dot(),
        DiagramFormat::Mmd => graph.to_mermaid(),
    };
    let written = match arguments.output.as_path() {
        path if path == Path::new("-") => terminal::print(&diagram),
        path => std::fs::write(path, diagram),
    };
    written.map_err(|error| CliError::Write { path: arguments.output.clone(), error })?;
    Ok(ExitCode::SUCCESS)
}

/// The definition; the template's placeholders stand for functions where it is a template.
fn compile(source: &mut Source) -> Result<Definition, CliError> {
    match asl::compile(&source.text, StateMachineType::Standard) {
        Ok(compiled) => Ok(compiled.definition),
        Err(diagnostics) => {
            let filled = graph::fill_placeholders(&source.text);
            let compiled =
                filled.as_deref().and_then(|text| asl::compile(text, StateMachineType::Standard).ok());
            let Some(compiled) = compiled else { return Err(source.invalid(&diagnostics)) };
            source.text = filled.unwrap_or_default();
            Ok(compiled.definition)
        }
    }
}

fn format_of(path: &Path) -> Result<DiagramFormat, CliError> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("svg") => Ok(DiagramFormat::Svg),
        Some("dot" | "gv") => Ok(DiagramFormat::Dot),
        Some("mmd" | "mermaid") => Ok(DiagramFormat::Mmd),
        _ if path == Path::new("-") => Ok(DiagramFormat::Svg),
        _ => Err(CliError::UnknownFormat { path: path.to_owned() }),
    }
}
