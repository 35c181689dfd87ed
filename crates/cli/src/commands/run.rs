//! `stepwright run`: one execution to its end.

use crate::arguments::Run;
use crate::error::{ABORTED, CliError, FAILURE, TIMED_OUT};
use crate::execution_log::ExecutionLog;
use crate::given::Given;
use crate::source::{self, Source};
use crate::stack::{self, Signals, Stack, StackConfig, now};
use crate::terminal::progress::Progress;
use crate::terminal::screen::{self, Screen};
use crate::terminal::{self, story, tree, words};
use asl::Definition;
use engine::{CreateOutcome, ExecutionRecord, StartExecution, StateMachine};
use json::Payload;
use model::{EventId, ExecutionArn, ExecutionStatus, Failure};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// How often the history is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(15);
/// Looks between two drawings of the tree.
const LOOKS_PER_DRAWING: usize = 5;
/// Events of one look.
const EVENTS_AT_ONCE: usize = 1_000;
/// Lines of the tree that stays when the execution has ended.
const FINAL_LINES: usize = 1_000;

/// Runs one execution.
pub(crate) fn run(arguments: &Run) -> Result<ExitCode, CliError> {
    let partition = arguments.place.partition()?;
    let given = Given::one(&arguments.file, &arguments.filling, &partition, arguments.machine.as_deref())?;
    let compiled = given.compile()?;
    given.tell(&compiled.warnings);
    let input = input(&arguments.input)?;
    if let Some(name) = arguments.name.as_ref().filter(|name| !model::name::is_valid_name(name)) {
        return Err(CliError::Name { name: name.clone() });
    }
    let definition = Arc::new(compiled.definition);
    let functions = function_folders(arguments);
    stack::block_on(async {
        let stack = Stack::start(StackConfig {
            place: &arguments.place,
            // Only for functions that send task tokens back.
            address: ("127.0.0.1", 0),
            data_dir: None,
            functions: &functions,
            serves_without_functions: false,
            bounds: None,
            execution_log: &ExecutionLog::default(),
            outside: &arguments.outside,
            project: Some(Path::new(".")),
            local: None,
        })
        .await?;
        let machine = machine(&stack, &arguments.file, &given, definition.clone()).await?;
        let request = StartExecution {
            machine,
            through: model::StartedThrough::default(),
            name: arguments.name.clone(),
            input,
            trace_header: None,
            test_case: None,
        };
        let started = stack.engine.start_execution(request).await?;
        let ended = Watch::new(&stack, arguments, &definition, started.arn).follow().await;
        let reported = ended.and_then(|(record, has_run_out)| report(arguments, &record, has_run_out));
        // Calls of an execution that was stopped have nobody who waits for them.
        stack.shutdown(Duration::ZERO).await?;
        reported
    })
}

/// JSON, `@FILE`, or `-`.
fn input(text: &str) -> Result<Payload, CliError> {
    let text = match (text, text.strip_prefix('@')) {
        ("-", _) => Source::read(Path::new("-"))?.text,
        (_, Some(path)) => Source::read(Path::new(path))?.text,
        (text, None) => text.to_owned(),
    };
    let size = text.len();
    if size > model::limits::PAYLOAD_SIZE {
        return Err(CliError::Input {
            problem: format!("it has {size} bytes, and AWS takes at most 262,144"),
        });
    }
    Payload::from_text(text).map_err(|error| CliError::Input { problem: error.to_string() })
}

/// Those that were named, else the folder `functions` beside the definition.
fn function_folders(arguments: &Run) -> Vec<PathBuf> {
    if !arguments.functions.is_empty() {
        return arguments.functions.clone();
    }
    let beside = arguments.file.parent().unwrap_or(Path::new("")).join("functions");
    if beside.is_dir() { vec![beside] } else { Vec::new() }
}

/// Registers the definition under the name of its file.
async fn machine(
    stack: &Stack,
    file: &Path,
    given: &Given,
    definition: Arc<Definition>,
) -> Result<Arc<StateMachine>, CliError> {
    let name = given.machine.clone().or_else(|| source::machine_name(file));
    let name = name.filter(|name| model::name::is_valid_name(name)).unwrap_or_else(|| "workflow".to_owned());
    let machine = given.to_machine(stack.engine.partition(), &name, definition, now());
    match stack.engine.machines().create(machine).await? {
        CreateOutcome::Created(machine) | CreateOutcome::Exists(machine) => Ok(machine),
    }
}

/// An execution that is being looked at.
struct Watch<'a> {
    stack: &'a Stack,
    arguments: &'a Run,
    arn: ExecutionArn,
    progress: Progress,
    seen: Option<EventId>,
    screen: Screen,
    is_live: bool,
    looks: usize,
}

impl<'a> Watch<'a> {
    fn new(stack: &'a Stack, arguments: &'a Run, definition: &Definition, arn: ExecutionArn) -> Watch<'a> {
        let is_live = !arguments.json && terminal::can_redraw();
        let (progress, screen) = (Progress::new(definition), Screen::default());
        Watch { stack, arguments, arn, progress, seen: None, screen, is_live, looks: 0 }
    }

    /// The execution when it has ended, and whether the time of `--timeout` ended it.
    async fn follow(mut self) -> Result<(ExecutionRecord, bool), CliError> {
        let mut signals = Signals::listen()?;
        let limit = Duration::from_secs(self.arguments.timeout.unwrap_or(u64::from(u32::MAX)));
        let mut run_out = Box::pin(tokio::time::sleep(limit));
        let (mut is_stopping, mut has_run_out) = (false, false);
        while !self.look()? {
            tokio::select! {
                _ = tokio::time::sleep(LOOK_EVERY) => {}
                () = signals.next() => {
                    // The first stops the execution, a second one is in a hurry.
                    if is_stopping {
                        std::process::exit(i32::from(ABORTED));
                    }
                    is_stopping = true;
                    self.stop(Failure::new("Interrupted", "The execution was stopped from the terminal.")).await?;
                }
                () = &mut run_out, if !is_stopping => {
                    (is_stopping, has_run_out) = (true, true);
                    let cause = format!("The execution was stopped after {} s, as --timeout asked.", limit.as_secs());
                    self.stop(Failure::new("Timeout", cause)).await?;
                }
            }
        }
        match self.stack.engine.execution(&self.arn)? {
            Some(record) => Ok((record, has_run_out)),
            None => Err(CliError::Engine(engine::EngineError::Stopped)),
        }
    }

    async fn stop(&self, failure: Failure) -> Result<(), CliError> {
        self.stack.engine.stop_execution(&self.arn, failure).await?;
        Ok(())
    }

    /// Takes up what happened since the last look; whether the execution has ended.
    fn look(&mut self) -> Result<bool, CliError> {
        loop {
            let page = self.stack.engine.history(&self.arn, self.seen, EVENTS_AT_ONCE, false)?;
            let count = page.items.len();
            for event in &page.items {
                self.seen = Some(event.id);
                let news = self.progress.take(event);
                if !self.is_live
                    && !self.arguments.json
                    && let Some(line) = story::line(&self.progress, event, news)
                {
                    terminal::print(&format!("{line}\n")).map_err(CliError::Stdout)?;
                }
            }
            if count < EVENTS_AT_ONCE {
                break;
            }
        }
        let has_ended = self.progress.end.is_some();
        if self.is_live && (has_ended || self.looks.is_multiple_of(LOOKS_PER_DRAWING)) {
            self.draw(has_ended)?;
        }
        self.looks += 1;
        Ok(has_ended)
    }

    fn draw(&mut self, is_final: bool) -> Result<(), CliError> {
        let (width, height) = screen::size();
        let height = if is_final { FINAL_LINES } else { height.saturating_sub(2) };
        let tick = self.looks / LOOKS_PER_DRAWING;
        let view = tree::View { width, height, colours: terminal::colours_on_stdout(), tick };
        let until = self.progress.end.as_ref().map_or_else(now, |(at, _)| *at);
        self.screen.draw(&tree::lines(&self.progress, until, view)).map_err(CliError::Stdout)
    }
}

/// Prints how the execution ended, and gives the exit code for it.
fn report(arguments: &Run, record: &ExecutionRecord, has_run_out: bool) -> Result<ExitCode, CliError> {
    let took = record.stopped_at.unwrap_or(record.started_at).millis_since(record.started_at);
    let (verb, code) = match record.status {
        ExecutionStatus::Succeeded => ("succeeded", 0),
        ExecutionStatus::Aborted if has_run_out => ("timed out", TIMED_OUT),
        ExecutionStatus::TimedOut => ("timed out", TIMED_OUT),
        ExecutionStatus::Aborted => ("was aborted", ABORTED),
        ExecutionStatus::Failed | ExecutionStatus::Running | ExecutionStatus::PendingRedrive => {
            ("failed", FAILURE)
        }
    };
    let failure =
        record.failure.as_ref().map(|failure| format!(": {}", words::failure(failure))).unwrap_or_default();
    let ending = format!("{verb} after {}{failure}", words::duration(took));
    let output = record.output.as_ref();
    let printed = match (arguments.json, output) {
        (true, Some(output)) => terminal::print(&format!("{}\n", output.text())),
        (true, None) => {
            eprintln!("error: the execution {ending}");
            Ok(())
        }
        (false, Some(output)) => {
            terminal::print(&format!("\n{ending}\n{}\n", output.value().to_pretty_text()))
        }
        (false, None) => terminal::print(&format!("\n{ending}\n")),
    };
    printed.map_err(CliError::Stdout)?;
    Ok(ExitCode::from(code))
}
