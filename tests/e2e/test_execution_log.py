"""What state machines log with their loggingConfiguration, in files and on the standard output."""

import json

import pytest

from conftest import ROLE
from server import Server, wait_until

GROUP = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/vendedlogs/states/e2e:*"
FAILS = {"F": {"Type": "Fail", "Error": "E", "Cause": "C"}}
PASSES = {"P": {"Type": "Pass", "Result": {"secret": 1}, "End": True}}


@pytest.fixture
def logging_server(tmp_path):
    options = ["--execution-log", "files", "--execution-log", "stdout"]
    server = Server(tmp_path / "data", options=options).start()
    yield server
    if server.process.poll() is None:
        server.kill()


def create(server, name, states, level, machine_type="STANDARD", data=True):
    return server.client().create_state_machine(
        name=name,
        definition=json.dumps({"StartAt": next(iter(states)), "States": states}),
        roleArn=ROLE,
        type=machine_type,
        loggingConfiguration={
            "level": level,
            "includeExecutionData": data,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": GROUP}}],
        },
    )["stateMachineArn"]


def records(server, execution):
    path = server.data_dir / "logs" / "executions.log"
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return [record for record in found if record["execution_arn"] == execution]


def logged(server, execution, count):
    """The records of an execution, once there are so many."""
    wait_until(lambda: len(records(server, execution)) >= count)
    return records(server, execution)


def test_a_standard_execution_logs_its_history(logging_server):
    sfn = logging_server.client()
    arn = create(logging_server, "standard", PASSES, "ALL")
    execution = sfn.start_execution(stateMachineArn=arn, input='{"a": 1}')["executionArn"]
    found = logged(logging_server, execution, 4)
    history = sfn.get_execution_history(executionArn=execution)["events"]
    assert [record["type"] for record in found] == [event["type"] for event in history]
    assert [record["id"] for record in found] == ["1", "2", "3", "4"]
    assert [record["previous_event_id"] for record in found] == [str(event["previousEventId"]) for event in history]
    entered = found[1]
    assert entered["details"] == {"name": "P", "input": '{"a": 1}', "inputDetails": {"truncated": False}}
    assert abs(int(entered["event_timestamp"]) / 1000 - history[1]["timestamp"].timestamp()) < 0.002
    assert entered["redrive_count"] == "0"
    assert sorted(entered) == [
        "details", "event_timestamp", "execution_arn", "id", "previous_event_id", "redrive_count", "type",
    ]


@pytest.mark.parametrize("level, types", [
    ("ERROR", ["FailStateEntered", "ExecutionFailed"]),
    ("FATAL", ["ExecutionFailed"]),
])
def test_a_level_logs_what_it_names(logging_server, level, types):
    arn = create(logging_server, "level", FAILS, level)
    execution = logging_server.client().start_execution(stateMachineArn=arn)["executionArn"]
    logged(logging_server, execution, len(types))
    assert logging_server.stop() == 0
    assert [record["type"] for record in records(logging_server, execution)] == types


def test_without_execution_data_no_data_is_logged(logging_server):
    arn = create(logging_server, "discreet", PASSES, "ALL", machine_type="EXPRESS", data=False)
    sfn = logging_server.client(inject_host_prefix=False)
    execution = sfn.start_sync_execution(stateMachineArn=arn, input='{"secret": 2}')["executionArn"]
    found = logged(logging_server, execution, 4)
    assert [record["details"] for record in found] == [{"roleArn": ROLE}, {"name": "P"}, {"name": "P"}, {}]
    assert "secret" not in json.dumps(found)


def test_the_standard_output_has_the_same_records(logging_server):
    arn = create(logging_server, "shown", FAILS, "ALL")
    execution = logging_server.client().start_execution(stateMachineArn=arn)["executionArn"]
    found = logged(logging_server, execution, 3)
    assert logging_server.stop() == 0
    assert wait_until(lambda: sum(execution in line for line in logging_server.lines) == 3)
    assert [json.loads(line) for line in logging_server.lines if execution in line] == found


def test_a_log_group_nobody_answers_for_holds_up_no_execution(tmp_path):
    # The port of a server that has ended: connections to it are refused.
    gone = Server(tmp_path / "gone").start()
    url = gone.url
    gone.kill()
    server = Server(tmp_path / "data", environment={"AWS_ENDPOINT_URL_LOGS": url}).start()
    try:
        sfn = server.client()
        arn = create(server, "alone", PASSES, "ALL")
        execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
        assert wait_until(lambda: sfn.describe_execution(executionArn=execution)["status"] == "SUCCEEDED")
    finally:
        server.kill()
