//! `arn:aws:states:::aws-sdk:SERVICE:ACTION`: any action of any service, as it is.

use crate::call::{TaskCall, TaskOutcome};
use crate::errors::succeeded;
use crate::services::{Naming, Services};
use aws::response::Form;
use json::Payload;

/// Calls the action of `service`, whose errors begin with `prefix`.
///
/// AWS: recorded test_dynamodb_put_get_item: the result is what the service gave and nothing about the way it came.
pub(crate) async fn call(
    services: &Services,
    call: &TaskCall,
    (service, action): (&str, &str),
    prefix: &'static str,
) -> TaskOutcome {
    let input = call.parameters.value();
    match services.call(call, (service, action), input, Form::SdkIntegration).await {
        Ok(output) => succeeded(&call.resource, Payload::from(output.value)),
        Err(error) => Naming::SdkIntegration(prefix).failure(call, &error),
    }
}
