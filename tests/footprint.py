#!/usr/bin/env python3
"""What the shipped binary costs: its size, the time from its start until it is healthy, and its memory before and after the first
call of one service of AWS and of ten. A service's model is read when it is called first, and paid for then.

  tests/footprint.py --bin target/release/stepwright [--check]

With --check the exit status is 1 where a bound is broken: 40 MB, 100 ms (the median of the starts), and memory that grows other
than by the first call of a service. On a machine that is busy with other work the start is held to the bound by its processor time alone.
"""
import argparse
import http.server
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

SIZE_LIMIT_MB = 40
START_LIMIT_MS = 100
# What the server may hold before it has called anything: without a model, and far below what all of them take.
IDLE_LIMIT_MB = 40
# What the same calls may add when they are made again.
AGAIN_LIMIT_MB = 5
STARTS = 10
# Services of every protocol, with the models of the largest among them.
CALLS = [
    ("dynamodb:listTables", {}), ("ec2:describeRegions", {}), ("s3:listBuckets", {}), ("sqs:listQueues", {}), ("sns:listTopics", {}),
    ("glue:getJobs", {}), ("sagemaker:listModels", {}), ("iam:listUsers", {}), ("cloudwatch:listDashboards", {}), ("athena:listWorkGroups", {}),
]
ROLE = "arn:aws:iam::000000000000:role/r"
READY = re.compile(r"stepwright listening on (http://\S+)")


class Nothing(http.server.BaseHTTPRequestHandler):
    """AWS, which has nothing of anything: each protocol reads an answer without members."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.headers.get("Content-Type", "")
        if "cbor" in kind:
            body, headers = b"\xa0", {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        elif "json" in kind:
            body, headers = b"{}", {"Content-Type": kind}
        else:
            body, headers = b"<Answer></Answer>", {"Content-Type": "text/xml"}
        self.send_response(200)
        for name, value in {**headers, "Content-Length": str(len(body)), "x-amzn-RequestId": "r-1"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST

    def log_message(self, *_):
        pass


class Server:
    """A server of its own, over an empty data directory."""

    def __init__(self, binary, aws):
        self.folder = tempfile.TemporaryDirectory()
        environment = {**os.environ, "AWS_ENDPOINT_URL": aws, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "a"}
        command = [binary, "serve", "--port", "0", "--data-dir", self.folder.name]
        begun = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
        self.url = next(found[1] for found in map(READY.search, self.process.stdout) if found)
        with urllib.request.urlopen(f"{self.url}/health", timeout=10) as answer:
            assert json.load(answer)["status"] == "ok"
        self.start_ms = (time.perf_counter() - begun) * 1000
        self.start_cpu_ms = self.cpu_ms()

    def cpu_ms(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")

    def rss_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024

    def post(self, operation, body):
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AWSStepFunctions.{operation}"}
        request = urllib.request.Request(self.url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def call(self, calls):
        """Runs a workflow that makes these calls, one after the other."""
        names = [f"S{n}" for n in range(len(calls))]
        states = {
            name: {"Type": "Task", "Resource": f"arn:aws:states:::aws-sdk:{action}", "Parameters": given, "Next": after}
            for name, (action, given), after in zip(names, calls, [*names[1:], "Done"])
        }
        definition = json.dumps({"StartAt": names[0], "States": {**states, "Done": {"Type": "Succeed"}}})
        machine = {"name": f"m{time.monotonic_ns()}", "definition": definition, "roleArn": ROLE, "type": "EXPRESS"}
        arn = self.post("CreateStateMachine", machine)["stateMachineArn"]
        ended = self.post("StartSyncExecution", {"stateMachineArn": arn})
        assert ended["status"] == "SUCCEEDED", (ended.get("error"), ended.get("cause"))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)
        self.process.stdout.close()
        self.folder.cleanup()


def measure(binary):
    aws = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Nothing)
    threading.Thread(target=aws.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{aws.server_port}"
    starts, cpu = [], []
    for _ in range(STARTS):
        server = Server(binary, url)
        starts.append(server.start_ms)
        cpu.append(server.start_cpu_ms)
        server.stop()
    server = Server(binary, url)
    idle = server.rss_mb()
    # The machinery of a workflow and of Step Functions' own API, before any service of AWS.
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    machine = {"name": "warm", "definition": definition, "roleArn": ROLE, "type": "EXPRESS"}
    server.post("StartSyncExecution", {"stateMachineArn": server.post("CreateStateMachine", machine)["stateMachineArn"]})
    warm = server.rss_mb()
    server.call(CALLS[:1])
    one = server.rss_mb()
    server.call(CALLS)
    ten = server.rss_mb()
    server.call(CALLS)
    again = server.rss_mb()
    server.stop()
    aws.shutdown()
    size = os.path.getsize(binary) / 1e6
    return {"size": size, "starts": starts, "cpu": cpu, "idle": idle, "warm": warm, "one": one, "ten": ten, "again": again}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--check", action="store_true", help="fail where a bound is broken")
    arguments = parser.parse_args()
    found = measure(arguments.bin)
    starts = found["starts"]
    print(f"size of the binary    {found['size']:8.1f} MB   (bound {SIZE_LIMIT_MB} MB)")
    print(f"start until healthy   {statistics.median(starts):8.1f} ms   median of {STARTS}, {min(starts):.1f} to {max(starts):.1f} (bound {START_LIMIT_MS} ms)")
    print(f"  of it computing     {statistics.median(found['cpu']):8.1f} ms")
    print(f"memory after start    {found['idle']:8.1f} MB   (bound {IDLE_LIMIT_MB} MB)")
    print(f"  one workflow        {found['warm']:8.1f} MB")
    print(f"  one service called  {found['one']:8.1f} MB   (+{found['one'] - found['warm']:.1f})")
    print(f"  ten services called {found['ten']:8.1f} MB   (+{found['ten'] - found['one']:.1f})")
    print(f"  and called again    {found['again']:8.1f} MB   (+{found['again'] - found['ten']:.1f})")
    # A process that waits for its turn says nothing of the binary.
    is_busy = os.getloadavg()[0] > os.cpu_count()
    if is_busy:
        print("footprint: the machine is busy with other work; of the start what it computes is held to the bound")
    broken = [
        what
        for what, holds in (
            ("the size", found["size"] < SIZE_LIMIT_MB),
            ("the start", statistics.median(found["cpu"] if is_busy else starts) < START_LIMIT_MS),
            ("the memory after the start", found["idle"] < IDLE_LIMIT_MB),
            ("that a model is read on first use alone", found["ten"] > found["one"] > found["warm"]),
            ("that it is read once", found["again"] - found["ten"] < AGAIN_LIMIT_MB),
        )
        if not holds
    ]
    if broken:
        print(f"footprint: {', '.join(broken)}: out of bounds")
    sys.exit(1 if broken and arguments.check else 0)


if __name__ == "__main__":
    main()
