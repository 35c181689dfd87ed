//! Where the logs of executions go, as the command line says.

use crate::environment;
use crate::error::CliError;
use clap::{Args, ValueEnum};
use logs::{Destination, FileSettings};
use std::path::{Path, PathBuf};

const MEBIBYTE: u64 = 1024 * 1024;

/// Where the logs of executions go: what state machines with a loggingConfiguration log.
#[derive(Clone, Debug, Args)]
pub(crate) struct ExecutionLog {
    /// Where the logs of executions go; may be given several times [default: cloudwatch, where the environment names its
    /// endpoint]
    #[arg(long, value_name = "WHERE")]
    execution_log: Vec<Place>,
    /// The folder of `--execution-log files` [default: `logs` in the data directory]
    #[arg(long, value_name = "DIR")]
    execution_log_dir: Option<PathBuf>,
    /// Begin another file when one has that many MiB
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=65_536))]
    execution_log_size: u64,
    /// Keep that many files
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    execution_log_files: u32,
}

/// A place for logs of executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Place {
    /// The log group of each state machine, at AWS_ENDPOINT_URL_LOGS or AWS_ENDPOINT_URL
    Cloudwatch,
    /// Files, a JSON record a line
    Files,
    /// The standard output, a JSON record a line
    Stdout,
    /// Nowhere
    None,
}

impl Default for ExecutionLog {
    fn default() -> ExecutionLog {
        ExecutionLog {
            execution_log: Vec::new(),
            execution_log_dir: None,
            execution_log_size: 64,
            execution_log_files: 10,
        }
    }
}

impl ExecutionLog {
    /// The destinations. `cloudwatch` is the client of CloudWatch Logs, if the environment names its endpoint.
    pub(crate) fn destinations(
        &self,
        data_dir: Option<&Path>,
        cloudwatch: Option<&aws::Client>,
    ) -> Result<Vec<Destination>, CliError> {
        let mut places = self.execution_log.clone();
        if places.is_empty() && cloudwatch.is_some() {
            places.push(Place::Cloudwatch);
        }
        if self.execution_log_dir.is_some() {
            places.push(Place::Files);
        }
        places.sort_unstable();
        places.dedup();
        let destinations = places.into_iter().filter_map(|place| match place {
            Place::Cloudwatch => Some(match cloudwatch {
                Some(client) => Ok(Destination::CloudWatch(client.clone())),
                None => Err(CliError::NoLogsEndpoint),
            }),
            Place::Files => Some(Ok(Destination::Files(FileSettings {
                directory: self.directory(data_dir),
                max_bytes: self.execution_log_size.saturating_mul(MEBIBYTE),
                max_files: self.execution_log_files,
            }))),
            Place::Stdout => Some(Ok(Destination::Stream(Box::new(std::io::stdout())))),
            Place::None => None,
        });
        destinations.collect()
    }

    fn directory(&self, data_dir: Option<&Path>) -> PathBuf {
        match (&self.execution_log_dir, data_dir) {
            (Some(directory), _) => directory.clone(),
            (None, Some(data_dir)) => data_dir.join("logs"),
            (None, None) => PathBuf::from("logs"),
        }
    }

    /// The client of CloudWatch Logs, where the environment names its endpoint and the command line wants it.
    pub(crate) fn client(&self) -> Result<Option<aws::Client>, CliError> {
        let is_wanted = self.execution_log.is_empty() || self.execution_log.contains(&Place::Cloudwatch);
        if is_wanted { environment::logs_client() } else { Ok(None) }
    }
}
