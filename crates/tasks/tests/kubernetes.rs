//! `eks:call` and `eks:runJob`, against a stand-in of a cluster whose certificate comes from an authority of its own.
#![allow(clippy::unwrap_used, clippy::panic)] // a test that panics has failed

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use json::Value;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::sync::{Arc, Mutex};
use support::{failure, result, service_call};
use tasks::{TaskRunner, Tasks};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What was asked of a cluster: method, target, token, body.
type Asked = Vec<(String, String, String, String)>;

struct Cluster {
    endpoint: String,
    /// As DescribeCluster gives it.
    authority: String,
    asked: Arc<Mutex<Asked>>,
}

type Answers = fn(&str, &str, usize) -> (u16, String);

impl Cluster {
    /// A cluster whose API answers as `answers` says to a method, a target and the number of such requests before.
    async fn start(answers: Answers) -> Cluster {
        let key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = authority.self_signed(&key).unwrap();
        let issuer = Issuer::new(authority, key);
        let own = KeyPair::generate().unwrap();
        let server = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let server = server.signed_by(&own, &issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![server.der().clone()], own.serialize_der().try_into().unwrap())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("https://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, kept) = (acceptor.clone(), kept.clone());
                tokio::spawn(async move {
                    // A client that does not trust the certificate leaves here.
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(move |request| answer(request, answers, kept.clone()));
                    let connection = hyper::server::conn::http1::Builder::new();
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Cluster { endpoint, authority: STANDARD.encode(certificate.pem()), asked }
    }

    fn asked(&self) -> Asked {
        self.asked.lock().unwrap().clone()
    }

    /// The parameters of a Task, with `more` members.
    fn parameters(&self, more: &str) -> String {
        let (authority, endpoint) = (&self.authority, &self.endpoint);
        format!(
            r#"{{"ClusterName":"prod","CertificateAuthority":"{authority}","Endpoint":"{endpoint}",{more}}}"#
        )
    }
}

async fn answer(
    request: Request<hyper::body::Incoming>,
    answers: Answers,
    kept: Arc<Mutex<Asked>>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = String::from_utf8_lossy(&body.collect().await?.to_bytes()).into_owned();
    let (method, target) = (head.method.to_string(), head.uri.to_string());
    let token = head.headers.get("authorization").map_or("", |value| value.to_str().unwrap()).to_owned();
    let before = {
        let mut kept = kept.lock().unwrap();
        let before = kept.iter().filter(|(m, t, ..)| (m, t) == (&method, &target)).count();
        kept.push((method.clone(), target.clone(), token, body));
        before
    };
    let (status, text) = answers(&method, &target, before);
    let response = Response::builder().status(status).header("content-type", "application/json");
    Ok(response.body(Full::from(text)).unwrap())
}

fn tasks() -> Tasks {
    support::tasks_at("http://127.0.0.1:1")
}

fn one_pod(_: &str, _: &str, _: usize) -> (u16, String) {
    (200, r#"{"items":[{"metadata":{"name":"p"}}]}"#.to_owned())
}

#[tokio::test]
async fn a_call_shows_who_it_is_and_gives_the_answer() {
    let cluster = Cluster::start(one_pod).await;
    let parameters = cluster.parameters(
        r#""Method":"GET","Path":"/api/v1/pods","QueryParameters":{"labelSelector":["a=b","c=d"]}"#,
    );
    let given = result(tasks().call(service_call("eks:call", &parameters)).await);
    let member = |name: &str| given.value().get(name).unwrap().to_text();
    assert_eq!(member("ResponseBody"), r#"{"items":[{"metadata":{"name":"p"}}]}"#);
    assert_eq!(member("StatusCode"), "200");
    assert!(member("ResponseHeaders").contains(r#""content-type":["application/json"]"#));
    let asked = cluster.asked();
    let (method, target, token, _) = asked.first().unwrap();
    assert_eq!(
        (method.as_str(), target.as_str()),
        ("GET", "/api/v1/pods?labelSelector=a%3Db&labelSelector=c%3Dd")
    );
    let url = URL_SAFE_NO_PAD.decode(token.strip_prefix("Bearer k8s-aws-v1.").unwrap()).unwrap();
    let url = String::from_utf8(url).unwrap();
    assert!(url.contains("Action=GetCallerIdentity") && url.contains("x-k8s-aws-id"), "{url}");
}

#[tokio::test]
async fn what_the_cluster_refuses_is_named_by_its_status() {
    let cluster = Cluster::start(|_, _, _| (409, r#"{"reason":"AlreadyExists"}"#.to_owned())).await;
    let parameters = cluster.parameters(
        r#""Method":"POST","Path":"/apis/batch/v1/namespaces/n/jobs","RequestBody":{"kind":"Job"}"#,
    );
    let failed = failure(tasks().call(service_call("eks:call", &parameters)).await);
    assert_eq!(failed, ("EKS.409".to_owned(), r#"{"reason":"AlreadyExists"}"#.to_owned()));
    assert_eq!(cluster.asked().first().unwrap().3, r#"{"kind":"Job"}"#);
}

#[tokio::test]
async fn a_cluster_of_another_authority_is_not_talked_to() {
    let (cluster, other) = (Cluster::start(one_pod).await, Cluster::start(one_pod).await);
    let parameters =
        cluster.parameters(r#""Method":"GET","Path":"/api""#).replace(&cluster.authority, &other.authority);
    let (error, cause) = failure(tasks().call(service_call("eks:call", &parameters)).await);
    assert_eq!(error, "EKS.SdkClientException");
    assert!(cause.contains("certificate"), "{cause}");
    assert!(cluster.asked().is_empty());
    for authority in ["!", "bm8gUEVN"] {
        let parameters =
            cluster.parameters(r#""Method":"GET","Path":"/api""#).replace(&cluster.authority, authority);
        let (error, cause) = failure(tasks().call(service_call("eks:call", &parameters)).await);
        assert!(error == "States.Runtime" || cause.contains("certificate authority"), "{error} {cause}");
    }
}

fn job_with_logs(method: &str, target: &str, before: usize) -> (u16, String) {
    let job = |conditions: &str| {
        format!(r#"{{"kind":"Job","metadata":{{"name":"pi-x1"}},"status":{{"conditions":[{conditions}]}}}}"#)
    };
    match (method, target.split('?').next().unwrap_or_default()) {
        ("POST", "/apis/batch/v1/namespaces/work/jobs") => (201, job("")),
        // The API may be away for a moment.
        ("GET", "/apis/batch/v1/namespaces/work/jobs/pi-x1") => match before {
            0 => (200, job("")),
            1 => (503, String::new()),
            _ => (200, job(r#"{"type":"Complete","status":"True"}"#)),
        },
        ("GET", "/api/v1/namespaces/work/pods") => (
            200,
            r#"{"items":[{"metadata":{"name":"p1"},"spec":{"containers":[{"name":"a"},{"name":"b"}]}}]}"#
                .to_owned(),
        ),
        ("GET", "/api/v1/namespaces/work/pods/p1/log") if target.contains("container=a") => {
            (200, "[3,1,4]".to_owned())
        }
        ("GET", "/api/v1/namespaces/work/pods/p1/log") => (400, "waiting to start".to_owned()),
        ("DELETE", _) => (200, "{}".to_owned()),
        _ => (404, format!("{method} {target}")),
    }
}

#[tokio::test]
async fn a_job_is_run_to_its_end_and_its_logs_are_read() {
    let cluster = Cluster::start(job_with_logs).await;
    let parameters = cluster.parameters(
        r#""Namespace":"work","Job":{"kind":"Job"},"LogOptions":{"RetrieveLogs":true,"LogParameters":{"tailLines":["6"]}}"#,
    );
    let tasks = tasks();
    let call = service_call("eks:runJob.sync", &parameters);
    let submitted = result(tasks.call(call.clone()).await);
    assert_eq!(submitted.value().get("StatusCode").and_then(Value::as_i64), Some(201));
    let ended = result(tasks.watch(call.clone(), submitted.clone()).await);
    let logs = ended.value().get("logs").unwrap().to_text();
    assert_eq!(
        logs,
        r#"{"pods":{"p1":{"containers":{"a":{"log":[3,1,4]},"b":{"error":"EKS.400","cause":"waiting to start"}}}}}"#
    );
    assert_eq!(ended.value().get("kind").and_then(Value::as_str), Some("Job"));
    assert!(cluster.asked().iter().any(|(_, target, ..)| target.ends_with("/log?container=a&tailLines=6")));
    tasks.cancel(call, submitted).await;
    let (method, target, ..) = cluster.asked().last().unwrap().clone();
    assert_eq!(
        (method.as_str(), target.as_str()),
        ("DELETE", "/apis/batch/v1/namespaces/work/jobs/pi-x1?propagationPolicy=Background")
    );
}

#[tokio::test]
async fn a_job_that_fails_is_the_cause() {
    let failed = r#"{"metadata":{"name":"j"},"status":{"conditions":[{"type":"Failed","status":"True"}]}}"#;
    assert_eq!(job_that_fails("GET", "", 0).1, failed);
    let cluster = Cluster::start(job_that_fails).await;
    let call = service_call("eks:runJob.sync", &cluster.parameters(r#""Job":"{\"kind\":\"Job\"}""#));
    let tasks = tasks();
    let submitted = result(tasks.call(call.clone()).await);
    let outcome = failure(tasks.watch(call, submitted).await);
    assert_eq!(outcome, ("States.TaskFailed".to_owned(), failed.to_owned()));
    // A Job that is given as a text goes out as it is.
    assert_eq!(cluster.asked().first().unwrap().3, r#"{"kind":"Job"}"#);
}

fn job_that_fails(_: &str, _: &str, _: usize) -> (u16, String) {
    let failed = r#"{"metadata":{"name":"j"},"status":{"conditions":[{"type":"Failed","status":"True"}]}}"#;
    (200, failed.to_owned())
}

#[tokio::test]
async fn an_http_task_trusts_what_the_system_trusts() {
    let cluster = Cluster::start(one_pod).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connections.toml");
    std::fs::write(&path, "[connections.open]\nauthorization = \"NONE\"\n").unwrap();
    let tasks = tasks().with_connections(tasks::Connections::at(path, []).unwrap());
    let endpoint = &cluster.endpoint;
    let parameters = format!(
        r#"{{"ApiEndpoint":"{endpoint}","Method":"GET","Authentication":{{"ConnectionArn":"arn:aws:events:r:1:connection/open/u"}}}}"#
    );
    let (error, _) = failure(tasks.call(service_call("http:invoke", &parameters)).await);
    assert_eq!(error, "States.Http.Socket");
    assert!(cluster.asked().is_empty());
}
