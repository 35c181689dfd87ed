//! `stepwright validate`: what AWS would say about definitions, before it is asked.

use crate::arguments::{ReportFormat, Validate};
use crate::error::{CliError, FAILURE};
use crate::given::Given;
use crate::terminal::{self, diagnostic};
use asl::Diagnostic;
use json::{Object, Value};
use model::Partition;
use std::process::ExitCode;

/// Checks every file, whether or not the one before it was right.
pub(crate) fn run(arguments: &Validate) -> Result<ExitCode, CliError> {
    let mut checked = Vec::with_capacity(arguments.files.len());
    let partition = Partition::of("us-east-1", "000000000000");
    for path in &arguments.files {
        for given in Given::in_file(path, &arguments.filling, &partition)? {
            let diagnostics = given.validate(arguments.machine_type.map(Into::into));
            checked.push(Checked { given, diagnostics });
        }
    }
    let report = match arguments.format {
        ReportFormat::Text => text(&checked),
        ReportFormat::Json => {
            format!("{}\n", Value::array(checked.iter().map(Checked::to_json).collect()).to_pretty_text())
        }
    };
    terminal::print(&report).map_err(CliError::Stdout)?;
    let is_valid = checked.iter().all(|file| file.errors() == 0);
    Ok(if is_valid { ExitCode::SUCCESS } else { ExitCode::from(FAILURE) })
}

struct Checked {
    given: Given,
    diagnostics: Vec<Diagnostic>,
}

impl Checked {
    fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|problem| problem.is_error()).count()
    }

    /// The answer of ValidateStateMachineDefinition with the file's name, and the machine's within a template, and a line and column for each diagnostic.
    fn to_json(&self) -> Value {
        let diagnostics = self.diagnostics.iter().map(|problem| {
            let mut object = Object::new();
            object.insert("severity", problem.severity.as_str());
            object.insert("code", problem.code.as_str());
            object.insert("message", problem.message.as_str());
            if let Some(location) = &problem.location {
                object.insert("location", location.as_str());
            }
            if let Some(span) = &problem.span {
                let (line, column) = diagnostic::line_and_column(&self.given.source.text, span.start);
                object.insert("line", line as u64);
                object.insert("column", column as u64);
            }
            Value::from(object)
        });
        let mut object = Object::new();
        object.insert("file", self.given.source.name.as_str());
        if let Some(machine) = &self.given.machine {
            object.insert("stateMachine", machine.as_str());
        }
        object.insert("result", if self.errors() == 0 { "OK" } else { "FAIL" });
        object.insert("diagnostics", Value::array(diagnostics.collect()));
        if !self.given.assumed.is_empty() {
            let names = self.given.assumed.iter().map(|name| Value::from(name.as_str()));
            object.insert("assumed", Value::array(names.collect()));
        }
        Value::from(object)
    }
}

fn text(checked: &[Checked]) -> String {
    let colours = terminal::colours_on_stdout();
    let mut report = String::new();
    for file in checked {
        for problem in &file.diagnostics {
            report.push_str(&diagnostic::render(&file.given.source, problem, colours));
            report.push_str("\n\n");
        }
    }
    checked
        .iter()
        .filter_map(|file| file.given.note())
        .for_each(|note| report.push_str(&format!("{note}\n")));
    let errors: usize = checked.iter().map(Checked::errors).sum();
    let warnings = checked.iter().map(|file| file.diagnostics.len()).sum::<usize>() - errors;
    report.push_str(&format!(
        "{} checked: {}, {}\n",
        counted(checked.len(), "definition"),
        counted(errors, "error"),
        counted(warnings, "warning")
    ));
    report
}

fn counted(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
