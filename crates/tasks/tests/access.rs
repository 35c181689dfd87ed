//! Where calls go, as whom, and whether they may be made.
#![allow(clippy::unwrap_used, clippy::panic)] // a test that panics has failed

#[path = "../../aws/tests/stand_in/mod.rs"]
mod stand_in;
mod support;

use aws::{Client, ClientConfig, Credentials, Endpoint, Endpoints};
use stand_in::{Reply, StandIn, function_answer, json_answer, service_error};
use std::path::Path;
use support::{call, failure, result, service_call, tasks_at};
use tasks::{AssumeRoles, Caller, Policies, Routing, TaskCall, TaskLimits, TaskRunner, Tasks};

const OWN: &str = "arn:aws:iam::111122223333:role/service-role/own";
const OTHER: &str = "arn:aws:iam::444455556666:role/other";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:pay";

fn by(call: TaskCall, target: Option<&str>) -> TaskCall {
    let caller = Caller { execution_role: OWN.into(), credentials_role: target.map(Into::into) };
    TaskCall { caller, ..call }
}

fn client(endpoints: Endpoints) -> Client {
    Client::new(ClientConfig::new(endpoints, Credentials::new("BASE", "secret")))
}

fn endpoint(url: &str) -> Endpoint {
    Endpoint::parse(url).unwrap()
}

fn assumed(key: &str) -> Reply {
    let body = format!(
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>{key}</AccessKeyId>\
         <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
         <Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    );
    Reply::Answer { status: 200, headers: vec![("content-type", "text/xml")], body: body.into() }
}

fn denied() -> Reply {
    let body =
        b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
    Reply::Answer { status: 403, headers: vec![("content-type", "text/xml")], body: body.to_vec() }
}

/// The key that signed a request.
fn signer(server: &StandIn, place: usize) -> String {
    let asked = server.asked();
    let header = asked.get(place).unwrap().headers.get("authorization").unwrap().to_str().unwrap().to_owned();
    header.split("Credential=").nth(1).unwrap().split('/').next().unwrap().to_owned()
}

async fn with_roles(mode: AssumeRoles, sts: &StandIn, service: &StandIn) -> Tasks {
    let endpoints = Endpoints::none().with("sts", endpoint(&sts.url)).with_default(endpoint(&service.url));
    Tasks::new(None, Some(client(endpoints)), TaskLimits::default()).with_assumed_roles(mode)
}

#[tokio::test]
async fn calls_are_made_with_the_roles_credentials_which_are_kept() {
    let (sts, service) = (StandIn::start(assumed("OWN")).await, StandIn::start(json_answer("{}")).await);
    let tasks = with_roles(AssumeRoles::Auto, &sts, &service).await;
    for _ in 0..2 {
        let call = by(service_call("aws-sdk:dynamodb:listTables", "{}"), None);
        result(tasks.call(call).await);
    }
    assert_eq!((sts.asked().len(), signer(&sts, 0)), (1, "BASE".to_owned()));
    assert_eq!((signer(&service, 0), signer(&service, 1)), ("OWN".to_owned(), "OWN".to_owned()));
    let body = String::from_utf8_lossy(&sts.asked()[0].body).into_owned();
    assert!(body.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fservice-role%2Fown"), "{body}");
    let session = body.split("RoleSessionName=").nth(1).unwrap().split('&').next().unwrap();
    assert_eq!(session.len(), 32);
}

#[tokio::test]
async fn the_role_of_credentials_is_assumed_by_the_machines_role_for_functions_too() {
    let sts = StandIn::start(Reply::Turns(vec![assumed("OWN"), assumed("OTHER")])).await;
    let service = StandIn::start(function_answer("1")).await;
    let tasks = with_roles(AssumeRoles::Always, &sts, &service).await;
    result(tasks.call(by(call(FUNCTION, "{}"), Some(OTHER))).await);
    assert_eq!([signer(&sts, 0), signer(&sts, 1), signer(&service, 0)], ["BASE", "OWN", "OTHER"]);
}

#[tokio::test]
async fn no_role_is_assumed_where_none_is_meant() {
    let (sts, service) = (StandIn::start(assumed("OWN")).await, StandIn::start(json_answer("{}")).await);
    let list = || service_call("aws-sdk:dynamodb:listTables", "{}");
    let never = with_roles(AssumeRoles::Never, &sts, &service).await;
    result(never.call(by(list(), Some(OTHER))).await);
    // The account that stands for nobody; an emulator without an STS of its own.
    let auto = with_roles(AssumeRoles::Auto, &sts, &service).await;
    let nobody = Caller { execution_role: "arn:aws:iam::000000000000:role/r".into(), credentials_role: None };
    result(auto.call(TaskCall { caller: nobody, ..list() }).await);
    let auto = tasks_at(&service.url).with_assumed_roles(AssumeRoles::Auto);
    result(auto.call(by(list(), None)).await);
    assert_eq!((sts.asked().len(), service.asked().len()), (0, 3));
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed_has_awss_words() {
    let service = StandIn::start(json_answer("{}")).await;
    let list = || service_call("aws-sdk:dynamodb:listTables", "{}");
    let sts = StandIn::start(Reply::Turns(vec![assumed("OWN"), denied()])).await;
    let tasks = with_roles(AssumeRoles::Always, &sts, &service).await;
    let expected = format!("The role {OWN} is not authorized to assume the task state's role, {OTHER}.");
    assert_eq!(
        failure(tasks.call(by(list(), Some(OTHER))).await),
        ("States.TaskFailed".to_owned(), expected)
    );
    let sts = StandIn::start(denied()).await;
    let tasks = with_roles(AssumeRoles::Always, &sts, &service).await;
    let (error, cause) = failure(tasks.call(by(list(), None)).await);
    assert_eq!(error, "States.Permissions");
    assert!(cause.contains("authorized to assume the provided role"), "{cause}");
    // Nobody said no: an error that is retried as others of its kind.
    let sts = StandIn::start(Reply::HangUp).await;
    let tasks = with_roles(AssumeRoles::Always, &sts, &service).await;
    let (error, cause) = failure(tasks.call(by(list(), None)).await);
    assert_eq!(error, "DynamoDb.SdkClientException");
    assert!(cause.contains("cannot be assumed: Unable to execute HTTP request"), "{cause}");
    assert_eq!(service.asked().len(), 0);
}

fn policies(folder: &Path, role: &str, statements: &str) -> Policies {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    std::fs::write(folder.join(format!("{role}.json")), text).unwrap();
    Policies::in_folder(folder).unwrap()
}

fn without_session(cause: &str) -> String {
    let (before, rest) = cause.split_once("/own/").unwrap();
    let (_, after) = rest.split_once(' ').unwrap();
    let after = match after.split_once("Request ID: ") {
        Some((before, id)) => format!("{before}Request ID: R{}", id.get(36..).unwrap()),
        None => after.to_owned(),
    };
    format!("{before}/own/S {after}")
}

#[tokio::test]
async fn what_the_role_is_not_allowed_fails_as_the_service_would_say_it() {
    let folder = tempfile::tempdir().unwrap();
    let service = StandIn::start(json_answer("{}")).await;
    let statements = r#"{"Effect":"Allow","Action":"dynamodb:*","Resource":"arn:aws:dynamodb:*:*:table/open"},
        {"Effect":"Deny","Action":"dynamodb:DeleteItem","Resource":"*"}"#;
    let tasks = tasks_at(&service.url).with_policies(policies(folder.path(), "own", statements));
    let put = |resource: &str, table: &str| {
        let member = if resource.ends_with("putItem") { "Item" } else { "Key" };
        by(service_call(resource, &format!(r#"{{"TableName":"{table}","{member}":{{}}}}"#)), None)
    };
    result(tasks.call(put("dynamodb:putItem", "open")).await);
    let user = "User: arn:aws:sts::111122223333:assumed-role/own/S is not authorized to perform";
    let (error, cause) = failure(tasks.call(put("dynamodb:putItem", "shut")).await);
    assert_eq!(error, "DynamoDB.AmazonDynamoDBException");
    assert_eq!(
        without_session(&cause),
        format!(
            "{user}: dynamodb:PutItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table/shut because no \
             identity-based policy allows the dynamodb:PutItem action (Service: AmazonDynamoDBv2; Status Code: 400; Error \
             Code: AccessDeniedException; Request ID: R; Proxy: null)"
        )
    );
    let (error, cause) = failure(tasks.call(put("aws-sdk:dynamodb:deleteItem", "open")).await);
    assert_eq!(error, "DynamoDb.DynamoDbException");
    assert!(
        cause.contains("table/open with an explicit deny in an identity-based policy (Service: DynamoDb"),
        "{cause}"
    );
    assert_eq!(service.asked().len(), 1);
}

#[tokio::test]
async fn functions_workflows_and_http_requests_are_checked_too() {
    let folder = tempfile::tempdir().unwrap();
    let service = StandIn::start(function_answer("1")).await;
    let statements =
        r#"{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:*:*:function:pay"}"#;
    let tasks = tasks_at(&service.url).with_policies(policies(folder.path(), "own", statements));
    result(tasks.call(by(call(FUNCTION, "{}"), None)).await);
    let invoke = by(service_call("lambda:invoke", r#"{"FunctionName":"pay:live"}"#), None);
    let (error, cause) = failure(tasks.call(invoke).await);
    assert_eq!(error, "Lambda.AWSLambdaException");
    assert_eq!(
        without_session(&cause),
        "User: arn:aws:sts::111122223333:assumed-role/own/S is not authorized to perform: lambda:InvokeFunction on resource: \
         arn:aws:lambda:us-east-1:000000000000:function:pay:live because no identity-based policy allows the \
         lambda:InvokeFunction action (Service: AWSLambda; Status Code: 403; Error Code: AccessDeniedException; Request ID: \
         R; Proxy: null)"
    );
    let start = by(service_call("states:startExecution.sync:2", r#"{"StateMachineArn":"m"}"#), None);
    assert_eq!(failure(tasks.call(start).await).0, "StepFunctions.AWSStepFunctionsException");
    let http = r#"{"ApiEndpoint":"http://127.0.0.1:1","Method":"GET","Authentication":{"ConnectionArn":"arn:aws:events:r:1:connection/c/u"}}"#;
    let (error, cause) = failure(tasks.call(by(service_call("http:invoke", http), None)).await);
    assert_eq!(error, "States.Permissions");
    assert!(cause.contains("states:InvokeHTTPEndpoint on resource: arn:aws:states:us-east-1:000000000000:stateMachine:machine"), "{cause}");
    // The role of the Credentials has to be assumed first, and has policies of its own.
    let (error, cause) = failure(tasks.call(by(call(FUNCTION, "{}"), Some(OTHER))).await);
    assert_eq!(error, "States.TaskFailed");
    assert!(cause.contains("is not authorized to assume"), "{cause}");
    assert_eq!(service.asked().len(), 1);
}

#[tokio::test]
async fn policies_that_cannot_be_read_allow_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let service = StandIn::start(json_answer("{}")).await;
    let tasks = tasks_at(&service.url).with_policies(policies(folder.path(), "own", ""));
    std::fs::write(folder.path().join("own.json"), r#"{"Statement":{"Effect":"Maybe"}}"#).unwrap();
    let list = by(service_call("aws-sdk:dynamodb:listTables", "{}"), None);
    let (error, cause) = failure(tasks.call(list).await);
    assert_eq!(error, "States.Permissions");
    assert!(cause.contains("own.json: statement 1 must have the Effect"), "{cause}");
    assert_eq!(service.asked().len(), 0);
}

#[tokio::test]
async fn policies_are_read_from_iam() {
    let xml = |name: &str, inside: &str| {
        let body = format!("<{name}Response><{name}Result>{inside}</{name}Result></{name}Response>");
        Reply::Answer { status: 200, headers: vec![("content-type", "text/xml")], body: body.into() }
    };
    let policy = "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22dynamodb%3AListTables%22%2C%22Resource%22%3A%22%2A%22%7D%7D";
    let iam = StandIn::start(Reply::Turns(vec![
        xml("GetRole", "<Role><RoleName>own</RoleName></Role>"),
        xml("ListRolePolicies", "<PolicyNames><member>p</member></PolicyNames><IsTruncated>false</IsTruncated>"),
        xml("GetRolePolicy", "<PolicyDocument>%7B%22Statement%22%3A%5B%5D%7D</PolicyDocument>"),
        xml("ListAttachedRolePolicies", "<AttachedPolicies><member><PolicyArn>arn:aws:iam::1:policy/q</PolicyArn></member></AttachedPolicies>"),
        xml("GetPolicy", "<Policy><DefaultVersionId>v3</DefaultVersionId></Policy>"),
        xml("GetPolicyVersion", &format!("<PolicyVersion><Document>{policy}</Document></PolicyVersion>")),
    ]))
    .await;
    let service = StandIn::start(json_answer("{}")).await;
    let endpoints = Endpoints::none().with("iam", endpoint(&iam.url)).with_default(endpoint(&service.url));
    let tasks =
        Tasks::new(None, Some(client(endpoints)), TaskLimits::default()).with_policies(Policies::of_iam());
    result(tasks.call(by(service_call("aws-sdk:dynamodb:listTables", "{}"), None)).await);
    let put = by(service_call("aws-sdk:dynamodb:putItem", r#"{"TableName":"t","Item":{}}"#), None);
    assert_eq!(failure(tasks.call(put).await).0, "DynamoDb.DynamoDbException");
    assert_eq!((iam.asked().len(), service.asked().len()), (6, 1));
    assert!(String::from_utf8_lossy(&iam.asked()[5].body).contains("VersionId=v3"));
}

fn routing(folder: &Path, text: &str) -> Routing {
    let path = folder.join("stepwright.toml");
    std::fs::write(&path, text).unwrap();
    Routing::at(path).unwrap()
}

#[tokio::test]
async fn the_first_route_that_fits_decides() {
    let folder = tempfile::tempdir().unwrap();
    let (usual, other) = (StandIn::start(json_answer("{}")).await, StandIn::start(json_answer("{}")).await);
    let text = format!(
        r#"
        [[route]]
        resource = "arn:aws:dynamodb:*:*:table/mocked-*"
        to = "mock"
        result = {{ Item = {{ id = {{ S = "m" }} }} }}

        [[route]]
        service = "dynamodb:get*"
        to = "{}"

        [[route]]
        service = "events"
        to = "mock"
        error = "EventBridge.FailedEntry"
        cause = "as told"

        [[route]]
        service = "glue"
        to = "mock"
        result_json = '{{"JobRunState":"SUCCEEDED","Error":null}}'
        "#,
        other.url
    );
    let tasks = tasks_at(&usual.url).with_routing(routing(folder.path(), &text));
    let get = |table: &str| {
        service_call("aws-sdk:dynamodb:getItem", &format!(r#"{{"TableName":"{table}","Key":{{}}}}"#))
    };
    let mocked = result(tasks.call(get("mocked-orders")).await);
    assert_eq!(&**mocked.text(), r#"{"Item":{"id":{"S":"m"}}}"#);
    result(tasks.call(get("orders")).await);
    assert_eq!((usual.asked().len(), other.asked().len()), (0, 1));
    result(tasks.call(service_call("dynamodb:putItem", r#"{"TableName":"orders","Item":{}}"#)).await);
    assert_eq!((usual.asked().len(), other.asked().len()), (1, 1));
    for resource in ["events:putEvents", "aws-sdk:eventbridge:putEvents"] {
        let failed = failure(tasks.call(service_call(resource, r#"{"Entries":[]}"#)).await);
        assert_eq!(failed, ("EventBridge.FailedEntry".to_owned(), "as told".to_owned()));
    }
    let job = service_call("glue:startJobRun.sync", r#"{"JobName":"j"}"#);
    let submitted = result(tasks.call(job.clone()).await);
    let ended = result(tasks.watch(job, submitted).await);
    assert_eq!(&**ended.text(), r#"{"JobRunState":"SUCCEEDED","Error":null}"#);
    assert_eq!((usual.asked().len(), other.asked().len()), (1, 1));
}

#[tokio::test]
async fn functions_are_routed_by_their_arns() {
    let folder = tempfile::tempdir().unwrap();
    let (usual, other) =
        (StandIn::start(function_answer("1")).await, StandIn::start(function_answer("2")).await);
    let text = format!(
        "[[route]]\nresource = \"arn:aws:lambda:*:*:function:pay\"\nto = \"{}\"\n\
         [[route]]\nservice = \"lambda\"\nto = \"functions\"\n",
        other.url
    );
    let tasks = tasks_at(&usual.url).with_routing(routing(folder.path(), &text));
    assert_eq!(&**result(tasks.call(call(FUNCTION, "{}")).await).text(), "2");
    let invoke = |name: &str| service_call("lambda:invoke", &format!(r#"{{"FunctionName":"{name}"}}"#));
    result(tasks.call(invoke("pay")).await);
    // Nothing is hosted here, and the route leads nowhere else.
    let (error, cause) = failure(tasks.call(invoke("ship")).await);
    assert_eq!(error, "Lambda.ResourceNotFoundException");
    assert!(
        cause.starts_with("Function not found: arn:aws:lambda:us-east-1:000000000000:function:ship:$LATEST"),
        "{cause}"
    );
    assert_eq!((usual.asked().len(), other.asked().len()), (0, 2));
}

#[tokio::test]
async fn a_routing_file_is_read_again_and_a_broken_one_fails_the_calls() {
    let folder = tempfile::tempdir().unwrap();
    let usual = StandIn::start(json_answer("{}")).await;
    let routing = routing(folder.path(), "[[route]]\nservice = \"dynamodb\"\nto = \"mock\"\nresult = 1\n");
    let tasks = tasks_at(&usual.url).with_routing(routing);
    let list = || service_call("aws-sdk:dynamodb:listTables", "{}");
    assert_eq!(&**result(tasks.call(list()).await).text(), "1");
    let path = folder.path().join("stepwright.toml");
    std::fs::write(&path, "[[route]]\nservice = \"dynamodb\"\nto = \"nowhere\"\n").unwrap();
    let (error, cause) = failure(tasks.call(list()).await);
    assert_eq!(error, "States.Runtime");
    assert!(cause.contains("stepwright.toml cannot be used: line 3: \"nowhere\" is neither"), "{cause}");
    std::fs::write(&path, "").unwrap();
    result(tasks.call(list()).await);
    assert_eq!(usual.asked().len(), 1);
}

#[tokio::test]
async fn nothing_is_written_to_aws_where_it_is_only_read() {
    let folder = tempfile::tempdir().unwrap();
    let local = StandIn::start(json_answer("{}")).await;
    let mut config = ClientConfig::new(Endpoints::none(), Credentials::new("a", "b"));
    (config.calls_aws, config.only_reads_aws) = (true, true);
    let text = format!("[[route]]\nservice = \"sqs\"\nto = \"{}\"\n", local.url);
    let tasks = Tasks::new(None, Some(Client::new(config)), TaskLimits::default())
        .with_routing(routing(folder.path(), &text));
    for (resource, parameters, named) in [
        (
            "dynamodb:putItem",
            r#"{"TableName":"t","Item":{}}"#,
            "dynamodb:PutItem would write to the AWS account at dynamodb.us-east-1.amazonaws.com",
        ),
        (
            "aws-sdk:s3:deleteObject",
            r#"{"Bucket":"bucket","Key":"k"}"#,
            "s3:DeleteObject would write to the AWS account at bucket.s3.us-east-1.amazonaws.com",
        ),
        (
            "lambda:invoke",
            r#"{"FunctionName":"f"}"#,
            "lambda:Invoke would write to the AWS account at lambda.us-east-1.amazonaws.com",
        ),
    ] {
        let (error, cause) = failure(tasks.call(service_call(resource, parameters)).await);
        assert_eq!(error, "Stepwright.ReadOnlyAws");
        assert!(cause.starts_with(named) && cause.contains("--read-only-aws"), "{cause}");
    }
    let send = service_call("aws-sdk:sqs:sendMessage", r#"{"QueueUrl":"http://q/1/q","MessageBody":"b"}"#);
    result(tasks.call(send).await);
    assert_eq!(local.asked().len(), 1);
}

#[tokio::test]
async fn aws_itself_is_not_called_by_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let usual = StandIn::start(service_error(400, "E", "not this one")).await;
    let settings =
        aws::Settings::from_variables([("AWS_ENDPOINT_URL".to_owned(), usual.url.clone())]).unwrap();
    let tasks = Tasks::new(None, Some(settings.client()), TaskLimits::default())
        .with_routing(routing(folder.path(), "[[route]]\nservice = \"*\"\nto = \"aws\"\n"));
    let (error, cause) = failure(tasks.call(service_call("aws-sdk:dynamodb:listTables", "{}")).await);
    assert_eq!(error, "DynamoDb.SdkClientException");
    assert!(cause.contains("the settings hold no key, no profile"), "{cause}");
    assert_eq!(usual.asked().len(), 0);
}

#[tokio::test]
async fn a_routed_call_has_its_role_from_the_usual_sts() {
    let folder = tempfile::tempdir().unwrap();
    let (sts, usual) = (StandIn::start(assumed("OWN")).await, StandIn::start(json_answer("{}")).await);
    let other = StandIn::start(json_answer("{}")).await;
    let text = format!("[[route]]\nservice = \"dynamodb\"\nto = \"{}\"\n", other.url);
    let tasks = with_roles(AssumeRoles::Auto, &sts, &usual).await.with_routing(routing(folder.path(), &text));
    result(tasks.call(by(service_call("aws-sdk:dynamodb:listTables", "{}"), None)).await);
    assert_eq!((sts.asked().len(), usual.asked().len(), signer(&other, 0)), (1, 0, "OWN".to_owned()));
}

#[tokio::test]
async fn objects_of_map_runs_are_routed_and_checked_and_never_mocked_by_accident() {
    let folder = tempfile::tempdir().unwrap();
    let (usual, other) = (StandIn::start(json_answer("a")).await, StandIn::start(json_answer("b")).await);
    let text = format!(
        "[[route]]\nresource = \"arn:aws:s3:::mocked/*\"\nto = \"mock\"\nresult = 1\n\
         [[route]]\nresource = \"arn:aws:s3:::other/*\"\nto = \"{}\"\n",
        other.url
    );
    let statements = r#"{"Effect":"Allow","Action":"s3:GetObject","NotResource":"arn:aws:s3:::shut/*"}"#;
    let tasks = tasks_at(&usual.url).with_routing(routing(folder.path(), &text)).with_policies(policies(
        folder.path(),
        "own",
        statements,
    ));
    let caller = Caller { execution_role: OWN.into(), credentials_role: None };
    let objects = tasks.objects("us-east-1", caller).unwrap();
    let get = async |bucket: &str| {
        let part = tasks::ObjectPart {
            bucket: bucket.to_owned(),
            key: "items.json".to_owned(),
            members: Vec::new(),
            start: 0,
            length: 10,
            e_tag: None,
        };
        objects.get(part).await.map(|content| String::from_utf8(content.bytes).unwrap())
    };
    assert_eq!((get("open").await, get("other").await), (Ok("a".to_owned()), Ok("b".to_owned())));
    let mocked = get("mocked").await.unwrap_err();
    assert!(mocked.message.contains("The routing file answers for"), "{mocked}");
    let shut = get("shut").await.unwrap_err();
    assert_eq!(shut.code.as_deref(), Some("AccessDenied"));
    assert!(shut.message.contains("s3:GetObject on resource: arn:aws:s3:::shut/items.json"), "{shut}");
    assert_eq!((usual.asked().len(), other.asked().len()), (1, 1));
}
