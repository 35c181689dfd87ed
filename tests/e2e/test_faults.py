"""What the real process does when the ground gives way: each test shows the message, and that nothing acknowledged was lost."""

import json
import os
import pathlib
import resource
import select
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

from server import Server, head, read_answer, wait_until

ROLE = "arn:aws:iam::000000000000:role/faults"
TOKEN_FREE = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 2, "Next": "P"}, "P": {"Type": "Pass", "End": True}}}


def create(sfn, definition=TOKEN_FREE, name="m"):
    return sfn.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]


def health(server):
    """Status code and document of /health."""
    try:
        with urllib.request.urlopen(f"{server.url}/health", timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def comes_back(server):
    return wait_until(lambda: health(server)[0] == 200, seconds=30)


def start_until_refused(sfn, machine, most=5000, size=5_000):
    """Starts executions until one is refused: those that were acknowledged, and the refusal."""
    started = []
    for number in range(most):
        try:
            text = json.dumps({"n": number, "ballast": "x" * size})
            answer = sfn.start_execution(stateMachineArn=machine, name=f"e{number}", input=text)
            started.append((answer["executionArn"], text))
        except ClientError as refused:
            return started, refused.response
    raise AssertionError(f"{most} executions were started, and none was refused")


def assert_all_there(sfn, started):
    for arn, text in started:
        assert sfn.describe_execution(executionArn=arn)["input"] == text


def assert_all_succeed(sfn, started):
    for arn, _ in started:
        assert wait_until(lambda arn=arn: sfn.describe_execution(executionArn=arn)["status"] == "SUCCEEDED", seconds=60), arn


def errors(server):
    return [line for line in server.log.read_text().splitlines() if "ERROR" in line]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 24 MB, or a notice that none can be mounted here."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(ballast, left=1024 * 1024):
    """Leaves so many bytes free beside the file."""
    room = os.statvfs(ballast.parent)
    ballast.write_bytes(b"x" * (room.f_bavail * room.f_frsize - left))


@pytest.fixture
def serve():
    """Starts servers, and ends those that are left."""
    servers = []

    def start(*arguments, **more):
        servers.append(Server(*arguments, **more))
        return servers[-1].start()

    yield start
    for server in servers:
        if server.process and server.process.poll() is None:
            server.kill()


def test_a_full_disk_is_said_survived_and_left_behind_without_a_restart(small_disk, tmp_path, serve):
    server = serve(small_disk / "data")
    sfn = server.client()
    machine = create(sfn)
    ballast = small_disk / "ballast"
    fill(ballast)
    started, refused = start_until_refused(sfn, machine)
    assert len(started) > 10
    assert (refused["ResponseMetadata"]["HTTPStatusCode"], refused["Error"]["Code"]) == (503, "ServiceUnavailable")
    assert "GET /health says why" in refused["Error"]["Message"]
    assert wait_until(lambda: health(server)[0] == 503)
    code, document = health(server)
    assert (code, document["status"]) == (503, "unavailable")
    assert "No space left on device" in document["reason"]
    assert document["since"].endswith("Z") and "no restart is needed" in document["whatToDo"]
    # Reads are served, every write is refused.
    assert_all_there(sfn, started)
    assert sfn.list_executions(stateMachineArn=machine)["executions"]
    writes = [
        lambda: sfn.start_execution(stateMachineArn=machine, name="late"),
        lambda: sfn.stop_execution(executionArn=started[0][0]),
        lambda: create(sfn, name="other"),
        lambda: sfn.create_activity(name="a"),
        lambda: sfn.delete_state_machine(stateMachineArn=machine),
        lambda: sfn.tag_resource(resourceArn=machine, tags=[{"key": "k", "value": "v"}]),
    ]
    for write in writes * 3:
        with pytest.raises(ClientError) as caught:
            write()
        assert caught.value.response["Error"]["Code"] == "ServiceUnavailable"
    assert len([line for line in errors(server) if "nothing can be written" in line]) == 1, errors(server)
    ballast.unlink()
    assert comes_back(server), health(server)
    # The SDK's retries are enough for a client that asks meanwhile.
    late = sfn.start_execution(stateMachineArn=machine, name="late", input="{}")["executionArn"]
    assert_all_succeed(sfn, [*started, (late, "{}")])
    server.kill()
    again = serve(small_disk / "data")
    assert_all_there(again.client(), [*started, (late, "{}")])
    assert again.stop() == 0


@pytest.fixture
def failing_sync(tmp_path):
    """The environment of a server whose disk makes nothing durable while the file beside it exists, or a notice that there is
    no C compiler."""
    compiler = shutil.which("cc")
    if not compiler:
        pytest.skip("no C compiler (cc) for a disk whose fsync fails")
    library, switch = tmp_path / "failing_sync.so", tmp_path / "fails"
    source = pathlib.Path(__file__).parent / "failing_sync.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    return {"LD_PRELOAD": str(library), "FAILING_SYNC": str(switch)}, switch


@pytest.mark.parametrize("is_killed", [False, True], ids=["it comes back", "killed meanwhile"])
def test_a_disk_whose_fsync_fails_has_nothing_acknowledged(tmp_path, serve, failing_sync, is_killed):
    environment, switch = failing_sync
    server = serve(tmp_path / "data", environment=environment)
    sfn = server.client()
    machine = create(sfn)
    started = [
        (sfn.start_execution(stateMachineArn=machine, name=f"before{number}", input="{}")["executionArn"], "{}")
        for number in range(20)
    ]
    switch.touch()
    refused = start_until_refused(sfn, machine, most=1)[1]
    assert (refused["ResponseMetadata"]["HTTPStatusCode"], refused["Error"]["Code"]) == (503, "ServiceUnavailable")
    assert wait_until(lambda: health(server)[0] == 503)
    assert "Input/output error" in health(server)[1]["reason"]
    assert (tmp_path / "data" / "UNSETTLED").exists()
    # It does not come back while the disk fails, and reads are served.
    assert not wait_until(lambda: health(server)[0] == 200, seconds=2)
    assert_all_there(sfn, started)
    if is_killed:
        server.kill()
        switch.unlink()
        server = serve(tmp_path / "data", environment=environment)
        sfn = server.client()
    else:
        switch.unlink()
        assert comes_back(server), health(server)
    assert not (tmp_path / "data" / "UNSETTLED").exists()
    late = sfn.start_execution(stateMachineArn=machine, name="late", input="{}")["executionArn"]
    assert_all_succeed(sfn, [*started, (late, "{}")])
    assert server.stop() == 0


def test_a_retrying_client_gets_through_a_short_outage(small_disk, serve):
    server = serve(small_disk / "data")
    sfn = server.client()
    machine = create(sfn)
    ballast = small_disk / "ballast"
    fill(ballast)
    start_until_refused(sfn, machine)
    ballast.unlink()
    patient = server.client(retries={"mode": "standard", "total_max_attempts": 12})
    arn = patient.start_execution(stateMachineArn=machine, name="patient", input="{}")["executionArn"]
    assert_all_succeed(sfn, [(arn, "{}")])


def test_a_data_directory_that_is_moved_away_stops_the_writing_until_it_is_back(tmp_path, serve):
    server = serve(tmp_path / "data")
    sfn = server.client()
    machine = create(sfn)
    arn = sfn.start_execution(stateMachineArn=machine, name="before", input='{"n": 1}')["executionArn"]
    (tmp_path / "data").rename(tmp_path / "away")
    started, refused = start_until_refused(sfn, machine, most=10)
    assert started == [], "nothing is acknowledged that is in no directory"
    assert refused["Error"]["Code"] == "ServiceUnavailable"
    assert wait_until(lambda: health(server)[0] == 503)
    assert "put the data directory back in its place" in health(server)[1]["reason"]
    assert sfn.describe_execution(executionArn=arn)["input"] == '{"n": 1}'
    assert not (tmp_path / "data").exists(), "no empty directory takes its place"
    (tmp_path / "away").rename(tmp_path / "data")
    assert comes_back(server), health(server)
    assert_all_succeed(sfn, [(arn, "")])
    assert server.stop() == 0


def test_a_data_directory_that_is_removed_is_said_and_nothing_is_acknowledged_any_more(tmp_path, serve):
    server = serve(tmp_path / "data")
    sfn = server.client()
    machine = create(sfn)
    arn = sfn.start_execution(stateMachineArn=machine, name="before", input="{}")["executionArn"]
    shutil.rmtree(tmp_path / "data")
    started, refused = start_until_refused(sfn, machine, most=10)
    assert (started, refused["Error"]["Code"]) == ([], "ServiceUnavailable")
    assert wait_until(lambda: health(server)[0] == 503)
    # What is in memory can be read still, and copied.
    assert sfn.describe_execution(executionArn=arn)["name"] == "before"
    assert len(errors(server)) == 1, errors(server)


def test_permissions_lost_are_said_and_writing_goes_on_when_they_are_back(tmp_path):
    """As another user where this one is root, whom no permission stops."""
    place = tmp_path / "place"
    place.mkdir()
    if os.getuid() == 0:
        for path in [tmp_path, *tmp_path.parents]:
            if path.stat().st_uid == 0 and path != pathlib.Path("/"):
                path.chmod(path.stat().st_mode | 0o011)
        os.chown(place, 65534, 65534)
        wrapper = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        if not shutil.which("setpriv"):
            pytest.skip("root, and no setpriv to become somebody else")
    else:
        wrapper = []
    # The binary may lie where only root can look.
    program = tmp_path / "stepwright"
    shutil.copy(os.environ.get("STEPWRIGHT_BIN", ""), program)
    server = Server(place / "data")
    server.log = tmp_path / "log"
    server.start_with([*wrapper, str(program)])
    try:
        sfn = server.client()
        machine = create(sfn)
        arn = sfn.start_execution(stateMachineArn=machine, name="before", input="{}")["executionArn"]
        (place / "data").chmod(0)
        started, refused = start_until_refused(sfn, machine, most=10)
        assert (started, refused["Error"]["Code"]) == ([], "ServiceUnavailable")
        assert wait_until(lambda: health(server)[0] == 503)
        assert "Permission denied" in health(server)[1]["reason"]
        (place / "data").chmod(0o755)
        assert comes_back(server), health(server)
        assert_all_succeed(sfn, [(arn, "{}")])
        assert server.stop() == 0
        (place / "data").chmod(0)
        refused = subprocess.run(
            [*wrapper, str(program), "serve", "--port", "0", "--data-dir", str(place / "data")],
            capture_output=True, text=True, timeout=30,
        )
        assert refused.returncode not in (0, 101) and "Permission denied" in refused.stderr, refused
        (place / "data").chmod(0o755)
    finally:
        if server.process.poll() is None:
            server.kill()


def test_a_store_file_that_is_cut_short_is_refused_with_what_to_do_and_left_as_it_is(tmp_path, serve):
    server = serve(tmp_path / "data")
    sfn = server.client()
    machine = create(sfn)
    for number in range(5):
        sfn.start_execution(stateMachineArn=machine, name=f"e{number}", input="{}")
    server.kill()
    journal = max((tmp_path / "data" / "db").glob("*.jnl"))
    whole = journal.read_bytes()
    # A hole in the middle: others were written behind it, so it is damage and no torn end.
    journal.write_bytes(whole[:200] + b"\0" * 200 + whole[400:])
    before = journal.read_bytes()
    with pytest.raises(AssertionError) as caught:
        serve(tmp_path / "data")
    assert "restore the data directory from a backup" in str(caught.value)
    assert journal.read_bytes() == before
    journal.write_bytes(whole)
    again = serve(tmp_path / "data")
    assert len(again.client().list_executions(stateMachineArn=machine)["executions"]) == 5


def test_a_store_file_that_is_cut_short_under_the_server_is_said(tmp_path, serve):
    server = serve(tmp_path / "data")
    sfn = server.client()
    machine = create(sfn)
    arn = sfn.start_execution(stateMachineArn=machine, name="before", input="{}")["executionArn"]
    with max((tmp_path / "data" / "db").glob("*.jnl")).open("r+b") as file:
        file.truncate(100)
    started, refused = start_until_refused(sfn, machine, most=10)
    assert (started, refused["Error"]["Code"]) == ([], "ServiceUnavailable")
    assert wait_until(lambda: health(server)[0] == 503)
    assert sfn.describe_execution(executionArn=arn)["name"] == "before", "what is in memory can be read still"


def test_connections_beyond_the_limit_are_refused_politely(tmp_path, serve):
    server = serve(tmp_path / "data", options=["--max-connections", "20"])
    idle = [server.connect() for _ in range(20)]
    for connection in idle:
        connection.sendall(head("ListStateMachines", "content-length: 2") + b"{}")
        assert read_answer(connection)[0] == 200
    status, headers, body = server.post("ListStateMachines", b"{}")
    assert (status, json.loads(body)["__type"]) == (400, "ThrottlingException")
    assert headers["connection"] == "close"
    assert server.is_healthy(), "an operator still gets in"
    idle.pop().close()
    assert wait_until(lambda: server.post("ListStateMachines", b"{}")[0] == 200)
    for connection in idle:
        connection.close()


def test_a_server_without_free_file_descriptors_goes_on_accepting(tmp_path):
    server = Server(tmp_path / "data", options=["--max-connections", "4000"])
    server.start_with(["sh", "-c", 'ulimit -n 120; exec "$0" "$@"', os.environ.get("STEPWRIGHT_BIN", "")])
    try:
        assert "fewer connections are served" in server.log.read_text()
        sfn = server.client()
        machine = create(sfn)
        held = []
        for _ in range(400):
            try:
                held.append(socket.create_connection(server.address, timeout=0.5))
            except OSError:
                break
        assert len(held) > 100
        assert server.process.poll() is None
        for connection in held:
            connection.close()
        assert wait_until(server.is_healthy)
        arn = wait_until(lambda: sfn.start_execution(stateMachineArn=machine, name="after", input="{}")["executionArn"])
        assert_all_succeed(sfn, [(arn, "{}")])
        assert server.stop() == 0
    finally:
        if server.process.poll() is None:
            server.kill()


def resident_kilobytes(process):
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def test_clients_that_do_not_read_their_answers_hold_nobody_up(server, sfn, machine):
    arn = machine({"A": {"Type": "Pass", "End": True}})
    text = json.dumps({"ballast": "x" * 200_000})
    execution = sfn.start_execution(stateMachineArn=arn, input=text)["executionArn"]
    body = json.dumps({"executionArn": execution}).encode()
    request = head("DescribeExecution", f"content-length: {len(body)}") + body
    silent = []
    for _ in range(50):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(server.address)
        # More requests than there are answers room for.
        connection.setblocking(False)
        for _ in range(40):
            try:
                connection.send(request)
            except BlockingIOError:
                break
        silent.append(connection)
    begun = time.monotonic()
    for _ in range(20):
        assert sfn.describe_execution(executionArn=execution)["input"] == text
    assert time.monotonic() - begun < 10
    # A request is read when the answer before it is on its way, so each holds little.
    assert resident_kilobytes(server.process) < 600_000
    slow = silent.pop()
    got = b""
    end = time.monotonic() + 10
    while len(got) < 200 and time.monotonic() < end:
        select.select([slow], [], [], 1)
        got += slow.recv(1)
    assert got.startswith(b"HTTP/1.1 200")
    for connection in [slow, *silent]:
        connection.close()
    assert server.is_healthy()


def test_a_function_that_prints_a_gigabyte_harms_nobody(tmp_path, serve):
    folder = tmp_path / "functions"
    for name, code in {
        "loud": "import sys\ndef handler(event, context):\n    line = 'x' * 1023 + '\\n'\n    for _ in range(1024 * 1024):\n        sys.stdout.write(line)\n    return 'done'\n",
        "endless": "import sys\ndef handler(event, context):\n    for _ in range(64):\n        sys.stdout.write('y' * 1024 * 1024)\n    return 'done'\n",
        "quiet": "def handler(event, context):\n    return 'quiet'\n",
    }.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "handler.py").write_text(code)
        (folder / name / "function.toml").write_text("timeout = 300\n")
    server = serve(tmp_path / "data", folder)
    sfn = server.client()
    arns = {}
    for name in ("loud", "endless", "quiet"):
        task = {"Type": "Task", "Resource": f"arn:aws:lambda:us-east-1:000000000000:function:{name}", "End": True}
        arns[name] = create(sfn, {"StartAt": "T", "States": {"T": task}}, name)
    loud = [sfn.start_execution(stateMachineArn=arns[name])["executionArn"] for name in ("loud", "endless")]
    # Others are served meanwhile.
    quiet = sfn.start_execution(stateMachineArn=arns["quiet"])["executionArn"]
    assert wait_until(lambda: sfn.describe_execution(executionArn=quiet)["status"] == "SUCCEEDED", seconds=60)
    for execution in loud:
        assert wait_until(lambda e=execution: sfn.describe_execution(executionArn=e)["status"] != "RUNNING", seconds=240)
        assert json.loads(sfn.describe_execution(executionArn=execution)["output"]) == "done"
    assert resident_kilobytes(server.process) < 600_000
    written = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file() and path.suffix == ".log")
    assert written < 100 * 1024 * 1024, f"{written} bytes of log"
    assert server.is_healthy()


def test_a_large_payload_passes_through_a_thousand_states(machine, ended, server):
    # Four hundred megabytes of history, which a build with all its checks reads back before it answers.
    sfn = server.client(read_timeout=240)
    states = {f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(999)}
    states["S999"] = {"Type": "Pass", "End": True}
    text = json.dumps({"ballast": "x" * 200_000})
    arn = machine(states)
    execution = sfn.start_execution(stateMachineArn=arn, input=text)["executionArn"]
    found = ended(execution)
    assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", json.loads(text))
    assert resident_kilobytes(server.process) < 1_500_000
    page = sfn.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=1)
    assert page["events"][0]["id"] == 2 * 1000 + 2


def test_a_map_of_a_hundred_thousand_items_ends_at_the_limit_of_events(sfn, machine, ended):
    # In 256 KB of input a hundred thousand items of one digit find room; the history does not hold what they do.
    arn = machine({"M": {"Type": "Map", "End": True, "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}}})
    text = "[" + ",".join(["1"] * 100_000) + "]"
    execution = sfn.start_execution(stateMachineArn=arn, input=text)["executionArn"]
    assert wait_until(lambda: sfn.describe_execution(executionArn=execution)["status"] != "RUNNING", seconds=120)
    found = ended(execution)
    assert found["status"] == "FAILED"
    last = sfn.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=1)["events"][0]
    assert last["type"] == "ExecutionFailed" and last["id"] <= 25_000
    assert found["error"] == "States.Runtime"
    assert found["cause"] == "The execution reached the maximum number of history events (25000)."
    # One that does not find room is refused as AWS refuses it.
    with pytest.raises(ClientError) as caught:
        sfn.start_execution(stateMachineArn=arn, input="[" + ",".join(["12"] * 100_000) + "]")
    assert caught.value.response["Error"]["Code"] in ("ValidationException", "InvalidExecutionInput")
