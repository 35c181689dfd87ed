//! The log on stderr.

use crate::arguments::{Log, LogFormat};
use crate::error::CliError;
use crate::terminal;
use tracing_subscriber::EnvFilter;

/// Starts the log; to be called once.
pub(crate) fn start(log: &Log) -> Result<(), CliError> {
    let filter = EnvFilter::try_new(&log.log)
        .map_err(|error| CliError::LogFilter { filter: log.log.clone(), problem: error.to_string() })?;
    let builder = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter);
    match log.log_format {
        LogFormat::Text => builder.with_ansi(terminal::colours_on_stderr()).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}
