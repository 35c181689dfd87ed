//! Where records can go.

use aws::Client;
use std::io;
use std::path::PathBuf;

/// A place that records are written to.
pub enum Destination {
    /// The log group that each machine names, through the CloudWatch Logs API.
    CloudWatch(Client),
    /// Files in a directory, a record a line.
    Files(FileSettings),
    /// A stream, a record a line: the standard output.
    Stream(Box<dyn io::Write + Send>),
}

/// How files are written.
#[derive(Clone, Debug)]
pub struct FileSettings {
    /// Where.
    pub directory: PathBuf,
    /// Bytes of a file, after which the next is begun.
    pub max_bytes: u64,
    /// Files that are kept, the one being written included.
    pub max_files: u32,
}

/// Why a destination cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DestinationError {
    /// The directory cannot be written.
    #[error("the logs of executions cannot be written to {directory}: {error}", directory = directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// There is no thread to write on.
    #[error("a thread that writes the logs of executions cannot be started: {0}")]
    Thread(io::Error),
}
