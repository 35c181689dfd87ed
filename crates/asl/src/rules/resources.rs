//! "Value is not a valid resource ARN", "The resource provided ... is not recognized. The value is not a valid resource
//! ARN, or the resource is not available in this region.": a Task names a function, an activity, or an integration whose
//! service, action and pattern exist together.

use super::value_types;
use crate::checker::Checker;
use crate::tree::Field;
use model::integration;
use model::resource::{ResourceError, TaskResource};
use std::sync::Arc;

/// What the Resource of a Task names.
pub(crate) fn resource(field: &Field<'_>, cx: &mut Checker) -> Option<TaskResource> {
    let text = value_types::string(field, cx)?;
    match parse(text) {
        Ok(resource) if integration::is_recognized(&resource) => Some(resource),
        Err(ResourceError::NotAnArn) => {
            cx.schema(field, "Value is not a valid resource ARN");
            None
        }
        // AWS: recorded test_invalid_integration.
        Ok(_) | Err(ResourceError::NotRecognized) => {
            cx.schema(
                field,
                format!(
                    "The resource provided {text} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region."
                ),
            );
            None
        }
    }
}

/// Reads the text. The ARN of an integration may name a region and an account, which mean nothing.
// AWS: unconfirmed, chosen because a published sample names its integrations so.
fn parse(text: &Arc<str>) -> Result<TaskResource, ResourceError> {
    let found = TaskResource::parse(text);
    if found != Err(ResourceError::NotRecognized) {
        return found;
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "states", _, _, rest] = parts.as_slice() else { return found };
    match TaskResource::parse(&format!("arn:{partition}:states:::{rest}")) {
        Ok(TaskResource::Service { service, action, pattern, .. }) => {
            Ok(TaskResource::Service { service, action, pattern, arn: text.clone() })
        }
        Ok(TaskResource::LambdaFunction { .. } | TaskResource::Activity { .. }) | Err(_) => found,
    }
}

#[cfg(test)]
mod tests {
    use crate::test_support::problems_of_state;

    fn problems_of_resource(arn: &str) -> Vec<String> {
        problems_of_state(&format!(r#"{{"Type":"Task","Resource":"{arn}","End":true}}"#))
    }

    #[test]
    fn resources_that_do_not_exist_are_refused() {
        assert_eq!(
            problems_of_resource("hello"),
            ["SCHEMA_VALIDATION_FAILED: Value is not a valid resource ARN at /States/A/Resource"]
        );
        for arn in
            ["arn:aws:states:::dynamodb:query", "arn:aws:states:::lambda:invoke.sync", "arn:aws:s3:::bucket"]
        {
            assert_eq!(
                problems_of_resource(arn),
                [format!(
                    "SCHEMA_VALIDATION_FAILED: The resource provided {arn} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/A/Resource"
                )]
            );
        }
    }

    #[test]
    fn functions_activities_and_integrations_are_accepted() {
        for arn in [
            "arn:aws:lambda:us-east-1:000000000000:function:f",
            "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST",
            "arn:aws:states:us-east-1:000000000000:activity:a",
            "arn:aws-cn:states:::aws-sdk:s3:listBuckets",
            "arn:aws:states:us-east-1:000000000000:aws-sdk:s3:listBuckets",
        ] {
            assert_eq!(problems_of_resource(arn), [""; 0], "{arn}");
        }
    }

    #[test]
    fn services_have_the_patterns_that_were_measured() {
        let recognized = |resource: &str| {
            let found = problems_of_resource(&format!("arn:aws:states:::{resource}"));
            !found.iter().any(|problem| problem.contains("is not recognized"))
        };
        for resource in [
            "lambda:invoke",
            "sns:publish",
            "sqs:sendMessage",
            "dynamodb:putItem",
            "events:putEvents",
            "apigateway:invoke",
            "aws-sdk:s3:listBuckets",
        ] {
            assert!(recognized(resource), "{resource}");
            assert!(!recognized(&format!("{resource}.sync")), "{resource}");
        }
        for resource in [
            "athena:startQueryExecution",
            "batch:submitJob",
            "codebuild:startBuild",
            "elasticmapreduce:createCluster",
            "emr-containers:startJobRun",
            "emr-serverless:startJobRun",
            "glue:startJobRun",
            "databrew:startJobRun",
            "mediaconvert:createJob",
            "sagemaker:createTrainingJob",
        ] {
            assert!(recognized(resource) && recognized(&format!("{resource}.sync")), "{resource}");
            assert!(!recognized(&format!("{resource}.waitForTaskToken")), "{resource}");
            assert!(!recognized(&format!("{resource}.sync:2")), "{resource}");
        }
        for resource in [
            "lambda:invoke",
            "sns:publish",
            "sqs:sendMessage",
            "events:putEvents",
            "ecs:runTask",
            "aws-sdk:sfn:startExecution",
        ] {
            assert!(recognized(&format!("{resource}.waitForTaskToken")), "{resource}");
        }
        assert!(!recognized("dynamodb:putItem.waitForTaskToken"));
        assert!(
            recognized("states:startExecution.sync:2")
                && recognized("states:startExecution.waitForTaskToken")
        );
        assert!(recognized("ecs:runTask.sync") && recognized("http:invoke"));
        for resource in ["nothing:at", "lambda:invoke.never", "aws-sdk:s3:ListBuckets", "http:invoke.sync"] {
            assert!(!recognized(resource), "{resource}");
        }
    }
}
