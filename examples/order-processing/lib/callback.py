"""Answers a task token some time after the function has returned.

A payment provider or a person answers on their own time, from their own machine. Here
a detached process stands in for them: `later` starts it and returns at once. It speaks
the Step Functions API directly (AWS JSON 1.0 over HTTP, no package needed) and is
patient: while the server is away it tries again, as a real provider's webhook does.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

PATIENCE_SECONDS = 60
PAUSE_SECONDS = 0.2


def later(token, steps):
    """Carries out `steps` in a process of its own.

    A step is `{"after": seconds, "send": "heartbeat" | "success" | "failure"}` with
    `output` (any JSON) for a success, `error` and `cause` for a failure.
    """
    plan = {"token": token, "endpoint": endpoint(), "steps": steps}
    process = subprocess.Popen(
        [sys.executable, os.path.abspath(__file__)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    process.stdin.write(json.dumps(plan).encode())
    process.stdin.close()


def endpoint():
    """Where the Step Functions API is, by the variables that AWS's own SDKs read."""
    url = os.environ.get("AWS_ENDPOINT_URL_SFN") or os.environ.get("AWS_ENDPOINT_URL")
    if not url:
        raise RuntimeError("AWS_ENDPOINT_URL is not set: there is nobody to answer the token to")
    return url


def carry_out(plan):
    """Sends the steps in turn; ends early when the token is no longer open."""
    for step in plan["steps"]:
        time.sleep(step.get("after", 0))
        if not send(plan["endpoint"], plan["token"], step):
            return


def send(url, token, step):
    """Sends one step. False when the server refused it for good."""
    body = {"taskToken": token}
    if step["send"] == "success":
        operation = "SendTaskSuccess"
        body["output"] = json.dumps(step["output"])
    elif step["send"] == "failure":
        operation = "SendTaskFailure"
        body.update(error=step["error"], cause=step["cause"])
    else:
        operation = "SendTaskHeartbeat"
    request = urllib.request.Request(url, json.dumps(body).encode(), {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "AWSStepFunctions." + operation,
    })
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            urllib.request.urlopen(request, timeout=10).close()
            return True
        except urllib.error.HTTPError as refusal:
            if refusal.code < 500:
                return False
        except OSError:
            pass  # nobody listens just now
        if time.monotonic() > until:
            return False
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    carry_out(json.load(sys.stdin))
