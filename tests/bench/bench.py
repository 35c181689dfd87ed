#!/usr/bin/env python3
"""Executions per second of a workflow of five Pass states: in memory, and with every step on the disk.

Both in one run, one after the other, in turns: figures of this machine at this moment, to be compared with each other
and with nothing else. Each client starts executions over one kept-open connection without a pause; an execution counts
if it succeeded within the measured time. A server that does not keep up with its clients fails.
"""

import argparse
import http.client
import json
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import time

CLIENTS = 32
WARM_UP_SECONDS = 0.5
MEASURED_SECONDS = 2.5
TURNS = 2
END_PATIENCE_SECONDS = 4.0
LISTENING = "stepwright listening on http://127.0.0.1:"
STATES = 5


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, help="the stepwright binary")
    binary = os.path.abspath(parser.parse_args().bin)
    rates = {"in memory": [], "embedded store": []}
    for _ in range(TURNS):
        for kind, turns in rates.items():
            with tempfile.TemporaryDirectory(prefix="stepwright-bench-") as folder:
                turns.append(measure(binary, folder, kind))
    print(f"StartExecution to ExecutionSucceeded, {STATES} Pass states, {CLIENTS} clients, {os.cpu_count()} processors")
    best = {kind: max(turns, key=lambda turn: turn["rate"]) for kind, turns in rates.items()}
    for kind, turn in best.items():
        others = ", ".join(f"{other['rate']:,.0f}" for other in rates[kind])
        print(
            f"  {kind:<15}{turn['rate']:>8,.0f} executions/s   start answered in {turn['median']:.1f} ms (median),"
            f" {turn['worst']:.1f} ms (99 %)   turns: {others}"
        )
    print(f"  the disk costs a factor of {best['in memory']['rate'] / best['embedded store']['rate']:.2f}")


def measure(binary, folder, kind):
    place = ["--in-memory"] if kind == "in memory" else ["--data-dir", os.path.join(folder, "data")]
    with open(os.path.join(folder, "log"), "wb") as log:
        server = subprocess.Popen(
            [binary, "serve", "--port", "0", *place], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
            text=True, cwd=folder,
        )
    try:
        line = server.stdout.readline().strip()
        if not line.startswith(LISTENING):
            sys.exit(f"the server did not say where it listens, but {line!r}")
        return Clients(int(line[len(LISTENING):])).measure()
    finally:
        server.kill()
        server.wait()


class Clients:
    def __init__(self, port):
        self.port = port
        self.control = Connection(port)
        self.machine = self.control.call(
            "CreateStateMachine", name="bench", definition=definition(), roleArn="arn:aws:iam::000000000000:role/bench"
        )["stateMachineArn"]

    def measure(self):
        began = time.time() + WARM_UP_SECONDS
        ended = began + MEASURED_SECONDS
        took = sorted(self.start_executions(began, ended))
        if not took:
            sys.exit("no execution was started in the measured time")
        self.await_the_end()
        return {
            "rate": self.succeeded(began, ended) / MEASURED_SECONDS,
            "median": 1000 * took[len(took) // 2],
            "worst": 1000 * took[len(took) * 99 // 100],
        }

    def start_executions(self, began, ended):
        """Keeps every client busy until the end; gives the seconds that each measured answer took."""
        took = []
        with selectors.DefaultSelector() as selector:
            clients = [Starter(self.port, self.machine, number) for number in range(CLIENTS)]
            for client in clients:
                selector.register(client.socket, selectors.EVENT_READ, client)
                client.start()
            while clients:
                for key, _ in selector.select(timeout=10) or sys.exit("the server answers nobody"):
                    client, seconds = key.data, key.data.read()
                    if seconds is None:
                        continue
                    now = time.time()
                    if began <= now < ended:
                        took.append(seconds)
                    if now < ended:
                        client.start()
                    else:
                        selector.unregister(client.socket)
                        client.socket.close()
                        clients.remove(client)
        return took

    def await_the_end(self):
        until = time.monotonic() + END_PATIENCE_SECONDS
        while self.control.call("ListExecutions", stateMachineArn=self.machine, statusFilter="RUNNING")["executions"]:
            if time.monotonic() > until:
                sys.exit("executions are still running: the server does not keep up with its clients")
            time.sleep(0.01)

    def succeeded(self, began, ended):
        """How many executions ended in this time; the listing begins with the newest."""
        count, more = 0, {}
        while True:
            page = self.control.call("ListExecutions", stateMachineArn=self.machine, maxResults=1000, **more)
            for execution in page["executions"]:
                if execution["status"] != "SUCCEEDED":
                    sys.exit(f"an execution is {execution['status']}")
                count += began <= execution["stopDate"] < ended
            # None lasts for a second; what started long before cannot have ended in this time.
            if not page.get("nextToken") or page["executions"] and page["executions"][-1]["startDate"] < began - 1:
                return count
            more = {"nextToken": page["nextToken"]}


class Starter:
    """A client that starts executions. One thread drives all of them, so that Python stays out of the way."""

    def __init__(self, port, machine, number):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.machine, self.number, self.count = machine, number, 0
        self.answer, self.began = b"", 0.0

    def start(self):
        self.count += 1
        name = f"{self.number}-{self.count}"
        body = f'{{"stateMachineArn":"{self.machine}","name":"{name}","input":"{{}}"}}'
        head = (
            "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.0\r\n"
            f"X-Amz-Target: AWSStepFunctions.StartExecution\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.began = time.perf_counter()
        self.socket.sendall((head + body).encode())

    def read(self):
        """The seconds that the answer took; None as long as it is not whole."""
        self.answer += self.socket.recv(65536)
        head, blank, body = self.answer.partition(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        if self.answer and (not blank or len(body) < length):
            return None
        if not head.startswith(b"HTTP/1.1 200"):
            sys.exit(f"StartExecution: {self.answer[:300]}")
        self.answer = b""
        return time.perf_counter() - self.began


class Connection:
    """A connection that is kept open. Not to be shared between threads."""

    def __init__(self, port):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self, operation, **body):
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AWSStepFunctions.{operation}"}
        self._connection.request("POST", "/", json.dumps(body), headers)
        response = self._connection.getresponse()
        text = response.read()
        if response.status != 200:
            sys.exit(f"{operation}: {response.status} {text[:300]}")
        return json.loads(text)


def definition():
    names = [f"Pass{i}" for i in range(STATES)]
    states = {name: {"Type": "Pass", "Next": following} for name, following in zip(names, names[1:])}
    states[names[-1]] = {"Type": "Pass", "End": True}
    return json.dumps({"StartAt": names[0], "States": states})


if __name__ == "__main__":
    main()
