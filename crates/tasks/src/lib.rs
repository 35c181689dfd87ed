//! What a Task state's Resource means: one file per integration.
//!
//! What it is: [`Tasks`] takes one attempt of a Task ([`TaskCall`]), makes the call and gives back the result or the
//! failure exactly as AWS records it ([`TaskOutcome`]). It calls Lambda functions: by their ARN
//! (`lambda_function.rs`) and through `lambda:invoke` (`lambda_invoke.rs`), each in the local host or at an endpoint
//! of the Lambda API ([`FunctionCaller`]). And it starts nested workflows (`start_execution.rs`) where the engine runs
//! them ([`Workflows`]). Every other service is called with the client of AWS's services: any action of any of them as it is
//! (`sdk_integration.rs`), the requests of optimised integrations (`optimised.rs`), and the jobs that they start
//! (`jobs/`), those of Kubernetes among them (`kubernetes/`). On the way out (`access.rs`) a routing file says where a call
//! goes, roles are assumed, and policies checked. An attempt of an execution that was started with a test case is answered by
//! a mock ([`Mocks`]) where the test case has one for its state.
//!
//! What it is not: it does not know how executions are kept, retries nothing, and keeps no time-outs of its own.
//!
//! The contract its callers keep: calls run inside a tokio runtime; an attempt is given up by dropping its future. An
//! attempt that was under way when the process died is not called again: [`outcome_unknown`] says what to record.

mod access;
mod api_gateway;
mod bedrock;
mod call;
mod emr;
mod errors;
mod function_name;
mod functions;
mod http_invoke;
mod jobs;
mod kubernetes;
mod lambda_errors;
mod lambda_function;
mod lambda_invoke;
mod local_functions;
mod mock_config;
mod mocked;
mod mocks;
mod objects;
mod operation;
mod optimised;
mod permissions;
mod policies;
mod roles;
mod routing;
mod runner;
mod sdk_integration;
mod sdk_metadata;
mod services;
mod start_execution;
mod watched;
mod workflows;

pub use call::{Caller, CancelFuture, InspectedFuture, TaskCall, TaskFuture, TaskOutcome, TaskRunner};
pub use errors::outcome_unknown;
pub use function_name::FunctionName;
pub use functions::{FunctionCaller, InvokeFuture};
pub use http_invoke::{Connections, ConnectionsError, HttpExchange, HttpRequestShown, HttpResponseShown};
pub use mocks::{MockError, MockedCall, Mocks};
pub use objects::{ListObjects, ObjectContent, ObjectError, ObjectFuture, ObjectPart, Objects, PutObject};
pub use operation::{Operation, polled_operation, requested_operation};
pub use policies::{Policies, PoliciesError};
pub use roles::AssumeRoles;
pub use routing::{Routing, RoutingError};
pub use runner::{TaskLimits, Tasks};
pub use workflows::{
    EndedWorkflow, StartedWorkflow, WorkflowError, WorkflowFuture, WorkflowStart, Workflows,
};
