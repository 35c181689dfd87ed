"""The server under test: started, killed, asked; and a look at the processes it leaves behind."""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import time

HEALTH_PATIENCE_SECONDS = 30
STOP_PATIENCE_SECONDS = 30


class Refusal(Exception):
    """An error of the API: the server answered, and said no."""

    def __init__(self, operation, name, message):
        super().__init__(f"{operation}: {name}: {message}")
        self.name = name


class Lost(Exception):
    """No answer: the server was killed, or is not up."""


class Server:
    """`stepwright serve` on one port and one data directory, as often as it is started."""

    def __init__(self, binary, folder):
        self.folder = folder
        self.port = free_port()
        self.log = os.path.join(folder, "server.log")
        self.process = None
        self.health_seconds = []
        # Everything it leaves behind names the folder: the functions' code and the temporary files are in it.
        self._environment = {**os.environ, "TMPDIR": os.path.join(folder, "tmp")}
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            self._environment.pop(name, None)
        self._command = [binary, "serve", "--port", str(self.port), "--data-dir", os.path.join(folder, "data")]
        self._command += ["--functions", os.path.join(folder, "functions")]
        os.makedirs(self._environment["TMPDIR"])

    def start(self):
        """Starts it and waits until it is healthy."""
        began = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment
            )
        while not self._is_healthy():
            if self.process.poll() is not None:
                raise SystemExit(f"the server ended with {self.process.returncode} as it started; see {self.log}")
            if time.monotonic() - began > HEALTH_PATIENCE_SECONDS:
                raise SystemExit(f"the server was not healthy after {HEALTH_PATIENCE_SECONDS} s; see {self.log}")
            time.sleep(0.003)
        self.health_seconds.append(time.monotonic() - began)

    def kill(self):
        """SIGKILL, as the kernel does when memory runs out. Gives whatever had been started for functions."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return self.leftovers()

    def stop(self):
        """SIGTERM; gives the exit code, or None if it had to be killed after all."""
        self.process.terminate()
        try:
            return self.process.wait(timeout=STOP_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None

    def discard(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def leftovers(self):
        """Processes other than the server that belong to this run: pid and start time, which together name one."""
        mark = self.folder.encode()
        found = set()
        for name in os.listdir("/proc") if os.path.isdir("/proc") else []:
            if not name.isdigit() or int(name) in (os.getpid(), self.process.pid):
                continue
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    told = file.read()
                with open(f"/proc/{name}/environ", "rb") as file:
                    told += file.read()
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue
            # A zombie has ended; whoever inherited it has not looked yet.
            if mark in told and fields[0] != "Z":
                found.add((int(name), int(fields[19])))
        return found

    def complaints(self):
        """Lines of the log that no run may write."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return [line.strip() for line in file if "panicked" in line or "a shard stops" in line]

    def _is_healthy(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


class Client:
    """One keep-alive connection. Not to be shared between threads."""

    def __init__(self, port):
        self._port = port
        self._connection = None

    def call(self, operation, **body):
        """One AWS JSON 1.0 call."""
        try:
            status, text = self._exchange(operation, json.dumps(body))
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Lost(f"{operation}: {error!r}") from None
        if status == 200:
            return json.loads(text)
        try:
            error = json.loads(text)
        except ValueError:
            error = {}
        name = error.get("__type", f"HTTP {status}").split("#")[-1]
        if status >= 500:
            raise Lost(f"{operation}: {name}: {text[:300]}")
        raise Refusal(operation, name, error.get("message") or error.get("Message") or text[:300])

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def history(self, arn):
        """Every event, over as many pages as there are."""
        events, more = [], {}
        while True:
            page = self.call("GetExecutionHistory", executionArn=arn, maxResults=1000, **more)
            events += page["events"]
            if not page.get("nextToken"):
                return events
            more = {"nextToken": page["nextToken"]}

    def _exchange(self, operation, body):
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"AWSStepFunctions.{operation}",
        }
        self._connection.request("POST", "/", body, headers)
        response = self._connection.getresponse()
        return response.status, response.read().decode()


def free_port():
    """A free port that no client's connection is given while the server is down: one below the ephemeral ones."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
