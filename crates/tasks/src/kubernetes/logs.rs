//! The logs of a Job's pods.

use super::cluster::Cluster;
use super::{Request, pairs};
use crate::call::TaskOutcome;
use json::{Object, Value};

/// Containers whose logs are read at most.
const MOST_CONTAINERS: usize = 200;

/// `{"pods":{POD:{"containers":{CONTAINER:{"log":…}}}}}`
///
/// AWS: documented: as well as it can be done; in place of a log that cannot be had stand `error` and `cause`.
pub(super) async fn of_job(cluster: &Cluster<'_>, namespace: &str, job: &str, options: &Value) -> Value {
    let query = vec![("labelSelector".to_owned(), format!("job-name={job}"))];
    let path = format!("/api/v1/namespaces/{namespace}/pods");
    let request = Request { method: "GET".to_owned(), path: path.clone(), query, body: None };
    let listed = match cluster.answer(&request).await {
        Ok(answer) => json::parse(&String::from_utf8_lossy(&answer.body)).unwrap_or_default(),
        Err(outcome) => return not_had(outcome),
    };
    let is_raw = options.get("RawLogs").and_then(Value::as_bool) == Some(true);
    let parameters = pairs(options, "LogParameters").unwrap_or_default();
    let (mut pods, mut left) = (Object::new(), MOST_CONTAINERS);
    for pod in listed.get("items").and_then(Value::as_array).unwrap_or_default() {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let pod_name = text(pod.get("metadata").and_then(|metadata| metadata.get("name")));
        let containers = pod.get("spec").and_then(|spec| spec.get("containers")).and_then(Value::as_array);
        let mut shown = Object::new();
        for container in containers.unwrap_or_default().iter().take(left) {
            left -= 1;
            let container = text(container.get("name"));
            let mut query = vec![("container".to_owned(), container.clone())];
            query.extend(parameters.iter().cloned());
            let path = format!("{path}/{pod_name}/log");
            let request = Request { method: "GET".to_owned(), path, query, body: None };
            let log = match cluster.answer(&request).await {
                Ok(answer) => {
                    let text = String::from_utf8_lossy(&answer.body).into_owned();
                    let parsed = if is_raw { None } else { json::parse(&text).ok() };
                    Value::object([("log", parsed.unwrap_or_else(|| Value::from(text)))])
                }
                Err(outcome) => not_had(outcome),
            };
            shown.insert(container, log);
        }
        pods.insert(pod_name, Value::object([("containers", Value::from(shown))]));
    }
    Value::object([("pods", Value::from(pods))])
}

fn not_had(outcome: TaskOutcome) -> Value {
    let failure = match outcome {
        TaskOutcome::Failed(failure) => failure,
        TaskOutcome::Succeeded(_) => model::Failure::default(),
    };
    Value::object([
        ("error", Value::from(failure.error.unwrap_or_default())),
        ("cause", Value::from(failure.cause.unwrap_or_default())),
    ])
}
