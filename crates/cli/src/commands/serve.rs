//! `stepwright serve`: the service, until it is told to end.

use crate::arguments::Serve;
use crate::error::CliError;
use crate::stack::{self, Signals, Stack, StackConfig};
use crate::{logging, terminal};
use std::process::ExitCode;

/// Serves until a signal comes.
pub(crate) fn run(arguments: &Serve) -> Result<ExitCode, CliError> {
    logging::start(&arguments.log)?;
    stack::block_on(async {
        let stack = Stack::start(StackConfig {
            place: &arguments.place,
            address: (&arguments.host, arguments.port),
            data_dir: (!arguments.in_memory).then_some(arguments.data_dir.as_path()),
            functions: &arguments.functions,
            serves_without_functions: false,
            bounds: Some(&arguments.bounds),
            execution_log: &arguments.execution_log,
            outside: &arguments.outside,
            project: None,
            local: Some(&arguments.local),
        })
        .await?;
        match arguments.in_memory {
            true => tracing::info!(url = stack.url, "serves, and keeps everything in memory"),
            false => tracing::info!(url = stack.url, data_dir = %arguments.data_dir.display(), "serves"),
        }
        let mut signals = Signals::listen()?;
        terminal::print(&format!("stepwright listening on {}\n", stack.url)).map_err(CliError::Stdout)?;
        signals.next().await;
        signals.end_at_next();
        tracing::info!("ends: accepts no more and lets what is under way come to its end");
        stack.shutdown(stack::CALL_GRACE).await?;
        Ok(ExitCode::SUCCESS)
    })
}
