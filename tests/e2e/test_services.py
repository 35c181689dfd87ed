"""Tasks that call AWS's services: at the endpoint of the environment, and Step Functions at the server itself."""

import json

import pytest
from conftest import ROLE

from server import Server, wait_until
from stub import Aws


@pytest.fixture
def start(tmp_path):
    """Starts a stand-in of AWS with these answers, and a server whose environment names it."""
    started = []

    def begin(answers):
        aws = Aws(answers)
        environment = {
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }
        server = Server(tmp_path / "data", environment=environment).start()
        started.extend([aws, server])
        return aws, server

    yield begin
    for one in started:
        if isinstance(one, Aws):
            one.stop()
        elif one.process.poll() is None:
            one.kill()


def run(server, states, payload="{}"):
    sfn = server.client()
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    arn = sfn.create_state_machine(name="m", definition=definition, roleArn=ROLE)["stateMachineArn"]
    return sfn, sfn.start_execution(stateMachineArn=arn, input=payload)["executionArn"]


def ended(sfn, execution):
    def described():
        found = sfn.describe_execution(executionArn=execution)
        return found if found["status"] != "RUNNING" else None

    found = wait_until(described, seconds=30)
    assert found, sfn.get_execution_history(executionArn=execution)["events"][-1]
    return found


def task(resource, parameters, **members):
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, "End": True, **members}


def test_a_job_outlives_the_process_that_started_it(start):
    state = {"now": "RUNNING"}
    aws, server = start(
        {
            "StartJobRun": {"JobRunId": "jr_1"},
            "GetJobRun": lambda _: {"JobRun": {"Id": "jr_1", "JobName": "nightly", "JobRunState": state["now"]}},
        }
    )
    sfn, execution = run(server, {"A": task("glue:startJobRun.sync", {"JobName": "nightly"})})
    assert wait_until(lambda: "GetJobRun" in aws.operations())
    server.kill()
    before = len(aws.asked)
    state["now"] = "SUCCEEDED"
    sfn = server.start().client()
    found = ended(sfn, execution)
    assert (found["status"], json.loads(found["output"])["JobRunState"]) == ("SUCCEEDED", "SUCCEEDED")
    assert aws.operations().count("StartJobRun") == 1
    assert len(aws.asked) > before


def test_a_stopped_execution_cancels_its_job(start):
    aws, server = start(
        {
            "StartQueryExecution": {"QueryExecutionId": "q-1"},
            "GetQueryExecution": {"QueryExecution": {"Status": {"State": "RUNNING"}}},
            "StopQueryExecution": {},
        }
    )
    sfn, execution = run(server, {"A": task("athena:startQueryExecution.sync", {"QueryString": "SELECT 1"})})
    assert wait_until(lambda: "GetQueryExecution" in aws.operations())
    sfn.stop_execution(executionArn=execution)
    assert wait_until(lambda: ("StopQueryExecution", {"QueryExecutionId": "q-1"}) in aws.asked)


def test_an_error_of_a_service_is_caught_by_its_name(start):
    missing = (400, {"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "message": "Requested resource not found"})
    _, server = start({"GetItem": missing})
    states = {
        "A": task(
            "aws-sdk:dynamodb:getItem",
            {"TableName": "t", "Key": {"id": {"S.$": "$.id"}}},
            Catch=[{"ErrorEquals": ["DynamoDb.ResourceNotFoundException"], "Next": "B"}],
        ),
        "B": {"Type": "Pass", "End": True},
    }
    sfn, execution = run(server, states, '{"id":"1"}')
    assert json.loads(ended(sfn, execution)["output"])["Cause"] == (
        "Requested resource not found (Service: DynamoDb, Status Code: 400, Request ID: 00000000-0000-0000-0000-000000000000)"
    )


def test_step_functions_is_called_at_the_server_itself(start):
    aws, server = start({})
    sfn = server.client()
    child = sfn.create_state_machine(
        name="child", definition='{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}', roleArn=ROLE
    )["stateMachineArn"]
    states = {
        "Start": {**task("aws-sdk:sfn:startExecution", {"StateMachineArn": child, "Input": {"a": 1}}), "Next": "List"},
        "List": task("aws-sdk:sfn:listExecutions", {"StateMachineArn": child}),
    }
    del states["Start"]["End"]
    sfn, execution = run(server, states)
    listed = json.loads(ended(sfn, execution)["output"])["Executions"]
    assert [one["StateMachineArn"] for one in listed] == [child]
    assert listed[0]["StartDate"].endswith("Z")
    assert aws.asked == []


@pytest.mark.parametrize(
    "resource", ["aws-sdk:s3:selectObjectContent", "aws-sdk:s3:GetObject", "aws-sdk:nosuch:get", "aws-sdk:sqs:sendMessage.sync"]
)
def test_what_aws_does_not_support_is_refused_at_creation(start, resource):
    _, server = start({})
    definition = json.dumps({"StartAt": "A", "States": {"A": task(resource, {})}})
    with pytest.raises(server.client().exceptions.InvalidDefinition) as caught:
        server.client().create_state_machine(name="m", definition=definition, roleArn=ROLE)
    assert f"The resource provided arn:aws:states:::{resource} is not recognized" in str(caught.value)
