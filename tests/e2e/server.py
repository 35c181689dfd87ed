"""A `stepwright serve` of our own on a free port, and ways to talk to it."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.request

import boto3
import botocore.config

ROOT = pathlib.Path(__file__).resolve().parents[2]
READY = re.compile(r"stepwright listening on (http://\S+)")
START_SECONDS = 20


def binary():
    return os.environ.get("STEPWRIGHT_BIN") or str(ROOT / "target" / "debug" / "stepwright")


class Server:
    """A server process over a data directory. It can be stopped, killed, and started again on another port."""

    def __init__(self, data_dir, functions=None, options=(), environment=None):
        self.data_dir, self.functions, self.options = pathlib.Path(data_dir), functions, list(options)
        self.environment = environment
        self.process = self.url = None
        self.lines = []
        self.log = self.data_dir.parent / f"{self.data_dir.name}.log"

    def start(self):
        return self.start_with([binary()])

    def start_with(self, program):
        """Starts it by a command of its own, which gets what `serve` takes."""
        command = [*program, "serve", "--port", "0", "--data-dir", str(self.data_dir)]
        if self.functions:
            command += ["--functions", str(self.functions)]
        command += self.options
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, **(self.environment or {})}
            )
        ready = threading.Event()

        def read():
            for line in self.process.stdout:
                found = READY.search(line)
                if found:
                    self.url = found.group(1)
                    ready.set()
                else:
                    self.lines.append(line)

        self.url = None
        threading.Thread(target=read, daemon=True).start()
        wait_until(lambda: ready.is_set() or self.process.poll() is not None, seconds=START_SECONDS)
        assert ready.is_set(), f"the server did not start: {command}\n{self.log.read_text()[-4000:]}"
        return self

    @property
    def address(self):
        host, port = self.url.removeprefix("http://").rstrip("/").rsplit(":", 1)
        return host, int(port)

    def client(self, service="stepfunctions", **config):
        config = {"retries": {"total_max_attempts": 1}, "connect_timeout": 5, "read_timeout": 30, **config}
        config = botocore.config.Config(**config)
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=config,
        )

    def stop(self):
        """Asks the process to end, and gives its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=10)

    def is_healthy(self):
        with urllib.request.urlopen(f"{self.url}/health", timeout=10) as answer:
            return answer.status == 200 and json.load(answer)["status"] == "ok"

    def connect(self):
        return socket.create_connection(self.address, timeout=15)

    def exchange(self, request):
        """Sends bytes on a connection of their own, and reads the answer: status, headers, body."""
        with self.connect() as connection:
            connection.sendall(request)
            return read_answer(connection)

    def post(self, operation, body, headers=()):
        """Calls an operation with a body of any bytes."""
        return self.exchange(head(operation, f"content-length: {len(body)}", *headers) + body)


def head(operation, *headers):
    lines = [
        "POST / HTTP/1.1",
        "host: localhost",
        "content-type: application/x-amz-json-1.0",
        f"x-amz-target: AWSStepFunctions.{operation}",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def read_answer(connection):
    """The next answer on a connection; `None` where it ends without one."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    top, body = data.split(b"\r\n\r\n", 1)
    lines = top.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:])}
    while len(body) < int(headers.get("content-length", 0)):
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    return int(lines[0].split(" ")[1]), headers, body


def wait_until(holds, seconds=15):
    """Asks until the answer is true, and gives it."""
    end = time.monotonic() + seconds
    while True:
        answer = holds()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(0.02)
