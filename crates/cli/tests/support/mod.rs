//! What the tests of the binary share.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A patience far beyond what anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The binary, in an environment that holds nothing of the caller's.
pub(crate) fn stepwright(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepwright"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).current_dir(directory);
    command.stdin(Stdio::null());
    command
}

/// Runs the binary to its end.
pub(crate) fn run(directory: &Path, arguments: &[&str]) -> Ended {
    Ended::from(stepwright(directory).args(arguments).output().unwrap())
}

/// Runs the binary with something on its standard input.
pub(crate) fn run_with_input(directory: &Path, arguments: &[&str], input: &str) -> Ended {
    let mut command = stepwright(directory);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Ended::from(child.wait_with_output().unwrap())
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Ended {
        Ended {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A server that is stopped when the test is over.
pub(crate) struct Serving {
    pub(crate) child: Child,
    pub(crate) out: BufReader<std::process::ChildStdout>,
    pub(crate) port: u16,
}

impl Serving {
    /// Starts `serve` or `dev` on a free port and waits for the line that says it answers.
    pub(crate) fn start(directory: &Path, arguments: &[&str]) -> Serving {
        let mut command = stepwright(directory);
        command.args(arguments).args(["--port", "0"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("stepwright listening on http://127.0.0.1:");
        let Some(port) = url.and_then(|port| port.parse().ok()) else {
            let mut err = String::new();
            let _ = child.kill();
            let _ = child.stderr.take().unwrap().read_to_string(&mut err);
            panic!("said {line:?} and {err}");
        };
        Serving { child, out, port }
    }

    /// Reads the standard output up to a line that holds `text`.
    pub(crate) fn read_to(&mut self, text: &str) -> String {
        let mut read = String::new();
        while !read.contains(text) {
            let mut line = String::new();
            assert!(self.out.read_line(&mut line).unwrap() > 0, "ended before {text:?}, after {read}");
            read.push_str(&line);
        }
        read
    }

    /// One call of the Step Functions API: status and body.
    pub(crate) fn call(&self, operation: &str, body: &str) -> (u16, String) {
        self.request(&format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Amz-Target: AWSStepFunctions.{operation}\r\n\
             Content-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    pub(crate) fn health(&self) -> u16 {
        self.request("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").0
    }

    fn request(&self, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Sends a signal and gives the exit code.
    pub(crate) fn end_with(mut self, signal: &str) -> i32 {
        self.signal(signal);
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(Instant::now() < end, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A definition of Pass states only.
pub(crate) const PASSES: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": {"n": 1}, "ResultPath": "$.a", "End": true}}}"#;

/// Writes a file, with the folders above it.
pub(crate) fn write(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
