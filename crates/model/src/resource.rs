//! What a Task's `Resource` names.

use crate::history::ServiceAction;
use std::fmt;
use std::sync::Arc;

/// How an integration waits for the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// Go on with the answer.
    RequestResponse,
    /// `.sync`: wait until the started job has ended.
    Sync,
    /// `.sync:2`: the same, with the job's JSON parsed.
    Sync2,
    /// `.waitForTaskToken`: wait until somebody sends the token back.
    WaitForTaskToken,
}

impl Pattern {
    /// The suffix in the ARN.
    pub fn suffix(self) -> &'static str {
        match self {
            Pattern::RequestResponse => "",
            Pattern::Sync => ".sync",
            Pattern::Sync2 => ".sync:2",
            Pattern::WaitForTaskToken => ".waitForTaskToken",
        }
    }
}

/// A Task's `Resource`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskResource {
    /// A Lambda function called by its ARN.
    LambdaFunction {
        /// The ARN as written.
        arn: Arc<str>,
    },
    /// An activity, whose work a worker polls for.
    Activity {
        /// The ARN as written.
        arn: Arc<str>,
    },
    /// `arn:aws:states:::SERVICE:ACTION[suffix]`, SDK integrations (`aws-sdk:SERVICE`) and `http` included.
    Service {
        /// The service: `lambda`, `aws-sdk:dynamodb`, `http`.
        service: Arc<str>,
        /// The action without suffix: `invoke`.
        action: Arc<str>,
        /// How it waits.
        pattern: Pattern,
        /// The ARN as written.
        arn: Arc<str>,
    },
}

/// Why a `Resource` cannot be read; each has its own message at creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceError {
    /// The text is no ARN.
    NotAnArn,
    /// The ARN names nothing that a Task can call.
    NotRecognized,
}

impl TaskResource {
    /// Reads the text of a `Resource`. Whether the service has that action is for [`crate::integration`] to say.
    pub fn parse(text: &str) -> Result<TaskResource, ResourceError> {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().unwrap_or("");
        let (arn, partition, service, region, account, rest) =
            (next(), next(), next(), next(), next(), next());
        if arn != "arn" || partition.is_empty() || service.is_empty() || rest.is_empty() {
            return Err(ResourceError::NotAnArn);
        }
        let arn: Arc<str> = Arc::from(text);
        match service {
            "lambda" if rest.starts_with("function:") => Ok(TaskResource::LambdaFunction { arn }),
            "states" if region.is_empty() && account.is_empty() => parse_service(rest, arn),
            "states" if rest.starts_with("activity:") => Ok(TaskResource::Activity { arn }),
            _ => Err(ResourceError::NotRecognized),
        }
    }

    /// The ARN as written.
    pub fn arn(&self) -> &Arc<str> {
        match self {
            TaskResource::LambdaFunction { arn }
            | TaskResource::Activity { arn }
            | TaskResource::Service { arn, .. } => arn,
        }
    }

    /// The pattern; a Lambda ARN and an activity have none of the suffixes.
    pub fn pattern(&self) -> Pattern {
        match self {
            TaskResource::LambdaFunction { .. } | TaskResource::Activity { .. } => Pattern::RequestResponse,
            TaskResource::Service { pattern, .. } => *pattern,
        }
    }

    /// The service and action that history shows for a service integration.
    pub fn service_action(&self) -> Option<ServiceAction> {
        match self {
            TaskResource::LambdaFunction { .. } | TaskResource::Activity { .. } => None,
            TaskResource::Service { service, action, pattern, .. } => Some(ServiceAction {
                resource_type: service.clone(),
                resource: format!("{action}{}", pattern.suffix()).into(),
            }),
        }
    }
}

impl fmt::Display for TaskResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.arn())
    }
}

fn parse_service(rest: &str, arn: Arc<str>) -> Result<TaskResource, ResourceError> {
    let (rest, pattern) = [Pattern::WaitForTaskToken, Pattern::Sync2, Pattern::Sync]
        .into_iter()
        .find_map(|pattern| rest.strip_suffix(pattern.suffix()).map(|rest| (rest, pattern)))
        .unwrap_or((rest, Pattern::RequestResponse));
    let (service, action) = rest.rsplit_once(':').ok_or(ResourceError::NotRecognized)?;
    if service.is_empty() || action.is_empty() || (service.contains(':') && !service.starts_with("aws-sdk:"))
    {
        return Err(ResourceError::NotRecognized);
    }
    Ok(TaskResource::Service { service: service.into(), action: action.into(), pattern, arn })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service_action(text: &str) -> (String, String) {
        let action = TaskResource::parse(text).unwrap().service_action().unwrap();
        (action.resource_type.to_string(), action.resource.to_string())
    }

    #[test]
    fn integrations_are_split_as_history_shows_them() {
        assert_eq!(
            service_action("arn:aws:states:::sqs:sendMessage.waitForTaskToken"),
            ("sqs".into(), "sendMessage.waitForTaskToken".into())
        );
        assert_eq!(
            service_action("arn:aws:states:::states:startExecution.sync:2"),
            ("states".into(), "startExecution.sync:2".into())
        );
        assert_eq!(
            service_action("arn:aws:states:::aws-sdk:dynamodb:putItem"),
            ("aws-sdk:dynamodb".into(), "putItem".into())
        );
    }

    #[test]
    fn functions_and_activities_are_told_apart() {
        let function = "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST";
        assert!(matches!(TaskResource::parse(function), Ok(TaskResource::LambdaFunction { .. })));
        let activity = "arn:aws:states:us-east-1:000000000000:activity:a";
        assert!(matches!(TaskResource::parse(activity), Ok(TaskResource::Activity { .. })));
        assert_eq!(TaskResource::parse("hello"), Err(ResourceError::NotAnArn));
        assert_eq!(TaskResource::parse("arn:aws:s3:::bucket"), Err(ResourceError::NotRecognized));
    }
}
