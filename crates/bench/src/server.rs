//! Processes that are measured, on a processor of their own.

use crate::Failure;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) const LISTENING: &str = " listening on http://";
const PATIENCE: Duration = Duration::from_secs(600);

/// Where data directories are made.
#[derive(Debug)]
pub(crate) struct Scratch(Option<PathBuf>);

impl Scratch {
    pub(crate) fn new(parent: Option<PathBuf>) -> Result<Scratch, Failure> {
        if let Some(parent) = &parent {
            std::fs::create_dir_all(parent)?;
        }
        Ok(Scratch(parent))
    }

    pub(crate) fn folder(&self) -> Result<TempDir, Failure> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("stepwright-bench-");
        Ok(match &self.0 {
            Some(parent) => builder.tempdir_in(parent)?,
            None => builder.tempdir()?,
        })
    }
}

/// A server process, ended with this value.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    /// From its start to its listening.
    pub(crate) ready_after: Duration,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// The binary, with its executions in memory or in a data directory.
    pub(crate) fn stepwright(binary: &Path, data: Option<&Path>) -> Result<Server, Failure> {
        let mut arguments: Vec<OsString> =
            ["serve", "--port", "0", "--execution-log", "none"].map(Into::into).into();
        match data {
            Some(data) => arguments.extend(["--data-dir".into(), data.as_os_str().to_owned()]),
            None => arguments.push("--in-memory".into()),
        }
        Server::start(binary, &arguments)
    }

    /// Starts a program that says where it listens, on the last processor.
    pub(crate) fn start(program: &Path, arguments: &[OsString]) -> Result<Server, Failure> {
        let begun = Instant::now();
        let mut command = match processors() {
            1 => Command::new(program),
            count => {
                let mut command = Command::new("taskset");
                command.arg("-c").arg((count - 1).to_string()).arg(program);
                command
            }
        };
        let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no standard output")?).read_line(&mut line)?;
        let (_, address) = line.trim().split_once(LISTENING).ok_or_else(|| format!("it says {line:?}"))?;
        let address = address.to_owned();
        let mut server = Server { child, address, ready_after: Duration::ZERO };
        while std::net::TcpStream::connect(&server.address).is_err() {
            if begun.elapsed() > PATIENCE {
                return Err("it does not listen".into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        server.ready_after = begun.elapsed();
        Ok(server)
    }

    /// Seconds of processor time that the process has used.
    pub(crate) fn processor_seconds(&self) -> Option<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<f64>().ok();
        Some((ticks()? + ticks()?) / 100.0)
    }

    /// Bytes of memory that the process holds.
    pub(crate) fn memory(&self) -> Result<f64, Failure> {
        memory_of(&self.child.id().to_string())
    }

    /// Ends it as SIGTERM does, and waits for that.
    pub(crate) fn shut_down(mut self) -> Result<(), Failure> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        self.child.wait()?;
        Ok(())
    }
}

/// Bytes of memory that a process holds; `self` names this one.
pub(crate) fn memory_of(process: &str) -> Result<f64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kilobytes: f64 = line.trim().strip_suffix(" kB").unwrap_or_default().trim().parse()?;
    Ok(kilobytes * 1024.0)
}

/// How many processors there are.
fn processors() -> usize {
    std::fs::read_to_string("/proc/cpuinfo")
        .map_or(1, |text| text.lines().filter(|line| line.starts_with("processor")).count().max(1))
}

/// Keeps this process to the first processor, away from the one that is measured.
pub(crate) fn pin_load_generator() {
    if processors() > 1 {
        pin("0");
    }
}

/// Keeps this process to the processor that servers are measured on, for what it measures itself beside them.
pub(crate) fn pin_as_server() {
    pin(&processors().saturating_sub(1).to_string());
}

/// Lets this process run on every processor again.
pub(crate) fn unpin() {
    pin(&format!("0-{}", processors().saturating_sub(1)));
}

fn pin(processors: &str) {
    let pid = std::process::id().to_string();
    let _ = Command::new("taskset").args(["-a", "-p", "-c", processors, &pid]).stdout(Stdio::null()).status();
}

/// Bytes that the files in a folder take on the disk.
pub(crate) fn folder_size(path: &Path) -> Result<u64, Failure> {
    use std::os::unix::fs::MetadataExt as _;
    let mut size = 0;
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        size += if metadata.is_dir() { folder_size(&entry.path())? } else { metadata.blocks() * 512 };
    }
    Ok(size)
}
