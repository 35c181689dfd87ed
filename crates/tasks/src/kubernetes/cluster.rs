//! The way to a cluster's API.

use super::{Request, no_answer, required};
use crate::call::{TaskCall, TaskOutcome};
use crate::errors::{failed, unusable};
use crate::services::Services;
use aws::{Client, WebAnswer, WebRequest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use std::time::Duration;

/// How long the API may take to answer.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of an answer at most: a list of pods has more in it than a result may have.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

/// A cluster, as its Task names it.
pub(super) struct Cluster<'a> {
    call: &'a TaskCall,
    name: String,
    /// Without a slash at its end.
    endpoint: String,
    /// Signs tokens as the Task's role.
    signing: Client,
    /// Trusts the cluster's authority alone.
    trusting: Client,
}

impl<'a> Cluster<'a> {
    pub(super) async fn of(services: &Services, call: &'a TaskCall) -> Result<Cluster<'a>, TaskOutcome> {
        let parameters = call.parameters.value();
        let text = |field: &str| required(parameters, field).map_err(|problem| unusable(call, &problem));
        let invalid =
            |field: &str| unusable(call, &format!("The value of the field '{field}' has an invalid format"));
        let (name, authority, endpoint) =
            (text("ClusterName")?, text("CertificateAuthority")?, text("Endpoint")?);
        let authority = BASE64.decode(authority.trim()).map_err(|_| invalid("CertificateAuthority"))?;
        if !endpoint.starts_with("https://") && !endpoint.starts_with("http://") {
            return Err(invalid("Endpoint"));
        }
        let signing = services.client_for(call, "eks").await.map_err(|error| no_answer(call, error))?;
        let trusting = signing.trusting(authority);
        Ok(Cluster { call, name, endpoint: endpoint.trim_end_matches('/').to_owned(), signing, trusting })
    }

    /// The answer to a request; one that is not good is what the Task fails with.
    ///
    /// AWS: public definitions catch `EKS.409`. AWS: unconfirmed that the body is the cause, chosen as for API Gateway.
    pub(super) async fn answer(&self, request: &Request) -> Result<WebAnswer, TaskOutcome> {
        let answer = self.send(request).await?;
        match answer.status {
            200..300 => Ok(answer),
            status => Err(failed(&format!("EKS.{status}"), &String::from_utf8_lossy(&answer.body))),
        }
    }

    /// Sends the request: the answer, whatever its status.
    pub(super) async fn send(&self, request: &Request) -> Result<WebAnswer, TaskOutcome> {
        let token = aws::eks::token(&self.signing, &self.call.region, &self.name).await;
        let token = token.map_err(|error| no_answer(self.call, error.into()))?;
        let mut headers = vec![
            ("Authorization".to_owned(), format!("Bearer {token}")),
            ("Accept".to_owned(), "application/json, */*".to_owned()),
        ];
        if request.body.is_some() {
            // A patch says what kind it is; this one is what JSON alone can be.
            let kind = match request.method.as_str() {
                "PATCH" => "application/merge-patch+json",
                _ => "application/json",
            };
            headers.push(("Content-Type".to_owned(), kind.to_owned()));
        }
        let url = format!("{}{}", self.endpoint, with_query(&request.path, &request.query));
        let sent = WebRequest {
            method: &request.method,
            url: &url,
            headers: &headers,
            body: Bytes::from(request.body.clone().unwrap_or_default()),
            timeout: TIMEOUT,
            limit: LONGEST_ANSWER,
        };
        self.trusting.fetch(sent).await.map_err(|error| no_answer(self.call, error.into()))
    }
}

fn with_query(path: &str, query: &[(String, String)]) -> String {
    match (query.is_empty(), path.contains('?')) {
        (true, _) => path.to_owned(),
        (false, false) => format!("{path}?{}", crate::http_invoke::joined(query)),
        (false, true) => format!("{path}&{}", crate::http_invoke::joined(query)),
    }
}
