//! DescribeMapRun.

use super::{Caller, LONG_ARN, map_run, put};
use crate::error::ApiError;
use crate::request::read;
use engine::{MapRunRecord, RedriveTally, Tally};
use json::{Number, Object, Value};
use model::Timestamp;

/// How a Map Run stands, also while it runs.
pub(super) fn call(caller: &Caller<'_>, body: &Value) -> Result<Value, ApiError> {
    let arn = read(body, |f| f.required_text("mapRunArn", LONG_ARN))?;
    Ok(describe(&map_run::existing(caller, &arn)?))
}

fn describe(run: &MapRunRecord) -> Value {
    let settings = &run.settings;
    let percentage = Value::Number(Number::F64(settings.tolerated_failure_percentage.unwrap_or(0.0)));
    let mut answer = Object::new();
    answer.insert("mapRunArn", run.arn.0.clone());
    answer.insert("executionArn", run.execution_arn.0.clone());
    answer.insert("status", run.status.as_str());
    answer.insert("startDate", run.started_at.to_wire());
    put(&mut answer, "stopDate", run.stopped_at.map(Timestamp::to_wire));
    answer.insert("maxConcurrency", settings.max_concurrency);
    answer.insert("toleratedFailurePercentage", percentage);
    answer.insert("toleratedFailureCount", settings.tolerated_failure_count.unwrap_or(0));
    let redrives = |tally: RedriveTally| Some(tally).filter(|_| run.redrive_count > 0);
    answer.insert("itemCounts", counts(&run.counts.items, redrives(run.counts.item_redrives)));
    answer.insert("executionCounts", counts(&run.counts.executions, redrives(run.counts.execution_redrives)));
    // AWS: recorded without these in runs that were never redriven.
    put(&mut answer, "redriveCount", Some(run.redrive_count).filter(|count| *count > 0));
    put(&mut answer, "redriveDate", run.redriven_at.map(Timestamp::to_wire));
    Value::from(answer)
}

fn counts(tally: &Tally, redrives: Option<RedriveTally>) -> Value {
    let redrives = redrives.map(|redrives| {
        [("failuresNotRedrivable", redrives.not_redrivable), ("pendingRedrive", redrives.pending)]
    });
    let counts = [
        ("pending", tally.pending),
        ("running", tally.running),
        ("succeeded", tally.succeeded),
        ("failed", tally.failed),
        ("timedOut", tally.timed_out),
        ("aborted", tally.aborted),
        ("total", tally.total()),
        // AWS: recorded sfn_api_map_run, results count as written without a ResultWriter too.
        ("resultsWritten", tally.succeeded),
    ];
    Value::object(counts.into_iter().chain(redrives.into_iter().flatten()))
}
