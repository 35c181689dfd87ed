//! EMR's actions as Step Functions names them, in terms of EMR's API.
//!
//! Source: the developer guide's page on EMR: one cluster where the API takes several, one step, instance fleets and groups by
//! their names.

use crate::access::CallFailure;
use crate::call::TaskCall;
use crate::services::Services;
use aws::CallError;
use aws::response::{Form, Output};
use json::{Object, Value};

const MODEL: &str = "emr";

/// The operation of EMR's API that an action comes down to.
pub(crate) fn operation(action: &str) -> &str {
    match action {
        "createCluster" => "runJobFlow",
        "terminateCluster" => "terminateJobFlows",
        "addStep" => "addJobFlowSteps",
        "cancelStep" => "cancelSteps",
        "setClusterTerminationProtection" => "setTerminationProtection",
        "modifyInstanceFleetByName" => "modifyInstanceFleet",
        "modifyInstanceGroupByName" => "modifyInstanceGroups",
        other => other,
    }
}

/// Makes the request of an action, and gives its answer with Step Functions' names.
pub(crate) async fn send(
    services: &Services,
    call: &TaskCall,
    action: &str,
    given: &Value,
) -> Result<Output, CallFailure> {
    let emr = Emr { services, call };
    let operation = operation(action);
    let member = |name: &str| given.get(name).cloned().unwrap_or_default();
    let listed = |name: &str| match given.get(name) {
        Some(value) => Value::array(vec![value.clone()]),
        None => Value::Null,
    };
    match action {
        "createCluster" => Ok(renamed(emr.ask(operation, given.clone()).await?, "JobFlowId", "ClusterId")),
        "terminateCluster" => emr.ask(operation, Value::object([("JobFlowIds", listed("ClusterId"))])).await,
        "addStep" => {
            let input = [
                ("JobFlowId", member("ClusterId")),
                ("Steps", listed("Step")),
                ("ExecutionRoleArn", member("ExecutionRoleArn")),
            ];
            let output = emr.ask(operation, Value::object(input)).await?;
            let id = output.value.get("StepIds").and_then(|ids| ids.item(0)).cloned().unwrap_or_default();
            Ok(Output { value: Value::object([("StepId", id)]), ..output })
        }
        "cancelStep" => {
            let input = [("ClusterId", member("ClusterId")), ("StepIds", listed("StepId"))];
            let output = emr.ask(operation, Value::object(input)).await?;
            let info = output.value.get("CancelStepsInfoList").and_then(|list| list.item(0)).cloned();
            Ok(Output { value: info.unwrap_or_else(Value::empty_object), ..output })
        }
        "setClusterTerminationProtection" => {
            let input = [
                ("JobFlowIds", listed("ClusterId")),
                ("TerminationProtected", member("TerminationProtected")),
            ];
            emr.ask(operation, Value::object(input)).await
        }
        "modifyInstanceFleetByName" => {
            let found = emr.named(given, "listInstanceFleets", "InstanceFleets", "InstanceFleetName").await?;
            let fleet = with_id(&member("InstanceFleet"), "InstanceFleetId", found);
            let input = [("ClusterId", member("ClusterId")), ("InstanceFleet", fleet)];
            emr.ask(operation, Value::object(input)).await
        }
        "modifyInstanceGroupByName" => {
            let found = emr.named(given, "listInstanceGroups", "InstanceGroups", "InstanceGroupName").await?;
            let group = with_id(&member("InstanceGroup"), "InstanceGroupId", found);
            let input = [("ClusterId", member("ClusterId")), ("InstanceGroups", Value::array(vec![group]))];
            emr.ask(operation, Value::object(input)).await
        }
        other => Err(CallError::NoEndpoint { service: format!("elasticmapreduce:{other}") }.into()),
    }
}

struct Emr<'a> {
    services: &'a Services,
    call: &'a TaskCall,
}

impl Emr<'_> {
    async fn ask(&self, action: &str, input: Value) -> Result<Output, CallFailure> {
        self.services.call(self.call, (MODEL, action), &input, Form::Optimised).await
    }

    /// The id of the fleet or group that has the name given; null where none has it, which EMR refuses in its own words.
    async fn named(
        &self,
        given: &Value,
        action: &str,
        list: &str,
        member: &str,
    ) -> Result<Value, CallFailure> {
        let cluster = given.get("ClusterId").cloned().unwrap_or_default();
        let output = self.ask(action, Value::object([("ClusterId", cluster)])).await?;
        let all = output.value.get(list).and_then(Value::as_array).unwrap_or_default();
        let found = all.iter().find(|one| one.get("Name").is_some() && one.get("Name") == given.get(member));
        Ok(found.and_then(|one| one.get("Id")).cloned().unwrap_or_default())
    }
}

fn with_id(given: &Value, name: &str, id: Value) -> Value {
    let mut object: Object = given.as_object().cloned().unwrap_or_default();
    object.insert(name, id);
    Value::from(object)
}

fn renamed(output: Output, from: &str, to: &str) -> Output {
    let Value::Object(members) = &output.value else { return output };
    let renamed = members.iter().map(|(name, value)| {
        let name = if &**name == from { to } else { &**name };
        (name.to_owned(), value.clone())
    });
    Output { value: Value::object(renamed), ..output }
}
