"""The AWS CLI as a client."""

import json
import os
import shutil
import subprocess

import pytest
from conftest import ROLE

PASS = '{"StartAt":"A","States":{"A":{"Type":"Pass","Result":"ok","End":true}}}'

if not shutil.which("aws"):
    pytest.skip("the AWS CLI is not installed: its tests are left out", allow_module_level=True)


@pytest.fixture
def aws(server, tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_PAGER": "",
        # `sync-` before an address names no host.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
    }

    def call(*arguments, fails=False):
        command = ["aws", "--endpoint-url", server.url, "--output", "json", "stepfunctions", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert (done.returncode != 0) == fails, done.stderr
        return done.stderr if fails else json.loads(done.stdout or "null")

    return call


def test_a_machine_is_created_run_and_deleted(aws, ended, name):
    arn = aws("create-state-machine", "--name", name, "--definition", PASS, "--role-arn", ROLE)["stateMachineArn"]
    started = aws("start-execution", "--state-machine-arn", arn, "--input", '{"a":1}')
    ended(started["executionArn"])
    described = aws("describe-execution", "--execution-arn", started["executionArn"])
    assert (described["status"], described["output"]) == ("SUCCEEDED", '"ok"')
    history = aws("get-execution-history", "--execution-arn", started["executionArn"])
    assert history["events"][-1]["type"] == "ExecutionSucceeded"
    listed = aws("list-executions", "--state-machine-arn", arn, "--max-items", "1")
    assert listed["executions"][0]["executionArn"] == started["executionArn"]
    assert aws("delete-state-machine", "--state-machine-arn", arn) is None


def test_an_exception_is_told_with_its_code(aws):
    arn = "arn:aws:states:us-east-1:000000000000:stateMachine:none"
    told = aws("describe-state-machine", "--state-machine-arn", arn, fails=True)
    assert "(StateMachineDoesNotExist)" in told and f"State Machine Does Not Exist: '{arn}'" in told


def test_a_failed_execution_is_redriven(aws, ended, name):
    fails = '{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E"}}}'
    arn = aws("create-state-machine", "--name", name, "--definition", fails, "--role-arn", ROLE)["stateMachineArn"]
    execution = aws("start-execution", "--state-machine-arn", arn)["executionArn"]
    ended(execution)
    redriven = aws("redrive-execution", "--execution-arn", execution)["redriveDate"]
    assert ended(execution)["redriveCount"] == 1
    described = aws("describe-execution", "--execution-arn", execution)
    assert (described["redriveDate"], described["redriveStatus"]) == (redriven, "REDRIVABLE")
    told = aws("redrive-execution", "--execution-arn", f"{execution}x", fails=True)
    assert "(ExecutionDoesNotExist)" in told


def test_a_state_is_tried_on_its_own(aws, tmp_path):
    definition = tmp_path / "state.json"
    definition.write_text(json.dumps({"Type": "Choice", "Default": "No", "Choices": [
        {"Variable": "$.number", "NumericEquals": 1, "Next": "Yes"},
    ]}))
    answer = aws(
        "test-state", "--definition", f"file://{definition}", "--role-arn", ROLE,
        "--input", '{"number": 1}', "--inspection-level", "DEBUG",
    )
    assert answer["nextState"] == "Yes" and answer["status"] == "SUCCEEDED"
    assert answer["inspectionData"]["afterInputPath"] == '{"number": 1}'
