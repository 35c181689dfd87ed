//! Tasks that call services, against a stand-in of their endpoint.
#![allow(clippy::unwrap_used, clippy::panic)] // a test that panics has failed

#[path = "../../aws/tests/stand_in/mod.rs"]
mod stand_in;
mod support;

use json::Value;
use stand_in::{Reply, StandIn, json_answer, service_error};
use support::{failure, service_call as call, tasks_at};
use tasks::{TaskLimits, TaskOutcome, TaskRunner, Tasks};

async fn outcome(reply: Reply, resource: &str, parameters: &str) -> TaskOutcome {
    let server = StandIn::start(reply).await;
    tasks_at(&server.url).call(call(resource, parameters)).await
}

fn result(outcome: TaskOutcome) -> String {
    support::result(outcome).text().to_string()
}

fn pair(a: &str, b: &str) -> (String, String) {
    (a.to_owned(), b.to_owned())
}

#[tokio::test]
async fn an_sdk_integration_gives_the_members_that_are_there() {
    let reply = json_answer(r#"{"DBs":1,"Count":1,"Items":[{"ok":{"BOOL":true}}],"LastEvaluatedKey":null}"#);
    let given = result(outcome(reply, "aws-sdk:dynamodb:scan", r#"{"TableName":"t"}"#).await);
    assert_eq!(given, r#"{"Count":1,"Items":[{"ok":{"Bool":true}}]}"#);
    let reply = json_answer(r#"{"executionArn":"arn","startDate":1700000000.25}"#);
    let given = result(
        outcome(reply, "aws-sdk:sfn:startExecution", r#"{"StateMachineArn":"m","Input":{"a":1}}"#).await,
    );
    assert_eq!(given, r#"{"ExecutionArn":"arn","StartDate":"2023-11-14T22:13:20.250Z"}"#);
}

#[tokio::test]
async fn errors_of_sdk_integrations_have_the_recorded_texts() {
    let missing =
        service_error(400, "com.amazonaws#ResourceNotFoundException", "Requested resource not found");
    assert_eq!(
        failure(outcome(missing, "aws-sdk:dynamodb:putItem", "{}").await),
        pair(
            "DynamoDb.ResourceNotFoundException",
            "Requested resource not found (Service: DynamoDb, Status Code: 400, Request ID: r-1)"
        )
    );
    let unknown = service_error(400, "ValidationException", "no");
    assert_eq!(
        failure(outcome(unknown, "aws-sdk:dynamodb:putItem", "{}").await).0,
        "DynamoDb.DynamoDbException"
    );
    let token = service_error(400, "InvalidToken", "Invalid Token: 'Invalid token'");
    assert_eq!(
        failure(outcome(token, "aws-sdk:sfn:sendTaskSuccess", r#"{"TaskToken":"t","Output":"o"}"#).await),
        pair(
            "Sfn.InvalidTokenException",
            "Invalid Token: 'Invalid token' (Service: Sfn, Status Code: 400, Request ID: r-1) (SDK Attempt Count: 1)"
        )
    );
    let bucket = Reply::Answer {
        status: 404,
        headers: vec![("x-amz-request-id", "r-1"), ("x-amz-id-2", "x-2")],
        body:
            b"<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message></Error>"
                .to_vec(),
    };
    assert_eq!(
        failure(outcome(bucket, "aws-sdk:s3:listObjects", r#"{"Bucket":"b"}"#).await),
        pair(
            "S3.NoSuchBucketException",
            "The specified bucket does not exist (Service: S3, Status Code: 404, Request ID: r-1, Extended Request ID: x-2)"
        )
    );
}

#[tokio::test]
async fn a_stream_gets_the_json_of_what_is_given() {
    let sent = async |body: &str| {
        let server = StandIn::start(json_answer("")).await;
        let parameters = format!(r#"{{"Bucket":"b","Key":"k","Body":{body}}}"#);
        result(tasks_at(&server.url).call(call("aws-sdk:s3:putObject", &parameters)).await);
        String::from_utf8_lossy(&server.asked()[0].body).into_owned()
    };
    assert_eq!(sent("false").await, "false");
    assert_eq!(sent(r#"{"Dict": "Value"}"#).await, r#"{"Dict":"Value"}"#);
    assert_eq!(sent(r#""text data""#).await, r#""text data""#);
}

#[tokio::test]
async fn optimised_integrations_show_the_way_the_answer_came() {
    let reply = json_answer(r#"{"MessageId": "m", "MD5OfMessageBody": "d"}"#);
    let server = StandIn::start(reply).await;
    let parameters = r#"{"QueueUrl":"http://q/1/q","MessageBody":{"a":1}}"#;
    let given =
        result(tasks_at(&server.url).call(call("sqs:sendMessage.waitForTaskToken", parameters)).await);
    let given = json::parse(&given).unwrap();
    let keys: Vec<&str> = given.as_object().unwrap().keys().map(|key| &**key).collect();
    assert_eq!(keys, ["MD5OfMessageBody", "MessageId", "SdkHttpMetadata", "SdkResponseMetadata"]);
    let headers = given.get("SdkHttpMetadata").and_then(|http| http.get("HttpHeaders")).unwrap();
    // That of the body without blanks.
    assert_eq!(headers.get("Content-Length").and_then(Value::as_str), Some("40"));
    assert_eq!(headers.get("Content-Type").and_then(Value::as_str), Some("application/x-amz-json-1.0"));
    let sent = json::parse_bytes(&server.asked()[0].body).unwrap();
    assert_eq!(sent.get("MessageBody").and_then(Value::as_str), Some(r#"{"a":1}"#));
}

#[tokio::test]
async fn errors_of_optimised_integrations_have_the_recorded_texts() {
    let missing = service_error(400, "ResourceNotFoundException", "Requested resource not found");
    assert_eq!(
        failure(outcome(missing, "dynamodb:putItem", "{}").await),
        pair(
            "DynamoDB.ResourceNotFoundException",
            "Requested resource not found (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: \
             ResourceNotFoundException; Request ID: r-1; Proxy: null)"
        )
    );
    let unknown = service_error(400, "ValidationException", "no");
    assert_eq!(
        failure(outcome(unknown, "dynamodb:putItem", "{}").await).0,
        "DynamoDB.AmazonDynamoDBException"
    );
    let topic = Reply::Answer {
        status: 404,
        headers: vec![],
        body: b"<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code><Message>Topic does not exist</Message>\
            </Error><RequestId>r-1</RequestId></ErrorResponse>"
            .to_vec(),
    };
    assert_eq!(
        failure(outcome(topic, "sns:publish", r#"{"TopicArn":"t","Message":"m"}"#).await),
        pair(
            "SNS.NotFoundException",
            "Topic does not exist (Service: AmazonSNS; Status Code: 404; Error Code: NotFound; Request ID: r-1; Proxy: null)"
        )
    );
    let nowhere =
        outcome(json_answer("{}"), "sqs:sendMessage", r#"{"QueueUrl":"no_url","MessageBody":"m"}"#).await;
    assert_eq!(
        failure(nowhere),
        pair("SQS.SdkClientException", "Unable to execute HTTP request: no_url: Name or service not known")
    );
}

#[tokio::test]
async fn events_carry_where_they_come_from_and_one_refused_fails_the_task() {
    let entries = r#"{"Entries":[{"Detail":{"a":1},"Resources":["r"]},{"Detail":"{}"}]}"#;
    let server =
        StandIn::start(json_answer(r#"{"Entries":[{"EventId":"1"},{"EventId":"2"}],"FailedEntryCount":0}"#))
            .await;
    let given = result(tasks_at(&server.url).call(call("events:putEvents", entries)).await);
    assert_eq!(given, r#"{"Entries":[{"EventId":"1"},{"EventId":"2"}],"FailedEntryCount":0}"#);
    let sent = String::from_utf8_lossy(&server.asked()[0].body).into_owned();
    let origin = r#""arn:aws:states:us-east-1:000000000000:execution:machine:run","arn:aws:states:us-east-1:000000000000:stateMachine:machine"]"#;
    assert!(sent.contains(&format!(r#"{{"Detail":"{{\"a\":1}}","Resources":["r",{origin}"#)), "{sent}");
    let refused = r#"{"Entries":[{"ErrorCode":"E","ErrorMessage":"m"}],"FailedEntryCount":1}"#;
    let failed = failure(outcome(json_answer(refused), "events:putEvents", entries).await);
    assert_eq!(failed, pair("EventBridge.FailedEntry", refused));
}

#[tokio::test]
async fn what_cannot_be_called_says_so() {
    let error = failure(outcome(json_answer("{}"), "aws-sdk:dynamodb:getItem", r#"{"Tabel":1}"#).await);
    assert_eq!(
        error,
        pair(
            "States.Runtime",
            r#"The Parameters '{"Tabel":1}' could not be used to start the Task: [The field "Tabel" is not supported by Step Functions]"#
        )
    );
    let nowhere = Tasks::new(None, None, TaskLimits::default());
    let (error, cause) = failure(nowhere.call(call("dynamodb:getItem", "{}")).await);
    assert_eq!(error, "DynamoDB.SdkClientException");
    assert!(cause.contains("no endpoint of the service dynamodb is configured"), "{cause}");
    let (error, _) = failure(outcome(Reply::BreakOff, "aws-sdk:dynamodb:putItem", "{}").await);
    assert_eq!(error, "DynamoDb.SdkClientException");
}

#[tokio::test]
async fn an_api_is_invoked_and_its_answer_shown_whole() {
    let headers = vec![("content-type", "application/json"), ("x-amzn-requestid", "r-1"), ("Via", "1.1 x")];
    let reply = Reply::Answer { status: 200, headers, body: br#"{"message":"Hello"}"#.to_vec() };
    let server = StandIn::start(reply).await;
    let parameters = format!(
        r#"{{"ApiEndpoint":"{}","Method":"POST","Stage":"prod","Path":"/a b/c","Headers":{{"k":["1","2"]}},
           "QueryParameters":{{"q":["x y"]}},"RequestBody":"text","AuthType":"IAM_ROLE"}}"#,
        server.url
    );
    let given = result(tasks_at(&server.url).call(call("apigateway:invoke", &parameters)).await);
    assert_eq!(
        given,
        concat!(
            r#"{"Headers":{"Connection":["keep-alive"],"Content-Length":["19"],"Content-Type":["application/json"],"#,
            r#""Date":["D"],"Via":["1.1 x"],"x-amzn-RequestId":["r-1"]},"#,
            r#""ResponseBody":{"message":"Hello"},"StatusCode":200,"StatusText":"OK"}"#
        )
        .replace(r#"["D"]"#, &json::parse(&given).unwrap().get("Headers").unwrap().get("Date").unwrap().to_text())
    );
    let asked = server.asked().remove(0);
    assert_eq!((asked.method.as_str(), asked.target.as_str()), ("POST", "/prod/a%20b/c?q=x%20y"));
    assert_eq!(&asked.body[..], br#""text""#);
    assert_eq!(asked.headers.get_all("k").iter().count(), 2);
    assert!(asked.headers["authorization"].to_str().unwrap().contains("/us-east-1/execute-api/aws4_request"));
}

#[tokio::test]
async fn an_api_that_refuses_is_named_by_its_status() {
    let body = r#"{"message":"Missing Authentication Token"}"#;
    let server = StandIn::start(Reply::Answer { status: 403, headers: vec![], body: body.into() }).await;
    let parameters = format!(r#"{{"ApiEndpoint":"{}","Method":"GET"}}"#, server.url);
    let failed = failure(tasks_at(&server.url).call(call("apigateway:invoke", &parameters)).await);
    assert_eq!(failed, pair("ApiGateway.403", body));
    let (error, cause) =
        failure(tasks_at(&server.url).call(call("apigateway:invoke", r#"{"Method":"GET"}"#)).await);
    assert_eq!(error, "States.Runtime");
    assert!(cause.ends_with("[The field 'ApiEndpoint' is required but was missing]"), "{cause}");
}

#[tokio::test]
async fn a_model_of_bedrock_answers_with_json() {
    let reply = Reply::Answer {
        status: 200,
        headers: vec![("content-type", "application/json")],
        body: br#"{"generations":[{"text":"hi"}]}"#.to_vec(),
    };
    let server = StandIn::start(reply).await;
    let tasks = tasks_at(&server.url);
    let parameters = r#"{"ModelId":"cohere.command","Body":{"prompt":"x"},"ContentType":"application/json"}"#;
    let given = result(tasks.call(call("bedrock:invokeModel", parameters)).await);
    assert_eq!(given, r#"{"Body":{"generations":[{"text":"hi"}]},"ContentType":"application/json"}"#);
    let asked = server.asked();
    assert_eq!(
        (asked[0].target.as_str(), &asked[0].body[..]),
        ("/model/cohere.command/invoke", &br#"{"prompt":"x"}"#[..])
    );
}

#[tokio::test]
async fn what_goes_to_bedrock_and_comes_back_may_stand_in_s3() {
    let body = |text: &str| Reply::Answer {
        status: 200,
        headers: vec![("content-type", "application/json")],
        body: text.into(),
    };
    let server =
        StandIn::start(Reply::Turns(vec![body(r#"{"prompt":"y"}"#), body(r#"{"n":1}"#), body("")])).await;
    let parameters =
        r#"{"ModelId":"m","Input":{"S3Uri":"s3://in/a.json"},"Output":{"S3Uri":"s3://out/b.json"}}"#;
    let given = result(tasks_at(&server.url).call(call("bedrock:invokeModel", parameters)).await);
    assert_eq!(given, r#"{"Body":"s3://out/b.json","ContentType":"application/json"}"#);
    let asked = server.asked();
    let shown: Vec<(&str, &str, &[u8])> =
        asked.iter().map(|one| (one.method.as_str(), one.target.as_str(), &one.body[..])).collect();
    assert_eq!(
        shown,
        [
            ("GET", "/in/a.json", &b""[..]),
            ("POST", "/model/m/invoke", br#"{"prompt":"y"}"#),
            ("PUT", "/out/b.json", br#"{"n":1}"#)
        ]
    );
}

#[tokio::test]
async fn the_marks_of_started_jobs_are_those_of_step_functions() {
    let server = StandIn::start(json_answer(r#"{"jobId":"1","jobName":"n"}"#)).await;
    let parameters = r#"{"JobName":"n","JobQueue":"q","JobDefinition":"d","ContainerOverrides":{"Environment":[{"Name":"A","Value":"1"}]}}"#;
    result(tasks_at(&server.url).call(call("batch:submitJob.sync", parameters)).await);
    let body = json::parse_bytes(&server.asked()[0].body).unwrap();
    assert_eq!(
        body.get("containerOverrides").unwrap().to_text(),
        r#"{"environment":[{"name":"A","value":"1"},{"name":"MANAGED_BY_AWS","value":"STARTED_BY_STEP_FUNCTIONS"}]}"#
    );
    let server = StandIn::start(json_answer(r#"{"job":{"id":"1"}}"#)).await;
    let parameters = r#"{"Role":"r","Settings":{},"Tags":{"a":"b"}}"#;
    result(tasks_at(&server.url).call(call("mediaconvert:createJob.sync", parameters)).await);
    let body = json::parse_bytes(&server.asked()[0].body).unwrap();
    assert_eq!(body.get("tags").unwrap().to_text(), r#"{"a":"b","ManagedByService":"AWSStepFunctions"}"#);
}
