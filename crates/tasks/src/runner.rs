//! From a Resource to its integration.

use crate::access::{Access, CallFailure};
use crate::call::{Caller, CancelFuture, InspectedFuture, TaskCall, TaskFuture, TaskOutcome, TaskRunner};
use crate::functions::{FunctionCaller, Functions};
use crate::http_invoke::Connections;
use crate::jobs::{self, Job};
use crate::mock_config::Mocked;
use crate::mocks::{MockError, MockedCall, Mocks};
use crate::objects::{Objects, S3};
use crate::optimised::Request;
use crate::policies::Policies;
use crate::roles::AssumeRoles;
use crate::routing::{Destination, Routing};
use crate::services::{self, Services};
use crate::workflows::{Connection, Workflows};
use crate::{
    api_gateway, bedrock, errors, http_invoke, kubernetes, lambda_function, lambda_invoke, mocked, optimised,
    sdk_integration, start_execution,
};
use json::Payload;
use model::{Pattern, TaskResource};
use std::sync::{Arc, Weak};
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
    services: Arc<Services>,
    permits: Arc<Semaphore>,
    workflows: Arc<Connection>,
    mocks: Option<Mocks>,
}

/// The integrations that can be called.
#[derive(Clone, Copy)]
enum Integration<'a> {
    LambdaFunction,
    LambdaInvoke,
    StartExecution,
    HttpInvoke,
    /// An action of a service as it is. `prefix` is how its errors begin.
    Sdk {
        service: &'a str,
        action: &'a str,
        prefix: &'static str,
    },
    /// One request of an optimised integration.
    Request {
        request: Request,
        action: &'a str,
    },
    /// A request to an API of API Gateway.
    ApiGateway,
    /// A call of a model of Bedrock.
    InvokeModel,
    /// A request to the API of a cluster of EKS.
    KubernetesCall,
    /// A Job of Kubernetes on a cluster of EKS.
    KubernetesJob,
    /// A job that an optimised integration starts.
    Job(&'static Job),
}

impl Tasks {
    /// Functions are called in the local host where it has them, else at the client's Lambda endpoint; services with the
    /// client.
    pub fn new(host: Option<lambda::FunctionHost>, client: Option<aws::Client>, limits: TaskLimits) -> Tasks {
        let host = host.map(|host| Arc::new(host) as Arc<dyn FunctionCaller>);
        let services = Arc::new(Services::new(client));
        Tasks { services, ..Tasks::with_callers(host.into_iter().collect(), limits) }
    }

    /// Functions are called by the first of `callers` that has them; no services are.
    pub fn with_callers(callers: Vec<Arc<dyn FunctionCaller>>, limits: TaskLimits) -> Tasks {
        let permits = limits.concurrent_calls.clamp(1, Semaphore::MAX_PERMITS);
        Tasks {
            functions: Arc::new(Functions::new(callers)),
            services: Arc::new(Services::new(None)),
            permits: Arc::new(Semaphore::new(permits)),
            workflows: Arc::new(Connection::default()),
            mocks: None,
        }
    }

    /// Executions that are started with a test case are answered by these mocks.
    pub fn with_mocks(self, mocks: Mocks) -> Tasks {
        Tasks { mocks: Some(mocks), ..self }
    }

    /// Calls go where this file says.
    pub fn with_routing(self, routing: Routing) -> Tasks {
        self.with_access(|access| Access { routing: Some(routing), ..access })
    }

    /// Calls are refused that these policies do not allow to the state machine's role.
    pub fn with_policies(self, policies: Policies) -> Tasks {
        self.with_access(|access| Access { policies: Some(policies), ..access })
    }

    /// Calls are made with credentials of the state machine's role, where the mode says so.
    pub fn with_assumed_roles(self, mode: AssumeRoles) -> Tasks {
        self.with_access(|access| access.assuming(mode))
    }

    /// HTTP Tasks find their connections in this file, and at EventBridge where it does not have them.
    pub fn with_connections(self, connections: Connections) -> Tasks {
        let mut services = (*self.services).clone();
        services.connections = Some(connections);
        Tasks { services: Arc::new(services), ..self }
    }

    fn with_access(self, change: impl FnOnce(Access) -> Access) -> Tasks {
        let mut services = (*self.services).clone();
        services.access = change(services.access);
        Tasks { services: Arc::new(services), ..self }
    }

    /// What a mock of the routing file answers, if one does.
    fn routed_mock(&self, call: &TaskCall) -> Result<Option<Mocked>, TaskOutcome> {
        match self.services.access.destination(call) {
            Ok(Some(Destination::Mock(mocked))) => Ok(Some(mocked)),
            Ok(_) => Ok(None),
            Err(CallFailure::NotMade(failure)) => Err(TaskOutcome::Failed(failure)),
            Err(CallFailure::Operation(error)) => {
                Err(errors::failed(model::error_name::RUNTIME, &error.to_string()))
            }
        }
    }
}

impl TaskRunner for Tasks {
    fn call(&self, call: TaskCall) -> TaskFuture {
        let tasks = self.clone();
        Box::pin(async move {
            if let Some(mock) = &call.mock {
                return mocked::call(tasks.mocks.as_ref(), &call, mock);
            }
            match tasks.routed_mock(&call) {
                Ok(None) => {}
                Ok(Some(mocked)) => return mocked::call_routed(&call, mocked),
                Err(outcome) => return outcome,
            }
            let Some(integration) = integration(&call.resource) else {
                return TaskOutcome::Failed(errors::not_called_yet(&call.resource));
            };
            // The semaphore is never closed; were it, the call would go on without a permit.
            let permit = tasks.permits.acquire();
            match integration {
                Integration::LambdaFunction => {
                    let _permit = permit.await;
                    lambda_function::call(&tasks.functions, &tasks.services, &call).await
                }
                Integration::LambdaInvoke => {
                    let _permit = permit.await;
                    lambda_invoke::call(&tasks.functions, &tasks.services, &call).await
                }
                Integration::HttpInvoke => {
                    let _permit = permit.await;
                    http_invoke::call(&tasks.services, &call, false).await.0
                }
                // It does not leave the process, and the functions that hold every permit may wait for it.
                Integration::StartExecution => {
                    start_execution::call(&tasks.workflows, &tasks.services, &call).await
                }
                Integration::Sdk { service, action, prefix } => {
                    // The same is true of Step Functions' own actions that wait for the end of what they start.
                    let _permit = if service == "sfn" { None } else { Some(permit.await) };
                    sdk_integration::call(&tasks.services, &call, (service, action), prefix).await
                }
                Integration::Request { request, action } => {
                    let _permit = permit.await;
                    optimised::call(&tasks.services, &call, request, action).await
                }
                Integration::ApiGateway => {
                    let _permit = permit.await;
                    api_gateway::call(&tasks.services, &call).await
                }
                Integration::InvokeModel => {
                    let _permit = permit.await;
                    bedrock::invoke_model(&tasks.services, &call).await
                }
                Integration::KubernetesCall => {
                    let _permit = permit.await;
                    kubernetes::call(&tasks.services, &call).await
                }
                Integration::KubernetesJob => {
                    let _permit = permit.await;
                    kubernetes::run_job(&tasks.services, &call).await
                }
                Integration::Job(job) => {
                    let _permit = permit.await;
                    jobs::start(&tasks.services, &call, job).await
                }
            }
        })
    }

    fn inspect(&self, call: TaskCall, reveal_secrets: bool) -> InspectedFuture {
        let tasks = self.clone();
        Box::pin(async move {
            match integration(&call.resource) {
                Some(Integration::HttpInvoke)
                    if call.mock.is_none() && matches!(tasks.routed_mock(&call), Ok(None)) =>
                {
                    let _permit = tasks.permits.acquire().await;
                    http_invoke::call(&tasks.services, &call, reveal_secrets).await
                }
                Some(_) | None => (tasks.call(call).await, None),
            }
        })
    }

    /// A job that is watched holds no permit: it takes as long as it takes.
    fn watch(&self, call: TaskCall, submitted: Payload) -> TaskFuture {
        let tasks = self.clone();
        Box::pin(async move {
            if let Some(mock) = &call.mock {
                return mocked::watch(tasks.mocks.as_ref(), &call, mock);
            }
            match tasks.routed_mock(&call) {
                Ok(None) => {}
                Ok(Some(mocked)) => return mocked::watch_routed(&call, mocked),
                Err(outcome) => return outcome,
            }
            match integration(&call.resource) {
                Some(Integration::StartExecution) => {
                    start_execution::watch(&tasks.workflows, &call, &submitted).await
                }
                Some(Integration::Job(job)) => jobs::watch(&tasks.services, &call, job, &submitted).await,
                Some(Integration::KubernetesJob) => {
                    kubernetes::watch(&tasks.services, &call, &submitted).await
                }
                Some(
                    Integration::LambdaFunction
                    | Integration::LambdaInvoke
                    | Integration::HttpInvoke
                    | Integration::Sdk { .. }
                    | Integration::Request { .. }
                    | Integration::ApiGateway
                    | Integration::InvokeModel
                    | Integration::KubernetesCall,
                )
                | None => TaskOutcome::Failed(errors::not_watched(&call.resource)),
            }
        })
    }

    fn cancel(&self, call: TaskCall, submitted: Payload) -> CancelFuture {
        let tasks = self.clone();
        Box::pin(async move {
            // What a mock answers for was never started.
            if call.mock.is_some() || !matches!(tasks.routed_mock(&call), Ok(None)) {
                return;
            }
            match integration(&call.resource) {
                Some(Integration::StartExecution) => {
                    start_execution::cancel(&tasks.workflows, &submitted).await;
                }
                Some(Integration::Job(job)) => jobs::cancel(&tasks.services, &call, job, &submitted).await,
                Some(Integration::KubernetesJob) => {
                    kubernetes::cancel(&tasks.services, &call, &submitted).await;
                }
                Some(
                    Integration::LambdaFunction
                    | Integration::LambdaInvoke
                    | Integration::HttpInvoke
                    | Integration::Sdk { .. }
                    | Integration::Request { .. }
                    | Integration::ApiGateway
                    | Integration::InvokeModel
                    | Integration::KubernetesCall,
                )
                | None => {}
            }
        })
    }

    fn objects(&self, region: &str, caller: Caller) -> Option<Arc<dyn Objects>> {
        Some(Arc::new(S3::new(self.services.clone(), region, caller)))
    }

    fn connect(&self, workflows: Weak<dyn Workflows>) {
        self.workflows.replace(workflows);
    }

    fn check_test_case(&self, machine: &str, test_case: &str) -> Result<(), MockError> {
        self.mocks.as_ref().ok_or(MockError::NotConfigured)?.check_test_case(machine, test_case)
    }

    fn is_mocked(&self, call: &MockedCall) -> bool {
        self.mocks.as_ref().is_none_or(|mocks| !matches!(mocks.answer(call), Ok(None)))
    }

    fn supports(&self, resource: &TaskResource) -> bool {
        integration(resource).is_some()
    }
}

fn integration(resource: &TaskResource) -> Option<Integration<'_>> {
    let (service, action, pattern) = match resource {
        TaskResource::LambdaFunction { .. } => return Some(Integration::LambdaFunction),
        TaskResource::Activity { .. } => return None,
        TaskResource::Service { service, action, pattern, .. } => (&**service, &**action, *pattern),
    };
    if let Some(service) = service.strip_prefix("aws-sdk:") {
        let prefix = services::sdk_prefix(service)?;
        return Some(Integration::Sdk { service, action, prefix });
    }
    let is_request = matches!(pattern, Pattern::RequestResponse | Pattern::WaitForTaskToken);
    match (service, action) {
        ("lambda", "invoke") if is_request => Some(Integration::LambdaInvoke),
        ("states", "startExecution") => Some(Integration::StartExecution),
        ("http", "invoke") => Some(Integration::HttpInvoke),
        ("bedrock", "invokeModel") if is_request => Some(Integration::InvokeModel),
        ("eks", "call") if is_request => Some(Integration::KubernetesCall),
        ("eks", "runJob") => Some(Integration::KubernetesJob),
        ("apigateway", "invoke") if is_request => Some(Integration::ApiGateway),
        _ if is_request => {
            optimised::find(service, action).map(|request| Integration::Request { request, action })
        }
        _ if pattern == Pattern::Sync => jobs::find(service, action).map(Integration::Job),
        _ => None,
    }
}
