//! How the functions are used at this moment, which AWS's API does not tell: `GET /stepwright/v1/functions`.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json as document};

use super::errors::ApiError;
use super::json;
use crate::host::FunctionHost;
use crate::pool::Usage;
use crate::registry::Entry;

/// Where it is.
pub const PATH: &str = "/stepwright/v1/functions";

pub(super) fn view(host: &FunctionHost) -> Result<Response<Bytes>, ApiError> {
    let usage = host.inner.fleet.usage();
    let config = host.config();
    let functions: Vec<Value> = host
        .page("", usize::MAX)
        .iter()
        .map(|entry| {
            let versions = entry.annex.versions.keys().map(|number| {
                let lane = crate::function::lane(&entry.function.spec.name, &number.to_string());
                (number.to_string(), usage.get(&lane).copied().unwrap_or_default())
            });
            let latest = usage.get(&entry.function.spec.name).copied().unwrap_or_default();
            let latest = (crate::function::LATEST.to_owned(), latest);
            function_document(host, entry, [latest].into_iter().chain(versions))
        })
        .collect();
    let total = sum(usage.values());
    let workers = document!({
        "workers": total.workers, "busy": total.busy, "idle": total.idle, "queue": total.waiting,
        "limit": config.max_workers, "queueLimit": config.max_waiting,
    });
    json(StatusCode::OK, &document!({ "functions": functions, "all": workers }))
}

fn function_document(
    host: &FunctionHost,
    entry: &Entry,
    versions: impl Iterator<Item = (String, Usage)>,
) -> Value {
    let versions: Vec<(String, Usage)> = versions.collect();
    let total = sum(versions.iter().map(|(_, usage)| usage));
    let of_versions: Vec<Value> = versions
        .into_iter()
        .map(|(version, usage)| {
            document!({
                "version": version, "workers": usage.workers, "busy": usage.busy, "idle": usage.idle,
                "queue": usage.waiting,
            })
        })
        .collect();
    let reserved = entry.annex.reserved_concurrency;
    let most = host.config().max_workers_per_function as u64;
    document!({
        "functionName": entry.function.spec.name,
        "functionArn": entry.function.arn,
        "workers": total.workers,
        "busy": total.busy,
        "idle": total.idle,
        "queue": total.waiting,
        "limit": reserved.map_or(most, |reserved| most.min(u64::from(reserved))),
        "reservedConcurrentExecutions": reserved,
        "events": host.inner.events.open_of(&entry.function.spec.name),
        "versions": of_versions,
    })
}

fn sum<'a>(usage: impl Iterator<Item = &'a Usage>) -> Usage {
    usage.fold(Usage::default(), |sum, one| Usage {
        workers: sum.workers + one.workers,
        busy: sum.busy + one.busy,
        idle: sum.idle + one.idle,
        waiting: sum.waiting + one.waiting,
    })
}
