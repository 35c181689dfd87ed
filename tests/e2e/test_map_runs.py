"""Distributed Maps: Map Runs and their children, through boto3."""

import json

import pytest

from conftest import ROLE
from server import wait_until

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:"
PASS = {"A": {"Type": "Pass", "End": True}}


def distributed(states, execution_type="STANDARD", **members):
    """A distributed Map over an array."""
    config = {"Mode": "DISTRIBUTED", "ExecutionType": execution_type}
    processor = {"ProcessorConfig": config, "StartAt": next(iter(states)), "States": states}
    return {"Type": "Map", "ItemProcessor": processor, "End": True, **members}


def create(sfn, name, states, **members):
    definition = json.dumps({"StartAt": next(iter(states)), "States": states, **members})
    return sfn.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]


def run_of(sfn, execution):
    """The Map Run of an execution that has one."""

    def listed():
        return sfn.list_map_runs(executionArn=execution)["mapRuns"]

    return wait_until(listed)[0]["mapRunArn"]


def children(sfn, run, **filters):
    pages = sfn.get_paginator("list_executions").paginate(
        mapRunArn=run, **filters, PaginationConfig={"PageSize": 7}
    )
    return [child for page in pages for child in page["executions"]]


def event_types(sfn, execution):
    return [event["type"] for event in sfn.get_execution_history(executionArn=execution)["events"]]


@pytest.fixture
def start(sfn):
    def start(arn, items):
        return sfn.start_execution(stateMachineArn=arn, input=json.dumps(items))["executionArn"]

    return start


def test_every_item_runs_in_an_execution_of_its_own(sfn, machine, name, start, ended):
    arn = machine({"M": distributed(PASS, Label="Each", MaxConcurrency=3)})
    execution = start(arn, list(range(20)))
    assert json.loads(ended(execution)["output"]) == list(range(20))
    assert event_types(sfn, execution) == [
        "ExecutionStarted",
        "MapStateEntered",
        "MapStateStarted",
        "MapRunStarted",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ]
    [listed] = sfn.list_map_runs(executionArn=execution)["mapRuns"]
    run = listed["mapRunArn"]
    prefix = arn.split(":stateMachine:")[0]
    assert run.startswith(f"{prefix}:mapRun:{name}/Each:")
    assert listed["stateMachineArn"] == f"{arn}/Each" and listed["executionArn"] == execution
    described = sfn.describe_map_run(mapRunArn=run)
    assert (described["status"], described["maxConcurrency"]) == ("SUCCEEDED", 3)
    assert described["stopDate"] >= described["startDate"]
    assert (described["toleratedFailureCount"], described["toleratedFailurePercentage"]) == (0, 0.0)
    counts = dict.fromkeys(["pending", "running", "failed", "timedOut", "aborted"], 0)
    counts |= {"succeeded": 20, "total": 20, "resultsWritten": 20}
    assert described["itemCounts"] == described["executionCounts"] == counts


def test_children_are_executions_of_the_run_and_not_of_the_machine(sfn, machine, name, start, ended):
    arn = machine({"M": distributed(PASS, Label="Each")})
    execution = start(arn, [{"n": n} for n in range(20)])
    ended(execution)
    run = run_of(sfn, execution)
    found = children(sfn, run)
    assert len({child["executionArn"] for child in found}) == 20
    assert {child["mapRunArn"] for child in found} == {run} and {c["itemCount"] for c in found} == {1}
    assert {child["stateMachineArn"] for child in found} == {f"{arn}/Each"}
    assert children(sfn, run, statusFilter="FAILED") == []
    assert len(children(sfn, run, statusFilter="SUCCEEDED")) == 20
    assert len(children(sfn, run, redriveFilter="NOT_REDRIVEN")) == 20
    assert children(sfn, run, redriveFilter="REDRIVEN") == []
    assert [e["executionArn"] for e in sfn.list_executions(stateMachineArn=arn)["executions"]] == [execution]
    child = sfn.describe_execution(executionArn=found[0]["executionArn"])
    assert f":execution:{name}/Each:" in child["executionArn"] and child["mapRunArn"] == run
    assert child["status"] == "SUCCEEDED" and child["input"] == child["output"]
    assert event_types(sfn, child["executionArn"]) == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    machine_of = sfn.describe_state_machine_for_execution(executionArn=child["executionArn"])
    assert (machine_of["mapRunArn"], machine_of["label"]) == (run, "Each")
    assert json.loads(machine_of["definition"])["States"] == PASS


def test_what_a_child_sees_is_its_own(sfn, machine, start, ended):
    seen = {"own.$": "$$.Execution.Input", "machine.$": "$$.StateMachine.Name"}
    selector = {"n.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "from.$": "$$.Map.Item.Source"}
    states = {"A": {"Type": "Pass", "Parameters": seen, "End": True}}
    arn = machine({"M": distributed(states, Label="L", ItemSelector=selector, ItemsPath="$.items")})
    output = json.loads(ended(start(arn, {"items": ["a", "b"]}))["output"])
    assert output[1]["own"] == {"n": "b", "i": 1, "from": "STATE_DATA"}
    assert output[0]["machine"].endswith("/L")


def test_members_of_an_object_are_items(sfn, machine, start, ended):
    arn = machine({"M": distributed(PASS)})
    output = json.loads(ended(start(arn, {"a": 1, "b": [2]}))["output"])
    assert output == [{"Key": "a", "Value": 1}, {"Key": "b", "Value": [2]}]


def test_the_first_failure_is_one_too_many(sfn, machine, start, ended):
    choice = {"Variable": "$", "NumericEquals": 2, "Next": "F"}
    states = {
        "C": {"Type": "Choice", "Choices": [choice], "Default": "W"},
        "F": {"Type": "Fail", "Error": "E", "Cause": "C"},
        "W": {"Type": "Wait", "Seconds": 600, "End": True},
    }
    arn = machine({"M": distributed(states)})
    execution = start(arn, list(range(6)))
    described = ended(execution)
    assert (described["status"], described["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    assert described["cause"] == "The specified tolerated failure threshold was exceeded"
    assert event_types(sfn, execution)[-4:] == [
        "MapRunStarted",
        "MapRunFailed",
        "MapStateFailed",
        "ExecutionFailed",
    ]
    run = sfn.describe_map_run(mapRunArn=run_of(sfn, execution))
    assert run["status"] == "FAILED"
    counts = run["itemCounts"]
    assert (counts["failed"], counts["running"], counts["total"]) == (1, 0, 6)
    assert counts["aborted"] + counts["pending"] == 5
    [failed] = children(sfn, run["mapRunArn"], statusFilter="FAILED")
    child = sfn.describe_execution(executionArn=failed["executionArn"])
    assert (child["error"], child["redriveStatus"]) == ("E", "REDRIVABLE_BY_MAP_RUN")


@pytest.mark.parametrize(
    ("tolerance", "fails"),
    [
        ({"ToleratedFailureCount": 2}, False),
        ({"ToleratedFailureCount": 1}, True),
        ({"ToleratedFailurePercentage": 20}, False),
        ({"ToleratedFailurePercentage": 19.5}, True),
        ({"ToleratedFailurePercentage": 100, "ToleratedFailureCount": 1}, True),
    ],
)
def test_failures_are_tolerated_up_to_a_threshold(machine, start, ended, tolerance, fails):
    states = {
        "C": {"Type": "Choice", "Default": "A", "Choices": [
            {"Variable": "$", "NumericLessThan": 2, "Next": "F"}]},
        "F": {"Type": "Fail"},
        "A": {"Type": "Pass", "End": True},
    }
    arn = machine({"M": distributed(states, **tolerance)})
    described = ended(start(arn, list(range(10))))
    if fails:
        assert described["error"] == "States.ExceedToleratedFailureThreshold"
    else:
        assert json.loads(described["output"]) == list(range(2, 10))


def test_a_failed_run_is_retried_as_a_new_one_and_caught(sfn, machine, start, ended):
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 0, "MaxAttempts": 2}]
    catch = [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "Next": "P", "ResultPath": "$.e"}]
    fails = distributed({"F": {"Type": "Fail"}}, Retry=retry, Catch=catch, ItemsPath="$.items")
    arn = machine({"M": fails, "P": {"Type": "Pass", "End": True}})
    execution = start(arn, {"items": [1]})
    described = ended(execution)
    assert json.loads(described["output"])["e"]["Error"] == "States.ExceedToleratedFailureThreshold"
    runs = sfn.list_map_runs(executionArn=execution, maxResults=2)
    more = sfn.list_map_runs(executionArn=execution, nextToken=runs["nextToken"])
    arns = [run["mapRunArn"] for run in runs["mapRuns"] + more["mapRuns"]]
    assert len(set(arns)) == 3
    assert {sfn.describe_map_run(mapRunArn=arn)["status"] for arn in arns} == {"FAILED"}


def test_express_children_run_in_memory_and_are_counted(sfn, machine, start, ended):
    task = {"T": {"Type": "Task", "Resource": FUNCTION + "echo", "End": True}}
    arn = machine({"M": distributed(task, "EXPRESS")})
    execution = start(arn, list(range(30)))
    assert json.loads(ended(execution)["output"]) == list(range(30))
    run = run_of(sfn, execution)
    assert sfn.describe_map_run(mapRunArn=run)["executionCounts"]["succeeded"] == 30
    assert children(sfn, run) == []


def test_items_are_put_together(sfn, machine, start, ended):
    batcher = {"MaxItemsPerBatch": 4, "BatchInput": {"run.$": "$$.Execution.Name"}}
    arn = machine({"M": distributed(PASS, ItemBatcher=batcher)})
    execution = start(arn, list(range(10)))
    batches = json.loads(ended(execution)["output"])
    assert [batch["Items"] for batch in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert {batch["BatchInput"]["run"] for batch in batches} == {execution.rsplit(":", 1)[1]}
    run = sfn.describe_map_run(mapRunArn=run_of(sfn, execution))
    assert (run["itemCounts"]["succeeded"], run["executionCounts"]["succeeded"]) == (10, 3)
    assert sorted(child["itemCount"] for child in children(sfn, run["mapRunArn"])) == [2, 4, 4]


def test_a_batch_has_only_so_many_bytes(machine, start, ended):
    arn = machine({"M": distributed(PASS, ItemBatcher={"MaxInputBytesPerBatch": 30})})
    batches = json.loads(ended(start(arn, ["x" * 6] * 5))["output"])
    assert [len(batch["Items"]) for batch in batches] == [2, 2, 1]
    assert all(len(json.dumps(batch, separators=(",", ":"))) <= 30 for batch in batches)


def test_stopping_the_execution_stops_the_run_and_its_children(sfn, machine, start, ended):
    waits = {"W": {"Type": "Wait", "Seconds": 600, "End": True}}
    arn = machine({"M": distributed(waits, MaxConcurrency=4)})
    execution = start(arn, list(range(9)))
    run = run_of(sfn, execution)
    assert wait_until(lambda: sfn.describe_map_run(mapRunArn=run)["itemCounts"]["running"] == 4)
    sfn.stop_execution(executionArn=execution)
    assert ended(execution)["status"] == "ABORTED"
    assert event_types(sfn, execution)[-3:] == ["MapRunAborted", "MapStateAborted", "ExecutionAborted"]
    assert sfn.describe_map_run(mapRunArn=run)["status"] == "ABORTED"
    assert wait_until(lambda: sfn.describe_map_run(mapRunArn=run)["itemCounts"]["aborted"] == 4)
    assert {child["status"] for child in children(sfn, run)} == {"ABORTED"}
    counts = sfn.describe_map_run(mapRunArn=run)["itemCounts"]
    assert (counts["running"], counts["pending"], counts["total"]) == (0, 5, 9)


def test_an_execution_that_runs_out_of_time_takes_its_run_along(sfn, name, start, ended):
    waits = {"W": {"Type": "Wait", "Seconds": 600, "End": True}}
    arn = create(sfn, name, {"M": distributed(waits)}, TimeoutSeconds=1)
    execution = start(arn, [1, 2])
    run = run_of(sfn, execution)
    assert ended(execution)["status"] == "TIMED_OUT"
    assert sfn.describe_map_run(mapRunArn=run)["status"] == "ABORTED"
    assert wait_until(lambda: sfn.describe_map_run(mapRunArn=run)["itemCounts"]["aborted"] == 2)


def test_the_limits_of_a_run_can_be_changed_while_it_runs(sfn, machine, start, ended, refused):
    waits = {"W": {"Type": "Wait", "Seconds": 1, "End": True}}
    arn = machine({"M": distributed(waits, MaxConcurrency=1)})
    execution = start(arn, list(range(30)))
    run = run_of(sfn, execution)
    assert sfn.update_map_run(mapRunArn=run, maxConcurrency=30, toleratedFailurePercentage=12.5)
    described = sfn.describe_map_run(mapRunArn=run)
    assert (described["maxConcurrency"], described["toleratedFailurePercentage"]) == (30, 12.5)
    assert described["status"] == "RUNNING" and "stopDate" not in described
    assert ended(execution)["status"] == "SUCCEEDED"
    answer = refused(sfn.update_map_run, mapRunArn=run, maxConcurrency=1)
    assert answer[0] == "ValidationException"


def test_what_is_no_map_run_is_refused(sfn, unchecked, name, refused):
    arn = f"arn:aws:states:us-east-1:000000000000:mapRun:{name}/L:1"
    missing = ("ResourceNotFound", f"Resource not found: '{arn}'")
    assert refused(sfn.describe_map_run, mapRunArn=arn) == missing
    assert refused(sfn.update_map_run, mapRunArn=arn, maxConcurrency=1) == missing
    assert refused(sfn.list_executions, mapRunArn=arn) == missing
    assert refused(sfn.describe_map_run, mapRunArn="x") == ("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'")
    execution = f"arn:aws:states:us-east-1:000000000000:execution:{name}:1"
    gone = ("ExecutionDoesNotExist", f"Execution Does Not Exist: '{execution}'")
    assert refused(sfn.list_map_runs, executionArn=execution) == gone
    code, message = refused(unchecked.update_map_run, mapRunArn=arn, toleratedFailurePercentage=101)
    assert code == "ValidationException" and "less than or equal to 100" in message


def test_nested_runs_are_runs_of_the_children(sfn, machine, start, ended):
    inner = distributed(PASS, Label="Inner", ItemsPath="$.rows")
    arn = machine({"M": distributed({"I": inner}, Label="Outer")})
    rows = [{"rows": [1, 2]}, {"rows": []}, {"rows": [3]}]
    execution = start(arn, rows)
    assert json.loads(ended(execution)["output"]) == [[1, 2], [], [3]]
    [child] = [
        child["executionArn"]
        for child in children(sfn, run_of(sfn, execution))
        if sfn.describe_execution(executionArn=child["executionArn"])["output"] == "[1,2]"
    ]
    [nested] = sfn.list_map_runs(executionArn=child)["mapRuns"]
    assert nested["stateMachineArn"] == f"{arn}/Inner"


def test_results_over_the_limit_fail_the_run(machine, start, ended):
    big = {"A": {"Type": "Pass", "Result": "x" * 100_000, "End": True}}
    arn = machine({"M": distributed(big)})
    described = ended(start(arn, [1, 2, 3]))
    assert described["error"] == "States.DataLimitExceeded"
    assert "'M' returned a result with a size exceeding" in described["cause"]


@pytest.mark.parametrize("execution_type", ["STANDARD", "EXPRESS"])
def test_a_run_survives_kill_9_and_runs_each_item_once(fresh_server, name, execution_type):
    sfn = fresh_server.client()
    waits = {"W": {"Type": "Wait", "Seconds": 2, "End": True}}
    arn = create(sfn, name, {"M": distributed(waits, execution_type, MaxConcurrency=10)})
    execution = sfn.start_execution(stateMachineArn=arn, input=json.dumps(list(range(40))))["executionArn"]
    run = run_of(sfn, execution)

    def has_begun():
        counts = sfn.describe_map_run(mapRunArn=run)["itemCounts"]
        return counts["succeeded"] >= 5 and counts["running"] >= 5

    assert wait_until(has_begun)
    fresh_server.kill()
    fresh_server.start()
    sfn = fresh_server.client()
    assert sfn.describe_map_run(mapRunArn=run)["status"] == "RUNNING"
    assert wait_until(lambda: sfn.describe_execution(executionArn=execution)["status"] != "RUNNING", seconds=30)
    described = sfn.describe_execution(executionArn=execution)
    assert described["status"] == "SUCCEEDED" and json.loads(described["output"]) == list(range(40))
    counts = sfn.describe_map_run(mapRunArn=run)["itemCounts"]
    assert (counts["succeeded"], counts["total"], counts["running"]) == (40, 40, 0)
    found = children(sfn, run)
    inputs = [sfn.describe_execution(executionArn=child["executionArn"])["input"] for child in found]
    expected = range(40) if execution_type == "STANDARD" else []
    assert sorted(map(int, inputs)) == list(expected)


def test_a_run_that_was_stopped_stays_so_after_kill_9(fresh_server, name):
    sfn = fresh_server.client()
    waits = {"W": {"Type": "Wait", "Seconds": 600, "End": True}}
    arn = create(sfn, name, {"M": distributed(waits)})
    execution = sfn.start_execution(stateMachineArn=arn, input=json.dumps(list(range(300))))["executionArn"]
    run = run_of(sfn, execution)
    assert wait_until(lambda: sfn.describe_map_run(mapRunArn=run)["itemCounts"]["running"] > 100)
    sfn.stop_execution(executionArn=execution)
    fresh_server.kill()
    fresh_server.start()
    sfn = fresh_server.client()
    assert sfn.describe_map_run(mapRunArn=run)["status"] == "ABORTED"
    assert wait_until(lambda: children(sfn, run, statusFilter="RUNNING") == [])
    counts = wait_until(
        lambda: (c := sfn.describe_map_run(mapRunArn=run)["itemCounts"])["running"] == 0 and c
    )
    assert counts["aborted"] == len(children(sfn, run))
