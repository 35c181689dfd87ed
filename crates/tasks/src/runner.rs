//! From a Resource to its integration.

use crate::call::{TaskCall, TaskFuture, TaskOutcome, TaskRunner};
use crate::functions::{FunctionCaller, Functions};
use crate::{errors, lambda_function, lambda_invoke};
use model::{Pattern, TaskResource};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What [`Tasks`] may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskLimits {
    /// Calls under way at once; further ones wait for their turn.
    pub concurrent_calls: usize,
}

impl Default for TaskLimits {
    /// 1,000 calls: what Lambda grants an account by default.
    fn default() -> TaskLimits {
        TaskLimits { concurrent_calls: 1_000 }
    }
}

/// Makes the attempts of Tasks. Clones share the limit on concurrent calls.
#[derive(Clone)]
pub struct Tasks {
    functions: Arc<Functions>,
    permits: Arc<Semaphore>,
}

/// The integrations that can be called.
#[derive(Clone, Copy)]
enum Integration {
    LambdaFunction,
    LambdaInvoke,
}

impl Tasks {
    /// Functions are called in the local host where it has them, else at the client's Lambda endpoint.
    pub fn new(host: Option<lambda::FunctionHost>, client: Option<aws::Client>, limits: TaskLimits) -> Tasks {
        let host = host.map(|host| Arc::new(host) as Arc<dyn FunctionCaller>);
        let client = client.map(|client| Arc::new(client) as Arc<dyn FunctionCaller>);
        Tasks::with_callers(host.into_iter().chain(client).collect(), limits)
    }

    /// Functions are called by the first of `callers` that has them.
    pub fn with_callers(callers: Vec<Arc<dyn FunctionCaller>>, limits: TaskLimits) -> Tasks {
        let permits = limits.concurrent_calls.clamp(1, Semaphore::MAX_PERMITS);
        Tasks { functions: Arc::new(Functions::new(callers)), permits: Arc::new(Semaphore::new(permits)) }
    }
}

impl TaskRunner for Tasks {
    fn call(&self, call: TaskCall) -> TaskFuture {
        let tasks = self.clone();
        Box::pin(async move {
            let Some(integration) = integration(&call.resource) else {
                return TaskOutcome::Failed(errors::not_called_yet(&call.resource));
            };
            // The semaphore is never closed; were it, the call would go on without a permit.
            let _permit = tasks.permits.acquire().await;
            match integration {
                Integration::LambdaFunction => lambda_function::call(&tasks.functions, &call).await,
                Integration::LambdaInvoke => lambda_invoke::call(&tasks.functions, &call).await,
            }
        })
    }

    fn supports(&self, resource: &TaskResource) -> bool {
        integration(resource).is_some()
    }
}

fn integration(resource: &TaskResource) -> Option<Integration> {
    match resource {
        TaskResource::LambdaFunction { .. } => Some(Integration::LambdaFunction),
        TaskResource::Service { service, action, pattern, .. } => {
            let known_pattern = matches!(pattern, Pattern::RequestResponse | Pattern::WaitForTaskToken);
            let is_invoke = &**service == "lambda" && &**action == "invoke";
            (is_invoke && known_pattern).then_some(Integration::LambdaInvoke)
        }
        TaskResource::Activity { .. } => None,
    }
}
