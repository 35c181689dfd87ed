//! The way out to services: where a call goes, as whom it is made, and whether its role may make it.

use crate::call::TaskCall;
use crate::policies::{Policies, Refusal};
use crate::roles::{AssumeRoles, NoRole, Roles};
use crate::routing::{Destination, Routing};
use crate::{errors, permissions, policies, roles};
use aws::response::Fault;
use aws::{CallError, Client, OperationError};
use iam::Context;
use json::Value;
use model::{Failure, error_name};
use std::sync::Arc;

/// What stands between a Task and the services. Clones share what they found.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) routing: Option<Routing>,
    pub(crate) policies: Option<Policies>,
    pub(crate) roles: Arc<Roles>,
}

/// Why a call has no output.
#[derive(Clone, Debug)]
pub(crate) enum CallFailure {
    /// It was not made: what the Task fails with.
    NotMade(Failure),
    /// It was made, or tried.
    Operation(OperationError),
}

impl From<OperationError> for CallFailure {
    fn from(error: OperationError) -> CallFailure {
        CallFailure::Operation(error)
    }
}

impl From<CallError> for CallFailure {
    fn from(error: CallError) -> CallFailure {
        CallFailure::Operation(OperationError::Call(error))
    }
}

impl Default for Access {
    /// Services are where the settings say; no role is assumed, and none is checked.
    fn default() -> Access {
        Access { routing: None, policies: None, roles: Arc::new(Roles::new(AssumeRoles::Never)) }
    }
}

impl Access {
    pub(crate) fn assuming(self, mode: AssumeRoles) -> Access {
        Access { roles: Arc::new(Roles::new(mode)), ..self }
    }

    /// Where the routing file sends the call; `None` where it says nothing.
    pub(crate) fn destination(&self, call: &TaskCall) -> Result<Option<Destination>, CallFailure> {
        let Some(routing) = &self.routing else { return Ok(None) };
        routing.of(call).map_err(|error| {
            CallFailure::NotMade(Failure::new(error_name::RUNTIME, errors::sentence(&error.to_string())))
        })
    }

    /// The client for a call of the service that is configured by this name.
    pub(crate) async fn client(
        &self,
        usual: &Client,
        call: &TaskCall,
        setting: &str,
    ) -> Result<Client, CallFailure> {
        let client = match self.destination(call)? {
            None => usual.clone(),
            Some(Destination::Aws) => usual.at_aws(),
            Some(Destination::Endpoint(endpoint)) => usual.with_endpoint(endpoint),
            // What a Task calls itself is answered before it comes here; this is a part of something else.
            Some(Destination::Functions { .. } | Destination::Mock(_)) => {
                let cause =
                    format!("The routing file answers for {}, which is called itself here", call.resource);
                return Err(CallFailure::NotMade(Failure::new(error_name::RUNTIME, cause)));
            }
        };
        let is_at_aws = client.calls_at_aws(setting);
        let asked = self.roles.client(usual, client, &call.caller, &call.region, is_at_aws).await;
        asked.map_err(|error| match error {
            NoRole::Refused(failure) => CallFailure::NotMade(failure),
            NoRole::Unanswered(reason) => CallError::NoCredentials { reason }.into(),
        })
    }

    /// Whether roles are checked at all.
    pub(crate) fn checks_roles(&self) -> bool {
        self.policies.is_some()
    }

    /// Whether the call's role may do what the operation of a model does with this input.
    pub(crate) async fn check_operation(
        &self,
        client: Option<&Client>,
        call: &TaskCall,
        (service, operation): (&aws::model::Service, &aws::model::Operation),
        input: &Value,
    ) -> Result<(), CallFailure> {
        if !self.checks_roles() {
            return Ok(());
        }
        let needed = permissions::needed(&service.name, &operation.name, input, policies::account(call));
        match self.check(client, call, &needed, Context::new()).await {
            Ok(()) => Ok(()),
            Err(Denial::Refused(message)) => {
                let fault = Fault::denied(service, message, uuid::Uuid::new_v4().to_string());
                Err(OperationError::Fault(Box::new(fault)).into())
            }
            Err(Denial::Failed(failure)) => Err(CallFailure::NotMade(failure)),
        }
    }

    /// Whether the call's role has these permissions, and may assume the role of its Credentials.
    pub(crate) async fn check(
        &self,
        client: Option<&Client>,
        call: &TaskCall,
        needed: &[permissions::Permission],
        context: Context,
    ) -> Result<(), Denial> {
        let Some(policies) = &self.policies else { return Ok(()) };
        let session = &self.roles.session;
        if let Some(target) = &call.caller.credentials_role {
            let own = TaskCall {
                caller: crate::Caller { credentials_role: None, ..call.caller.clone() },
                ..call.clone()
            };
            let permission =
                permissions::Permission { action: "sts:AssumeRole".to_owned(), resource: target.to_string() };
            match policies.check(client, &own, session, &[permission], Context::new()).await {
                Ok(()) => {}
                Err(Refusal::NotAllowed(_)) => {
                    return Err(Denial::Failed(roles::not_assumable(&call.caller, target)));
                }
                Err(Refusal::Unknown(problem)) => return Err(Denial::unknown(&problem)),
            }
        }
        policies.check(client, call, session, needed, context).await.map_err(|refusal| match refusal {
            Refusal::NotAllowed(message) => Denial::Refused(message),
            Refusal::Unknown(problem) => Denial::unknown(&problem),
        })
    }
}

/// Why a role's call is not made.
pub(crate) enum Denial {
    /// What the service would say.
    Refused(String),
    /// What the Task fails with whatever is called.
    Failed(Failure),
}

impl Denial {
    fn unknown(problem: &str) -> Denial {
        Denial::Failed(Failure::new(error_name::PERMISSIONS, problem.to_owned()))
    }
}
