//! Log groups as CreateStateMachine and UpdateStateMachine look at them.

use crate::cloudwatch::timed;
use aws::Client;
use aws::logs::{InputLogEvent, LogStream, create_log_stream, log_group_exists, put_log_events};
use model::logging::log_group;
use std::time::{SystemTime, UNIX_EPOCH};

/// The stream that AWS creates when a delivery is set up. AWS: documented.
const PROBE: &str = "log_stream_created_by_aws_to_validate_log_delivery_subscriptions";
// AWS: unconfirmed text.
const PROBE_MESSAGE: &str = "Permissions are set correctly to allow AWS CloudWatch Logs to write into your logs while \
                             creating a subscription.";

/// The log groups behind the configured endpoint of CloudWatch Logs.
#[derive(Clone, Debug)]
pub struct LogGroups {
    client: Client,
}

/// What is known of a log group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is there.
    Yes,
    /// It is not.
    No,
    /// The service gave no answer; why stands in the server's log.
    Unknown,
}

impl LogGroups {
    /// The log groups that the client reaches.
    pub fn new(client: Client) -> LogGroups {
        LogGroups { client }
    }

    /// Whether the log group of that ARN is there.
    pub async fn find(&self, arn: &str) -> Found {
        let Some((region, name)) = log_group(arn) else { return Found::No };
        match timed(log_group_exists(&self.client, region, name)).await {
            Ok(true) => Found::Yes,
            Ok(false) => Found::No,
            Err(error) => {
                tracing::warn!(%error, log_group = name, "cannot tell whether a log group exists");
                Found::Unknown
            }
        }
    }

    /// Writes the stream that AWS writes when a delivery to the log group is set up. What fails here is no concern of
    /// the machine's: its records will meet the same trouble, and name it.
    pub async fn announce(&self, arn: &str) {
        let Some((region, group)) = log_group(arn) else { return };
        let stream = LogStream { region: region.to_owned(), group: group.to_owned(), name: PROBE.to_owned() };
        // One that is there already was written when the first delivery was set up.
        if timed(create_log_stream(&self.client, &stream)).await.is_err() {
            return;
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let timestamp = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        let event = InputLogEvent { timestamp, message: PROBE_MESSAGE.to_owned() };
        let _ = timed(put_log_events(&self.client, &stream, &[event])).await;
    }
}
