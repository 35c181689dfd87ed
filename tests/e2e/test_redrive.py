"""RedriveExecution through boto3, with a kill in between."""

import json

import pytest

from server import wait_until

TOKEN = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
    "Parameters": {"FunctionName": "echo", "Payload": {"token.$": "$$.Task.Token"}},
    "End": True,
}


def types(sfn, execution):
    pages = sfn.get_paginator("get_execution_history").paginate(executionArn=execution)
    return [event["type"] for page in pages for event in page["events"]]


def test_a_failed_execution_is_redriven_from_the_state_that_failed(sfn, machine, ended):
    states = {
        "First": {"Type": "Pass", "Parameters": {"input.$": "$$.Execution.Input.x"}, "Next": "Call"},
        "Call": {
            "Type": "Parallel",
            "ResultPath": "$.both",
            "End": True,
            "Branches": [
                {
                    "StartAt": "Good",
                    "States": {"Good": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "OutputPath": "$.Payload",
                                        "Parameters": {"FunctionName": "echo", "Payload": 1}, "End": True}},
                },
                {
                    "StartAt": "Pick",
                    "States": {
                        "Pick": {
                            "Type": "Choice",
                            "Choices": [
                                {"Variable": "$$.Execution.RedriveCount", "NumericEquals": 0, "Next": "Bad"},
                                {"Variable": "$$.Execution.RedriveCount", "NumericEquals": 1, "Next": "Good again"},
                            ],
                        },
                        "Bad": {"Type": "Wait", "Seconds": 1, "Next": "Fails once"},
                        "Fails once": {
                            "Type": "Choice",
                            "Choices": [{"Variable": "$$.Execution.RedriveCount", "NumericEquals": 1, "Next": "Good again"}],
                            "Default": "Failed",
                        },
                        "Failed": {"Type": "Choice", "Choices": [
                            {"Variable": "$$.Execution.RedriveCount", "NumericEquals": 1, "Next": "Good again"}]},
                        "Good again": {"Type": "Pass", "Parameters": {"time.$": "$$.Execution.RedriveTime"}, "End": True},
                    },
                },
            ],
        },
    }
    arn = machine(states)
    execution = sfn.start_execution(stateMachineArn=arn, input='{"x": 7}')["executionArn"]
    described = ended(execution)
    assert (described["status"], described["redriveStatus"]) == ("FAILED", "REDRIVABLE")
    assert "redriveDate" not in described and "redriveStatusReason" not in described
    failed = len(types(sfn, execution))

    redriven = sfn.redrive_execution(executionArn=execution, clientToken="once")
    described = ended(execution)
    assert (described["status"], described["redriveCount"]) == ("SUCCEEDED", 1)
    assert described["redriveDate"] == redriven["redriveDate"] <= described["stopDate"]
    assert described["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
    assert "error" not in described and "cause" not in described
    output = json.loads(described["output"])
    assert output["input"] == 7 and output["both"][0] == 1 and output["both"][1]["time"].endswith("Z")
    again = types(sfn, execution)[failed:]
    assert again[:3] == ["ExecutionRedriven", "ParallelStateStarted", "ChoiceStateExited"]
    assert again.count("TaskScheduled") == 0 and again[-1] == "ExecutionSucceeded"
    history = sfn.get_execution_history(executionArn=execution, maxResults=1000)["events"]
    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    event = history[failed]
    assert (event["previousEventId"], event["executionRedrivenEventDetails"]) == (failed, {"redriveCount": 1})

    assert sfn.redrive_execution(executionArn=execution, clientToken="once")["redriveDate"] == redriven["redriveDate"]
    with pytest.raises(sfn.exceptions.ExecutionNotRedrivable) as refused:
        sfn.redrive_execution(executionArn=execution)
    assert refused.value.response["Error"]["Message"] == "Execution is SUCCEEDED and cannot be redriven"
    [listed] = sfn.list_executions(stateMachineArn=arn)["executions"]
    assert (listed["redriveCount"], listed["redriveDate"]) == (1, redriven["redriveDate"])


def test_a_stopped_execution_is_redriven_and_waits_for_another_token(sfn, machine, ended):
    execution = sfn.start_execution(stateMachineArn=machine({"Ask": TOKEN}))["executionArn"]
    wait_until(lambda: "TaskSubmitted" in types(sfn, execution))
    with pytest.raises(sfn.exceptions.ExecutionNotRedrivable) as refused:
        sfn.redrive_execution(executionArn=execution)
    assert refused.value.response["Error"]["Message"] == "Execution is RUNNING and cannot be redriven"
    sfn.stop_execution(executionArn=execution, error="Stopped", cause="by hand")
    sfn.redrive_execution(executionArn=execution)
    described = sfn.describe_execution(executionArn=execution)
    assert (described["status"], described["redriveStatus"]) == ("RUNNING", "NOT_REDRIVABLE")
    assert not {"stopDate", "error", "cause", "output"} & described.keys()
    wait_until(lambda: types(sfn, execution).count("TaskSubmitted") == 2)
    events = sfn.get_execution_history(executionArn=execution)["events"]
    inputs = [json.loads(e["taskScheduledEventDetails"]["parameters"]) for e in events if e["type"] == "TaskScheduled"]
    old, new = [parameters["Payload"]["token"] for parameters in inputs]
    with pytest.raises(sfn.exceptions.TaskTimedOut):
        sfn.send_task_success(taskToken=old, output="1")
    sfn.send_task_success(taskToken=new, output="2")
    assert ended(execution)["output"] == "2"


def test_a_map_runs_only_the_items_that_failed(sfn, machine, ended):
    arn = machine(
        {
            "Each": {
                "Type": "Map",
                "ItemProcessor": {
                    "StartAt": "Odd",
                    "States": {
                        "Odd": {
                            "Type": "Choice",
                            "Choices": [
                                {"Variable": "$", "NumericEquals": 1, "Next": "Slow"},
                            ],
                            "Default": "Fine",
                        },
                        "Slow": {"Type": "Wait", "Seconds": 1, "Next": "Check"},
                        "Check": {
                            "Type": "Choice",
                            "Choices": [{"Variable": "$$.Execution.RedriveCount", "NumericGreaterThan": 0, "Next": "Fine"}],
                        },
                        "Fine": {"Type": "Pass", "End": True},
                    },
                },
                "End": True,
            }
        }
    )
    execution = sfn.start_execution(stateMachineArn=arn, input="[0, 1, 2]")["executionArn"]
    assert ended(execution)["status"] == "FAILED"
    sfn.redrive_execution(executionArn=execution)
    described = ended(execution)
    assert (described["status"], json.loads(described["output"])) == ("SUCCEEDED", [0, 1, 2])
    events = sfn.get_execution_history(executionArn=execution, maxResults=1000)["events"]
    started = [e["mapIterationStartedEventDetails"]["index"] for e in events if e["type"] == "MapIterationStarted"]
    assert started == [0, 1, 2, 1]


def test_requests_that_break_the_rules_are_refused(sfn, unchecked, passing):
    for client, request, error, message in [
        (unchecked, {}, "ValidationException", "'executionArn'"),
        (sfn, {"executionArn": "x"}, "InvalidArn", "Invalid Arn: "),
        (
            sfn,
            {"executionArn": "arn:aws:states:us-east-1:000000000000:express:m:e:1"},
            "InvalidArn",
            "Invalid Arn: ",
        ),
        (
            sfn,
            {"executionArn": passing.replace(":stateMachine:", ":execution:") + ":none"},
            "ExecutionDoesNotExist",
            "Execution Does Not Exist: '",
        ),
        (
            sfn,
            {"executionArn": passing.replace(":stateMachine:", ":execution:") + ":none", "clientToken": "a b"},
            "ValidationException",
            "Value 'a b' at 'clientToken' failed to satisfy constraint: Member must satisfy regular expression pattern: [!-~]+",
        ),
    ]:
        with pytest.raises(client.exceptions.ClientError) as refused:
            client.redrive_execution(**request)
        assert refused.value.response["Error"]["Code"] == error
        assert message in refused.value.response["Error"]["Message"]


def test_a_redriven_execution_survives_kill(fresh_server):
    sfn = fresh_server.client()
    definition = json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 2, "End": True}}})
    role = "arn:aws:iam::000000000000:role/e2e"
    arn = sfn.create_state_machine(name="m", definition=definition, roleArn=role)["stateMachineArn"]
    execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    sfn.stop_execution(executionArn=execution)
    redriven = sfn.redrive_execution(executionArn=execution, clientToken="t")
    fresh_server.kill()
    fresh_server.start()
    sfn = fresh_server.client()
    assert sfn.redrive_execution(executionArn=execution, clientToken="t")["redriveDate"] == redriven["redriveDate"]
    wait_until(lambda: sfn.describe_execution(executionArn=execution)["status"] == "SUCCEEDED")
    described = sfn.describe_execution(executionArn=execution)
    assert (described["redriveCount"], described["redriveDate"]) == (1, redriven["redriveDate"])
    assert types(sfn, execution).count("ExecutionRedriven") == 1
