#!/usr/bin/env python3
"""Runs the examples' tests and the demo's against a server of their own, on a fresh data directory.

The server is $STEPWRIGHT_BIN (default target/debug/stepwright), with the functions of all examples. Further arguments go
to pytest. Exits as pytest does, or with 1 if the server does not end as it should.
"""

import glob
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LISTENING = "stepwright listening on "
PATIENCE_SECONDS = 30


def main():
    binary = os.path.abspath(os.environ.get("STEPWRIGHT_BIN") or os.path.join(ROOT, "target", "debug", "stepwright"))
    if not os.path.exists(binary):
        sys.exit(f"There is no {binary}: build it with `cargo build -p stepwright`, or set STEPWRIGHT_BIN.")
    with tempfile.TemporaryDirectory(prefix="stepwright-examples-") as folder:
        environment = {**os.environ, "STEPWRIGHT_DEMO_LEDGER": os.path.join(folder, "ledger.jsonl")}
        log = os.path.join(folder, "server.log")
        with open(log, "wb") as errors:
            server = subprocess.Popen(
                command(binary, folder), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                env=environment, text=True,
            )
        try:
            outcome = test(server, environment, sys.argv[1:])
            stopped = stop(server)
        finally:
            if server.poll() is None:
                server.kill()
                server.wait()
        if stopped != 0:
            print(f"after SIGTERM the server ended with {stopped}")
        if outcome or stopped:
            with open(log, encoding="utf-8", errors="replace") as file:
                print("the end of the server's log:", *file.readlines()[-40:], sep="  ")
        sys.exit(outcome or (1 if stopped else 0))


def command(binary, folder):
    words = [binary, "serve", "--port", "0", "--data-dir", os.path.join(folder, "data")]
    for functions in sorted(glob.glob(os.path.join(ROOT, "examples", "*", "functions"))):
        words += ["--functions", functions]
    return words


def test(server, environment, more):
    # The line comes once the server answers; where it ends before, so does its output.
    line = server.stdout.readline().strip()
    if not line.startswith(LISTENING):
        print(f"the server did not say where it listens, but {line!r}")
        return 1
    # Where examples and demo find the server, and nobody else's proxy or AWS profile.
    environment = {key: value for key, value in environment.items() if not key.lower().endswith("_proxy")}
    environment["STEPWRIGHT_ENDPOINT"] = line.removeprefix(LISTENING)
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "examples", "demo/test_demo.py"]
    return subprocess.run([*pytest, *more], cwd=ROOT, env=environment, check=False).returncode


def stop(server):
    server.terminate()
    until = time.monotonic() + PATIENCE_SECONDS
    while server.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    return server.poll()


if __name__ == "__main__":
    main()
