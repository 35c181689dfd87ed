"""Requests that mean harm: a clean answer each time, and the server stays."""

import json
import socket
import subprocess

import pytest

from server import head, read_answer

DEEP = b"[" * 10_000 + b"]" * 10_000


@pytest.fixture(autouse=True)
def still_up(server):
    yield
    assert server.process.poll() is None and server.is_healthy()


def exception(answer):
    assert answer, "the connection ended without an answer"
    status, headers, body = answer
    return status, json.loads(body)["__type"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"name":"a",',
        b'{"name":',
        b"{",
        b"nonsense",
        b"[]",
        b'"text"',
        b"null",
        b"1e999999",
        b"\0\0\0\0",
        b'{"name":"a\0b"}',
        b'{"name":"\\ud800"}',
        b"\xff\xfe\xfd",
        DEEP,
        b'{"name":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"name":1}',
        b'{"name":["a"]}',
        b'{"name":{"a":1}}',
        b'{"tags":"none"}',
        b'{"tags":[1]}',
        b'{"publish":"yes"}',
        b'{"loggingConfiguration":[]}',
    ],
    ids=lambda body: repr(body[:24]),
)
def test_bodies_that_do_not_fit_are_serialization_exceptions(server, body):
    assert exception(server.post("CreateStateMachine", body)) == (400, "SerializationException")


def test_unknown_members_are_ignored(server):
    status, _, body = server.post("ListStateMachines", b'{"surprise":{"a":[1,{}]},"maxResults":null}')
    assert status == 200 and "stateMachines" in json.loads(body)


def test_nul_characters_are_characters_of_a_text(server):
    answer = server.post("DescribeStateMachine", b'{"stateMachineArn":"a\\u0000b"}')
    assert exception(answer) == (400, "InvalidArn")
    assert json.loads(answer[2])["message"] == "Invalid Arn: 'Invalid ARN prefix: a\0b'"


@pytest.mark.parametrize("value", [b"-1", b"1001", b"1e300", b"99999999999999999999999"])
def test_numbers_out_of_range_break_a_constraint(server, value):
    answer = server.post("ListStateMachines", b'{"maxResults":' + value + b"}")
    assert exception(answer) == (400, "ValidationException")


def test_deep_nesting_in_a_definition_and_in_an_input_is_refused(server, sfn, passing):
    definition = json.dumps({"name": "deep", "definition": DEEP.decode(), "roleArn": "arn:aws:iam::1:role/r"})
    assert exception(server.post("CreateStateMachine", definition.encode())) == (400, "InvalidDefinition")
    start = json.dumps({"stateMachineArn": passing, "input": DEEP.decode()})
    assert exception(server.post("StartExecution", start.encode())) == (400, "InvalidExecutionInput")


def test_a_hundred_megabytes_are_refused_before_they_are_sent(server):
    answer = server.exchange(head("ListStateMachines", "content-length: 104857600"))
    assert exception(answer) == (413, "RequestEntityTooLargeException")
    assert answer[1]["connection"] == "close"


def test_a_hundred_megabytes_are_refused_although_they_are_sent(server):
    with server.connect() as connection:
        connection.sendall(head("ListStateMachines", "content-length: 104857600"))
        for _ in range(100):
            connection.sendall(b" " * (1 << 20))
        assert exception(read_answer(connection)) == (413, "RequestEntityTooLargeException")
        assert connection.recv(1) == b""


def test_an_endless_body_is_refused(server):
    with server.connect() as connection:
        connection.sendall(head("ListStateMachines", "transfer-encoding: chunked"))
        for _ in range(40):
            connection.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        assert exception(read_answer(connection)) == (413, "RequestEntityTooLargeException")


def test_curl_is_told_of_a_body_that_is_too_large(server, curl, tmp_path):
    (tmp_path / "body").write_bytes(b" " * (100 << 20))
    command = [curl, "-sS", "-m", "60", "-w", "%{http_code}", "-o", str(tmp_path / "answer")]
    command += ["-H", "x-amz-target: AWSStepFunctions.ListStateMachines"]
    command += ["--data-binary", f"@{tmp_path / 'body'}", server.url]
    for expect in (["-H", "expect: 100-continue"], ["-H", "expect:"]):
        done = subprocess.run(command + expect, capture_output=True, text=True, timeout=90)
        assert (done.returncode, done.stdout) == (0, "413"), done.stderr
        assert json.loads((tmp_path / "answer").read_text())["__type"] == "RequestEntityTooLargeException"


def test_curl_is_a_client(server, curl):
    command = [curl, "-sS", "-X", "POST", "-H", "x-amz-target: AWSStepFunctions.ListStateMachines"]
    done = subprocess.run([*command, "-d", "{}", server.url], capture_output=True, text=True, timeout=30)
    assert "stateMachines" in json.loads(done.stdout)


def test_a_body_that_breaks_off_is_answered(server):
    with server.connect() as connection:
        connection.sendall(head("ListStateMachines", "content-length: 1000") + b'{"max')
        connection.shutdown(socket.SHUT_WR)
        assert exception(read_answer(connection)) == (400, "SerializationException")


@pytest.mark.parametrize(
    "request_bytes, status",
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /health\r\n\r\n", 400),
        (b"GET /health HTTP/9.9\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nno colon here\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nna me: x\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nname: a\0b\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\ncontent-length: -5\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\n" + b"a: b\r\n" * 5000 + b"\r\n", 431),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else str(value),
)
def test_bad_heads_are_bad_requests(server, request_bytes, status):
    answer = server.exchange(request_bytes)
    assert answer and answer[0] == status


@pytest.mark.parametrize("target", [b"\xff\xfe", b"AWSStepFunctions", b"AWSStepFunctions.", b"a" * 5000])
def test_bad_targets_are_unknown_operations(server, target):
    answer = server.exchange(b"POST / HTTP/1.1\r\nx-amz-target: " + target + b"\r\ncontent-length: 2\r\n\r\n{}")
    assert exception(answer) == (400, "UnknownOperationException")


def test_connections_that_stay_silent_or_half_open_stand_in_nobodys_way(server, sfn):
    silent = [server.connect() for _ in range(100)]
    for connection in silent[:50]:
        connection.sendall(head("ListStateMachines", "content-length: 100") + b"{")
    assert "stateMachines" in sfn.list_state_machines()
    for connection in silent:
        connection.close()


def test_requests_in_a_row_on_one_connection_are_answered_in_their_order(server):
    with server.connect() as connection:
        body = b'{"maxResults":-1}'
        broken = head("ListStateMachines", f"content-length: {len(body)}") + body
        good = head("ListStateMachines", "content-length: 2") + b"{}"
        for request, status in [(broken, 400), (good, 200), (broken, 400), (good, 200)]:
            connection.sendall(request)
            assert read_answer(connection)[0] == status
