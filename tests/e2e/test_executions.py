"""The operations on executions, through boto3."""

import json
import uuid

import pytest

from server import wait_until

PREFIX = "arn:aws:states:us-east-1:000000000000"


def test_an_execution_runs_to_its_end_and_keeps_its_input_to_the_byte(sfn, machine, name, ended):
    arn = machine({"A": {"Type": "Pass", "End": True}})
    given = ' { "a" : 1.50, "b":[null] } '
    started = sfn.start_execution(stateMachineArn=arn, name="run", input=given, traceHeader="Root=1-a-b")
    assert started["executionArn"] == f"{PREFIX}:execution:{name}:run"
    described = ended(started["executionArn"])
    assert described["input"] == given
    assert (described["startDate"], described["status"]) == (started["startDate"], "SUCCEEDED")
    assert json.loads(described["output"]) == {"a": 1.5, "b": [None]}
    assert described["inputDetails"] == described["outputDetails"] == {"included": True}
    assert described["traceHeader"] == "Root=1-a-b"
    assert (described["redriveCount"], described["redriveStatus"]) == (0, "NOT_REDRIVABLE")
    assert described["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
    assert "error" not in described and described["stopDate"] >= described["startDate"]


def test_a_name_is_made_up_where_none_is_given(sfn, passing):
    execution = sfn.start_execution(stateMachineArn=passing)["executionArn"]
    uuid.UUID(execution.rsplit(":", 1)[1])


def test_the_history_tells_every_step_and_both_ways(sfn, passing, ended):
    execution = sfn.start_execution(stateMachineArn=passing)["executionArn"]
    ended(execution)
    events = sfn.get_execution_history(executionArn=execution)["events"]
    assert [event["type"] for event in events] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert [(event["id"], event["previousEventId"]) for event in events] == [(1, 0), (2, 0), (3, 2), (4, 3)]
    backwards = sfn.get_execution_history(executionArn=execution, reverseOrder=True)["events"]
    assert backwards == events[::-1]
    pages = sfn.get_paginator("get_execution_history").paginate(
        executionArn=execution, PaginationConfig={"PageSize": 1}
    )
    assert [event for page in pages for event in page["events"]] == events
    bare = sfn.get_execution_history(executionArn=execution, includeExecutionData=False)["events"]
    assert "input" not in bare[0]["executionStartedEventDetails"]


def test_metadata_alone_shows_no_data(sfn, passing, ended):
    execution = sfn.start_execution(stateMachineArn=passing)["executionArn"]
    ended(execution)
    described = sfn.describe_execution(executionArn=execution, includedData="METADATA_ONLY")
    assert "input" not in described and "output" not in described
    assert described["inputDetails"] == {"included": False}


def test_an_execution_that_fails_can_be_redriven(sfn, machine, ended):
    arn = machine({"A": {"Type": "Fail", "Error": "NoStock", "Cause": "sold out"}})
    described = ended(sfn.start_execution(stateMachineArn=arn)["executionArn"])
    assert (described["status"], described["error"], described["cause"]) == ("FAILED", "NoStock", "sold out")
    assert described["redriveStatus"] == "REDRIVABLE" and "redriveStatusReason" not in described
    assert "output" not in described and "outputDetails" not in described


def test_a_function_is_called_and_its_error_is_told(sfn, machine, ended):
    function = "arn:aws:lambda:us-east-1:000000000000:function:"
    good = machine({"A": {"Type": "Task", "Resource": function + "echo", "End": True}}, suffix="-good")
    described = ended(sfn.start_execution(stateMachineArn=good, input='{"order":7}')["executionArn"])
    assert json.loads(described["output"]) == {"order": 7}
    bad = machine({"A": {"Type": "Task", "Resource": function + "fails", "End": True}}, suffix="-bad")
    described = ended(sfn.start_execution(stateMachineArn=bad)["executionArn"])
    assert (described["status"], described["error"]) == ("FAILED", "ValueError")
    assert json.loads(described["cause"])["errorMessage"] == "no such order"


def test_a_name_serves_one_execution(sfn, waiting, refused):
    first = sfn.start_execution(stateMachineArn=waiting, name="once", input='{"n":1}')
    again = sfn.start_execution(stateMachineArn=waiting, name="once", input='{"n":1}')
    assert again["startDate"] == first["startDate"]
    conflict = ("ExecutionAlreadyExists", f"Execution Already Exists: '{first['executionArn']}'")
    assert refused(sfn.start_execution, stateMachineArn=waiting, name="once", input='{"n":2}') == conflict
    sfn.stop_execution(executionArn=first["executionArn"])
    assert refused(sfn.start_execution, stateMachineArn=waiting, name="once", input='{"n":1}') == conflict


def test_an_execution_is_stopped_once(sfn, waiting, ended):
    execution = sfn.start_execution(stateMachineArn=waiting)["executionArn"]
    running = sfn.describe_execution(executionArn=execution)
    assert running["redriveStatusReason"] == "Execution is RUNNING and cannot be redriven"
    stopped = sfn.stop_execution(executionArn=execution, error="Stop", cause="by hand")["stopDate"]
    described = ended(execution)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Stop", "by hand")
    assert described["stopDate"] == stopped
    assert sfn.stop_execution(executionArn=execution)["stopDate"] == stopped
    last = sfn.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=1)["events"][0]
    assert (last["type"], last["previousEventId"]) == ("ExecutionAborted", 0)
    assert last["executionAbortedEventDetails"] == {"error": "Stop", "cause": "by hand"}


def test_executions_are_listed_newest_first_by_page_and_by_status(sfn, passing, ended, refused):
    for n in range(5):
        ended(sfn.start_execution(stateMachineArn=passing, name=f"run-{n}")["executionArn"])
    pages = list(
        sfn.get_paginator("list_executions").paginate(stateMachineArn=passing, PaginationConfig={"PageSize": 2})
    )
    listed = [execution for page in pages for execution in page["executions"]]
    assert [execution["name"] for execution in listed] == [f"run-{n}" for n in (4, 3, 2, 1, 0)]
    assert [len(page["executions"]) for page in pages][:2] == [2, 2]
    members = {"executionArn", "stateMachineArn", "name", "status", "startDate", "stopDate", "redriveCount"}
    assert set(listed[0]) == members
    assert sfn.list_executions(stateMachineArn=passing, statusFilter="RUNNING")["executions"] == []
    assert len(sfn.list_executions(stateMachineArn=passing, statusFilter="SUCCEEDED")["executions"]) == 5
    code, message = refused(sfn.list_executions, stateMachineArn=passing, statusFilter="succeeded")
    assert (code, message) == (
        "ValidationException",
        "1 validation error detected: Value 'succeeded' at 'statusFilter' failed to satisfy constraint: Member must "
        "satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]",
    )


def test_a_page_token_serves_its_own_listing_alone(sfn, passing, waiting, ended, refused):
    for _ in range(2):
        ended(sfn.start_execution(stateMachineArn=passing)["executionArn"])
    token = sfn.list_executions(stateMachineArn=passing, maxResults=1)["nextToken"]
    invalid = ("InvalidToken", "Invalid Token: 'Invalid token'")
    assert refused(sfn.list_executions, stateMachineArn=waiting, nextToken=token) == invalid
    assert refused(sfn.list_executions, stateMachineArn=passing, statusFilter="FAILED", nextToken=token) == invalid
    assert refused(sfn.list_state_machines, nextToken=token) == invalid
    assert sfn.list_executions(stateMachineArn=passing, nextToken=token)["executions"]


def test_an_execution_keeps_the_definition_it_was_started_with(sfn, waiting, refused):
    execution = sfn.start_execution(stateMachineArn=waiting)["executionArn"]
    before = sfn.describe_state_machine(stateMachineArn=waiting)["definition"]
    after = '{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}'
    sfn.update_state_machine(stateMachineArn=waiting, definition=after)
    snapshot = sfn.describe_state_machine_for_execution(executionArn=execution)
    assert snapshot["definition"] == before and "revisionId" not in snapshot
    assert snapshot["stateMachineArn"] == waiting and "updateDate" in snapshot
    sfn.stop_execution(executionArn=execution)


@pytest.mark.parametrize("given", ["null", "0", '"text"', "[]"])
def test_any_json_value_is_an_input(sfn, passing, given):
    execution = sfn.start_execution(stateMachineArn=passing, input=given)["executionArn"]
    assert sfn.describe_execution(executionArn=execution)["input"] == given


@pytest.mark.parametrize(
    "given, reason",
    [
        (
            "not some json",
            "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or "
            "'false')",
        ),
        ("{'a':1}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name"),
        ("", "Invalid execution input."),
    ],
)
def test_inputs_that_are_not_json_are_refused(sfn, passing, refused, given, reason):
    code, message = refused(sfn.start_execution, stateMachineArn=passing, input=given)
    assert (code, message) == ("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{reason}'")


def test_inputs_are_limited_in_bytes(sfn, unchecked, passing, refused):
    largest = json.dumps("ä" * 131_071, ensure_ascii=False)
    assert len(largest.encode()) == 262_144
    sfn.start_execution(stateMachineArn=passing, input=largest)
    code, message = refused(unchecked.start_execution, stateMachineArn=passing, input=largest + " ")
    assert code == "ValidationException"
    assert message.endswith("at 'input' failed to satisfy constraint: Member must have length less than or equal to 262144")


def test_what_is_not_there_and_what_is_express(sfn, refused):
    missing, express = f"{PREFIX}:execution:m:none", f"{PREFIX}:express:m:e:u"
    for operation in (
        sfn.describe_execution,
        sfn.stop_execution,
        sfn.get_execution_history,
        sfn.describe_state_machine_for_execution,
    ):
        assert refused(operation, executionArn=missing) == (
            "ExecutionDoesNotExist",
            f"Execution Does Not Exist: '{missing}'",
        )
        assert refused(operation, executionArn=express) == (
            "InvalidArn",
            "Invalid Arn: 'Resource type not valid in this context: express'",
        )


def test_express_machines_have_no_executions_to_list(sfn, machine, refused):
    arn = machine({"A": {"Type": "Succeed"}}, type="EXPRESS")
    assert refused(sfn.list_executions, stateMachineArn=arn) == (
        "StateMachineTypeNotSupported",
        "This operation is not supported by this type of state machine",
    )


def test_deleting_a_machine_stops_its_executions(sfn, waiting, ended):
    execution = sfn.start_execution(stateMachineArn=waiting)["executionArn"]
    sfn.delete_state_machine(stateMachineArn=waiting)
    assert ended(execution)["status"] == "ABORTED"


class TestTaskTokens:
    """SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat."""

    @pytest.fixture
    def asked(self, sfn, machine):
        """Starts an execution that waits for its token; gives the execution and the token."""
        arn = machine(
            {
                "Ask": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                    "Parameters": {"FunctionName": "echo", "Payload": {"token.$": "$$.Task.Token"}},
                    "TimeoutSeconds": 60,
                    "End": True,
                }
            }
        )
        execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]

        def scheduled():
            events = sfn.get_execution_history(executionArn=execution)["events"]
            if any(event["type"] == "TaskSubmitted" for event in events):
                return next(event for event in events if event["type"] == "TaskScheduled")

        event = wait_until(scheduled)
        assert event, sfn.get_execution_history(executionArn=execution)["events"]
        return execution, json.loads(event["taskScheduledEventDetails"]["parameters"])["Payload"]["token"]

    def test_a_success_gives_the_output_and_ends_the_token(self, sfn, asked, ended, refused):
        execution, token = asked
        sfn.send_task_heartbeat(taskToken=token)
        sfn.send_task_success(taskToken=token, output='{"paid":true}')
        described = ended(execution)
        assert (described["status"], json.loads(described["output"])) == ("SUCCEEDED", {"paid": True})
        late = ("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        assert refused(sfn.send_task_success, taskToken=token, output="{}") == late
        assert refused(sfn.send_task_failure, taskToken=token) == late
        assert refused(sfn.send_task_heartbeat, taskToken=token) == late

    def test_a_failure_gives_its_error_and_cause(self, sfn, asked, ended):
        execution, token = asked
        sfn.send_task_failure(taskToken=token, error="Declined", cause="no funds")
        described = ended(execution)
        assert (described["status"], described["error"], described["cause"]) == ("FAILED", "Declined", "no funds")

    def test_an_output_that_is_not_json_leaves_the_task_waiting(self, sfn, asked, refused):
        execution, token = asked
        code, message = refused(sfn.send_task_success, taskToken=token, output="{oops}")
        assert code == "InvalidOutput" and message.startswith("Invalid Output: 'Unexpected character")
        assert sfn.describe_execution(executionArn=execution)["status"] == "RUNNING"
        sfn.stop_execution(executionArn=execution)

    def test_what_never_was_a_token_is_an_invalid_token(self, sfn, refused):
        invalid = ("InvalidToken", "Invalid Token: 'Invalid token'")
        assert refused(sfn.send_task_success, taskToken="nonsense", output="{}") == invalid
        assert refused(sfn.send_task_failure, taskToken="nonsense") == invalid
        assert refused(sfn.send_task_heartbeat, taskToken="nonsense") == invalid
