"""What the demo stands on: the server process, two kinds of client, and the ledger."""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

REGION = "us-east-1"
ROLE = "arn:aws:iam::000000000000:role/stepwright-demo"
NEED_A_CLIENT = """The demo talks to the server as you would: with the AWS CLI, or with boto3.
Neither is here. Get one of them, for example:

    pip install awscli        (or https://aws.amazon.com/cli/)
    pip install boto3
"""

# Stands in for every AWS_* variable of the caller: no profile, proxy or endpoint of theirs may interfere.
CLIENT_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "demo",
    "AWS_SECRET_ACCESS_KEY": "demo",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_PAGER": "",
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}


class Surprise(Exception):
    """Something went otherwise than the demo promises."""


class Server:
    """`stepwright serve` on a free port and a data directory that outlives a restart."""

    def __init__(self, binary, folder, functions):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.log"
        self.ledger = folder / "ledger.jsonl"
        self.process = None
        self._command = [str(binary), "serve", "--port", str(self.port)]
        self._command += ["--data-dir", str(folder / "data")]
        for path in functions:
            self._command += ["--functions", str(path)]

    def start(self):
        """Starts it and waits for /health; returns the milliseconds that took."""
        began = time.monotonic()
        environment = {**clean_environment(), "STEPWRIGHT_DEMO_LEDGER": str(self.ledger)}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
            )
        while time.monotonic() - began < 15:
            if self.process.poll() is not None:
                raise Surprise(f"the server ended with code {self.process.returncode} as it started")
            if self.answers():
                return round(1000 * (time.monotonic() - began))
            time.sleep(0.01)
        raise Surprise("the server did not answer /health within 15 seconds")

    def answers(self):
        try:
            with _direct.open(self.url + "/health", timeout=2) as response:
                return response.status == 200
        except OSError:
            return False

    def kill(self):
        """kill -9: no warning, no time to write anything down."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """SIGTERM; returns the exit code."""
        self.process.terminate()
        try:
            return self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            raise Surprise("the server did not stop within 15 seconds of SIGTERM") from None

    def discard(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def post(self, operation, **body):
        """One plain AWS JSON 1.0 call, for polling: a process per poll would be slow."""
        request = urllib.request.Request(self.url, json.dumps(body).encode(), {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "AWSStepFunctions." + operation,
        })
        try:
            with _direct.open(request, timeout=10) as response:
                return json.load(response)
        except urllib.error.HTTPError as refusal:
            raise Surprise(f"{operation}: {refusal.read().decode(errors='replace')}") from None
        except OSError as trouble:
            raise Surprise(f"{operation}: {trouble}") from None

    def history(self, arn):
        """All events of an execution, page by page, with timestamps in seconds."""
        events, more = [], {}
        while True:
            page = self.post("GetExecutionHistory", executionArn=arn, maxResults=1000, **more)
            events += page["events"]
            if not page.get("nextToken"):
                return events
            more = {"nextToken": page["nextToken"]}

    def entries(self, suffix=""):
        """The ledger's lines, or those of its side files `.calls` and `.tokens`."""
        path = self.ledger.with_name(self.ledger.name + suffix)
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]


class Cli:
    """The AWS CLI, one process per call."""

    def __init__(self, program, version):
        self._program = program
        self.name = version

    def call(self, url, command, **options):
        words = [self._program, "stepfunctions", command, "--endpoint-url", url, "--output", "json"]
        for name, value in options.items():
            words += ["--" + name.replace("_", "-"), value]
        done = subprocess.run(words, env=clean_environment(), capture_output=True, text=True, timeout=30)
        if done.returncode != 0:
            raise Surprise(f"aws stepfunctions {command}: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else {}


class Boto3:
    """The same calls through boto3, where the CLI is absent."""

    def __init__(self, boto3):
        self._boto3, self._lock, self._client = boto3, threading.Lock(), None
        self.name = "boto3 " + boto3.__version__

    def call(self, url, command, **options):
        with self._lock:  # clients may be shared between threads, making one may not
            if self._client is None:
                self._client = self._boto3.client("stepfunctions", endpoint_url=url)
        members = {_member(name): value for name, value in options.items()}
        try:
            return getattr(self._client, command.replace("-", "_"))(**members)
        except Exception as trouble:
            raise Surprise(f"{command}: {trouble}") from None


def find_client():
    """The AWS CLI if it is here and works, else boto3, else an explanation."""
    program = shutil.which("aws")
    if program:
        asked = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30)
        if asked.returncode == 0:
            return Cli(program, (asked.stdout or asked.stderr).split()[0].replace("/", " "))
    try:
        import boto3
    except ImportError:
        raise SystemExit(NEED_A_CLIENT) from None
    kept = clean_environment()
    os.environ.clear()
    os.environ.update(kept)
    return Boto3(boto3)


def clean_environment():
    """The caller's environment with AWS settings that lead to this machine and nowhere else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, **CLIENT_ENVIRONMENT}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _member(option):
    # The CLI renames the one member that would clash with its own --output.
    words = ("output" if option == "task_output" else option).split("_")
    return words[0] + "".join(word.capitalize() for word in words[1:])


_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
