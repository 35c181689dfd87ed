"""One server for all tests, with functions; the clients that talk to it; and machines under names of their own."""

import json
import shutil
import uuid

import pytest
from botocore.exceptions import ClientError

from server import Server, wait_until

ROLE = "arn:aws:iam::000000000000:role/e2e"
FUNCTIONS = {
    "echo": "def handler(event, context):\n    return event\n",
    "sleeps": "import time\n\ndef handler(event, context):\n    time.sleep(20)\n",
    "fails": "def handler(event, context):\n    raise ValueError('no such order')\n",
}


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    for name, code in FUNCTIONS.items():
        (folder / "functions" / name).mkdir(parents=True)
        (folder / "functions" / name / "handler.py").write_text(code)
    server = Server(folder / "data", folder / "functions").start()
    yield server
    assert server.stop() == 0, server.log.read_text()[-4000:]


@pytest.fixture
def fresh_server(tmp_path):
    """A server of the test's own, which it may stop and kill."""
    server = Server(tmp_path / "data").start()
    yield server
    if server.process.poll() is None:
        server.kill()


@pytest.fixture(scope="session")
def sfn(server):
    return server.client()


@pytest.fixture(scope="session")
def unchecked(server):
    """A client that sends whatever it is given."""
    return server.client(parameter_validation=False)


@pytest.fixture
def name():
    return f"e2e-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def machine(sfn, name):
    """Creates machines: `machine(states)` starts at the first state and gives the ARN."""

    def create(states, suffix="", **members):
        definition = json.dumps({"StartAt": next(iter(states)), "States": states})
        created = sfn.create_state_machine(name=name + suffix, definition=definition, roleArn=ROLE, **members)
        return created["stateMachineArn"]

    return create


@pytest.fixture
def passing(machine):
    return machine({"A": {"Type": "Pass", "Result": {"done": True}, "End": True}})


@pytest.fixture
def waiting(machine):
    return machine({"A": {"Type": "Wait", "Seconds": 600, "End": True}}, suffix="-waits")


@pytest.fixture
def ended(sfn):
    """Waits for an execution to end, and gives its description."""

    def wait(execution):
        def described():
            found = sfn.describe_execution(executionArn=execution)
            return found if found["status"] != "RUNNING" else None

        found = wait_until(described)
        assert found, f"{execution} does not end"
        return found

    return wait


@pytest.fixture
def refused():
    """Makes a call that must fail, and gives the exception's code and message."""

    def call(operation, **members):
        with pytest.raises(ClientError) as caught:
            operation(**members)
        answer = caught.value.response
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert answer["ResponseMetadata"]["RequestId"]
        return answer["Error"]["Code"], answer["Error"]["Message"]

    return call


@pytest.fixture(scope="session")
def curl():
    found = shutil.which("curl")
    if not found:
        pytest.skip("curl is not installed")
    return found
