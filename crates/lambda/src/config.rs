//! What a host is started with, and the limits of the service.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};

/// The most bytes of payload a `RequestResponse` call may carry, and its answer. AWS: documented (6 MB).
pub(crate) const SYNC_PAYLOAD_LIMIT: usize = 6_291_456;
/// The most bytes of payload an `Event` call may carry. AWS: documented (1 MB since October 2025).
pub(crate) const EVENT_PAYLOAD_LIMIT: usize = 1_048_576;
/// The most bytes a function may answer with. AWS: unconfirmed, from the text of
/// `Function.ResponseSizeTooLarge` that SDK users report.
pub(crate) const RESPONSE_LIMIT: usize = 6_291_556;
/// Calls of type `Event` that may be under way or waiting for a retry.
pub(crate) const EVENT_QUEUE_LIMIT: usize = 1_000;
/// Versions, and aliases, of one function.
pub(crate) const VERSION_LIMIT: usize = 1_000;

/// What a host is started with. [`HostConfig::new`] gives every field but the first two a sensible value.
#[derive(Debug, Clone)]
pub struct HostConfig {
    /// The region in the functions' ARNs and environment.
    pub region: String,
    /// The account id in the functions' ARNs.
    pub account: String,
    /// Where functions made through the API are kept (code and configuration), and read from on start.
    /// `None` forgets them when the host ends.
    pub data_dir: Option<PathBuf>,
    /// Given to every worker, e.g. `AWS_ENDPOINT_URL`. A function's own environment wins over it.
    pub environment: Vec<(String, String)>,
    /// Processes over all functions.
    pub max_workers: usize,
    /// Processes of one version of a function, busy or idle.
    pub max_workers_per_function: usize,
    /// Calls that may wait for a worker, over all functions; one more is answered with
    /// `TooManyRequestsException`.
    pub max_waiting: usize,
    /// How long a worker stays without a call before its process is ended.
    pub idle_timeout: Duration,
    /// How long a process may take until it asks for its first event, before the function's own timeout starts.
    pub init_timeout: Duration,
    /// The interpreter for Python functions, whichever version their runtime names; `None` looks for `python3` on
    /// the `PATH`.
    pub python: Option<PathBuf>,
    /// The interpreter for Node functions, whichever version their runtime names; `None` looks for `node` on the
    /// `PATH`.
    pub node: Option<PathBuf>,
    /// Whether Python functions run on `awslambdaric` where the interpreter can import it. Where it cannot, or
    /// when this is `false`, they run on the host's own runtime client, which behaves the same.
    pub use_awslambdaric: bool,
    /// How long to wait before each retry of an `Event` call whose function failed; its length is the number of
    /// retries where the function's own `MaximumRetryAttempts` does not say another. AWS: documented (two retries,
    /// after one and after two minutes).
    pub event_retry_delays: Vec<Duration>,
    /// What those delays and the ages of `Event` calls are measured by.
    pub clock: Arc<dyn Clock>,
    /// Lines of log kept per function.
    pub log_lines: usize,
}

impl HostConfig {
    /// A host of `region` and `account` with AWS's limits and room for 64 processes.
    pub fn new(region: impl Into<String>, account: impl Into<String>) -> HostConfig {
        HostConfig {
            region: region.into(),
            account: account.into(),
            data_dir: None,
            environment: Vec::new(),
            max_workers: 64,
            max_workers_per_function: 32,
            max_waiting: 1_000,
            idle_timeout: Duration::from_secs(300),
            init_timeout: Duration::from_secs(10),
            python: None,
            node: None,
            use_awslambdaric: true,
            event_retry_delays: vec![Duration::from_secs(60), Duration::from_secs(120)],
            clock: Arc::new(SystemClock),
            log_lines: 2_000,
        }
    }

    /// The unqualified ARN of the function called `name`.
    pub(crate) fn function_arn(&self, name: &str) -> String {
        format!("arn:aws:lambda:{}:{}:function:{name}", self.region, self.account)
    }
}
