//! What the tests share: a folder of functions, a host, calls.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod api;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lambda::{FunctionHost, HostConfig, Invocation, InvocationResult};
use serde_json::Value;

pub(crate) struct Functions(tempfile::TempDir);

impl Functions {
    pub(crate) fn new() -> Functions {
        Functions(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn with(self, file: &str, text: &str) -> Functions {
        self.write(file, text);
        self
    }

    /// Writes `NAME/FILE`; a bootstrap can be run.
    pub(crate) fn write(&self, file: &str, text: &str) -> PathBuf {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        if path.file_name().unwrap() == "bootstrap" {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        path
    }

    pub(crate) async fn host(&self) -> FunctionHost {
        self.host_with(|_| {}).await
    }

    pub(crate) async fn host_with(&self, change: impl FnOnce(&mut HostConfig)) -> FunctionHost {
        let mut config = config();
        change(&mut config);
        let host = FunctionHost::start(config).await.unwrap();
        host.load_folder(self.path()).unwrap();
        host
    }
}

/// A host whose answers do not depend on whether awslambdaric is installed here.
pub(crate) fn config() -> HostConfig {
    let mut config = HostConfig::new("us-east-1", "123456789012");
    config.use_awslambdaric = false;
    config
}

pub(crate) async fn call(host: &FunctionHost, name: &str, payload: &str) -> InvocationResult {
    host.invoke(Invocation::request_response(name, payload.to_owned())).await.unwrap()
}

/// The answer of a call that must succeed.
pub(crate) async fn ok(host: &FunctionHost, name: &str, payload: &str) -> Value {
    let result = call(host, name, payload).await;
    assert_eq!(result.function_error, None, "{}", String::from_utf8_lossy(&result.payload));
    serde_json::from_slice(&result.payload).unwrap()
}

/// The error document of a call that must fail in its function.
pub(crate) async fn failure(host: &FunctionHost, name: &str, payload: &str) -> (String, Value) {
    let result = call(host, name, payload).await;
    assert_eq!(result.function_error.as_deref(), Some("Unhandled"), "{:?}", result.payload);
    assert_eq!(result.status, 200);
    (result.request_id, serde_json::from_slice(&result.payload).unwrap())
}

/// Whether a process runs; one that has ended and not been waited for does not.
pub(crate) fn is_alive(pid: i64) -> bool {
    // The first thread is seen to have ended before the process has, as long as another is on its way out.
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let mut states = threads.map(|thread| fs::read_to_string(thread.path().join("stat")).unwrap_or_default());
    states
        .any(|stat| stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X'])))
}

/// Waits until `condition` holds, for at most ten seconds.
pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Whether `node` is missing; says so, since the test that asks passes without having tested anything.
pub(crate) fn without_node() -> bool {
    let missing = std::process::Command::new("node").arg("--version").output().is_err();
    if missing {
        eprintln!("SKIPPED: node is not installed, Node functions are not tested");
    }
    missing
}
