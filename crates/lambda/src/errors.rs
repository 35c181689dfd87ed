//! What can go wrong: for the operator ([`HostError`]) and for the caller of a function ([`InvokeError`]).

use std::fmt;
use std::path::PathBuf;

/// What the operator of a host sees: it could not start, or a folder of functions is wrong.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// A file or directory could not be used.
    #[error("cannot {doing} {path}: {source}", path = path.display())]
    File {
        /// What was being done, a verb: `read`, `create`.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// One or more functions of a folder are wrong. Nothing was loaded; what was served before still is.
    #[error("{}", list(problems))]
    Folder {
        /// Every problem found, in the order of the functions' names.
        problems: Vec<FolderProblem>,
    },
    /// The data directory holds a function that cannot be read.
    #[error("the stored function in {path} cannot be read: {reason}; mend or remove it", path = path.display())]
    Stored {
        /// The function's directory under the data directory.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl HostError {
    pub(crate) fn file(doing: &'static str, path: impl Into<PathBuf>, source: std::io::Error) -> HostError {
        HostError::File { doing, path: path.into(), source }
    }
}

/// One thing that is wrong in a folder of functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderProblem {
    /// The file (or the function's folder) to mend.
    pub path: PathBuf,
    /// The line in that file, from 1, when the problem has one.
    pub line: Option<usize>,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for FolderProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

fn list(problems: &[FolderProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Why a call was refused, as AWS's `Reason` member says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThrottleReason {
    /// Every worker the host may have is busy and the queue is full.
    ConcurrentInvocationLimitExceeded,
    /// Every worker this one function may have is busy and the queue is full.
    ReservedFunctionConcurrentInvocationLimitExceeded,
}

impl ThrottleReason {
    /// The text of AWS's `Reason` member.
    pub fn as_str(self) -> &'static str {
        match self {
            ThrottleReason::ConcurrentInvocationLimitExceeded => "ConcurrentInvocationLimitExceeded",
            ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded => {
                "ReservedFunctionConcurrentInvocationLimitExceeded"
            }
        }
    }
}

/// Why a call did not reach a function. `Display` is AWS's message; a function that ran and failed is not an
/// error here but an [`InvocationResult`](crate::InvocationResult) with `function_error`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// No such function, or no such version of it.
    #[error("Function not found: {arn}")]
    ResourceNotFound {
        /// The ARN asked for, with the qualifier when one was given.
        arn: String,
    },
    /// Every worker is busy and the wait queue is full.
    #[error("Rate Exceeded.")]
    TooManyRequests {
        /// Which limit was met.
        reason: ThrottleReason,
    },
    /// The payload is over the limit of its invocation type.
    #[error(
        "{size} byte payload is too large for the {invocation_type} invocation type (limit {limit} bytes)"
    )]
    RequestTooLarge {
        /// Bytes in the payload.
        size: usize,
        /// `RequestResponse` or `Event`.
        invocation_type: &'static str,
        /// Bytes allowed.
        limit: usize,
    },
    /// The function's name or qualifier is not one.
    #[error("{message}")]
    InvalidParameterValue {
        /// What is wrong.
        message: String,
    },
    /// The payload or the client context is not JSON.
    #[error("{message}")]
    InvalidRequestContent {
        /// What is wrong.
        message: String,
    },
    /// The runtime the function wants is not on this machine.
    #[error("{message}")]
    InvalidRuntime {
        /// Which program is missing.
        message: String,
    },
    /// The host itself failed, or is stopping.
    #[error("{message}")]
    Service {
        /// What happened.
        message: String,
    },
}

impl InvokeError {
    /// AWS's error type, e.g. `ResourceNotFoundException`.
    pub fn error_type(&self) -> &'static str {
        match self {
            InvokeError::ResourceNotFound { .. } => "ResourceNotFoundException",
            InvokeError::TooManyRequests { .. } => "TooManyRequestsException",
            InvokeError::RequestTooLarge { .. } => "RequestTooLargeException",
            InvokeError::InvalidParameterValue { .. } => "InvalidParameterValueException",
            InvokeError::InvalidRequestContent { .. } => "InvalidRequestContentException",
            InvokeError::InvalidRuntime { .. } => "InvalidRuntimeException",
            InvokeError::Service { .. } => "ServiceException",
        }
    }

    /// The HTTP status AWS answers with.
    pub fn status(&self) -> u16 {
        match self {
            InvokeError::ResourceNotFound { .. } => 404,
            InvokeError::TooManyRequests { .. } => 429,
            InvokeError::RequestTooLarge { .. } => 413,
            InvokeError::InvalidParameterValue { .. } | InvokeError::InvalidRequestContent { .. } => 400,
            InvokeError::InvalidRuntime { .. } => 502,
            InvokeError::Service { .. } => 500,
        }
    }
}
