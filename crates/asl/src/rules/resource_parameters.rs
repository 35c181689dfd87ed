//! "The field 'X' is required but was missing", "Parameters field is required for resource ARN: ...", "The field "X" is
//! not supported by Step Functions": the request of an optimised integration has the members its action needs, literal
//! or as `X.$`, and no others.

use crate::checker::Checker;
use crate::location::shown;
use crate::tree::Object;
use model::integration;
use model::resource::TaskResource;

/// Checks Parameters, or Arguments in JSONata, of a Task. What is no object cannot be checked, and passes.
pub(crate) fn check(task: &Object<'_>, resource: &TaskResource, cx: &mut Checker) {
    let name = if task.is_jsonata() { "Arguments" } else { "Parameters" };
    let Some(field) = task.field(name) else {
        if !missing(resource, |_| false).is_empty() {
            cx.schema(task, format!("{name} field is required for resource ARN: {}", resource.arn()));
        }
        return;
    };
    let Some(request) = field.as_object() else { return };
    let is_json_path = !task.is_jsonata();
    let given = |member: &str| request.has(member) || (is_json_path && request.has(&format!("{member}.$")));
    for member in missing(resource, given) {
        cx.schema(&field, format!("The field '{member}' is required but was missing"));
    }
    for (key, _) in request.fields() {
        let member = if is_json_path { key.strip_suffix(".$").unwrap_or(key) } else { key };
        if !is_known(resource, member) {
            cx.schema(&field, format!("The field \"{}\" is not supported by Step Functions", shown(member)));
        }
    }
}

fn missing(resource: &TaskResource, has: impl Fn(&str) -> bool) -> Vec<&'static str> {
    integration::missing_members(resource, has)
}

fn is_known(resource: &TaskResource, member: &str) -> bool {
    match resource {
        TaskResource::LambdaFunction { .. } | TaskResource::Activity { .. } => true,
        TaskResource::Service { service, action, .. } => integration::find(service, action)
            .is_none_or(|found| found.supported.is_empty() || found.supported.contains(&member)),
    }
}

#[cfg(test)]
mod tests {
    use crate::test_support::problems_of_state;

    fn problems_of_request(integration: &str, rest: &str) -> Vec<String> {
        problems_of_state(&format!(
            r#"{{"Type":"Task","Resource":"arn:aws:states:::{integration}",{rest}"End":true}}"#
        ))
    }

    #[test]
    fn missing_members_are_named_one_by_one() {
        assert_eq!(
            problems_of_request("sqs:sendMessage", r#""Parameters":{},"#),
            [
                "SCHEMA_VALIDATION_FAILED: The field 'QueueUrl' is required but was missing at /States/A/Parameters",
                "SCHEMA_VALIDATION_FAILED: The field 'MessageBody' is required but was missing at /States/A/Parameters"
            ]
        );
        let both = r#""Parameters":{"QueueUrl.$":"$.q","MessageBody":"x"},"#;
        assert_eq!(problems_of_request("sqs:sendMessage", both), [""; 0]);
    }

    #[test]
    fn a_request_that_needs_members_needs_parameters() {
        assert_eq!(
            problems_of_request("lambda:invoke", ""),
            [
                "SCHEMA_VALIDATION_FAILED: Parameters field is required for resource ARN: arn:aws:states:::lambda:invoke at /States/A"
            ]
        );
        assert_eq!(problems_of_request("aws-sdk:organizations:listRoots", ""), [""; 0]);
    }

    #[test]
    fn unknown_members_are_refused() {
        assert_eq!(
            problems_of_request("lambda:invoke", r#""Parameters":{"FunctionName":"f","Pay.$":"$"},"#),
            [
                "SCHEMA_VALIDATION_FAILED: The field \"Pay\" is not supported by Step Functions at /States/A/Parameters"
            ]
        );
    }
}
