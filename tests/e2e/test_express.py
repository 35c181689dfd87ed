"""Express workflows: in memory, synchronous and not."""

import json
import socket

import boto3
import pytest


@pytest.fixture(scope="module")
def sfn(server):
    """A client that does not put `sync-` before the host, which names an address here."""
    return server.client(inject_host_prefix=False)


@pytest.fixture
def express(machine):
    """Registers an Express machine of the given states."""
    return lambda states: machine(states, type="EXPRESS")


def test_a_synchronous_execution_answers_with_its_output(sfn, express):
    arn = express({"A": {"Type": "Pass", "Result": {"n": 1}, "ResultPath": "$.a", "End": True}})
    answer = sfn.start_sync_execution(stateMachineArn=arn, name="once", input='{"b": 2}', traceHeader="Root=1")
    assert answer["status"] == "SUCCEEDED"
    assert json.loads(answer["output"]) == {"b": 2, "a": {"n": 1}}
    assert answer["input"] == '{"b": 2}' and answer["name"] == "once" and answer["traceHeader"] == "Root=1"
    assert ":express:" in answer["executionArn"] and answer["executionArn"].split(":")[7] == "once"
    billing = answer["billingDetails"]
    assert billing["billedMemoryUsedInMB"] == 64 and billing["billedDurationInMilliseconds"] % 100 == 0


def test_one_name_may_run_again_and_each_run_has_its_own_arn(sfn, express):
    arn = express({"A": {"Type": "Succeed"}})
    first, second = (sfn.start_sync_execution(stateMachineArn=arn, name="same") for _ in range(2))
    assert first["executionArn"] != second["executionArn"]


def test_a_failed_execution_is_no_error_of_the_request(sfn, express):
    arn = express({"A": {"Type": "Fail", "Error": "E", "Cause": "C"}})
    answer = sfn.start_sync_execution(stateMachineArn=arn)
    assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "E", "C")
    assert "output" not in answer and answer["outputDetails"] == {"included": True}


def test_waits_retries_and_parallel_work_run_to_their_end(sfn, express):
    branches = [
        {"StartAt": wait, "States": {wait: {"Type": "Wait", "Seconds": 1, "End": True}}} for wait in ("V", "W")
    ]
    other = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}}
    arn = express({
        "P": {"Type": "Parallel", "Branches": branches, "Next": "Q"},
        "Q": {"Type": "Parallel", "Branches": [other], "End": True,
              "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 0, "MaxAttempts": 2}],
              "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "R"}]},
        "R": {"Type": "Pass", "End": True},
    })
    answer = sfn.start_sync_execution(stateMachineArn=arn)
    assert answer["status"] == "SUCCEEDED" and json.loads(answer["output"])["Error"] == "E"
    assert answer["billingDetails"]["billedDurationInMilliseconds"] >= 1000


def test_an_execution_that_runs_out_of_time_says_so(sfn, name):
    wait = {"Type": "Wait", "Seconds": 60, "End": True}
    definition = json.dumps({"StartAt": "A", "TimeoutSeconds": 1, "States": {"A": wait}})
    role = "arn:aws:iam::000000000000:role/e2e"
    created = sfn.create_state_machine(name=name, definition=definition, roleArn=role, type="EXPRESS")
    arn = created["stateMachineArn"]
    answer = sfn.start_sync_execution(stateMachineArn=arn)
    assert (answer["status"], answer["error"]) == ("TIMED_OUT", "States.Timeout")


def test_only_express_machines_run_synchronously(sfn, machine, refused):
    arn = machine({"A": {"Type": "Succeed"}})
    assert refused(sfn.start_sync_execution, stateMachineArn=arn)[0] == "StateMachineTypeNotSupported"


def test_with_and_without_the_host_prefix_it_is_the_same_operation(server, express, monkeypatch):
    arn = express({"A": {"Type": "Pass", "Result": 1, "End": True}})
    resolve = socket.getaddrinfo

    def here(host, *arguments, **members):
        return resolve("127.0.0.1" if host == "sync-stepwright.test" else host, *arguments, **members)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    prefixed = boto3.client(
        "stepfunctions", endpoint_url=f"http://stepwright.test:{server.address[1]}", region_name="us-east-1",
        aws_access_key_id="any", aws_secret_access_key="any",
    )
    assert prefixed.start_sync_execution(stateMachineArn=arn)["output"] == "1"


def test_an_asynchronous_execution_is_acknowledged_and_cannot_be_described(sfn, express, refused):
    arn = express({"A": {"Type": "Succeed"}})
    started = sfn.start_execution(stateMachineArn=arn)
    assert ":express:" in started["executionArn"]
    assert refused(sfn.describe_execution, executionArn=started["executionArn"])[0] == "InvalidArn"
