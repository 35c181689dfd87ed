//! HTTP Tasks whose connections are EventBridge's, against a stand-in of everything that they call.
#![allow(clippy::unwrap_used, clippy::panic)] // a test that panics has failed

#[path = "../../aws/tests/stand_in/mod.rs"]
mod stand_in;
mod support;

use stand_in::{Reply, StandIn, json_answer};
use support::{failure, result, service_call, tasks_at};
use tasks::TaskRunner;

fn answer(status: u16, headers: Vec<(&'static str, &'static str)>, body: &str) -> Reply {
    Reply::Answer { status, headers, body: body.into() }
}

fn described() -> Reply {
    json_answer(
        r#"{"ConnectionState":"AUTHORIZED","AuthorizationType":"OAUTH_CLIENT_CREDENTIALS","SecretArn":"arn:s"}"#,
    )
}

fn parameters(url: &str) -> String {
    format!(
        r#"{{"ApiEndpoint":"{url}/orders","Method":"GET","Authentication":{{"ConnectionArn":"arn:aws:events:r:1:connection/shop/u"}}}}"#
    )
}

#[tokio::test]
async fn a_token_is_kept_and_asked_for_anew_when_it_is_refused() {
    let tokens = StandIn::start(Reply::Turns(vec![
        json_answer(r#"{"access_token":"t1","expires_in":"3600"}"#),
        json_answer(r#"{"access_token":"t2"}"#),
    ]))
    .await;
    let secret = format!(
        r#"{{"client_parameters":{{"client_id":"id","client_secret":"s"}},"authorization_endpoint":"{}/token","http_method":"POST","o_auth_http_parameters":{{"body_parameters":[{{"key":"scope","value":"all"}}]}}}}"#,
        tokens.url
    );
    let secret = format!(r#"{{"SecretString":{}}}"#, json::Value::from(secret).to_text());
    let secret = || json_answer(&secret);
    let ok = || answer(200, vec![("content-type", "application/json")], "{}");
    let server = StandIn::start(Reply::Turns(vec![
        described(),
        secret(),
        ok(),
        described(),
        secret(),
        answer(401, vec![], "expired"),
        described(),
        secret(),
        ok(),
    ]))
    .await;
    let tasks = tasks_at(&server.url);
    for _ in 0..2 {
        result(tasks.call(service_call("http:invoke", &parameters(&server.url))).await);
    }
    let bearers: Vec<String> = server
        .asked()
        .iter()
        .filter(|one| one.target == "/orders")
        .map(|one| one.headers.get("authorization").unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(bearers, ["Bearer t1", "Bearer t1", "Bearer t2"]);
    let asked = tokens.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(
        &asked.first().unwrap().body[..],
        b"grant_type=client_credentials&client_id=id&client_secret=s&scope=all"
    );
}

#[tokio::test]
async fn what_a_server_asks_to_wait_is_left_to_the_retriers() {
    let secret = json_answer(r#"{"SecretString":"{\"username\":\"u\",\"password\":\"p\"}"}"#);
    let described =
        json_answer(r#"{"ConnectionState":"AUTHORIZED","AuthorizationType":"BASIC","SecretArn":"arn:s"}"#);
    let busy = answer(429, vec![("retry-after", "3600")], "later");
    let server = StandIn::start(Reply::Turns(vec![described, secret, busy])).await;
    let failed =
        failure(tasks_at(&server.url).call(service_call("http:invoke", &parameters(&server.url))).await);
    assert_eq!(failed, ("States.Http.StatusCode.429".to_owned(), "later".to_owned()));
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_connection_that_is_not_authorized_is_not_used() {
    let described = json_answer(r#"{"ConnectionState":"DEAUTHORIZED","AuthorizationType":"BASIC"}"#);
    let server = StandIn::start(described).await;
    let (error, cause) =
        failure(tasks_at(&server.url).call(service_call("http:invoke", &parameters(&server.url))).await);
    assert_eq!(error, "Events.ConnectionResource.InvalidConnectionState");
    assert_eq!(cause, "The connection shop is in the state DEAUTHORIZED");
    assert_eq!(server.asked().len(), 1);
}
