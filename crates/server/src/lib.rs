//! The Step Functions API over HTTP: AWS JSON 1.0 on `POST /`, the Lambda API below its dated paths, `GET /health`, and
//! what AWS does not offer below `/stepwright/v1`.
//!
//! This crate knows HTTP, the wire, and one file per operation (`operations/`). It knows no states: what an execution
//! is, and what happens to it, is the engine's matter.
//!
//! Its contract: whatever arrives gets an answer with a status and a request id, or the connection ends; nothing that
//! arrives stops the server. Sizes, times and counts are bounded by [`Limits`].
//!
//! ```text
//! serve.rs       listener, connections, shutdown
//! route.rs       which door a request takes; panics become InternalFailure
//! body.rs        the body, bounded in bytes and time
//! request.rs     the body as typed members, with AWS's constraint violations
//! operations/    what each operation does
//! page.rs        page sizes and page tokens
//! token_buckets.rs  how often each operation can be called
//! express_view.rs  Express executions as they can be looked at, outside of AWS's API
//! error.rs       AWS's exceptions
//! response.rs    answers on the wire
//! ```

mod body;
mod error;
mod express_view;
mod handler;
mod limits;
mod operations;
mod page;
mod request;
mod response;
mod route;
mod serve;
mod token_buckets;

pub use limits::Limits;
pub use serve::serve;
pub use token_buckets::TokenBuckets;

use std::sync::Arc;

/// What the server serves.
#[derive(Clone)]
pub struct Api {
    /// The engine behind the Step Functions API.
    pub engine: engine::Engine,
    /// The host behind the Lambda API; without it those paths are unknown.
    pub functions: Option<lambda::FunctionHost>,
    /// The log groups that machines may log to; without them every one counts as there.
    pub log_groups: Option<logs::LogGroups>,
    /// How often each operation can be called; without them as often as anybody likes.
    pub token_buckets: Option<Arc<TokenBuckets>>,
    /// Bounds on what one server takes upon itself.
    pub limits: Limits,
}

impl Api {
    /// The API of an engine, without functions, within the default limits.
    pub fn new(engine: engine::Engine) -> Api {
        Api { engine, functions: None, log_groups: None, token_buckets: None, limits: Limits::default() }
    }

    /// The same with a host of functions.
    pub fn with_functions(self, host: lambda::FunctionHost) -> Api {
        Api { functions: Some(host), ..self }
    }
}
