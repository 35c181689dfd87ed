//! `stepwright graph`: a definition as a diagram.

use crate::arguments::{DiagramFormat, Graph as Arguments};
use crate::error::CliError;
use crate::given::Given;
use crate::graph::Graph;
use crate::terminal;
use model::Partition;
use std::path::Path;
use std::process::ExitCode;

/// Draws one definition.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    let format = match arguments.format {
        Some(format) => format,
        None => format_of(&arguments.output)?,
    };
    let partition = Partition::of("us-east-1", "000000000000");
    let given = Given::one(&arguments.file, &arguments.filling, &partition, arguments.machine.as_deref())?;
    let definition = given.compile()?.definition;
    let graph = Graph::of(&definition, &given.value());
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

fn format_of(path: &Path) -> Result<DiagramFormat, CliError> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("svg") => Ok(DiagramFormat::Svg),
        Some("dot" | "gv") => Ok(DiagramFormat::Dot),
        Some("mmd" | "mermaid") => Ok(DiagramFormat::Mmd),
        _ if path == Path::new("-") => Ok(DiagramFormat::Svg),
        _ => Err(CliError::UnknownFormat { path: path.to_owned() }),
    }
}
