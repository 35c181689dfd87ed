//! The optimised integrations: which actions a service has, which patterns it knows, which parameters it takes.
//!
//! Source: the pages "Integrating optimized services" of the developer guide, and measurements of CreateStateMachine.

use crate::resource::{Pattern, TaskResource};
use crate::sdk;
use json::{Object, Value};

/// An action of an optimised integration.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    /// The action's name in the ARN.
    pub name: &'static str,
    /// Whether `.sync` exists.
    pub sync: bool,
    /// Whether `.waitForTaskToken` exists.
    pub callback: bool,
    /// Members that must be there.
    pub required: &'static [&'static str],
    /// Every member that is passed on; others are dropped before the call. Empty: all are.
    pub supported: &'static [&'static str],
}

/// A service with optimised integrations.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// The service's name in the ARN.
    pub name: &'static str,
    /// Its actions.
    pub actions: &'static [Action],
}

/// Whether a Task may name this resource: the service is known, has the action, and knows the pattern.
pub fn is_recognized(resource: &TaskResource) -> bool {
    match resource {
        TaskResource::LambdaFunction { .. } | TaskResource::Activity { .. } => true,
        TaskResource::Service { service, action, pattern, .. } => {
            if let Some(sdk_service) = service.strip_prefix("aws-sdk:") {
                let known_pattern = matches!(pattern, Pattern::RequestResponse | Pattern::WaitForTaskToken);
                return known_pattern && sdk::service(sdk_service).is_some_and(|service| service.has(action));
            }
            find(service, action).is_some_and(|found| match pattern {
                Pattern::RequestResponse => true,
                Pattern::Sync => found.sync,
                Pattern::Sync2 => found.sync && &**service == "states",
                Pattern::WaitForTaskToken => found.callback,
            })
        }
    }
}

/// The action of an optimised integration.
pub fn find(service: &str, action: &str) -> Option<&'static Action> {
    let service = SERVICES.iter().find(|s| s.name == service)?;
    service.actions.iter().find(|a| a.name == action)
}

/// The members that the action requires and `has` does not know, in the order AWS names them.
pub fn missing_members(resource: &TaskResource, has: impl Fn(&str) -> bool) -> Vec<&'static str> {
    action_of(resource)
        .map(|action| action.required.iter().copied().filter(|member| !has(member)).collect())
        .unwrap_or_default()
}

/// The parameters without the members that the optimised integration does not know.
pub fn keep_supported(resource: &TaskResource, parameters: &Value) -> Value {
    let supported = action_of(resource).map(|action| action.supported).unwrap_or_default();
    match parameters {
        Value::Object(object)
            if !supported.is_empty() && object.keys().any(|k| !supported.contains(&&**k)) =>
        {
            let kept = object.iter().filter(|(key, _)| supported.contains(&&***key));
            Value::from(kept.map(|(key, value)| (key.clone(), value.clone())).collect::<Object>())
        }
        other => other.clone(),
    }
}

fn action_of(resource: &TaskResource) -> Option<&'static Action> {
    match resource {
        TaskResource::LambdaFunction { .. } | TaskResource::Activity { .. } => None,
        TaskResource::Service { service, action, .. } => find(service, action),
    }
}

const fn plain(name: &'static str) -> Action {
    Action { name, sync: false, callback: false, required: &[], supported: &[] }
}

const fn job(name: &'static str) -> Action {
    Action { sync: true, ..plain(name) }
}

/// A job that takes these parameters alone.
const fn job_with(
    name: &'static str,
    required: &'static [&'static str],
    supported: &'static [&'static str],
) -> Action {
    Action { required, supported, ..job(name) }
}

const PUT_ITEM: &[&str] = &[
    "Item",
    "TableName",
    "ConditionalOperator",
    "ConditionExpression",
    "Expected",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ReturnConsumedCapacity",
    "ReturnItemCollectionMetrics",
    "ReturnValues",
];

const DELETE_ITEM: &[&str] = &[
    "Key",
    "TableName",
    "ConditionalOperator",
    "ConditionExpression",
    "Expected",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ReturnConsumedCapacity",
    "ReturnItemCollectionMetrics",
    "ReturnValues",
];

const UPDATE_ITEM: &[&str] = &[
    "Key",
    "TableName",
    "AttributeUpdates",
    "ConditionalOperator",
    "ConditionExpression",
    "Expected",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ReturnConsumedCapacity",
    "ReturnItemCollectionMetrics",
    "ReturnValues",
    "UpdateExpression",
];

const SUBMIT_JOB: &[&str] = &[
    "ArrayProperties",
    "ContainerOverrides",
    "DependsOn",
    "JobDefinition",
    "JobName",
    "JobQueue",
    "Parameters",
    "RetryStrategy",
    "Timeout",
    "Tags",
];

/// AWS: unconfirmed for CapacityProviderStrategy and Tags, which the newer of its lists have.
const RUN_TASK: &[&str] = &[
    "Cluster",
    "Group",
    "LaunchType",
    "NetworkConfiguration",
    "Overrides",
    "PlacementConstraints",
    "PlacementStrategy",
    "PlatformVersion",
    "PropagateTags",
    "TaskDefinition",
    "EnableExecuteCommand",
    "CapacityProviderStrategy",
    "Tags",
];

const START_JOB_RUN: &[&str] = &[
    "JobName",
    "JobRunId",
    "Arguments",
    "AllocatedCapacity",
    "Timeout",
    "MaxCapacity",
    "SecurityConfiguration",
    "NotificationProperty",
    "WorkerType",
    "NumberOfWorkers",
    "ExecutionClass",
    "JobRunQueuingEnabled",
];

const START_QUERY_EXECUTION: &[&str] =
    &["QueryString", "WorkGroup", "QueryExecutionContext", "ResultConfiguration", "ClientRequestToken"];

const INVOKE_MODEL: &[&str] = &["ModelId", "Body", "Input", "ContentType", "Accept", "Output"];

/// Every optimised integration.
pub const SERVICES: &[Service] = &[
    Service {
        name: "lambda",
        actions: &[Action {
            name: "invoke",
            sync: false,
            callback: true,
            required: &["FunctionName"],
            supported: &[
                "FunctionName",
                "Payload",
                "Qualifier",
                "InvocationType",
                "ClientContext",
                "LogType",
            ],
        }],
    },
    Service {
        name: "sqs",
        actions: &[Action {
            name: "sendMessage",
            sync: false,
            callback: true,
            required: &["QueueUrl", "MessageBody"],
            supported: &[
                "QueueUrl",
                "MessageBody",
                "DelaySeconds",
                "MessageAttributes",
                "MessageDeduplicationId",
                "MessageGroupId",
            ],
        }],
    },
    Service {
        name: "sns",
        actions: &[Action {
            name: "publish",
            sync: false,
            callback: true,
            required: &["Message"],
            supported: &[
                "Message",
                "MessageAttributes",
                "MessageStructure",
                "PhoneNumber",
                "Subject",
                "TargetArn",
                "TopicArn",
                "MessageDeduplicationId",
                "MessageGroupId",
            ],
        }],
    },
    Service {
        name: "events",
        actions: &[Action {
            callback: true,
            required: &["Entries"],
            supported: &["Entries"],
            ..plain("putEvents")
        }],
    },
    Service {
        name: "dynamodb",
        actions: &[
            Action {
                required: &["TableName", "Key"],
                supported: &[
                    "Key",
                    "TableName",
                    "AttributesToGet",
                    "ConsistentRead",
                    "ExpressionAttributeNames",
                    "ProjectionExpression",
                    "ReturnConsumedCapacity",
                ],
                ..plain("getItem")
            },
            Action { required: &["TableName", "Item"], supported: PUT_ITEM, ..plain("putItem") },
            Action { required: &["TableName", "Key"], supported: UPDATE_ITEM, ..plain("updateItem") },
            Action { required: &["TableName", "Key"], supported: DELETE_ITEM, ..plain("deleteItem") },
        ],
    },
    Service {
        name: "states",
        actions: &[Action {
            name: "startExecution",
            sync: true,
            callback: true,
            required: &["StateMachineArn"],
            supported: &["StateMachineArn", "Input", "Name", "TraceHeader"],
        }],
    },
    Service { name: "apigateway", actions: &[Action { callback: true, ..plain("invoke") }] },
    Service { name: "http", actions: &[plain("invoke")] },
    Service {
        name: "athena",
        actions: &[
            job_with("startQueryExecution", &[], START_QUERY_EXECUTION),
            plain("stopQueryExecution"),
            plain("getQueryExecution"),
            plain("getQueryResults"),
        ],
    },
    Service { name: "batch", actions: &[job_with("submitJob", &[], SUBMIT_JOB)] },
    Service {
        name: "bedrock",
        actions: &[
            Action {
                callback: true,
                required: &["ModelId"],
                supported: INVOKE_MODEL,
                ..plain("invokeModel")
            },
            job("createModelCustomizationJob"),
        ],
    },
    Service {
        name: "codebuild",
        actions: &[
            job("startBuild"),
            job("startBuildBatch"),
            job("retryBuildBatch"),
            plain("stopBuild"),
            plain("stopBuildBatch"),
            plain("batchDeleteBuilds"),
            plain("batchGetReports"),
            plain("deleteBuildBatch"),
        ],
    },
    Service {
        name: "ecs",
        actions: &[Action { callback: true, ..job_with("runTask", &["TaskDefinition"], RUN_TASK) }],
    },
    Service {
        name: "eks",
        actions: &[
            job("createCluster"),
            job("deleteCluster"),
            job("createNodegroup"),
            job("deleteNodegroup"),
            job("createFargateProfile"),
            job("deleteFargateProfile"),
            Action { required: &["ClusterName", "CertificateAuthority", "Endpoint", "Job"], ..job("runJob") },
            Action {
                required: &["ClusterName", "CertificateAuthority", "Endpoint", "Method", "Path"],
                ..plain("call")
            },
        ],
    },
    Service {
        name: "elasticmapreduce",
        actions: &[
            job("createCluster"),
            job("terminateCluster"),
            job("addStep"),
            plain("cancelStep"),
            plain("setClusterTerminationProtection"),
            plain("modifyInstanceFleetByName"),
            plain("modifyInstanceGroupByName"),
        ],
    },
    Service {
        name: "emr-containers",
        actions: &[plain("createVirtualCluster"), job("deleteVirtualCluster"), job("startJobRun")],
    },
    Service {
        name: "emr-serverless",
        actions: &[
            job("createApplication"),
            job("startApplication"),
            job("stopApplication"),
            job("deleteApplication"),
            job("startJobRun"),
            job("cancelJobRun"),
        ],
    },
    Service { name: "glue", actions: &[job_with("startJobRun", &["JobName"], START_JOB_RUN)] },
    Service { name: "databrew", actions: &[job_with("startJobRun", &["Name"], &["Name"])] },
    Service { name: "mediaconvert", actions: &[job("createJob")] },
    Service {
        name: "sagemaker",
        actions: &[
            job("createTrainingJob"),
            job("createTransformJob"),
            job("createProcessingJob"),
            job("createLabelingJob"),
            job("createHyperParameterTuningJob"),
            plain("createEndpoint"),
            plain("createEndpointConfig"),
            plain("createModel"),
            plain("updateEndpoint"),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn recognized(text: &str) -> bool {
        is_recognized(&TaskResource::parse(text).unwrap())
    }

    #[test]
    fn impossible_combinations_are_not_recognized() {
        assert!(recognized("arn:aws:states:::lambda:invoke.waitForTaskToken"));
        assert!(recognized("arn:aws:states:::states:startExecution.sync:2"));
        assert!(recognized("arn:aws:states:::aws-sdk:s3:getObject"));
        // AWS: recorded test_invalid_integration.
        assert!(!recognized("arn:aws:states:::dynamodb:query"));
        assert!(!recognized("arn:aws:states:::lambda:invoke.sync"));
        assert!(!recognized("arn:aws:states:::batch:submitJob.sync:2"));
        assert!(!recognized("arn:aws:states:::glue:startJobRun.waitForTaskToken"));
        assert!(!recognized("arn:aws:states:::aws-sdk:s3:getObject.sync"));
        assert!(recognized("arn:aws:states:::aws-sdk:s3:getObject.waitForTaskToken"));
        assert!(!recognized("arn:aws:states:::aws-sdk:s3:selectObjectContent"));
        assert!(!recognized("arn:aws:states:::aws-sdk:s3:GetObject"));
        assert!(!recognized("arn:aws:states:::aws-sdk:nosuch:getObject"));
    }

    #[test]
    fn every_list_has_what_is_required() {
        for service in SERVICES {
            for action in service.actions.iter().filter(|action| !action.supported.is_empty()) {
                let is_listed = |member: &&&str| action.supported.contains(member);
                assert!(action.required.iter().all(|member| is_listed(&member)), "{}", action.name);
            }
        }
    }

    #[test]
    fn each_write_of_dynamodb_has_members_of_its_own() {
        let kept = |action: &str| {
            let resource = TaskResource::parse(&format!("arn:aws:states:::dynamodb:{action}")).unwrap();
            let parameters = r#"{"TableName":"t","Item":1,"Key":2,"UpdateExpression":"u"}"#;
            keep_supported(&resource, &json::parse(parameters).unwrap()).to_text()
        };
        assert_eq!(kept("putItem"), r#"{"TableName":"t","Item":1}"#);
        assert_eq!(kept("deleteItem"), r#"{"TableName":"t","Key":2}"#);
        assert_eq!(kept("updateItem"), r#"{"TableName":"t","Key":2,"UpdateExpression":"u"}"#);
    }

    #[test]
    fn unknown_members_are_dropped_and_missing_ones_named() {
        let resource = TaskResource::parse("arn:aws:states:::sqs:sendMessage").unwrap();
        let parameters = json::parse(r#"{"QueueUrl":"q","MessageSystemAttribute":1}"#).unwrap();
        assert_eq!(keep_supported(&resource, &parameters).to_text(), r#"{"QueueUrl":"q"}"#);
        let missing = missing_members(&resource, |member| parameters.get(member).is_some());
        assert_eq!(missing, ["MessageBody"]);
    }
}
