//! Where functions are called: in the local host, at an endpoint, or nowhere.

use crate::call::TaskCall;
use crate::function_name::FunctionName;
use aws::lambda::{InvokeRequest, InvokeResponse, SERVICE_NAME};
use aws::{CallError, ServiceError};
use std::pin::Pin;
use std::sync::Arc;
use uuid::Uuid;

/// A call of a function under way. Dropping it gives the call up.
pub type InvokeFuture<'a> = Pin<Box<dyn Future<Output = Result<InvokeResponse, CallError>> + Send + 'a>>;

/// Something that calls functions.
pub trait FunctionCaller: Send + Sync + 'static {
    /// Whether it would take a call of the function of that bare name. One that cannot know says yes.
    fn has(&self, name: &str) -> bool;

    /// Calls a function.
    fn invoke(&self, request: InvokeRequest) -> InvokeFuture<'_>;
}

/// An endpoint may have any function.
impl FunctionCaller for aws::Client {
    fn has(&self, _name: &str) -> bool {
        self.reaches("lambda")
    }

    fn invoke(&self, request: InvokeRequest) -> InvokeFuture<'_> {
        Box::pin(aws::lambda::invoke(self, request))
    }
}

/// The callers, in the order in which they are asked.
pub(crate) struct Functions {
    callers: Vec<Arc<dyn FunctionCaller>>,
}

impl Functions {
    pub(crate) fn new(callers: Vec<Arc<dyn FunctionCaller>>) -> Functions {
        Functions { callers }
    }

    /// Calls the function that the request names, in the region that its ARN names or else in the execution's.
    pub(crate) async fn invoke(
        &self,
        mut request: InvokeRequest,
        call: &TaskCall,
    ) -> Result<InvokeResponse, CallError> {
        let name = FunctionName::parse(&request.function);
        request.region = name.region.clone().unwrap_or_else(|| call.region.to_string());
        let arn = name.qualified_arn(&call.execution_arn, request.qualifier.as_deref());
        match self.callers.iter().find(|caller| caller.has(&name.name)) {
            Some(caller) => caller.invoke(request).await.map_err(|error| with_version(error, &arn)),
            None => Err(CallError::Service(not_found(&arn))),
        }
    }
}

fn not_found(arn: &str) -> ServiceError {
    ServiceError {
        service: SERVICE_NAME,
        status: 404,
        code: Some("ResourceNotFoundException".to_owned()),
        message: Some(format!("Function not found: {arn}")),
        request_id: Some(Uuid::new_v4().to_string()),
    }
}

/// AWS: recorded test_no_such_function: the version is named even where the call named none. Emulators of Lambda leave it
/// out.
fn with_version(error: CallError, arn: &str) -> CallError {
    match error {
        CallError::Service(mut service) => {
            if let Some(message) = &mut service.message
                && let Some(named) = message.strip_prefix("Function not found: ")
                && arn.strip_prefix(named) == Some(":$LATEST")
            {
                message.push_str(":$LATEST");
            }
            CallError::Service(service)
        }
        CallError::NoEndpoint { .. }
        | CallError::NoCredentials { .. }
        | CallError::Unsendable { .. }
        | CallError::Transport(_)
        | CallError::TooLarge { .. } => error,
    }
}
