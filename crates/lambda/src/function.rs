//! What a function is: its specification, and one deployed revision of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::logs::LogRing;

/// Which program runs a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Family {
    /// `python3`.
    Python,
    /// `node`.
    Node,
    /// The function's own executable `bootstrap`.
    Provided,
}

/// A runtime as AWS names it, e.g. `python3.12`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runtime {
    /// AWS's identifier.
    pub name: String,
    /// Which program runs it.
    pub family: Family,
}

impl Runtime {
    /// Reads AWS's identifier (`python3.N`, `nodejsN.x`, `provided`, `provided.al2`, `provided.al2023`).
    /// `None` for a runtime this host does not have.
    pub fn parse(name: &str) -> Option<Runtime> {
        let digits =
            |text: &str| !text.is_empty() && text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
        let family = if let Some(minor) = name.strip_prefix("python3.") {
            digits(minor).then_some(Family::Python)
        } else if let Some(version) = name.strip_prefix("nodejs") {
            version.strip_suffix(".x").filter(|major| digits(major)).map(|_| Family::Node)
        } else {
            matches!(name, "provided" | "provided.al2" | "provided.al2023").then_some(Family::Provided)
        };
        family.map(|family| Runtime { name: name.to_owned(), family })
    }

    /// The runtime of a function that names none: the interpreter of that family on this machine.
    pub(crate) fn of_family(family: Family) -> Runtime {
        let name = match family {
            Family::Python => "python3.13",
            Family::Node => "nodejs22.x",
            Family::Provided => "provided.al2023",
        };
        Runtime { name: name.to_owned(), family }
    }
}

/// What is configured of a function. Shared by folders and the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FunctionSpec {
    pub(crate) name: String,
    pub(crate) runtime: Runtime,
    pub(crate) handler: String,
    pub(crate) timeout_seconds: u32,
    pub(crate) memory_mb: u32,
    pub(crate) environment: BTreeMap<String, String>,
    /// The layers from the API, the lowest first. A function of a folder names its own by their paths.
    #[serde(default)]
    pub(crate) layers: Vec<LayerRef>,
}

/// A layer version that a function uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LayerRef {
    pub(crate) arn: String,
    /// Bytes of its archive.
    pub(crate) code_size: u64,
}

pub(crate) const DEFAULT_TIMEOUT_SECONDS: u32 = 3;
pub(crate) const TIMEOUT_SECONDS: std::ops::RangeInclusive<u32> = 1..=900;
pub(crate) const DEFAULT_MEMORY_MB: u32 = 128;
pub(crate) const MEMORY_MB: std::ops::RangeInclusive<u32> = 128..=10_240;

/// The one version that changes.
pub(crate) const LATEST: &str = "$LATEST";

/// Under which name the fleet knows a version of a function.
pub(crate) fn lane(name: &str, version: &str) -> String {
    if version == LATEST { name.to_owned() } else { format!("{name}:{version}") }
}

/// Whether `name` can be a function's name: 1 to 64 of `[a-zA-Z0-9-_]`.
pub(crate) fn is_function_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Whether a function's environment may not set `key`. AWS: documented list of reserved variables.
pub(crate) fn is_reserved_variable(key: &str) -> bool {
    const RESERVED: [&str; 14] = [
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    ];
    const CREDENTIALS: [&str; 5] = [
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    ];
    RESERVED.contains(&key) || CREDENTIALS.contains(&key)
}

/// Whether `key` can be the name of an environment variable: AWS's pattern `[a-zA-Z]([a-zA-Z0-9_])+`, with a
/// single letter allowed too.
pub(crate) fn is_variable_name(key: &str) -> bool {
    key.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether a handler's name may not hold `character`.
pub(crate) fn is_blank(character: char) -> bool {
    character.is_whitespace() || character.is_control()
}

/// Where a revision's code lies, or its layers.
#[derive(Debug)]
pub(crate) enum TaskRoot {
    /// A folder of the user's, run in place.
    Folder(PathBuf),
    /// An archive laid out in a directory of the host's, removed with the last user of the revision.
    Extracted(tempfile::TempDir),
}

impl TaskRoot {
    pub(crate) fn path(&self) -> &Path {
        match self {
            TaskRoot::Folder(path) => path,
            TaskRoot::Extracted(directory) => directory.path(),
        }
    }
}

/// One deployed revision of a function. A change of code or configuration makes a new one; workers of the old
/// one end after their current call.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) spec: FunctionSpec,
    /// `$LATEST` or the number of a published version.
    pub(crate) version: String,
    /// Unlike for any two revisions in the life of a host.
    pub(crate) revision: u64,
    /// Without a version.
    pub(crate) arn: String,
    pub(crate) root: Arc<TaskRoot>,
    /// What stands for `/opt`: the layers, one laid over the other.
    pub(crate) opt: Option<Arc<TaskRoot>>,
    /// Kept over revisions and shared by versions.
    pub(crate) logs: Arc<LogRing>,
}

impl Function {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.spec.timeout_seconds))
    }

    /// Under which name the fleet knows this version.
    pub(crate) fn lane(&self) -> String {
        lane(&self.spec.name, &self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_are_read_as_aws_spells_them() {
        assert_eq!(Runtime::parse("python3.12").unwrap().family, Family::Python);
        assert_eq!(Runtime::parse("nodejs20.x").unwrap().family, Family::Node);
        assert_eq!(Runtime::parse("provided.al2023").unwrap().family, Family::Provided);
        for unknown in
            ["python2.7", "python3.", "python3", "nodejs.x", "nodejs20", "java21", "provided.al3", ""]
        {
            assert_eq!(Runtime::parse(unknown), None, "{unknown}");
        }
    }
}
