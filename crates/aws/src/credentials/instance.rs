//! What the container or the instance gives.

use super::NoCredentials;
use super::expiring::Lease;
use crate::client::{Client, Unsigned};
use crate::endpoints::Endpoint;
use bytes::Bytes;
use json::Value;
use std::time::Duration;

const CONTAINER: &str = "http://169.254.170.2";
const INSTANCE: &str = "http://169.254.169.254";
const MEMBERS: [&str; 4] = ["AccessKeyId", "SecretAccessKey", "Token", "Expiration"];
/// The instance's own service is near, or not there at all.
const TIMEOUT: Duration = Duration::from_secs(2);
const LARGEST: usize = 64 * 1024;

/// The credentials that a container's agent gives at a path of its own, or at any URL.
pub(super) async fn of_container(
    client: &Client,
    relative: Option<&str>,
    full: Option<&str>,
    token: Option<String>,
) -> Result<Lease, NoCredentials> {
    let url = match (relative, full) {
        (Some(path), _) => format!("{CONTAINER}{path}"),
        (None, Some(url)) => url.to_owned(),
        (None, None) => return Err(no("no container's agent is named".to_owned())),
    };
    let headers = token.map(|token| ("authorization".to_owned(), token)).into_iter().collect();
    let body = fetch(client, "GET", &url, headers).await?;
    lease(&body, &url)
}

/// The credentials of the instance's role, from the metadata service at `endpoint` or where it usually is.
pub(super) async fn of_instance(client: &Client, endpoint: Option<&str>) -> Result<Lease, NoCredentials> {
    let base = endpoint.unwrap_or(INSTANCE).trim_end_matches('/');
    let ttl = vec![("x-aws-ec2-metadata-token-ttl-seconds".to_owned(), "21600".to_owned())];
    let token = fetch(client, "PUT", &format!("{base}/latest/api/token"), ttl).await?;
    let headers = vec![("x-aws-ec2-metadata-token".to_owned(), token)];
    let path = format!("{base}/latest/meta-data/iam/security-credentials/");
    let role = fetch(client, "GET", &path, headers.clone()).await?;
    let role = role.lines().next().unwrap_or_default().trim().to_owned();
    let url = format!("{path}{role}");
    let body = fetch(client, "GET", &url, headers).await?;
    lease(&body, &url)
}

fn lease(body: &str, url: &str) -> Result<Lease, NoCredentials> {
    let document: Value = json::parse(body).unwrap_or_default();
    Lease::from_members(&document, MEMBERS).ok_or_else(|| no(format!("{url} gave no credentials")))
}

async fn fetch(
    client: &Client,
    method: &str,
    url: &str,
    headers: Vec<(String, String)>,
) -> Result<String, NoCredentials> {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let parsed = Endpoint::parse(address).map_err(|error| no(error.to_string()))?;
    let path = address.splitn(4, '/').nth(3).map(|path| format!("/{path}")).unwrap_or_default();
    let endpoint = Endpoint { base_path: String::new(), ..parsed };
    let query: Vec<(String, String)> = query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let unsigned = Unsigned {
        endpoint: &endpoint,
        method,
        path: &path,
        query: &query,
        headers,
        body: Bytes::new(),
        signer: None,
        has_unsigned_payload: false,
    };
    let answer = client.exchange(unsigned, TIMEOUT, LARGEST).await.map_err(|error| no(error.to_string()))?;
    if answer.status != 200 {
        return Err(no(format!("{url} answered with status {}", answer.status)));
    }
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}

fn no(reason: String) -> NoCredentials {
    NoCredentials { reason, is_refused: false }
}
