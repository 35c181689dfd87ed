"""The server as a process: health, paths, restarts, shutdown; and the Lambda API on the same port."""

import io
import json
import urllib.error
import urllib.request
import zipfile

import pytest
from conftest import ROLE

from server import wait_until

WAIT = '{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":1,"End":true}}}'


def test_health_is_told_without_credentials(server):
    assert server.is_healthy()


def test_other_paths_are_not_found_with_a_hint(server):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{server.url}/nowhere", timeout=10)
    assert caught.value.code == 404
    assert "X-Amz-Target" in json.load(caught.value)["hint"]


@pytest.mark.parametrize("operation", ["PublishStateMachine", "listStateMachines", "Nonsense"])
def test_operations_that_are_not_served_are_unknown(server, operation):
    status, headers, body = server.post(operation, b"{}")
    assert status == 400 and headers["x-amzn-requestid"]
    assert json.loads(body)["__type"] == "UnknownOperationException"


def test_any_host_is_served(server):
    request = server.exchange(
        b"POST / HTTP/1.1\r\nhost: sync-states.us-east-1.amazonaws.com\r\n"
        b"x-amz-target: AWSStepFunctions.ListStateMachines\r\ncontent-length: 0\r\n\r\n"
    )
    assert request[0] == 200


def test_what_was_acknowledged_survives_kill_9_and_page_tokens_do_too(fresh_server):
    sfn = fresh_server.client()
    arn = sfn.create_state_machine(name="m", definition=WAIT, roleArn=ROLE)["stateMachineArn"]
    started = [sfn.start_execution(stateMachineArn=arn, name=f"run-{n}")["executionArn"] for n in range(3)]
    token = sfn.list_executions(stateMachineArn=arn, maxResults=2)["nextToken"]
    fresh_server.kill()
    sfn = fresh_server.start().client()
    page = sfn.list_executions(stateMachineArn=arn, maxResults=2, nextToken=token)
    assert [execution["name"] for execution in page["executions"]] == ["run-0"]

    def all_ended():
        return all(sfn.describe_execution(executionArn=arn)["status"] == "SUCCEEDED" for arn in started)

    assert wait_until(all_ended)
    for execution in started:
        events = sfn.get_execution_history(executionArn=execution)["events"]
        assert [event["id"] for event in events] == list(range(1, len(events) + 1))


def test_a_request_to_stop_ends_the_process_with_success(fresh_server):
    assert fresh_server.is_healthy()
    assert fresh_server.stop() == 0


def test_a_function_is_made_from_an_archive_called_and_used_by_a_machine(server, sfn, machine, ended, name):
    functions = server.client("lambda")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("app.py", "def twice(event, context):\n    return {'n': event['n'] * 2}\n")
    functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="app.twice",
        Role=ROLE,
        Code={"ZipFile": archive.getvalue()},
    )
    answer = functions.invoke(FunctionName=name, Payload=b'{"n":21}')
    assert answer["StatusCode"] == 200 and json.load(answer["Payload"]) == {"n": 42}
    arn = functions.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    states = {"A": {"Type": "Task", "Resource": arn, "End": True}}
    described = ended(sfn.start_execution(stateMachineArn=machine(states), input='{"n":4}')["executionArn"])
    assert json.loads(described["output"]) == {"n": 8}
    functions.delete_function(FunctionName=name)


def test_an_archive_may_be_larger_than_a_request_of_the_other_api(server, name):
    functions = server.client("lambda")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as files:
        files.writestr("app.py", "def size(event, context):\n    return 1\n")
        files.writestr("data.bin", bytes(3 << 20))
    code = {"ZipFile": archive.getvalue()}
    functions.create_function(FunctionName=name, Runtime="python3.12", Handler="app.size", Role=ROLE, Code=code)
    assert functions.get_function(FunctionName=name)["Configuration"]["CodeSize"] > 3 << 20
    functions.delete_function(FunctionName=name)
