//! Bounds on what one server takes upon itself.

use std::time::Duration;

/// How much of everything the server accepts. Beyond `connections` and `requests`, and where bodies fill
/// `body_memory`, the answer is AWS's ThrottlingException.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections that are served at once.
    pub connections: usize,
    /// Requests under way at once, over all connections.
    pub requests: usize,
    /// Bytes of a request of the Step Functions API. AWS: documented, 1 MB with its headers.
    pub request_size: usize,
    /// Bytes of a request of the Lambda API that brings an archive.
    pub archive_size: usize,
    /// Bytes of any other request of the Lambda API: the 6 MB that an invocation may carry, and some air.
    pub invocation_size: usize,
    /// Bytes of all bodies that are held in memory at once.
    pub body_memory: usize,
    /// How long a connection may stay without a complete head of a request.
    pub head_timeout: Duration,
    /// How long a body may stall.
    pub body_stall: Duration,
    /// How long a body may take as a whole.
    pub body_timeout: Duration,
    /// How long an answer may wait for its client to take in some more of it.
    pub write_stall: Duration,
    /// How long a client may take for what it is sent in a row, however steadily it reads.
    pub write_timeout: Duration,
    /// How long requests under way may take to end once the server shuts down.
    pub shutdown_grace: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        const MIB: usize = 1024 * 1024;
        Limits {
            connections: 4096,
            requests: 1024,
            request_size: model::limits::REQUEST_SIZE,
            archive_size: 70 * MIB,
            invocation_size: 7 * MIB,
            body_memory: 256 * MIB,
            head_timeout: Duration::from_secs(60),
            body_stall: Duration::from_secs(20),
            body_timeout: Duration::from_secs(120),
            write_stall: Duration::from_secs(30),
            write_timeout: Duration::from_secs(300),
            shutdown_grace: Duration::from_secs(10),
        }
    }
}
