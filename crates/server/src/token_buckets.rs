//! AWS's quotas on how often an operation can be called: a bucket of tokens for each, refilled at a rate.

use engine::LARGE_REGIONS;
use json::Value;
use model::StateMachineType;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

/// The bucket of StartExecution where the machine is an Express one.
const START_EXPRESS: &str = "StartExecution of Express workflows";

/// Tokens of a full bucket, and tokens that come back each second.
type Quota = (f64, f64);

/// Operation, quota in the large regions, quota in the others. An operation without a row has no quota.
// AWS: documented, as published in 2025.
const QUOTAS: [(&str, Quota, Quota); 38] = [
    ("CreateActivity", (100.0, 1.0), (100.0, 1.0)),
    ("CreateStateMachine", (100.0, 1.0), (100.0, 1.0)),
    ("CreateStateMachineAlias", (100.0, 1.0), (100.0, 1.0)),
    ("DeleteActivity", (100.0, 1.0), (100.0, 1.0)),
    ("DeleteStateMachine", (100.0, 1.0), (100.0, 1.0)),
    ("DeleteStateMachineAlias", (100.0, 1.0), (100.0, 1.0)),
    ("DeleteStateMachineVersion", (100.0, 1.0), (100.0, 1.0)),
    ("DescribeActivity", (200.0, 1.0), (200.0, 1.0)),
    ("DescribeExecution", (300.0, 15.0), (250.0, 10.0)),
    ("DescribeMapRun", (200.0, 1.0), (200.0, 1.0)),
    ("DescribeStateMachine", (200.0, 20.0), (200.0, 20.0)),
    ("DescribeStateMachineAlias", (200.0, 1.0), (200.0, 1.0)),
    ("DescribeStateMachineForExecution", (200.0, 1.0), (200.0, 1.0)),
    ("GetActivityTask", (3000.0, 500.0), (1500.0, 300.0)),
    ("GetExecutionHistory", (400.0, 20.0), (400.0, 20.0)),
    ("ListActivities", (100.0, 10.0), (100.0, 5.0)),
    ("ListExecutions", (200.0, 5.0), (100.0, 2.0)),
    ("ListMapRuns", (100.0, 1.0), (100.0, 1.0)),
    ("ListStateMachineAliases", (100.0, 1.0), (100.0, 1.0)),
    ("ListStateMachines", (100.0, 5.0), (100.0, 5.0)),
    ("ListStateMachineVersions", (100.0, 1.0), (100.0, 1.0)),
    ("ListTagsForResource", (100.0, 1.0), (100.0, 1.0)),
    ("PublishStateMachineVersion", (100.0, 1.0), (100.0, 1.0)),
    ("RedriveExecution", (1300.0, 300.0), (800.0, 150.0)),
    ("SendTaskFailure", (3000.0, 500.0), (1500.0, 300.0)),
    ("SendTaskHeartbeat", (3000.0, 500.0), (1500.0, 300.0)),
    ("SendTaskSuccess", (3000.0, 500.0), (1500.0, 300.0)),
    ("StartExecution", (1300.0, 300.0), (800.0, 150.0)),
    (START_EXPRESS, (6000.0, 6000.0), (6000.0, 6000.0)),
    ("StopExecution", (1000.0, 200.0), (500.0, 25.0)),
    ("TagResource", (200.0, 1.0), (200.0, 1.0)),
    ("TestState", (50.0, 10.0), (50.0, 10.0)),
    ("UntagResource", (200.0, 1.0), (200.0, 1.0)),
    ("UpdateMapRun", (100.0, 1.0), (100.0, 1.0)),
    ("UpdateStateMachine", (100.0, 1.0), (100.0, 1.0)),
    ("UpdateStateMachineAlias", (100.0, 1.0), (100.0, 1.0)),
    ("ValidateStateMachineDefinition", (100.0, 1.0), (100.0, 1.0)),
    // AWS: documented, without a fixed quota: "capacity scales on demand".
    ("StartSyncExecution", (f64::INFINITY, f64::INFINITY), (f64::INFINITY, f64::INFINITY)),
];

/// The buckets of one account in one region.
#[derive(Debug)]
pub struct TokenBuckets {
    buckets: BTreeMap<&'static str, Mutex<Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    size: f64,
    /// Tokens a second.
    rate: f64,
    tokens: f64,
    filled_at: Instant,
}

impl TokenBuckets {
    /// AWS's quotas in a region, every bucket full.
    pub fn of_region(region: &str) -> TokenBuckets {
        let is_large = LARGE_REGIONS.contains(&region);
        let buckets = QUOTAS.into_iter().map(|(operation, large, other)| {
            let (size, rate) = if is_large { large } else { other };
            (operation, Mutex::new(Bucket { size, rate, tokens: size, filled_at: Instant::now() }))
        });
        TokenBuckets { buckets: buckets.collect() }
    }

    /// Takes the token that a call costs; `false` where there is none.
    pub(crate) fn admit(&self, operation: &str, body: &Value, engine: &engine::Engine) -> bool {
        let starts_express = operation == "StartExecution" && is_express(body, engine);
        self.take(if starts_express { START_EXPRESS } else { operation })
    }

    fn take(&self, bucket: &str) -> bool {
        let Some(bucket) = self.buckets.get(bucket) else { return true };
        bucket.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now())
    }
}

impl Bucket {
    fn take(&mut self, now: Instant) -> bool {
        if self.size.is_infinite() {
            return true;
        }
        let seconds = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.tokens = (self.tokens + seconds * self.rate).min(self.size);
        self.filled_at = now;
        let has_one = self.tokens >= 1.0;
        if has_one {
            self.tokens -= 1.0;
        }
        has_one
    }
}

/// Whether the machine that StartExecution names is an Express one. One that is not there is nobody's.
fn is_express(body: &Value, engine: &engine::Engine) -> bool {
    let Some(arn) = body.get("stateMachineArn").and_then(Value::as_str) else { return false };
    // Without test case, and without version or alias: type and name are the machine's.
    let arn = arn.split('#').next().unwrap_or_default();
    let end = arn.match_indices(':').nth(6).map_or(arn.len(), |(at, _)| at);
    let machine = arn.get(..end).map(|arn| engine.machines().get(arn));
    matches!(machine, Some(Ok(Some(machine))) if machine.machine_type == StateMachineType::Express)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// How many calls in a row are admitted.
    fn admitted(buckets: &TokenBuckets, operation: &str) -> usize {
        (0..10_000).take_while(|_| buckets.take(operation)).count()
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_is_emptied_and_refilled_at_its_rate_up_to_its_size() {
        let buckets = TokenBuckets::of_region("us-east-1");
        assert_eq!(admitted(&buckets, "ListActivities"), 100);
        tokio::time::advance(Duration::from_millis(100)).await;
        assert_eq!(admitted(&buckets, "ListActivities"), 1);
        tokio::time::advance(Duration::from_millis(1_500)).await;
        assert_eq!(admitted(&buckets, "ListActivities"), 15);
        tokio::time::advance(Duration::from_secs(1_000)).await;
        assert_eq!(admitted(&buckets, "ListActivities"), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn operations_have_buckets_of_their_own() {
        let buckets = TokenBuckets::of_region("us-east-1");
        assert_eq!(admitted(&buckets, "CreateActivity"), 100);
        assert_eq!(admitted(&buckets, "DeleteActivity"), 100);
        assert_eq!(admitted(&buckets, "StartSyncExecution"), 10_000);
        assert_eq!(admitted(&buckets, "NoSuchOperation"), 10_000);
    }

    #[tokio::test(start_paused = true)]
    async fn some_buckets_are_larger_in_three_regions() {
        for (region, starts, stops) in [("eu-west-1", 1300, 1000), ("eu-central-1", 800, 500)] {
            let buckets = TokenBuckets::of_region(region);
            assert_eq!(admitted(&buckets, "StartExecution"), starts, "{region}");
            assert_eq!(admitted(&buckets, "StopExecution"), stops, "{region}");
            assert_eq!(admitted(&buckets, START_EXPRESS), 6000, "{region}");
        }
    }
}
