"""Redrive of Map Runs through boto3: which children run again, what is shown of it, results in S3, and kill -9."""

import json

import pytest

from conftest import ROLE
from server import Server, wait_until
from stub_s3 import S3
from test_map_runs import children, create, distributed, event_types, run_of

# A child fails for items from 3 on, until it is redriven.
PICKY = {
    "C": {
        "Type": "Choice",
        "Choices": [
            {"Variable": "$", "NumericLessThan": 3, "Next": "Ok"},
            {"Variable": "$$.Execution.RedriveCount", "NumericGreaterThan": 0, "Next": "Ok"},
        ],
    },
    "Ok": {"Type": "Pass", "End": True},
}


@pytest.fixture
def failed(sfn, machine, ended):
    """An execution whose Map Run failed: of five items the last two."""

    def failed(**members):
        arn = machine({"M": distributed(PICKY, Label="L", MaxConcurrency=1, **members)})
        execution = sfn.start_execution(stateMachineArn=arn, input="[0, 1, 2, 3, 4]")["executionArn"]
        assert ended(execution)["error"] == "States.ExceedToleratedFailureThreshold"
        return execution, run_of(sfn, execution)

    return failed


def test_only_children_that_failed_run_again_and_in_place(sfn, failed, ended):
    execution, run = failed(ToleratedFailureCount=1)
    before = sfn.describe_map_run(mapRunArn=run)
    assert before["itemCounts"]["failed"] == 2 and "redriveCount" not in before
    assert "failuresNotRedrivable" not in before["itemCounts"]
    old = {child["executionArn"]: child for child in children(sfn, run)}

    redriven = sfn.redrive_execution(executionArn=execution)
    described = ended(execution)
    assert (described["status"], described["output"]) == ("SUCCEEDED", "[0,1,2,3,4]")
    after = sfn.describe_map_run(mapRunArn=run)
    assert (after["status"], after["redriveCount"], after["redriveDate"]) == ("SUCCEEDED", 1, redriven["redriveDate"])
    assert after["startDate"] == before["startDate"] < after["redriveDate"] <= after["stopDate"]
    counts = dict.fromkeys(
        ["pending", "running", "failed", "timedOut", "aborted", "failuresNotRedrivable", "pendingRedrive"], 0
    )
    assert after["itemCounts"] == after["executionCounts"] == counts | {"succeeded": 5, "total": 5, "resultsWritten": 5}
    assert [one["mapRunArn"] for one in sfn.list_map_runs(executionArn=execution)["mapRuns"]] == [run]

    again = children(sfn, run, redriveFilter="REDRIVEN")
    assert {child["executionArn"] for child in again} == {arn for arn, child in old.items() if child["status"] == "FAILED"}
    assert [child["redriveCount"] for child in again] == [1, 1] and all("redriveDate" in child for child in again)
    assert len(children(sfn, run, redriveFilter="NOT_REDRIVEN")) == 3
    assert children(sfn, run, redriveFilter="REDRIVEN", statusFilter="FAILED") == []
    child = again[0]["executionArn"]
    assert event_types(sfn, child) == [
        "ExecutionStarted",
        "ChoiceStateEntered",
        "ExecutionFailed",
        "ExecutionRedriven",
        "ChoiceStateExited",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert sfn.describe_execution(executionArn=child)["redriveCount"] == 1

    events = sfn.get_execution_history(executionArn=execution)["events"]
    types = [event["type"] for event in events]
    begin = types.index("ExecutionRedriven")
    assert types[begin:] == [
        "ExecutionRedriven",
        "MapStateStarted",
        "MapRunRedriven",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ]
    assert events[begin + 2]["mapRunRedrivenEventDetails"] == {"mapRunArn": run, "redriveCount": 1}


def test_a_child_is_redriven_with_its_run_alone(sfn, failed, refused):
    _, run = failed(ToleratedFailureCount=1)
    child = children(sfn, run, statusFilter="FAILED")[0]["executionArn"]
    described = sfn.describe_execution(executionArn=child)
    assert described["redriveStatus"] == "REDRIVABLE_BY_MAP_RUN" and "redriveStatusReason" not in described
    code, message = refused(sfn.redrive_execution, executionArn=child)
    assert code == "ExecutionNotRedrivable"
    assert message == "Execution is a child of a Map Run and can only be redriven with it"


def test_children_that_wait_for_their_turn_are_shown_so(sfn, machine, ended):
    waits = {**PICKY, "Ok": {"Type": "Wait", "Seconds": 600, "End": True}}
    arn = machine({"M": distributed(waits, ToleratedFailureCount=3)})
    execution = sfn.start_execution(stateMachineArn=arn, input="[3, 4, 5, 6]")["executionArn"]
    assert ended(execution)["status"] == "FAILED"
    run = run_of(sfn, execution)
    sfn.redrive_execution(executionArn=execution)
    assert wait_until(lambda: sfn.describe_map_run(mapRunArn=run)["itemCounts"]["running"] == 4)
    sfn.stop_execution(executionArn=execution)
    assert wait_until(lambda: sfn.describe_map_run(mapRunArn=run)["itemCounts"]["aborted"] == 4)
    assert event_types(sfn, execution)[-3:] == ["MapRunAborted", "MapStateAborted", "ExecutionAborted"]

    sfn.redrive_execution(executionArn=execution)
    sfn.update_map_run(mapRunArn=run, maxConcurrency=1)
    counts = sfn.describe_map_run(mapRunArn=run)["executionCounts"]
    assert counts["pending"] == counts["pendingRedrive"] and counts["running"] + counts["pending"] == 4
    assert sfn.describe_map_run(mapRunArn=run)["redriveCount"] == 2
    sfn.stop_execution(executionArn=execution)
    assert wait_until(lambda: len(children(sfn, run, statusFilter="ABORTED")) == 4)


def test_a_run_that_broke_the_limit_of_its_state_is_begun_anew(sfn, machine, ended):
    big = {"A": {"Type": "Pass", "Result": "x" * 100_000, "End": True}}
    arn = machine({"M": distributed(big)})
    execution = sfn.start_execution(stateMachineArn=arn, input="[1, 2, 3]")["executionArn"]
    assert ended(execution)["error"] == "States.DataLimitExceeded"
    sfn.redrive_execution(executionArn=execution)
    assert ended(execution)["redriveCount"] == 1
    assert event_types(sfn, execution).count("MapRunStarted") == 2
    runs = sfn.list_map_runs(executionArn=execution)["mapRuns"]
    assert len({run["mapRunArn"] for run in runs}) == 2
    assert all("redriveCount" not in sfn.describe_map_run(mapRunArn=run["mapRunArn"]) for run in runs)


def test_a_redriven_run_survives_kill_9_and_redrives_each_child_once(fresh_server, name):
    sfn = fresh_server.client()
    waits = {**PICKY, "Ok": {"Type": "Wait", "Seconds": 1, "End": True}}
    mapped = distributed(waits, MaxConcurrency=8, ToleratedFailurePercentage=99)
    arn = create(sfn, name, {"M": mapped})
    items = list(range(3, 43))
    execution = sfn.start_execution(stateMachineArn=arn, input=json.dumps(items))["executionArn"]
    assert wait_until(lambda: sfn.describe_execution(executionArn=execution)["status"] == "FAILED")
    run = run_of(sfn, execution)
    sfn.redrive_execution(executionArn=execution)

    def is_under_way():
        counts = sfn.describe_map_run(mapRunArn=run)["executionCounts"]
        return counts["succeeded"] >= 8 and counts["running"] and counts["pendingRedrive"] and counts

    counts = wait_until(is_under_way)
    assert counts["failed"] == 0 and counts["total"] == 40
    waiting = children(sfn, run, statusFilter="PENDING_REDRIVE")
    assert waiting and {child["status"] for child in waiting} == {"PENDING_REDRIVE"}
    fresh_server.kill()
    fresh_server.start()
    sfn = fresh_server.client()
    assert sfn.describe_map_run(mapRunArn=run)["status"] == "RUNNING"
    assert wait_until(lambda: sfn.describe_execution(executionArn=execution)["status"] != "RUNNING", seconds=30)
    described = sfn.describe_execution(executionArn=execution)
    assert (described["status"], json.loads(described["output"])) == ("SUCCEEDED", items)
    found = children(sfn, run)
    assert len(found) == 40 and {child["redriveCount"] for child in found} == {1}
    assert event_types(sfn, execution).count("MapRunRedriven") == 1


@pytest.fixture
def s3():
    s3 = S3({"in": {}}, denied=["closed"])
    yield s3
    s3.stop()


@pytest.fixture
def server_of_s3(s3, tmp_path):
    environment = {"AWS_ENDPOINT_URL_S3": s3.url, "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
    server = Server(tmp_path / "data", environment=environment).start()
    yield server
    if server.process.poll() is None:
        server.kill()


def records_of(s3, bucket, manifest, kind):
    files = manifest["ResultFiles"][kind]
    return [record for file in files for record in json.loads(s3.buckets[bucket][file["Key"]])]


@pytest.mark.parametrize("execution_type", ["STANDARD", "EXPRESS"])
def test_results_of_all_attempts_are_in_one_manifest(s3, server_of_s3, name, execution_type):
    """Children put an object into a bucket that opens between the attempts; in the second one the server of the Express
    children, which run again, dies."""
    sfn = server_of_s3.client()
    put = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:putObject",
        "Parameters": {"Bucket.$": "$.bucket", "Key.$": "$.key", "Body": "x"},
        "OutputPath": "$.ETag",
        "ResultSelector": {"ETag": "done"},
        "End": True,
    }
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out", "Prefix": "runs"}}
    mapped = distributed({"Put": put}, execution_type, ToleratedFailureCount=1, MaxConcurrency=1, ResultWriter=writer)
    arn = create(sfn, name, {"M": mapped})
    buckets = ["open", "closed", "open", "closed", "open"]
    items = [{"bucket": bucket, "key": str(number)} for number, bucket in enumerate(buckets)]
    execution = sfn.start_execution(stateMachineArn=arn, input=json.dumps(items))["executionArn"]

    def ended(sfn):
        assert wait_until(lambda: sfn.describe_execution(executionArn=execution)["status"] != "RUNNING", seconds=30)
        return sfn.describe_execution(executionArn=execution)

    assert ended(sfn)["error"] == "States.ExceedToleratedFailureThreshold"
    run = run_of(sfn, execution)
    key = f"runs/{run.rsplit(':', 1)[1]}/manifest.json"
    first = json.loads(s3.buckets["out"][key])
    failed = records_of(s3, "out", first, "FAILED")
    assert [json.loads(record["Input"])["key"] for record in failed] == ["1", "3"]
    assert {(record["Status"], record["RedriveStatus"]) for record in failed} == {("FAILED", "REDRIVABLE")}

    s3.denied.clear()
    sfn.redrive_execution(executionArn=execution)
    if execution_type == "EXPRESS":
        server_of_s3.kill()
        server_of_s3.start()
    described = ended(server_of_s3.client())
    assert described["status"] == "SUCCEEDED", described
    assert json.loads(described["output"])["ResultWriterDetails"] == {"Bucket": "out", "Key": key}
    second = json.loads(s3.buckets["out"][key])
    assert second["MapRunArn"] == run and second["ResultFiles"]["FAILED"] == second["ResultFiles"]["PENDING"] == []
    records = records_of(s3, "out", second, "SUCCEEDED")
    assert [json.loads(record["Input"])["key"] for record in records] == ["0", "1", "2", "3", "4"]
    assert [record["RedriveCount"] for record in records][:4] == [0, 1, 0, 1]
    again = {record["ExecutionArn"] for record in records if record["RedriveCount"] == 1}
    assert again >= {record["ExecutionArn"] for record in failed}
    assert {key for key, _ in s3.buckets["closed"].items()} == {"1", "3"}
