//! PutFunctionConcurrency, GetFunctionConcurrency, DeleteFunctionConcurrency and GetAccountSettings.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::json as document;

use super::create::missing;
use super::errors::ApiError;
use super::update::changeable;
use super::{existing, json, no_content, read_body, target};
use crate::annex::Annex;
use crate::host::FunctionHost;
use crate::invocation::Target;
use crate::registry::Origin;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutFunctionConcurrency {
    reserved_concurrent_executions: Option<i64>,
}

/// A number over what the host can run at a time is kept: definitions for a real account run unchanged.
pub(super) async fn put_concurrency(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let target = target(host.config(), name, request)?;
    let request: PutFunctionConcurrency = read_body(request.body())?;
    let member = "reservedConcurrentExecutions";
    let given = request.reserved_concurrent_executions.ok_or_else(|| missing(member))?;
    let reserved = u32::try_from(given).map_err(|_| {
        let rule = "Member must have value greater than or equal to 0";
        ApiError::validation(&given.to_string(), member, rule)
    })?;
    set(host, target, Some(reserved)).await?;
    json(StatusCode::OK, &document!({ "ReservedConcurrentExecutions": reserved }))
}

pub(super) async fn delete_concurrency(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    set(host, target(host.config(), name, request)?, None).await?;
    Ok(no_content())
}

pub(super) fn get_concurrency(
    host: &FunctionHost,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let target = target(host.config(), name, request)?;
    let entry = existing(host, &target)?;
    match entry.annex.reserved_concurrency {
        Some(reserved) => json(StatusCode::OK, &document!({ "ReservedConcurrentExecutions": reserved })),
        None => json(StatusCode::OK, &document!({})),
    }
}

async fn set(host: &FunctionHost, target: Target, reserved: Option<u32>) -> Result<(), ApiError> {
    let set = move |host: &FunctionHost| {
        let (entry, stored) = changeable(host, &target)?;
        let annex = Annex { reserved_concurrency: reserved, ..Annex::clone(&entry.annex) };
        host.put_annex(&entry, &stored, annex)?;
        Ok::<_, ApiError>(())
    };
    host.change(set).await
}

/// The limits of AWS on code, and of this host on calls.
pub(super) fn get_account_settings(host: &FunctionHost) -> Result<Response<Bytes>, ApiError> {
    let functions = host.page("", usize::MAX);
    let reserved: u64 =
        functions.iter().filter_map(|entry| entry.annex.reserved_concurrency).map(u64::from).sum();
    let size: u64 = functions
        .iter()
        .map(|entry| match &entry.origin {
            Origin::Api(stored) => {
                let versions = entry.annex.versions.values().map(|version| version.code_size);
                stored.code_size + versions.sum::<u64>()
            }
            Origin::Folder { fingerprint, .. } => fingerprint.size,
        })
        .sum();
    let limit = host.config().max_workers as u64;
    let settings = document!({
        "AccountLimit": {
            "TotalCodeSize": 80_530_636_800_u64,
            "CodeSizeUnzipped": 262_144_000,
            "CodeSizeZipped": 52_428_800,
            "ConcurrentExecutions": limit,
            "UnreservedConcurrentExecutions": limit.saturating_sub(reserved),
        },
        "AccountUsage": { "TotalCodeSize": size, "FunctionCount": functions.len() },
    });
    json(StatusCode::OK, &settings)
}
