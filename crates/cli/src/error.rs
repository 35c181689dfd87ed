//! Every failure of a command: its words, its hint, and its exit code. Nothing else decides how the process ends badly.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// The exit code of a command that was asked for in a wrong way; clap uses the same.
pub(crate) const USAGE: u8 = 2;
/// The exit code of a command that failed.
pub(crate) const FAILURE: u8 = 1;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// A file cannot be read.
    #[error("cannot read {path}: {error}", path = path.display())]
    Read {
        path: PathBuf,
        error: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {error}", path = path.display())]
    Write {
        path: PathBuf,
        error: io::Error,
    },
    /// A file is larger than any definition.
    #[error("{path} has more than {limit} bytes", path = path.display())]
    TooLarge {
        path: PathBuf,
        limit: u64,
    },
    /// A file is not UTF-8.
    #[error("{path} is not UTF-8 text", path = path.display())]
    NotText {
        path: PathBuf,
    },
    /// A definition has errors.
    #[error("{shown}{name} is not a valid state machine")]
    InvalidDefinition {
        name: String,
        shown: String,
    },
    /// An output file has an ending that names no format.
    #[error("cannot tell the format of {path} from its name", path = path.display())]
    UnknownFormat {
        path: PathBuf,
    },
}

impl CliError {
    /// Prints the failure on stderr and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        eprintln!("error: {self}");
        if let Some(hint) = self.hint() {
            eprintln!("  hint: {hint}");
        }
        ExitCode::from(self.exit_code())
    }

    fn exit_code(&self) -> u8 {
        match self {
            CliError::UnknownFormat { .. } => USAGE,
            CliError::Read { .. }
            | CliError::Write { .. }
            | CliError::TooLarge { .. }
            | CliError::NotText { .. }
            | CliError::InvalidDefinition { .. } => FAILURE,
        }
    }

    /// What the user can do about it.
    fn hint(&self) -> Option<String> {
        match self {
            CliError::Read { error, .. } if error.kind() == io::ErrorKind::NotFound => {
                Some("check the path; `-` reads the standard input".to_owned())
            }
            CliError::UnknownFormat { .. } => {
                Some("end the name in .svg, .dot or .mmd, or name the format with --format".to_owned())
            }
            CliError::TooLarge { .. } => Some("AWS takes definitions of at most 1,048,576 bytes".to_owned()),
            CliError::Read { .. } | CliError::Write { .. } | CliError::NotText { .. } | CliError::InvalidDefinition { .. } => None,
        }
    }
}
