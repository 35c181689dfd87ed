//! What the API answers when it does not do what it was asked: AWS's exceptions with their exact texts.

use http::StatusCode;
use json::{Object, Value};
use model::ExecutionArn;
use model::arn::ArnError;
use model::redrive::NotRedrivable;

/// An exception of the API. The display is the text that AWS puts into `message`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("Invalid Arn: '{0}'")]
    InvalidArn(String),
    // AWS: unconfirmed, the words seen in public reports of CreateStateMachine.
    #[error("Invalid Role Arn: '{0}'")]
    InvalidRoleArn(String),
    #[error("Invalid Name: '{0}'")]
    InvalidName(String),
    /// The ARN names a test case that cannot be used; with the reason.
    // Not AWS's: Step Functions Local alone knows test cases. The text is ours.
    #[error("Invalid Name: {0}")]
    InvalidTestCase(String),
    /// With the whole message, as `asl` words it.
    #[error("{0}")]
    InvalidDefinition(String),
    #[error("Invalid State Machine Execution Input: '{0}'")]
    InvalidExecutionInput(String),
    // AWS: unconfirmed, chosen because it follows the texts of the other exceptions.
    #[error("Invalid Output: '{0}'")]
    InvalidOutput(String),
    #[error("Invalid Token: 'Invalid token'")]
    InvalidToken,
    #[error("Invalid Logging Configuration: {0}")]
    InvalidLoggingConfiguration(&'static str),
    // AWS: unconfirmed, chosen because it follows InvalidLoggingConfiguration.
    #[error("Invalid Encryption Configuration: {0}")]
    InvalidEncryptionConfiguration(&'static str),
    #[error("State Machine Does Not Exist: '{0}'")]
    StateMachineDoesNotExist(String),
    #[error("State Machine Already Exists: '{0}'")]
    StateMachineAlreadyExists(String),
    // AWS: unconfirmed, chosen because public reports quote it.
    #[error("State Machine is being deleted: '{0}'")]
    StateMachineDeleting(String),
    #[error("This operation is not supported by this type of state machine")]
    StateMachineTypeNotSupported,
    #[error("Activity Does Not Exist: '{0}'")]
    ActivityDoesNotExist(String),
    #[error("Execution Does Not Exist: '{0}'")]
    ExecutionDoesNotExist(String),
    #[error("Execution Already Exists: '{0}'")]
    ExecutionAlreadyExists(ExecutionArn),
    /// With the reason.
    // AWS: unconfirmed, chosen: the text that DescribeExecution gives as redriveStatusReason.
    #[error("{0}")]
    ExecutionNotRedrivable(NotRedrivable),
    // AWS: unconfirmed, chosen because the API reference describes the exception so.
    #[error("Task does not exist")]
    TaskDoesNotExist,
    #[error("Task Timed Out: 'Provided task does not exist anymore'")]
    TaskTimedOut,
    #[error(
        "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified"
    )]
    MissingRequiredParameter,
    #[error("Resource not found: '{0}'")]
    ResourceNotFound(String),
    // AWS: unconfirmed text.
    #[error("A resource can have at most 50 tags: '{0}'")]
    TooManyTags(String),
    #[error("Activity Already Exists: '{0}'")]
    ActivityAlreadyExists(String),
    // AWS: unconfirmed texts, chosen because the service model describes the exceptions so.
    #[error(
        "The maximum number of state machines has been reached. Existing state machines must be deleted before a new \
         state machine can be created."
    )]
    StateMachineLimitExceeded,
    #[error(
        "The maximum number of activities has been reached. Existing activities must be deleted before a new activity \
         can be created."
    )]
    ActivityLimitExceeded,
    #[error("The maximum number of workers concurrently polling for activity tasks has been reached.")]
    ActivityWorkerLimitExceeded,
    #[error(
        "The maximum number of running executions has been reached. Running executions must end or be stopped before a \
         new execution can be started."
    )]
    ExecutionLimitExceeded,
    /// A version or an alias that a request refers to is not there. AWS: recorded sfn_api_aliasing.
    #[error("Request references a resource that does not exist.")]
    ReferencedResourceNotFound(String),
    /// With the whole message.
    #[error("{0}")]
    Conflict(String),
    // AWS: unconfirmed text, chosen because AWS's documentation states the quotas so.
    #[error("The maximum number of {resources} has been reached for the state machine: {limit}")]
    ServiceQuotaExceeded { resources: &'static str, limit: usize },
    #[error("{message}")]
    Validation { message: String, reason: Option<ValidationReason> },
    /// The body is not what the operation's shape asks for.
    // AWS: the exception is documented, its texts are unconfirmed.
    #[error("{0}")]
    Serialization(String),
    // AWS: unconfirmed; AWS gives this exception without a text.
    #[error("Unknown operation: {0}")]
    UnknownOperation(String),
    #[error("Rate exceeded")]
    Throttling,
    #[error("The request must be smaller than {limit} bytes")]
    RequestEntityTooLarge { limit: usize },
    #[error("The body of the request did not arrive in time")]
    RequestTimeout,
    /// Nothing can be written at the moment. Every SDK asks again after this one.
    // AWS: documented among the common errors, with status 503; the text is ours, AWS has only a general one.
    #[error(
        "The request has failed due to a temporary failure of the server: it cannot write to its disk at the moment. Try again \
         later; GET /health says why."
    )]
    ServiceUnavailable,
    /// A fault of ours. What happened stands in the log, under the answer's request id.
    #[error("An internal error has occurred")]
    Internal,
}

/// The member `reason` of ValidationException.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValidationReason {
    ApiDoesNotSupportLabeledArns,
    CannotUpdateCompletedMapRun,
    MissingRequiredParameter,
    InvalidRoutingConfiguration,
}

impl ValidationReason {
    fn as_str(self) -> &'static str {
        match self {
            ValidationReason::ApiDoesNotSupportLabeledArns => "API_DOES_NOT_SUPPORT_LABELED_ARNS",
            ValidationReason::CannotUpdateCompletedMapRun => "CANNOT_UPDATE_COMPLETED_MAP_RUN",
            ValidationReason::MissingRequiredParameter => "MISSING_REQUIRED_PARAMETER",
            ValidationReason::InvalidRoutingConfiguration => "INVALID_ROUTING_CONFIGURATION",
        }
    }
}

impl ApiError {
    /// A ValidationException without a reason.
    pub(crate) fn validation(message: impl Into<String>) -> ApiError {
        ApiError::Validation { message: message.into(), reason: None }
    }

    /// A ValidationException with its reason.
    pub(crate) fn validation_because(reason: ValidationReason, message: impl Into<String>) -> ApiError {
        ApiError::Validation { message: message.into(), reason: Some(reason) }
    }

    /// An internal error, after what caused it is written to the log.
    pub(crate) fn internal(cause: impl std::fmt::Display) -> ApiError {
        tracing::error!(%cause, "a request failed");
        ApiError::Internal
    }

    /// The exception's name: `__type` on the wire.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            ApiError::InvalidArn(_) | ApiError::InvalidRoleArn(_) => "InvalidArn",
            ApiError::InvalidName(_) | ApiError::InvalidTestCase(_) => "InvalidName",
            ApiError::InvalidDefinition(_) => "InvalidDefinition",
            ApiError::InvalidExecutionInput(_) => "InvalidExecutionInput",
            ApiError::InvalidOutput(_) => "InvalidOutput",
            ApiError::InvalidToken => "InvalidToken",
            ApiError::InvalidLoggingConfiguration(_) => "InvalidLoggingConfiguration",
            ApiError::InvalidEncryptionConfiguration(_) => "InvalidEncryptionConfiguration",
            ApiError::StateMachineDoesNotExist(_) => "StateMachineDoesNotExist",
            ApiError::StateMachineAlreadyExists(_) => "StateMachineAlreadyExists",
            ApiError::StateMachineDeleting(_) => "StateMachineDeleting",
            ApiError::StateMachineTypeNotSupported => "StateMachineTypeNotSupported",
            ApiError::ActivityDoesNotExist(_) => "ActivityDoesNotExist",
            ApiError::ExecutionDoesNotExist(_) => "ExecutionDoesNotExist",
            ApiError::ExecutionAlreadyExists(_) => "ExecutionAlreadyExists",
            ApiError::ExecutionNotRedrivable(_) => "ExecutionNotRedrivable",
            ApiError::TaskDoesNotExist => "TaskDoesNotExist",
            ApiError::TaskTimedOut => "TaskTimedOut",
            ApiError::MissingRequiredParameter => "MissingRequiredParameter",
            ApiError::ResourceNotFound(_) | ApiError::ReferencedResourceNotFound(_) => "ResourceNotFound",
            ApiError::ActivityAlreadyExists(_) => "ActivityAlreadyExists",
            ApiError::StateMachineLimitExceeded => "StateMachineLimitExceeded",
            ApiError::ActivityLimitExceeded => "ActivityLimitExceeded",
            ApiError::ActivityWorkerLimitExceeded => "ActivityWorkerLimitExceeded",
            ApiError::ExecutionLimitExceeded => "ExecutionLimitExceeded",
            ApiError::Conflict(_) => "ConflictException",
            ApiError::ServiceQuotaExceeded { .. } => "ServiceQuotaExceededException",
            ApiError::TooManyTags(_) => "TooManyTags",
            ApiError::Validation { .. } => "ValidationException",
            ApiError::Serialization(_) => "SerializationException",
            ApiError::UnknownOperation(_) => "UnknownOperationException",
            ApiError::Throttling => "ThrottlingException",
            ApiError::RequestEntityTooLarge { .. } => "RequestEntityTooLargeException",
            ApiError::RequestTimeout => "RequestTimeoutException",
            ApiError::ServiceUnavailable => "ServiceUnavailable",
            ApiError::Internal => "InternalFailure",
        }
    }

    /// The HTTP status. AWS: every recorded exception of a client's making comes with 400.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            ApiError::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            ApiError::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            ApiError::RequestEntityTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            ApiError::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The answer's body.
    pub(crate) fn to_wire(&self) -> Value {
        let mut body = Object::new();
        body.insert("__type", self.code());
        body.insert("message", self.to_string());
        match self {
            ApiError::Validation { reason: Some(reason), .. } => {
                body.insert("reason", reason.as_str());
            }
            ApiError::ResourceNotFound(name)
            | ApiError::ReferencedResourceNotFound(name)
            | ApiError::TooManyTags(name) => {
                body.insert("resourceName", name.as_str());
            }
            _ => {}
        }
        Value::from(body)
    }
}

impl From<ArnError> for ApiError {
    fn from(error: ArnError) -> ApiError {
        ApiError::InvalidArn(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(error: ApiError) -> String {
        error.to_wire().to_text()
    }

    #[test]
    fn every_recorded_text_is_answered_word_for_word() {
        let arn = "arn:aws:states:us-east-1:000000000000:stateMachine:m";
        let cases = [
            (ApiError::InvalidToken, "InvalidToken", "Invalid Token: 'Invalid token'".to_owned()),
            (ApiError::InvalidName("a b".into()), "InvalidName", "Invalid Name: 'a b'".to_owned()),
            (
                ApiError::from(ArnError::Prefix("x".into())),
                "InvalidArn",
                "Invalid Arn: 'Invalid ARN prefix: x'".to_owned(),
            ),
            (
                ApiError::from(ArnError::ResourceType("express".into())),
                "InvalidArn",
                "Invalid Arn: 'Resource type not valid in this context: express'".to_owned(),
            ),
            (
                ApiError::StateMachineDoesNotExist(arn.into()),
                "StateMachineDoesNotExist",
                format!("State Machine Does Not Exist: '{arn}'"),
            ),
            (
                ApiError::StateMachineAlreadyExists(arn.into()),
                "StateMachineAlreadyExists",
                format!("State Machine Already Exists: '{arn}'"),
            ),
            (
                ApiError::StateMachineTypeNotSupported,
                "StateMachineTypeNotSupported",
                "This operation is not supported by this type of state machine".to_owned(),
            ),
            (
                ApiError::ExecutionDoesNotExist("e".into()),
                "ExecutionDoesNotExist",
                "Execution Does Not Exist: 'e'".to_owned(),
            ),
            (
                ApiError::ExecutionAlreadyExists(ExecutionArn("e".into())),
                "ExecutionAlreadyExists",
                "Execution Already Exists: 'e'".to_owned(),
            ),
            (
                ApiError::InvalidExecutionInput("reason".into()),
                "InvalidExecutionInput",
                "Invalid State Machine Execution Input: 'reason'".to_owned(),
            ),
            (
                ApiError::InvalidLoggingConfiguration("Must specify exactly one Log Destination."),
                "InvalidLoggingConfiguration",
                "Invalid Logging Configuration: Must specify exactly one Log Destination.".to_owned(),
            ),
            (
                ApiError::MissingRequiredParameter,
                "MissingRequiredParameter",
                "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration \
                 must be specified"
                    .to_owned(),
            ),
            (ApiError::Throttling, "ThrottlingException", "Rate exceeded".to_owned()),
            (
                ApiError::TaskTimedOut,
                "TaskTimedOut",
                "Task Timed Out: 'Provided task does not exist anymore'".to_owned(),
            ),
        ];
        for (error, code, message) in cases {
            let expected = Value::object([("__type", code), ("message", message.as_str())]);
            assert_eq!(error.status(), StatusCode::BAD_REQUEST, "{code}");
            assert_eq!(error.to_wire(), expected);
        }
    }

    #[test]
    fn members_beside_the_message_are_named_as_in_the_service_model() {
        let reason = Some(ValidationReason::MissingRequiredParameter);
        assert_eq!(
            wire(ApiError::Validation { message: "m".into(), reason }),
            r#"{"__type":"ValidationException","message":"m","reason":"MISSING_REQUIRED_PARAMETER"}"#
        );
        assert_eq!(
            wire(ApiError::ResourceNotFound("r".into())),
            r#"{"__type":"ResourceNotFound","message":"Resource not found: 'r'","resourceName":"r"}"#
        );
    }

    #[test]
    fn faults_of_ours_are_500_and_tell_nothing_of_their_cause() {
        let error = ApiError::internal("disk sda1 is on fire");
        assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(wire(error), r#"{"__type":"InternalFailure","message":"An internal error has occurred"}"#);
    }
}
