"""Killed with a job, a nested execution, a callback and a Lambda call under way, the next process takes up the first three; the
call, whose outcome nobody knows, fails with the error that AWS's clients give for a lost answer, and its Retry makes it anew."""

import json

from server import Server, wait_until
from stub import Aws

ROLE = "arn:aws:iam::000000000000:role/e2e"
# Notes each call; the first does not come back.
SLOW_AT_FIRST = """
import pathlib, time

NOTES = pathlib.Path(__file__).with_name("calls.log")

def handler(event, context):
    with NOTES.open("a") as notes:
        notes.write(context.aws_request_id + "\\n")
    if len(NOTES.read_text().splitlines()) == 1:
        time.sleep(60)
    return "called again"
"""


def create(sfn, name, state):
    definition = json.dumps({"StartAt": "S", "States": {"S": {"Type": "Task", **state, "End": True}}})
    return sfn.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]


def types(sfn, execution):
    return [event["type"] for event in sfn.get_execution_history(executionArn=execution)["events"]]


def test_what_is_under_way_outlives_a_kill(tmp_path):
    state = {"job": "RUNNING"}
    aws = Aws(
        {
            "StartJobRun": {"JobRunId": "jr_1"},
            "GetJobRun": lambda _: {"JobRun": {"Id": "jr_1", "JobName": "nightly", "JobRunState": state["job"]}},
            "SendMessage": {"MessageId": "00000000-0000-0000-0000-000000000001"},
        }
    )
    folder = tmp_path / "functions" / "slow"
    folder.mkdir(parents=True)
    (folder / "handler.py").write_text(SLOW_AT_FIRST)
    (folder / "function.toml").write_text("timeout = 120\n")
    environment = {"AWS_ENDPOINT_URL": aws.url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    server = Server(tmp_path / "data", tmp_path / "functions", environment=environment).start()
    try:
        sfn = server.client()
        activity = sfn.create_activity(name="work")["activityArn"]
        child = create(sfn, "child", {"Resource": activity})
        queue = {"QueueUrl": f"{aws.url}/000000000000/q", "MessageBody": {"token.$": "$$.Task.Token"}}
        retry = [{"ErrorEquals": ["Lambda.SdkClientException"], "IntervalSeconds": 1, "MaxAttempts": 2}]
        machines = {
            "job": create(sfn, "job", {"Resource": "arn:aws:states:::glue:startJobRun.sync", "Parameters": {"JobName": "nightly"}}),
            "nested": create(
                sfn, "nested", {"Resource": "arn:aws:states:::states:startExecution.sync:2", "Parameters": {"StateMachineArn": child}}
            ),
            "callback": create(sfn, "callback", {"Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "Parameters": queue}),
            "call": create(sfn, "call", {"Resource": "arn:aws:lambda:us-east-1:000000000000:function:slow", "Retry": retry}),
        }
        executions = {name: sfn.start_execution(stateMachineArn=arn)["executionArn"] for name, arn in machines.items()}
        calls = folder / "calls.log"

        def all_under_way():
            submitted = all("TaskSubmitted" in types(sfn, executions[name]) for name in ("job", "nested", "callback"))
            return submitted and "GetJobRun" in aws.operations() and calls.exists() and calls.read_text().endswith("\n")

        assert wait_until(all_under_way), {name: types(sfn, execution) for name, execution in executions.items()}
        server.kill()
        state["job"] = "SUCCEEDED"
        sfn = server.start().client()

        (token,) = [json.loads(asked["MessageBody"])["token"] for operation, asked in aws.asked if operation == "SendMessage"]
        sfn.send_task_success(taskToken=token, output='"answered"')
        work = sfn.get_activity_task(activityArn=activity)
        sfn.send_task_success(taskToken=work["taskToken"], output='"worked"')

        def described():
            found = {name: sfn.describe_execution(executionArn=execution) for name, execution in executions.items()}
            return found if all(one["status"] != "RUNNING" for one in found.values()) else None

        found = wait_until(described, seconds=30)
        assert found, {name: types(sfn, execution)[-1] for name, execution in executions.items()}
        assert {name: one["status"] for name, one in found.items()} == dict.fromkeys(machines, "SUCCEEDED")
        outputs = {name: json.loads(one["output"]) for name, one in found.items()}
        assert outputs["job"]["JobRunState"] == "SUCCEEDED"
        assert outputs["nested"]["Output"] == "worked"
        assert (outputs["callback"], outputs["call"]) == ("answered", "called again")

        # Nothing was started twice behind the user's back; the call was made again by its Retry alone.
        assert [aws.operations().count(operation) for operation in ("StartJobRun", "SendMessage")] == [1, 1]
        assert len(sfn.list_executions(stateMachineArn=child)["executions"]) == 1
        assert len(calls.read_text().splitlines()) == 2
        events = sfn.get_execution_history(executionArn=executions["call"])["events"]
        (failed,) = [event["lambdaFunctionFailedEventDetails"] for event in events if event["type"] == "LambdaFunctionFailed"]
        assert failed["error"] == "Lambda.SdkClientException"
        assert types(sfn, executions["call"]).count("LambdaFunctionScheduled") == 2
        for name in ("job", "nested", "callback"):
            assert "TaskFailed" not in types(sfn, executions[name])
    finally:
        aws.stop()
        if server.process.poll() is None:
            server.kill()
