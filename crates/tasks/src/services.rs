//! Calls of AWS's services, and how what fails in them is named.

use crate::access::{Access, CallFailure};
use crate::call::{TaskCall, TaskOutcome};
use crate::errors::{self, failed, result_too_large};
use crate::http_invoke::{Connections, Tokens};
use aws::response::{Fault, Form, Output};
use aws::{CallError, OperationCall, OperationError};
use bytes::Bytes;
use json::Value;
use model::{Pattern, TaskResource, sdk};
use std::sync::Arc;

/// The way to AWS's services, if there is one.
#[derive(Clone)]
pub(crate) struct Services {
    client: Option<aws::Client>,
    pub(crate) access: Access,
    /// Connections of HTTP Tasks that a file of this machine has.
    pub(crate) connections: Option<Connections>,
    /// Tokens of authorization servers.
    pub(crate) tokens: Arc<Tokens>,
}

/// How an integration names its service where something fails.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Naming {
    /// As AWS's SDK for Java 2 does: the prefix of the service.
    SdkIntegration(&'static str),
    /// As AWS's SDK for Java 1 does.
    Optimised(&'static OptimisedService),
}

/// A service of optimised integrations.
#[derive(Debug)]
pub(crate) struct OptimisedService {
    /// `dynamodb`: in the Resource.
    pub(crate) resource: &'static str,
    /// `dynamodb`: the model of its operations.
    pub(crate) model: &'static str,
    /// `DynamoDB`: how its errors begin.
    pub(crate) prefix: &'static str,
    /// `AmazonDynamoDBv2`: what its causes name; `Amazon…Exception` and `AWS…Exception` are the classes of what no model knows.
    pub(crate) name: &'static str,
    /// `AmazonDynamoDBException`
    pub(crate) exception: &'static str,
}

const fn optimised(
    resource: &'static str,
    model: &'static str,
    prefix: &'static str,
    name: &'static str,
    exception: &'static str,
) -> OptimisedService {
    OptimisedService { resource, model, prefix, name, exception }
}

/// AWS: recorded for DynamoDB, SQS, SNS and EventBridge; documented for Batch, ECS, Glue and SageMaker. AWS: unconfirmed for the
/// others, chosen because the SDK for Java 1 has these names.
pub(crate) const OPTIMISED: &[OptimisedService] = &[
    optimised("dynamodb", "dynamodb", "DynamoDB", "AmazonDynamoDBv2", "AmazonDynamoDBException"),
    optimised("sqs", "sqs", "SQS", "AmazonSQS", "AmazonSQSException"),
    optimised("sns", "sns", "SNS", "AmazonSNS", "AmazonSNSException"),
    optimised("events", "eventbridge", "EventBridge", "AmazonEventBridge", "AmazonEventBridgeException"),
    optimised("athena", "athena", "Athena", "AmazonAthena", "AmazonAthenaException"),
    optimised("batch", "batch", "Batch", "AWSBatch", "AWSBatchException"),
    optimised("bedrock", "bedrock", "Bedrock", "AmazonBedrock", "AmazonBedrockException"),
    optimised("codebuild", "codebuild", "CodeBuild", "AWSCodeBuild", "AWSCodeBuildException"),
    optimised("databrew", "databrew", "DataBrew", "AWSGlueDataBrew", "AWSGlueDataBrewException"),
    optimised("ecs", "ecs", "ECS", "AmazonECS", "AmazonECSException"),
    optimised("eks", "eks", "EKS", "AmazonEKS", "AmazonEKSException"),
    optimised(
        "elasticmapreduce",
        "emr",
        "ElasticMapReduce",
        "AmazonElasticMapReduce",
        "AmazonElasticMapReduceException",
    ),
    optimised(
        "emr-containers",
        "emrcontainers",
        "EMRContainers",
        "AmazonEMRContainers",
        "AmazonEMRContainersException",
    ),
    optimised(
        "emr-serverless",
        "emrserverless",
        "EMRServerless",
        "AWSEMRServerless",
        "AWSEMRServerlessException",
    ),
    optimised("glue", "glue", "Glue", "AWSGlue", "AWSGlueException"),
    optimised("mediaconvert", "mediaconvert", "MediaConvert", "AWSMediaConvert", "AWSMediaConvertException"),
    optimised("sagemaker", "sagemaker", "SageMaker", "AmazonSageMaker", "AmazonSageMakerException"),
];

/// An action of S3, as a Task would name it that calls it.
pub(crate) fn s3_resource(action: &str) -> TaskResource {
    TaskResource::Service {
        arn: format!("arn:aws:states:::aws-sdk:s3:{action}").into(),
        service: "aws-sdk:s3".into(),
        action: action.into(),
        pattern: Pattern::RequestResponse,
    }
}

/// The service of an optimised integration.
pub(crate) fn of_resource(service: &str) -> Option<&'static OptimisedService> {
    OPTIMISED.iter().find(|known| known.resource == service)
}

impl Services {
    pub(crate) fn new(client: Option<aws::Client>) -> Services {
        Services { client, access: Access::default(), connections: None, tokens: Arc::default() }
    }

    /// The client, as whoever Stepwright runs as.
    pub(crate) fn client(&self) -> Option<&aws::Client> {
        self.client.as_ref()
    }

    /// The client for a call of the service that is configured by this name: at its destination, with its role.
    pub(crate) async fn client_for(
        &self,
        call: &TaskCall,
        setting: &str,
    ) -> Result<aws::Client, CallFailure> {
        let no_endpoint = || CallError::NoEndpoint { service: setting.to_owned() };
        self.access.client(self.client.as_ref().ok_or_else(no_endpoint)?, call, setting).await
    }

    /// Calls an operation by its action, `putItem`, in the execution's region.
    pub(crate) async fn call(
        &self,
        call: &TaskCall,
        (model, action): (&str, &str),
        input: &Value,
        form: Form,
    ) -> Result<Output, CallFailure> {
        self.call_with(call, (model, action), input, form, None).await
    }

    /// The same with the payload of an operation whose payload is bytes.
    pub(crate) async fn call_with(
        &self,
        call: &TaskCall,
        (model, action): (&str, &str),
        input: &Value,
        form: Form,
        payload: Option<Bytes>,
    ) -> Result<Output, CallFailure> {
        let no_endpoint = || CallError::NoEndpoint { service: model.to_owned() };
        self.client.as_ref().ok_or_else(no_endpoint)?;
        let service = aws::model::service(model).ok_or_else(no_endpoint)?;
        let operation = service.action(action).ok_or_else(no_endpoint)?;
        let known = (&*service, operation);
        self.access.check_operation(self.client.as_ref(), call, known, input).await?;
        let client = self.client_for(call, &service.setting()).await?;
        // AWS: recorded test_s3_put_object_str, test_s3_put_object_bool: a stream gets the value's JSON, a string in its quotes.
        let streamed = service.streamed_member(operation).and_then(|member| input.get(&member.sdk_name));
        let streamed = streamed.filter(|value| !value.is_null()).map(|value| Bytes::from(value.to_text()));
        let streamed = payload.or(streamed);
        let prepared =
            OperationCall { form, streamed, ..OperationCall::new(&service, operation, &call.region, input) };
        Ok(client.call(prepared).await?)
    }
}

impl Naming {
    /// What a Task fails with after this error.
    pub(crate) fn failure(self, call: &TaskCall, error: &CallFailure) -> TaskOutcome {
        let error = match error {
            CallFailure::NotMade(failure) => return TaskOutcome::Failed(failure.clone()),
            CallFailure::Operation(error) => error,
        };
        match error {
            OperationError::Input(problem) => errors::unusable(call, &problem.to_string()),
            OperationError::Fault(fault) => self.fault(fault),
            OperationError::Call(CallError::TooLarge { .. }) => result_too_large(&call.resource),
            OperationError::Call(CallError::NoEndpoint { service }) => {
                let cause = format!(
                    "Unable to execute HTTP request: no endpoint of the service {service} is configured. Set \
                     AWS_ENDPOINT_URL, an endpoint of this service alone, or credentials for AWS itself"
                );
                failed(&format!("{}.SdkClientException", self.prefix()), &cause)
            }
            OperationError::Call(CallError::ReadOnly { call, host }) => errors::only_read(call, host),
            OperationError::Call(_) | OperationError::Undecodable(_) | OperationError::EventStream { .. } => {
                failed(&format!("{}.SdkClientException", self.prefix()), &error.to_string())
            }
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Naming::SdkIntegration(prefix) => prefix,
            Naming::Optimised(service) => service.prefix,
        }
    }

    fn fault(self, fault: &Fault) -> TaskOutcome {
        let or_null = |text: Option<&str>| text.unwrap_or("null").to_owned();
        let (message, id) = (or_null(fault.message.as_deref()), or_null(fault.request_id.as_deref()));
        let (status, extended) = (fault.status, fault.extended_request_id.as_deref());
        match self {
            Naming::SdkIntegration(prefix) => {
                let exception = fault.exception().unwrap_or_else(|| format!("{prefix}Exception"));
                let extended = extended.map(|id| format!(", Extended Request ID: {id}")).unwrap_or_default();
                let attempts = attempts(prefix, fault);
                let cause = format!(
                    "{message} (Service: {prefix}, Status Code: {status}, Request ID: {id}{extended}){attempts}"
                );
                failed(&format!("{prefix}.{exception}"), &cause)
            }
            Naming::Optimised(service) => {
                let exception =
                    fault.exception_of_first_sdk().unwrap_or_else(|| service.exception.to_owned());
                let code = or_null(fault.query_code.as_deref().or(fault.code.as_deref()));
                let extended =
                    extended.map(|id| format!("; S3 Extended Request ID: {id}")).unwrap_or_default();
                let name = service.name;
                let cause = format!(
                    "{message} (Service: {name}; Status Code: {status}; Error Code: {code}; Request ID: {id}{extended}; Proxy: null)"
                );
                failed(&format!("{}.{exception}", service.prefix), &cause)
            }
        }
    }
}

/// AWS: recorded test_sfn_send_task_outcome_with_no_such_token for Step Functions, and not for DynamoDB, S3 and Secrets Manager,
/// whose recordings are older.
fn attempts(prefix: &str, fault: &Fault) -> String {
    match prefix {
        "Sfn" => format!(" (SDK Attempt Count: {})", fault.attempts),
        _ => String::new(),
    }
}

/// How the errors of an SDK integration begin.
pub(crate) fn sdk_prefix(service: &str) -> Option<&'static str> {
    sdk::service(service).map(|service| service.prefix)
}
