"""The commands of the AWS CLI for the operations: first as AWS's own guides give them, then each of the others once.

The guides' commands run in a shell as they stand there but for names and ARNs; the endpoint comes from the environment."""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess

import botocore.session
import pytest
from botocore import xform_name

if not shutil.which("aws"):
    pytest.skip("the AWS CLI is not installed: its tests are left out", allow_module_level=True)

ARN = "arn:aws:states:us-east-1:000000000000:"
ROLE = "arn:aws:iam::012345678901:role/DummyRole"
PASS = '{"StartAt":"A","States":{"A":{"Type":"Pass","Result":"ok","End":true}}}'


@pytest.fixture
def shell(server, tmp_path, name):
    """Runs a command line in a shell, and gives what it prints, as JSON, or what it complains of."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    environment |= {
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_ENDPOINT_URL_SFN": server.url,
        "AWS_PAGER": "",
        "UPDATED_STATE_MACHINE_DEFINITION": PASS.replace('"ok"', '"new"'),
    }

    def run(line, fails=False, **more):
        line = line.replace("{region}", "us-east-1").replace("{account-id}", "000000000000")
        line = line.replace("{myStateMachine}", name)
        done = subprocess.run(
            ["sh", "-c", line], env=environment | more, capture_output=True, text=True, timeout=60, cwd=tmp_path
        )
        assert (done.returncode != 0) == fails, f"{line}\n{done.stderr}"
        return done.stderr if fails else json.loads(done.stdout or "null")

    return run


@pytest.fixture
def aws(shell, server):
    """Calls a command with its arguments, each as it is."""

    def call(command, *arguments, fails=False, is_sync=False):
        line = shlex.join(["aws", "stepfunctions", command, *arguments])
        # The CLI puts `sync-` before the host of two operations, which a proxy need not be able to resolve.
        through = {"AWS_ENDPOINT_URL_SFN": "http://states.test", "HTTP_PROXY": server.url} if is_sync else {}
        return shell(line, fails=fails, **through)

    return call


def test_hello_world_as_the_guide_to_step_functions_local_has_it(shell, ended, name):
    created = shell(
        r"""aws stepfunctions create-state-machine --definition "{\
          \"Comment\": \"A Hello World example of the Amazon States Language using a Pass state\",\
          \"StartAt\": \"HelloWorld\",\
          \"States\": {\
            \"HelloWorld\": {\
              \"Type\": \"Pass\",\
              \"End\": true\
            }\
          }}" --name "{myStateMachine}" --role-arn "arn:aws:iam::012345678901:role/DummyRole" """
    )
    assert created["stateMachineArn"] == f"{ARN}stateMachine:{name}"
    started = shell(
        "aws stepfunctions start-execution "
        "--state-machine-arn arn:aws:states:us-east-1:000000000000:stateMachine:{myStateMachine}"
    )
    assert ended(started["executionArn"])["output"] == "{}"


def test_a_canary_deployment_as_the_guide_has_it(shell, aws, ended, name):
    aws("create-state-machine", "--name", name, "--definition", PASS, "--role-arn", ROLE)
    arn = f"{ARN}stateMachine:{name}"
    published = shell(
        "aws stepfunctions publish-state-machine-version "
        "--state-machine-arn arn:aws:states:{region}:{account-id}:stateMachine:{myStateMachine}"
    )
    assert published["stateMachineVersionArn"] == arn + ":1"
    created = shell(
        r"aws stepfunctions create-state-machine-alias --name PROD --routing-configuration "
        r'"[{\"stateMachineVersionArn\":\"arn:aws:states:{region}:{account-id}:stateMachine:{myStateMachine}:1\",'
        r'\"weight\":100}]"'
    )
    assert created["stateMachineAliasArn"] == arn + ":PROD"
    started = shell(
        "aws stepfunctions start-execution "
        "--state-machine-arn arn:aws:states:{region}:{account-id}:stateMachine:{myStateMachine}:PROD "
        '--input "{}"'
    )
    assert ended(started["executionArn"])["stateMachineVersionArn"] == arn + ":1"
    updated = shell(
        "aws stepfunctions update-state-machine "
        "--state-machine-arn arn:aws:states:{region}:{account-id}:stateMachine:{myStateMachine} "
        '--definition "$UPDATED_STATE_MACHINE_DEFINITION" '
        "--publish"
    )
    assert updated["stateMachineVersionArn"] == arn + ":2"
    routed = (
        "aws stepfunctions update-state-machine-alias "
        "--state-machine-alias-arn arn:aws:states:{region}:{account-id}:stateMachine:{myStateMachine}:PROD "
        "--routing-configuration "
    )
    version = r"\"stateMachineVersionArn\":\"arn:aws:states:{region}:{account-id}:stateMachine:{myStateMachine}:%s\""
    shell(routed + rf'"[{{{version % 1},\"weight\":80}}, {{{version % 2},\"weight\":20}}]"')
    shell(routed + rf'"[{{{version % 2},\"weight\":100}}]"')
    alias = aws("describe-state-machine-alias", "--state-machine-alias-arn", arn + ":PROD")
    assert alias["routingConfiguration"] == [{"stateMachineVersionArn": arn + ":2", "weight": 100}]
    started = aws("start-execution", "--state-machine-arn", arn + ":PROD")
    assert ended(started["executionArn"])["output"] == '"new"'


def test_machines_versions_and_aliases(aws, name):
    tags = ["--tags", "key=team,value=blue"]
    made = aws("create-state-machine", "--name", name, "--definition", PASS, "--role-arn", ROLE, "--publish", *tags)
    arn = made["stateMachineArn"]
    assert made["stateMachineVersionArn"] == arn + ":1"
    assert aws("describe-state-machine", "--state-machine-arn", arn + ":1")["definition"] == PASS
    listed = aws("list-state-machines")["stateMachines"]
    assert arn in [machine["stateMachineArn"] for machine in listed]
    valid = aws("validate-state-machine-definition", "--definition", PASS)
    assert valid["result"] == "OK"
    route = f"stateMachineVersionArn={arn}:1,weight=100"
    aws("create-state-machine-alias", "--name", "prod", "--routing-configuration", route)
    aliases = aws("list-state-machine-aliases", "--state-machine-arn", arn)["stateMachineAliases"]
    assert [alias["stateMachineAliasArn"] for alias in aliases] == [arn + ":prod"]
    told = aws("delete-state-machine-version", "--state-machine-version-arn", arn + ":1", fails=True)
    assert "(ConflictException)" in told and "[prod]" in told
    assert aws("delete-state-machine-alias", "--state-machine-alias-arn", arn + ":prod") is None
    assert aws("delete-state-machine-version", "--state-machine-version-arn", arn + ":1") is None
    assert aws("list-state-machine-versions", "--state-machine-arn", arn) == {"stateMachineVersions": []}
    aws("tag-resource", "--resource-arn", arn, "--tags", "key=stage,value=test")
    aws("untag-resource", "--resource-arn", arn, "--tag-keys", "team")
    assert aws("list-tags-for-resource", "--resource-arn", arn) == {"tags": [{"key": "stage", "value": "test"}]}
    assert aws("delete-state-machine", "--state-machine-arn", arn) is None
    told = aws("update-state-machine", "--state-machine-arn", arn, "--definition", PASS, fails=True)
    assert "(StateMachineDoesNotExist)" in told


def test_executions(aws, ended, name):
    states = '{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":600,"End":true}}}'
    arn = aws("create-state-machine", "--name", name, "--definition", states, "--role-arn", ROLE)["stateMachineArn"]
    execution = aws("start-execution", "--state-machine-arn", arn, "--name", "run")["executionArn"]
    assert aws("describe-execution", "--execution-arn", execution)["status"] == "RUNNING"
    snapshot = aws("describe-state-machine-for-execution", "--execution-arn", execution)
    assert snapshot["definition"] == states
    stopped = aws("stop-execution", "--execution-arn", execution, "--error", "E", "--cause", "because")
    assert "stopDate" in stopped and ended(execution)["error"] == "E"
    listed = aws("list-executions", "--state-machine-arn", arn, "--status-filter", "ABORTED")["executions"]
    assert [one["executionArn"] for one in listed] == [execution]
    assert "redriveDate" in aws("redrive-execution", "--execution-arn", execution)
    history = aws("get-execution-history", "--execution-arn", execution, "--reverse-order", "--max-items", "3")
    assert "ExecutionRedriven" in [event["type"] for event in history["events"]]
    told = aws("start-execution", "--state-machine-arn", arn, "--input", "nonsense", fails=True)
    assert "(InvalidExecutionInput)" in told


def test_express_executions(aws, name):
    made = aws("create-state-machine", "--name", name, "--definition", PASS, "--role-arn", ROLE, "--type", "EXPRESS")
    arn = made["stateMachineArn"]
    done = aws("start-sync-execution", "--state-machine-arn", arn, "--input", "{}", is_sync=True)
    assert (done["status"], done["output"]) == ("SUCCEEDED", '"ok"')


def test_activities(aws, ended, name):
    activity = aws("create-activity", "--name", name)["activityArn"]
    assert aws("describe-activity", "--activity-arn", activity)["name"] == name
    assert activity in [one["activityArn"] for one in aws("list-activities")["activities"]]
    states = f'{{"StartAt":"T","States":{{"T":{{"Type":"Task","Resource":"{activity}","End":true}}}}}}'
    arn = aws("create-state-machine", "--name", name, "--definition", states, "--role-arn", ROLE)["stateMachineArn"]
    started = [aws("start-execution", "--state-machine-arn", arn)["executionArn"] for _ in range(2)]
    tasks = [aws("get-activity-task", "--activity-arn", activity, "--worker-name", "cli") for _ in range(2)]
    assert aws("send-task-heartbeat", "--task-token", tasks[0]["taskToken"]) is None
    assert aws("send-task-success", "--task-token", tasks[0]["taskToken"], "--task-output", '"done"') is None
    failed = ["--task-token", tasks[1]["taskToken"], "--error", "E", "--cause", "because"]
    assert aws("send-task-failure", *failed) is None
    assert sorted(ended(execution)["status"] for execution in started) == ["FAILED", "SUCCEEDED"]
    told = aws("send-task-heartbeat", "--task-token", "nonsense", fails=True)
    assert "(InvalidToken)" in told
    assert aws("delete-activity", "--activity-arn", activity) is None


def test_map_runs(aws, ended, name):
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "I",
        "States": {"I": {"Type": "Pass", "End": True}},
    }
    states = json.dumps({"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": processor, "End": True}}})
    arn = aws("create-state-machine", "--name", name, "--definition", states, "--role-arn", ROLE)["stateMachineArn"]
    execution = aws("start-execution", "--state-machine-arn", arn, "--input", "[1, 2, 3]")["executionArn"]
    assert json.loads(ended(execution)["output"]) == [1, 2, 3]
    (run,) = aws("list-map-runs", "--execution-arn", execution)["mapRuns"]
    described = aws("describe-map-run", "--map-run-arn", run["mapRunArn"])
    assert (described["status"], described["itemCounts"]["succeeded"]) == ("SUCCEEDED", 3)
    listed = aws("list-executions", "--map-run-arn", run["mapRunArn"])["executions"]
    assert len(listed) == 3
    told = aws("update-map-run", "--map-run-arn", run["mapRunArn"], "--max-concurrency", "2", fails=True)
    assert "(ValidationException)" in told


def test_a_state_is_tried(aws):
    tried = aws("test-state", "--definition", '{"Type":"Pass","Result":"ok","Next":"N"}', is_sync=True)
    assert (tried["status"], tried["output"], tried["nextState"]) == ("SUCCEEDED", '"ok"', "N")


# The endpoint of these commands would be `sync-` before its host.
NO_PREFIX = {"AWS_DISABLE_HOST_PREFIX_INJECTION": "true"}


def test_a_choice_is_tried_as_the_guide_has_it(shell):
    tried = shell(
        '''aws stepfunctions test-state \\
    --definition '{"Type": "Choice", "Choices": [{"Variable": "$.number", "NumericEquals": 1, "Next": "Equals 1"}, {"Variable": "$.number", "NumericEquals": 2, "Next": "Equals 2"}], "Default": "No Match"}' \\
    --role-arn arn:aws:iam::{account-id}:role/myRole \\
    --input '{"number": 2}' ''',
        **NO_PREFIX,
    )
    # The guide prints "Equals 1" here, which its own definition contradicts.
    assert tried == {"output": '{"number": 2}', "nextState": "Equals 2", "status": "SUCCEEDED"}


def test_the_data_flow_of_a_pass_state_is_shown_as_the_guide_has_it(shell):
    tried = shell(
        '''aws stepfunctions test-state \\
    --definition '{"Type": "Pass", "InputPath": "$.payload", "Parameters": {"data": 1}, "ResultPath": "$.result", "OutputPath": "$.result.data", "Next": "Another State"}' \\
    --role-arn arn:aws:iam::{account-id}:role/myRole \\
    --input '{"payload": {"foo": "bar"}}' \\
    --inspection-level DEBUG''',
        **NO_PREFIX,
    )
    assert tried == {
        "output": "1",
        "inspectionData": {
            "input": '{"payload": {"foo": "bar"}}',
            "afterInputPath": '{"foo":"bar"}',
            "afterParameters": '{"data":1}',
            "afterResultSelector": '{"data":1}',
            "afterResultPath": '{"payload":{"foo":"bar"},"result":{"data":1}}',
        },
        "nextState": "Another State",
        "status": "SUCCEEDED",
    }


def test_an_execution_is_redriven_as_the_guide_has_it(shell, aws, ended, name):
    states = '{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E"}}}'
    arn = aws("create-state-machine", "--name", name, "--definition", states, "--role-arn", ROLE)["stateMachineArn"]
    execution = aws("start-execution", "--state-machine-arn", arn, "--name", "foo")["executionArn"]
    assert ended(execution)["status"] == "FAILED"
    redriven = shell(
        "aws stepfunctions redrive-execution --execution-arn arn:aws:states:{region}:{account-id}:execution:{myStateMachine}:foo"
    )
    assert "redriveDate" in redriven and ended(execution)["redriveCount"] == 1


def test_no_operation_is_left_out():
    session = botocore.session.get_session()
    names = session.get_service_model("stepfunctions").operation_names
    commands = {xform_name(operation, "-") for operation in names}
    called = set(re.findall(r'aws\(\s*"([a-z-]+)"', pathlib.Path(__file__).read_text()))
    shown = set(re.findall(r"aws stepfunctions ([a-z-]+)", pathlib.Path(__file__).read_text()))
    assert commands - called - shown == set()
