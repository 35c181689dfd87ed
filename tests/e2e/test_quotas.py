"""AWS's quotas, where the server is told to hold them."""

import json
import urllib.request

import pytest
from botocore.exceptions import ClientError

from conftest import ROLE
from server import Server, wait_until


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("strict") / "data", options=["--quotas", "aws"]).start()
    yield server
    assert server.stop() == 0


def empty(call):
    """Calls until it is refused, and gives the answer."""
    with pytest.raises(ClientError) as caught:
        for _ in range(300):
            call()
    return caught.value.response


def test_a_call_beyond_the_bucket_is_throttled_as_aws_does(strict):
    sfn = strict.client()
    answer = empty(lambda: sfn.create_activity(name="same"))
    assert (answer["Error"]["Code"], answer["Error"]["Message"]) == ("ThrottlingException", "Rate exceeded")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert sfn.list_activities()["activities"]


def test_an_sdk_calls_again_until_it_gets_through(strict):
    empty(strict.client().list_state_machines)
    patient = strict.client(retries={"mode": "standard", "total_max_attempts": 10})
    answers = [patient.list_state_machines() for _ in range(5)]
    assert sum(answer["ResponseMetadata"]["RetryAttempts"] for answer in answers) > 0


def health(server):
    with urllib.request.urlopen(f"{server.url}/health", timeout=10) as answer:
        return json.load(answer)


def test_state_transitions_over_the_bucket_are_late_and_counted(tmp_path, server):
    """In most regions the bucket has 800 tokens: a few Maps take far more, and what goes on by itself waits for that."""
    slow = Server(tmp_path / "data", options=["--quotas", "aws", "--region", "eu-north-1"]).start()
    sfn = slow.client()
    passes = {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "End": True}}
    each = {"Type": "Map", "ItemProcessor": {"StartAt": "A", "States": passes}, "End": True}
    waits = {"W": {"Type": "Wait", "Seconds": 1, "Next": "P"}, "P": {"Type": "Pass", "End": True}}

    def start(name, states, given="{}"):
        definition = json.dumps({"StartAt": next(iter(states)), "States": states})
        arn = sfn.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
        return sfn.start_execution(stateMachineArn=arn, input=given)["executionArn"]

    assert health(slow) == {"status": "ok", "throttledTransitions": 0}
    waiting = start("waits", waits)
    for number in range(3):
        start(f"many-{number}", {"M": each}, json.dumps([0] * 1000))
    assert wait_until(lambda: sfn.describe_execution(executionArn=waiting)["status"] == "SUCCEEDED", seconds=60)
    described = sfn.describe_execution(executionArn=waiting)
    assert (described["stopDate"] - described["startDate"]).total_seconds() > 1.5
    assert health(slow)["throttledTransitions"] >= 1
    assert slow.stop() == 0
    # Without quotas nothing is counted.
    assert health(server) == {"status": "ok"}
