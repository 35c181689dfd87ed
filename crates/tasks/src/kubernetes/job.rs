//! `eks:runJob`: a Job of Kubernetes, from its start to its end.

use super::cluster::Cluster;
use super::{Request, body, logs, required, result};
use crate::call::{TaskCall, TaskOutcome};
use crate::errors::{failed, succeeded, unusable};
use crate::services::Services;
use json::{Object, Payload, Value};
use model::error_name;
use std::time::Duration;

/// How long after its start a Job is asked after first, and how long at most between two times.
///
/// AWS: documented: every minute, later every five; here as other jobs are.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How many answers in a row may be missing before the Task fails.
const MOST_FAILURES: u32 = 20;

/// Starts the Job: the result of a request, and what `.sync` submits.
pub(crate) async fn run_job(services: &Services, call: &TaskCall) -> TaskOutcome {
    let Some(job) = body(call.parameters.value().get("Job")) else {
        return unusable(call, "The field 'Job' is required but was missing");
    };
    let cluster = match Cluster::of(services, call).await {
        Ok(cluster) => cluster,
        Err(outcome) => return outcome,
    };
    let path = format!("/apis/batch/v1/namespaces/{}/jobs", namespace(call));
    let request = Request { method: "POST".to_owned(), path, body: Some(job), ..Request::default() };
    match cluster.answer(&request).await {
        Ok(answer) => succeeded(&call.resource, Payload::from(result(&answer))),
        Err(outcome) => outcome,
    }
}

/// Waits until the Job has ended: the Job as it is then, with its logs where they are wanted.
pub(crate) async fn watch(services: &Services, call: &TaskCall, submitted: &Payload) -> TaskOutcome {
    let cluster = match Cluster::of(services, call).await {
        Ok(cluster) => cluster,
        Err(outcome) => return outcome,
    };
    let Some(name) = name(submitted) else {
        return failed(error_name::RUNTIME, "The cluster gave the Job no name");
    };
    let request = Request { method: "GET".to_owned(), path: path(call, name), ..Request::default() };
    let (mut pause, mut failures) = (FIRST_PAUSE, 0);
    loop {
        tokio::time::sleep(pause).await;
        pause = pause.mul_f64(1.5).min(LONGEST_PAUSE);
        let answer = match cluster.send(&request).await {
            Ok(answer) if answer.status < 500 && answer.status != 429 => answer,
            Ok(_) | Err(_) if failures < MOST_FAILURES => {
                failures += 1;
                continue;
            }
            Ok(answer) => answer,
            Err(outcome) => return outcome,
        };
        failures = 0;
        let text = String::from_utf8_lossy(&answer.body);
        if !(200..300).contains(&answer.status) {
            return failed(&format!("EKS.{}", answer.status), &text);
        }
        let job = json::parse(&text).unwrap_or_default();
        match (has_ended(&job, "Complete"), has_ended(&job, "Failed")) {
            (false, false) => {}
            (true, _) => {
                let job = with_logs(&cluster, call, name, job).await;
                return succeeded(&call.resource, Payload::from(job));
            }
            (false, true) => {
                let job = with_logs(&cluster, call, name, job).await;
                return failed(error_name::TASK_FAILED, &job.to_text());
            }
        }
    }
}

/// Deletes the Job with its pods. AWS: documented for jobs in general, one attempt, whose failure is ignored.
pub(crate) async fn cancel(services: &Services, call: &TaskCall, submitted: &Payload) {
    let Some(name) = name(submitted) else { return };
    let Ok(cluster) = Cluster::of(services, call).await else { return };
    let query = vec![("propagationPolicy".to_owned(), "Background".to_owned())];
    let request = Request { method: "DELETE".to_owned(), path: path(call, name), query, body: None };
    if let Err(outcome) = cluster.answer(&request).await {
        tracing::warn!(resource = %call.resource, ?outcome, "a Job could not be deleted");
    }
}

fn path(call: &TaskCall, name: &str) -> String {
    format!("/apis/batch/v1/namespaces/{}/jobs/{name}", namespace(call))
}

pub(super) fn namespace(call: &TaskCall) -> String {
    required(call.parameters.value(), "Namespace").unwrap_or_else(|_| "default".to_owned())
}

/// The name that the Job has got.
fn name(submitted: &Payload) -> Option<&str> {
    submitted.value().get("ResponseBody")?.get("metadata")?.get("name")?.as_str()
}

/// Whether the Job has that condition.
fn has_ended(job: &Value, condition: &str) -> bool {
    let conditions = job.get("status").and_then(|status| status.get("conditions")).and_then(Value::as_array);
    let is = |one: &Value, member: &str, text: &str| one.get(member).and_then(Value::as_str) == Some(text);
    conditions.unwrap_or_default().iter().any(|one| is(one, "type", condition) && is(one, "status", "True"))
}

async fn with_logs(cluster: &Cluster<'_>, call: &TaskCall, name: &str, job: Value) -> Value {
    let options = call.parameters.value().get("LogOptions").cloned().unwrap_or_default();
    if options.get("RetrieveLogs").and_then(Value::as_bool) != Some(true) {
        return job;
    }
    let mut members: Object = job.as_object().cloned().unwrap_or_default();
    members.insert("logs", logs::of_job(cluster, &namespace(call), name, &options).await);
    Value::from(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_has_ended_when_its_condition_is_true() {
        let job = |status: &str| {
            json::parse(&format!(
                r#"{{"status":{{"conditions":[{{"type":"Failed","status":"{status}"}}]}}}}"#
            ))
            .unwrap()
        };
        assert!(has_ended(&job("True"), "Failed") && !has_ended(&job("True"), "Complete"));
        assert!(!has_ended(&job("False"), "Failed") && !has_ended(&Value::Null, "Failed"));
    }
}
