//! `stepwright dev`: a project folder, served while it is worked on.

mod project;
mod watch;

use crate::arguments::Dev;
use crate::error::CliError;
use crate::execution_log::ExecutionLog;
use crate::stack::{self, Signals, Stack, StackConfig};
use crate::{logging, terminal};
use project::Project;
use std::process::ExitCode;
use watch::Changes;

/// Serves the folder until a signal comes.
pub(crate) fn run(arguments: &Dev) -> Result<ExitCode, CliError> {
    logging::start(&(&arguments.log).into())?;
    if !arguments.directory.is_dir() {
        return Err(CliError::NotAFolder { path: arguments.directory.clone() });
    }
    stack::block_on(async {
        // Watched before it is read, so that no change falls in between.
        let mut changes = Changes::of(&arguments.directory);
        let stack = Stack::start(StackConfig {
            place: &arguments.place,
            address: (&arguments.host, arguments.port),
            data_dir: arguments.data_dir.as_deref(),
            // Before the engine, whose open executions may call them at once. What is wrong with one is told by `load`.
            functions: &Project::function_folders(&arguments.directory),
            serves_without_functions: true,
            bounds: None,
            execution_log: &ExecutionLog::default(),
            outside: &arguments.outside,
            project: Some(&arguments.directory),
            local: None,
        })
        .await?;
        let mut signals = Signals::listen()?;
        let mut project = Project::new(&arguments.directory, &arguments.filling);
        project.load(&stack).await?;
        say(&welcome(&stack, &project, changes.are_watched()))?;
        loop {
            tokio::select! {
                () = signals.next() => break,
                () = changes.next() => {
                    for line in project.load(&stack).await? {
                        say(&format!("{line}\n"))?;
                    }
                }
            }
        }
        signals.end_at_next();
        stack.shutdown(stack::CALL_GRACE).await?;
        Ok(ExitCode::SUCCESS)
    })
}

fn say(text: &str) -> Result<(), CliError> {
    terminal::print(text).map_err(CliError::Stdout)
}

/// What is served, and how the AWS CLI finds it.
fn welcome(stack: &Stack, project: &Project<'_>, is_watched: bool) -> String {
    let url = &stack.url;
    let region = &stack.engine.partition().region;
    let mut text = format!("stepwright listening on {url}\n\n");
    let machines = project.machines(stack.engine.partition());
    match machines.is_empty() {
        true => text.push_str("No state machines yet: every *.asl.json and *.asl.yaml here will be one.\n"),
        false => text.push_str("State machines\n"),
    }
    let arns: Vec<(&str, &str)> = machines.iter().map(|(name, arn)| (name.as_str(), &*arn.0)).collect();
    text.push_str(&columns(&arns));
    let functions = project.functions();
    if !functions.is_empty() {
        text.push_str("Functions\n");
    }
    text.push_str(&columns(&functions));
    text.push_str(&format!(
        "\nPoint the AWS CLI and the SDKs here:\n  \
         export AWS_ENDPOINT_URL_SFN={url} AWS_ENDPOINT_URL_LAMBDA={url}\n  \
         export AWS_REGION={region} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local\n"
    ));
    if let Some((name, arn)) = machines.first() {
        let execution = stack.engine.partition().execution(name, "first");
        let input =
            project.sample_input(name).map_or("'{}'".to_owned(), |path| format!("file://{}", path.display()));
        text.push_str(&format!(
            "\nThen, for example:\n  \
             aws stepfunctions start-execution --state-machine-arn {arn} --name first --input {input}\n  \
             aws stepfunctions describe-execution --execution-arn {execution}\n  \
             aws stepfunctions get-execution-history --execution-arn {execution}\n"
        ));
    }
    text.push_str(match is_watched {
        true => "\nFollows every change. Ctrl-C ends.\n",
        false => "\nCannot watch for changes (see above): restart after a change. Ctrl-C ends.\n",
    });
    text
}

/// Two columns, indented.
fn columns(rows: &[(&str, &str)]) -> String {
    let width = rows.iter().map(|(left, _)| left.chars().count()).max().unwrap_or(0);
    rows.iter().map(|(left, right)| format!("  {left:width$}  {right}\n")).collect()
}
