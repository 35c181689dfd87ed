//! A worker's process: its start, its process group, its output.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};

use super::environment;
use crate::errors::InvokeError;
use crate::function::{Family, Function};
use crate::guard::Watched;
use crate::logs::LineSplitter;
use crate::pool::Equipment;

/// Reads of the pipe in one go, so that a function that never stops writing cannot hold up its own answer.
const DRAIN_READS: usize = 256;
/// Starts of a program that is still open for writing in some other process.
const BUSY_FILE_TRIES: usize = 10;

/// Where lines of output go.
type Sink<'a> = &'a mut (dyn FnMut(String) + Send);

/// Why a process could not be started.
#[derive(Debug)]
pub(super) enum StartError {
    /// The function's own `bootstrap` is missing or cannot be run: the function's fault.
    Entrypoint(String),
    /// The machine's fault.
    Host(InvokeError),
}

/// One running process with everything it started. Dropping it kills the whole group.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    group: Pid,
    output: Output,
    _watched: Watched,
}

#[derive(Debug)]
struct Output {
    pipe: pipe::Receiver,
    splitter: LineSplitter,
    ended: bool,
}

impl Process {
    /// Starts a process of `function` that finds its Runtime API at `api_address`.
    pub(super) async fn start(
        function: &Function,
        equipment: &Equipment,
        api_address: &str,
    ) -> Result<Process, StartError> {
        let host = |error: io::Error| {
            StartError::Host(InvokeError::Service {
                message: format!("the function cannot be started: {error}"),
            })
        };
        let (sender, pipe) = pipe::pipe().map_err(host)?;
        let output = sender.into_blocking_fd().map_err(host)?;
        let mut command = command(function, equipment).await?;
        command
            .env_clear()
            .envs(environment::of(function, equipment, api_address))
            .current_dir(function.root.path())
            .stdin(Stdio::null())
            .process_group(0)
            .kill_on_drop(true);
        let child =
            spawn(&mut command, &output).await.map_err(|error| match function.spec.runtime.family {
                Family::Provided => StartError::Entrypoint(format!("fork/exec /var/task/bootstrap: {error}")),
                Family::Python | Family::Node => host(error),
            })?;
        let Some(group) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) else {
            return Err(host(io::Error::other("it has no process id")));
        };
        let watched = equipment.guard.watch(group.as_raw_nonzero().get());
        let output = Output { pipe, splitter: LineSplitter::default(), ended: false };
        Ok(Process { child, group, output, _watched: watched })
    }

    /// Waits until the process has ended, or its output had something to read, which goes to `sink` line by
    /// line. May be dropped at any await.
    pub(super) async fn ended_or_wrote(&mut self, sink: Sink<'_>) -> Option<io::Result<ExitStatus>> {
        tokio::select! {
            status = self.child.wait() => Some(status),
            _ = self.output.pipe.readable(), if !self.output.ended => {
                self.output.read(1, sink);
                None
            }
        }
    }

    /// Whether the process is gone already, though nobody has waited for it yet.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Reads what the process has written so far.
    pub(super) fn drain(&mut self, sink: Sink<'_>) {
        self.output.read(DRAIN_READS, sink);
    }

    /// The most memory the process has had at a time, in megabytes.
    pub(super) fn peak_memory_mb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.group.as_raw_nonzero()));
        let kilobytes = status.ok().and_then(|text| {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        });
        kilobytes.unwrap_or(0).div_ceil(1024)
    }

    /// Kills the process with everything it started, waits until it is gone and hands over its last words.
    pub(super) async fn end(mut self, sink: Sink<'_>) {
        self.kill();
        // SIGKILL cannot be refused; a process stuck in the kernel is left to the kernel.
        let _ = tokio::time::timeout(Duration::from_secs(5), self.child.wait()).await;
        self.drain(sink);
        self.output.splitter.finish(sink);
    }

    /// Kills the group even if its leader has ended and been reaped: its children may live on. The number
    /// cannot mean another group as long as one of them does, and Linux hands out process ids in rotation, so
    /// that one just freed is not in use again.
    fn kill(&self) {
        let _ = kill_process_group(self.group, Signal::KILL);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Output {
    fn read(&mut self, reads: usize, sink: Sink<'_>) {
        let mut buffer = [0; 8192];
        for _ in 0..reads {
            match self.pipe.try_read(&mut buffer) {
                Ok(0) => self.ended = true,
                Ok(length) => {
                    self.splitter.push(buffer.get(..length).unwrap_or(&[]), sink);
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => self.ended = true,
            }
            return;
        }
    }
}

async fn command(function: &Function, equipment: &Equipment) -> Result<Command, StartError> {
    let config = &equipment.config;
    let parent = std::process::id().to_string();
    Ok(match function.spec.runtime.family {
        Family::Python => {
            let python = equipment.interpreters.python(config).await.map_err(StartError::Host)?;
            let mut command = Command::new(python);
            let client = if config.use_awslambdaric { "auto" } else { "own" };
            command.arg(equipment.bootstrap_file("bootstrap.py")).args([&parent, client]);
            command
        }
        Family::Node => {
            let node = equipment.interpreters.node(config).await.map_err(StartError::Host)?;
            let mut command = Command::new(node);
            command.arg(equipment.bootstrap_file("bootstrap.mjs")).arg(&parent);
            command
        }
        Family::Provided => {
            // AWS: documented: the function's own, then that of its layers.
            let roots = [Some(&function.root), function.opt.as_ref()];
            let mut bootstraps = roots.into_iter().flatten().map(|root| root.path().join("bootstrap"));
            let Some(bootstrap) = bootstraps.find(|bootstrap| bootstrap.is_file()) else {
                // AWS: unconfirmed, the text SDK users report.
                let reason = "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]";
                return Err(StartError::Entrypoint(reason.to_owned()));
            };
            Command::new(bootstrap)
        }
    })
}

/// A program written a moment ago can still be open for writing in a process forked by another thread and not
/// yet replaced; that passes.
async fn spawn(command: &mut Command, output: &OwnedFd) -> io::Result<Child> {
    let mut tries = 0;
    loop {
        command.stdout(output.try_clone()?).stderr(output.try_clone()?);
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < BUSY_FILE_TRIES => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            spawned => {
                // The command keeps its copies of the pipe; the pipe must end with the process.
                command.stdout(Stdio::null()).stderr(Stdio::null());
                return spawned;
            }
        }
    }
}
