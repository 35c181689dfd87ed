//! Finding the programs that run Python and Node functions.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::config::HostConfig;
use crate::errors::InvokeError;

/// How long an interpreter may take to say where it is.
const PROBE_TIMEOUT: Duration = Duration::from_secs(20);

/// The interpreters of this machine, each looked for once, when first needed.
#[derive(Debug, Default)]
pub(crate) struct Interpreters {
    python: OnceCell<PathBuf>,
    node: OnceCell<PathBuf>,
}

impl Interpreters {
    /// The real path of the Python interpreter. Asking it, rather than running what stands on the `PATH`, leaves
    /// out the shims of version managers, which would cost their start with every worker.
    pub(crate) async fn python(&self, config: &HostConfig) -> Result<PathBuf, InvokeError> {
        let program = config.python.as_ref().map_or(OsStr::new("python3"), |path| path.as_os_str());
        let probe = ask(program, ["-c", "import sys; print(sys.executable)"]);
        self.python.get_or_try_init(|| probe).await.cloned()
    }

    /// The real path of the Node interpreter.
    pub(crate) async fn node(&self, config: &HostConfig) -> Result<PathBuf, InvokeError> {
        let program = config.node.as_ref().map_or(OsStr::new("node"), |path| path.as_os_str());
        self.node.get_or_try_init(|| ask(program, ["-p", "process.execPath"])).await.cloned()
    }
}

async fn ask(program: &OsStr, arguments: [&str; 2]) -> Result<PathBuf, InvokeError> {
    let refuse = |reason: String| InvokeError::InvalidRuntime {
        message: format!("{} cannot be run here: {reason}", program.to_string_lossy()),
    };
    let run = Command::new(program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(PROBE_TIMEOUT, run)
        .await
        .map_err(|_| refuse("it does not answer".to_owned()))?
        .map_err(|error| refuse(error.to_string()))?;
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || path.is_empty() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(refuse(said.lines().next().unwrap_or("it failed").to_owned()));
    }
    Ok(PathBuf::from(path))
}
