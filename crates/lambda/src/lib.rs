//! A local host of Lambda functions: it runs them in real processes over the Lambda Runtime API and serves the
//! part of the Lambda API that the AWS CLI and SDKs need to create and call them.
//!
//! What it is not: it knows nothing of workflows, and it has no VPCs, container images or event sources. A function's process is an ordinary process of this machine, with the rights of the server's user:
//! the host keeps functions apart from the server's own environment, but it is no sandbox.
//!
//! The contract its callers keep: one [`FunctionHost`] lives inside one tokio runtime, and
//! [`FunctionHost::shutdown`] is awaited before that runtime ends. A host that dies without it (`kill -9`) leaves
//! no process behind either, see `guard.rs`.
//!
//! ```text
//! FunctionHost ── Registry    which functions exist: folders (folder.rs), the API's own (store.rs, archive.rs),
//!      │                      their versions and aliases (annex.rs), their layers (layers/)
//!      ├──────── Events      calls of type Event: their queue on disk, retries, destinations (events.rs)
//!      │
//!      └──────── Fleet        which process takes which call (pool.rs)
//!                  └─ Worker  one process, its calls one after the other (worker/)
//!                       └─ Runtime API, one loopback listener per worker (runtime_api.rs)
//! ```

mod annex;
pub mod api;
mod archive;
mod clock;
mod concurrency;
mod config;
mod deploy;
mod errors;
mod events;
mod folder;
mod function;
mod function_toml;
mod guard;
mod host;
mod interpreter;
mod invocation;
mod layers;
mod logs;
mod pool;
mod registry;
mod runtime_api;
mod store;
mod worker;

pub use clock::{Clock, SystemClock};
pub use config::HostConfig;
pub use errors::{FolderProblem, HostError, InvokeError, ThrottleReason};
pub use folder::{Change, LoadedFunction};
pub use function::{Family, Runtime};
pub use host::{FunctionHost, Shutdown};
pub use invocation::{Invocation, InvocationResult, InvocationType};
pub use logs::{LogLine, LogSource};
