//! Calls in the local function host.

use crate::functions::{FunctionCaller, InvokeFuture};
use aws::lambda::{InvocationType, InvokeRequest, InvokeResponse, LogType, SERVICE_NAME};
use aws::{CallError, ServiceError};
use lambda::{FunctionHost, Invocation, InvocationResult, InvokeError};
use uuid::Uuid;

impl FunctionCaller for FunctionHost {
    fn has(&self, name: &str) -> bool {
        FunctionHost::has(self, name)
    }

    fn invoke(&self, request: InvokeRequest) -> InvokeFuture<'_> {
        Box::pin(async move {
            let answer = FunctionHost::invoke(self, invocation(request)).await;
            answer.map(response).map_err(|error| CallError::Service(service_error(&error)))
        })
    }
}

fn invocation(request: InvokeRequest) -> Invocation {
    Invocation {
        function: request.function,
        qualifier: request.qualifier,
        payload: request.payload,
        invocation_type: match request.invocation_type {
            InvocationType::RequestResponse => lambda::InvocationType::RequestResponse,
            InvocationType::Event => lambda::InvocationType::Event,
            InvocationType::DryRun => lambda::InvocationType::DryRun,
        },
        client_context: request.client_context,
        log_type_tail: request.log_type == LogType::Tail,
        trace_header: None,
    }
}

fn response(result: InvocationResult) -> InvokeResponse {
    // AWS: documented: only a call that waited for its result says which version ran.
    let waited = result.status == 200;
    InvokeResponse {
        status: result.status,
        payload: result.payload,
        function_error: result.function_error,
        executed_version: waited.then_some(result.executed_version),
        request_id: Some(result.request_id),
        log_result: result.log_result,
        headers: Vec::new(),
    }
}

fn service_error(error: &InvokeError) -> ServiceError {
    ServiceError {
        service: SERVICE_NAME,
        status: error.status(),
        code: Some(error.error_type().to_owned()),
        message: Some(error.to_string()),
        request_id: Some(Uuid::new_v4().to_string()),
    }
}
