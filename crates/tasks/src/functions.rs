//! Where functions are called: in the local host, at an endpoint, or nowhere.

use crate::access::{CallFailure, Denial};
use crate::call::TaskCall;
use crate::function_name::FunctionName;
use crate::permissions::Permission;
use crate::routing::Destination;
use crate::services::Services;
use aws::lambda::{InvokeRequest, InvokeResponse, SERVICE_NAME};
use aws::{CallError, ServiceError};
use iam::Context;
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

/// The callers of functions that are hosted here, in the order in which they are asked. What none of them has is called where
/// Lambda is.
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
        services: &Services,
        mut request: InvokeRequest,
        call: &TaskCall,
    ) -> Result<InvokeResponse, CallFailure> {
        let name = FunctionName::parse(&request.function);
        request.region = name.region.clone().unwrap_or_else(|| call.region.to_string());
        let arn = name.qualified_arn(&call.execution_arn, request.qualifier.as_deref());
        let is_qualified = request.qualifier.is_some() || name.qualifier.is_some();
        let resource = if is_qualified { &arn } else { arn.strip_suffix(":$LATEST").unwrap_or(&arn) };
        may_invoke(services, call, resource).await?;
        let hosted = |name: &str| self.callers.iter().find(|caller| caller.has(name));
        let answer = match services.access.destination(call)? {
            Some(Destination::Functions { function }) => {
                let name = function.as_deref().unwrap_or(&name.name);
                let caller = hosted(name).ok_or_else(|| CallError::Service(not_found(&arn)))?;
                if let Some(function) = function {
                    (request.function, request.qualifier) = (function, None);
                }
                caller.invoke(request).await
            }
            routed => {
                let caller = hosted(&name.name).filter(|_| routed.is_none());
                let is_reached = services.client().is_some_and(|client| client.reaches("lambda"));
                match caller {
                    Some(caller) => caller.invoke(request).await,
                    None if routed.is_some() || is_reached => {
                        aws::lambda::invoke(&services.client_for(call, "lambda").await?, request).await
                    }
                    None => Err(CallError::Service(not_found(&arn))),
                }
            }
        };
        Ok(answer.map_err(|error| with_version(error, &arn))?)
    }
}

/// Whether the call's role may call the function.
async fn may_invoke(services: &Services, call: &TaskCall, arn: &str) -> Result<(), CallFailure> {
    if !services.access.checks_roles() {
        return Ok(());
    }
    let needed = [Permission { action: "lambda:InvokeFunction".to_owned(), resource: arn.to_owned() }];
    let context = Context::new().with("lambda:FunctionArn", arn);
    match services.access.check(services.client(), call, &needed, context).await {
        Ok(()) => Ok(()),
        Err(Denial::Failed(failure)) => Err(CallFailure::NotMade(failure)),
        Err(Denial::Refused(message)) => Err(CallError::Service(ServiceError {
            service: SERVICE_NAME,
            status: 403,
            code: Some("AccessDeniedException".to_owned()),
            message: Some(message),
            request_id: Some(Uuid::new_v4().to_string()),
        })
        .into()),
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
        | CallError::ReadOnly { .. }
        | CallError::NoCredentials { .. }
        | CallError::Unsendable { .. }
        | CallError::Transport(_)
        | CallError::TooLarge { .. } => error,
    }
}
