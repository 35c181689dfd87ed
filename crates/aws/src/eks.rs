//! The token with which a caller shows a cluster of EKS who it is.

use crate::client::Client;
use crate::error::CallError;
use crate::sigv4::{self, Scope, Signable, encode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::time::SystemTime;

/// How long a cluster takes a token, in seconds. AWS: documented, the cluster takes no longer one than 15 minutes.
const EXPIRES: &str = "60";

/// A token for a cluster's API: a request of STS that is signed and not sent, which the cluster sends to learn who calls.
pub async fn token(client: &Client, region: &str, cluster: &str) -> Result<String, CallError> {
    let credentials = client.config().credentials.get().await;
    let credentials = credentials.map_err(|error| CallError::NoCredentials { reason: error.reason })?;
    // No call is made, so that AWS's own address will do where nothing is configured.
    let endpoint =
        client.endpoint_of("sts", region).or_else(|_| client.at_aws().endpoint_of("sts", region))?;
    let path = format!("{}/", endpoint.base_path);
    let query = [("Action", "GetCallerIdentity"), ("Version", "2011-06-15"), ("X-Amz-Expires", EXPIRES)];
    let query: Vec<(String, String)> =
        query.iter().map(|(name, value)| (encode(name), encode(value))).collect();
    let headers = [("host", endpoint.authority.clone()), ("x-k8s-aws-id", cluster.to_owned())];
    let request = Signable {
        method: "GET",
        path: &path,
        query: &query,
        headers: &headers,
        body: b"",
        has_unsigned_payload: false,
    };
    let scope = Scope { region, service: "sts" };
    let signed = sigv4::presign(&request, &scope, &credentials, SystemTime::now());
    let signed: Vec<String> = signed.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let scheme = if endpoint.is_tls { "https" } else { "http" };
    let url = format!("{scheme}://{}{path}?{}", endpoint.authority, signed.join("&"));
    Ok(format!("k8s-aws-v1.{}", URL_SAFE_NO_PAD.encode(url)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClientConfig, Credentials, Endpoints};

    #[tokio::test]
    async fn a_token_is_a_request_of_sts_for_the_cluster() {
        let credentials =
            Credentials { session_token: Some("to/ken".into()), ..Credentials::new("AKID", "secret") };
        let client = Client::new(ClientConfig::new(Endpoints::none(), credentials));
        let token = token(&client, "eu-west-1", "prod").await.unwrap();
        let url = URL_SAFE_NO_PAD.decode(token.strip_prefix("k8s-aws-v1.").unwrap()).unwrap();
        let url = String::from_utf8(url).unwrap();
        let (address, query) = url.split_once('?').unwrap();
        assert_eq!(address, "https://sts.eu-west-1.amazonaws.com/");
        assert!(
            query.starts_with("Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Expires=60&"),
            "{query}"
        );
        assert!(query.contains("&X-Amz-Credential=AKID%2F"), "{query}");
        assert!(query.contains("&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&"), "{query}");
        assert!(query.contains("&X-Amz-Security-Token=to%2Fken&"), "{query}");
        let signature = query.rsplit_once("&X-Amz-Signature=").unwrap().1;
        assert_eq!(signature.len(), 64);
    }
}
