//! SDK integrations: the services and the actions that a Task may name as `aws-sdk:SERVICE:ACTION`.
//!
//! The list is data, made by tools/models.py from the models that the calls are made with, less what AWS documents as
//! unsupported: operations that stream events, and a few by name.

use crate::sdk_names::camel;
use std::sync::LazyLock;

/// A line for each service: how its errors begin, and its operations.
const SERVICES: &str = include_str!("sdk_actions.txt");

/// The lines by the name of their service, sorted.
static LINES: LazyLock<Vec<(String, SdkService)>> = LazyLock::new(|| {
    let services = SERVICES.lines().filter_map(|line| {
        let (prefix, operations) = line.split_once(' ')?;
        Some((prefix.to_ascii_lowercase(), SdkService { prefix, operations }))
    });
    let mut lines: Vec<(String, SdkService)> = services.collect();
    lines.sort_by(|(a, _), (b, _)| a.cmp(b));
    lines
});

/// A service of AWS's SDK.
#[derive(Clone, Copy, Debug)]
pub struct SdkService {
    /// How its errors begin: `DynamoDb`.
    pub prefix: &'static str,
    operations: &'static str,
}

/// The service that a Task names: `dynamodb`.
pub fn service(name: &str) -> Option<SdkService> {
    let at = LINES.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
    LINES.get(at).map(|(_, service)| *service)
}

impl SdkService {
    /// Whether a Task may name the action: `putItem`.
    pub fn has(&self, action: &str) -> bool {
        self.operations
            .split(' ')
            .any(|operation| operation.len() == action.len() && camel(operation) == action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_and_actions_have_the_names_of_the_sdk() {
        let prefix = |name: &str| service(name).map(|service| service.prefix);
        assert_eq!(prefix("dynamodb"), Some("DynamoDb"));
        assert_eq!(prefix("sfn"), Some("Sfn"));
        assert_eq!(prefix("cloudwatchlogs"), Some("CloudWatchLogs"));
        assert_eq!(prefix("apigatewayv2"), Some("ApiGatewayV2"));
        assert_eq!(prefix("costexplorer"), Some("CostExplorer"));
        for name in ["DynamoDb", "states", "logs", "nosuch", ""] {
            assert_eq!(prefix(name), None, "{name}");
        }
        assert!(service("rds").unwrap().has("describeDBInstances"));
        assert!(service("s3").unwrap().has("listObjectsV2"));
        assert!(!service("s3").unwrap().has("ListObjectsV2"));
        assert!(!service("s3").unwrap().has(""));
    }

    #[test]
    fn what_streams_or_is_excluded_is_not_there() {
        assert!(!service("lambda").unwrap().has("invokeWithResponseStream"));
        assert!(!service("bedrockruntime").unwrap().has("converseStream"));
        assert!(!service("sts").unwrap().has("assumeRole"));
        assert!(service("sts").unwrap().has("getCallerIdentity"));
    }
}
