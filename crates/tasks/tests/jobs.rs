//! Jobs of services, against a stand-in of their endpoint.
#![allow(clippy::unwrap_used, clippy::panic)] // a test that panics has failed

#[path = "../../aws/tests/stand_in/mod.rs"]
mod stand_in;
mod support;

use json::{Payload, Value};
use stand_in::{Reply, StandIn, json_answer, service_error};
use support::{failure, result, service_call as call, tasks_at};
use tasks::{TaskOutcome, TaskRunner};

/// Starts the job and waits for its end; what the service was asked, and what came of it.
async fn run(resource: &str, parameters: &str, answers: &[&str]) -> (Vec<(String, Value)>, TaskOutcome) {
    let server = StandIn::start(Reply::Turns(answers.iter().map(|body| json_answer(body)).collect())).await;
    let tasks = tasks_at(&server.url);
    let submitted = match tasks.call(call(resource, parameters)).await {
        TaskOutcome::Succeeded(submitted) => submitted,
        failed => return (asked(&server), failed),
    };
    let ended = tasks.watch(call(resource, parameters), submitted).await;
    (asked(&server), ended)
}

/// Each request: its target or its path, and its body.
fn asked(server: &StandIn) -> Vec<(String, Value)> {
    let shown = |asked: stand_in::Asked| {
        let target = asked.headers.get("x-amz-target").map(|target| target.to_str().unwrap().to_owned());
        let operation = target.map(|target| target.rsplit('.').next().unwrap().to_owned());
        (operation.unwrap_or(asked.target), json::parse_bytes(&asked.body).unwrap_or_default())
    };
    server.asked().into_iter().map(shown).collect()
}

#[tokio::test]
async fn a_job_is_asked_after_until_it_has_ended() {
    let answers = [
        r#"{"JobRunId":"jr_1"}"#,
        r#"{"JobRun":{"Id":"jr_1","JobName":"n","JobRunState":"RUNNING"}}"#,
        r#"{"JobRun":{"Id":"jr_1","JobName":"n","JobRunState":"SUCCEEDED","StartedOn":1700000000.5}}"#,
    ];
    let (asked, ended) = run("glue:startJobRun.sync", r#"{"JobName":"n"}"#, &answers).await;
    assert_eq!(
        result(ended).text().to_string(),
        r#"{"Id":"jr_1","JobName":"n","JobRunState":"SUCCEEDED","StartedOn":1700000000500}"#
    );
    let operations: Vec<&str> = asked.iter().map(|(operation, _)| operation.as_str()).collect();
    assert_eq!(operations, ["StartJobRun", "GetJobRun", "GetJobRun"]);
    assert_eq!(asked[1].1.to_text(), r#"{"JobName":"n","RunId":"jr_1"}"#);
}

#[tokio::test]
async fn a_job_that_fails_is_its_description() {
    let failed = r#"{"QueryExecution":{"Status":{"State":"FAILED","StateChangeReason":"no"}}}"#;
    let answers = [r#"{"QueryExecutionId":"q"}"#, failed];
    let (_, ended) = run("athena:startQueryExecution.sync", r#"{"QueryString":"s"}"#, &answers).await;
    assert_eq!(failure(ended), ("States.TaskFailed".to_owned(), failed.to_owned()));
}

#[tokio::test]
async fn a_task_of_ecs_ends_as_its_containers_do() {
    let started = r#"{"tasks":[{"taskArn":"arn:t","lastStatus":"PENDING"}],"failures":[]}"#;
    let stopped = |code: i32| {
        format!(
            r#"{{"tasks":[{{"taskArn":"arn:t","lastStatus":"STOPPED","containers":[{{"exitCode":{code}}}]}}]}}"#
        )
    };
    let parameters = r#"{"TaskDefinition":"d","Cluster":"c"}"#;
    let (asked, ended) = run("ecs:runTask.sync", parameters, &[started, &stopped(0)]).await;
    let expected = r#"{"Containers":[{"ExitCode":0}],"LastStatus":"STOPPED","TaskArn":"arn:t"}"#;
    assert_eq!(result(ended).text().to_string(), expected);
    assert_eq!(asked[0].1.get("startedBy").and_then(Value::as_str), Some("AWS Step Functions"));
    assert_eq!(asked[1].1.to_text(), r#"{"cluster":"c","tasks":["arn:t"]}"#);
    let (_, ended) = run("ecs:runTask.sync", parameters, &[started, &stopped(1)]).await;
    assert_eq!(failure(ended).0, "States.TaskFailed");
    let nowhere = r#"{"tasks":[],"failures":[{"reason":"RESOURCE:MEMORY"}]}"#;
    let (asked, ended) = run("ecs:runTask.sync", parameters, &[nowhere]).await;
    assert_eq!((failure(ended).0.as_str(), asked.len()), ("AmazonECS.Unknown", 1));
}

#[tokio::test]
async fn emrs_actions_have_step_functions_names() {
    let answers = [
        r#"{"JobFlowId":"j-1","ClusterArn":"arn"}"#,
        r#"{"Cluster":{"Id":"j-1","Status":{"State":"STARTING"}}}"#,
        r#"{"Cluster":{"Id":"j-1","Status":{"State":"WAITING"}}}"#,
    ];
    let (asked, ended) =
        run("elasticmapreduce:createCluster.sync", r#"{"Name":"n","Instances":{}}"#, &answers).await;
    let expected = r#"{"Cluster":{"Id":"j-1","Status":{"State":"WAITING"}},"ClusterId":"j-1"}"#;
    assert_eq!(result(ended).text().to_string(), expected);
    assert_eq!(
        (asked[0].0.as_str(), asked[1].1.to_text().as_str()),
        ("RunJobFlow", r#"{"ClusterId":"j-1"}"#)
    );
    let answers = [r#"{"StepIds":["s-1"]}"#, r#"{"Step":{"Id":"s-1","Status":{"State":"COMPLETED"}}}"#];
    let parameters = r#"{"ClusterId":"j-1","Step":{"Name":"n","HadoopJarStep":{"Jar":"j"}}}"#;
    let (asked, ended) = run("elasticmapreduce:addStep.sync", parameters, &answers).await;
    assert_eq!(result(ended).text().to_string(), r#"{"Step":{"Id":"s-1","Status":{"State":"COMPLETED"}}}"#);
    let steps = r#"{"JobFlowId":"j-1","Steps":[{"Name":"n","HadoopJarStep":{"Jar":"j"}}]}"#;
    assert_eq!(asked[0].1.to_text(), steps);
}

#[tokio::test]
async fn what_is_deleted_has_ended_when_it_is_gone() {
    let gone = service_error(404, "ResourceNotFoundException", "No cluster found");
    let deleting = json_answer(r#"{"cluster":{"name":"n","status":"DELETING"}}"#);
    let server = StandIn::start(Reply::Turns(vec![deleting.clone(), deleting, gone])).await;
    let tasks = tasks_at(&server.url);
    let task = || call("eks:deleteCluster.sync", r#"{"Name":"n"}"#);
    let submitted = result(tasks.call(task()).await);
    assert_eq!(&**result(tasks.watch(task(), submitted).await).text(), "{}");
}

#[tokio::test]
async fn a_service_that_is_not_well_is_asked_again_and_one_that_refuses_is_not() {
    let sick = service_error(500, "InternalFailure", "");
    let ended = json_answer(r#"{"jobs":[{"jobId":"1","status":"SUCCEEDED"}]}"#);
    let task = || call("batch:submitJob.sync", r#"{"JobName":"n","JobQueue":"q","JobDefinition":"d"}"#);
    let submitted = Payload::from_text(r#"{"JobId":"1"}"#).unwrap();
    let server =
        StandIn::start(Reply::Turns(vec![sick.clone(), sick.clone(), sick.clone(), sick, ended])).await;
    let result = result(tasks_at(&server.url).watch(task(), submitted.clone()).await);
    assert_eq!(&**result.text(), r#"{"JobId":"1","Status":"SUCCEEDED"}"#);
    let server = StandIn::start(service_error(403, "AccessDeniedException", "not you")).await;
    let (error, cause) = failure(tasks_at(&server.url).watch(task(), submitted).await);
    assert_eq!(error, "Batch.AWSBatchException");
    assert!(
        cause.starts_with("not you (Service: AWSBatch; Status Code: 403; Error Code: AccessDenied"),
        "{cause}"
    );
}

#[tokio::test]
async fn a_job_that_nobody_waits_for_is_cancelled() {
    let server = StandIn::start(json_answer("{}")).await;
    let submitted = Payload::from_text(r#"{"Build":{"Id":"p:1"}}"#).unwrap();
    tasks_at(&server.url)
        .cancel(call("codebuild:startBuild.sync", r#"{"ProjectName":"p"}"#), submitted)
        .await;
    let asked = asked(&server);
    assert_eq!((asked[0].0.as_str(), asked[0].1.to_text().as_str()), ("StopBuild", r#"{"id":"p:1"}"#));
}
