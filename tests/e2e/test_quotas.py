"""AWS's quotas, where the server is told to hold them."""

import pytest
from botocore.exceptions import ClientError

from server import Server


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
