"""What runs while the server is killed: three state machines and the functions they call.

Every function first writes who called it into the ledger and onto the disk, and only then does anything else.
"""

import json
import os
import textwrap

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:"
ROLE = "arn:aws:iam::000000000000:role/crash"
FLAKY_ATTEMPTS = 3
LOST_ATTEMPTS = 7

RECORD = """
    import json, os

    def append(path, line):
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(file, (json.dumps(line) + "\\n").encode())
            os.fsync(file)
        finally:
            os.close(file)

    def record(event):
        call = {key: event[key] for key in ("execution", "state", "attempt")}
        append(LEDGER, call)
        return call
"""

FUNCTIONS = {
    "crash-record": """
        def handler(event, context):
            return record(event)
    """,
    # By chance, but the same chance for the same attempt.
    "crash-flaky": """
        import zlib

        class Flaky(Exception):
            pass

        def handler(event, context):
            call = record(event)
            if zlib.crc32(json.dumps([SEED, call]).encode()) % 100 < 35:
                raise Flaky("this attempt was not lucky")
            return call
    """,
    "crash-tell": """
        def handler(event, context):
            call = record(event)
            append(TOKENS, {"execution": event["execution"], "token": event["token"]})
            return call
    """,
}


def write_functions(folder, ledger, tokens, seed):
    for name, body in FUNCTIONS.items():
        os.makedirs(os.path.join(folder, name))
        head = f"LEDGER = {ledger!r}\nTOKENS = {tokens!r}\nSEED = {seed!r}\n"
        with open(os.path.join(folder, name, "handler.py"), "w", encoding="utf-8") as file:
            file.write(head + textwrap.dedent(RECORD) + textwrap.dedent(body))


def definitions():
    """The definitions by the name of their machine."""
    return {"crash-chain": chain(), "crash-fan": fan(), "crash-token": token()}


# How often each state is entered, and left, in an execution that succeeds. `Sorry` only runs where a Catch led to it.
VISITS = {
    "crash-chain": {"First": 1, "Second": 1, "Rest": 1, "Last": 1},
    "crash-fan": {"Both": 1, "Left": 1, "Each": 1, "Item": 3, "After": 3, "Gate": 1},
    "crash-token": {"Ask": 1, "Done": 1},
}


def attempt(state=None):
    """What a function is told about the attempt that it is."""
    named = {"state": state} if state and not state.startswith("States.") else {"state.$": state or "$$.State.Name"}
    return {"execution.$": "$$.Execution.Id", **named, "attempt.$": "$$.State.RetryCount"}


def retry(*more):
    """The Retry that AWS recommends for Lambda, with a bound on its pauses to keep the test short."""
    lost = ["Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException"]
    return [*more, {
        "ErrorEquals": [*lost, "Lambda.TooManyRequestsException"],
        "IntervalSeconds": 1, "MaxAttempts": LOST_ATTEMPTS - 1, "BackoffRate": 2, "MaxDelaySeconds": 3,
    }]


def flaky_retry():
    return {
        "ErrorEquals": ["Flaky"], "IntervalSeconds": 1, "MaxAttempts": FLAKY_ATTEMPTS - 1, "BackoffRate": 1,
        "MaxDelaySeconds": 2,
    }


def task(function, parameters, retriers, **rest):
    return {"Type": "Task", "Resource": FUNCTION + function, "Parameters": parameters, "Retry": retriers, **rest}


def chain():
    caught = [{"ErrorEquals": ["Flaky"], "ResultPath": "$.flaky", "Next": "Sorry"}]
    return {"StartAt": "First", "States": {
        "First": task("crash-record", attempt(), retry(), ResultPath="$.first", Next="Second"),
        "Second": task(
            "crash-flaky", attempt(), retry(flaky_retry()), Catch=caught, ResultPath="$.second", Next="Rest"
        ),
        "Sorry": {"Type": "Pass", "Result": True, "ResultPath": "$.sorry", "Next": "Rest"},
        "Rest": {"Type": "Wait", "Seconds": 1, "Next": "Last"},
        "Last": task("crash-record", attempt(), retry(), ResultPath="$.last", End=True),
    }}


def fan():
    item = task("crash-record", attempt("States.Format('Item {}', $$.Map.Item.Index)"), retry(), Next="After")
    each = {
        "Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "End": True,
        "ItemProcessor": {"StartAt": "Item", "States": {"Item": item, "After": {"Type": "Pass", "End": True}}},
    }
    left = task("crash-record", attempt(), retry(), End=True)
    return {"StartAt": "Both", "States": {
        "Both": {"Type": "Parallel", "ResultPath": "$.both", "Next": "Gate", "Branches": [
            {"StartAt": "Left", "States": {"Left": left}},
            {"StartAt": "Each", "States": {"Each": each}},
        ]},
        # Nobody catches what this one raises: some of these executions fail, as they should.
        "Gate": task("crash-flaky", attempt(), retry(flaky_retry()), ResultPath="$.gate", End=True),
    }}


def token():
    payload = {**attempt(), "token.$": "$$.Task.Token"}
    return {"StartAt": "Ask", "States": {
        "Ask": {
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {"FunctionName": "crash-tell", "Payload": payload},
            "Retry": retry(), "ResultPath": "$.answer", "Next": "Done",
        },
        "Done": {"Type": "Succeed"},
    }}


def sample_input(name):
    return json.dumps({"name": name, "items": ["a", "b", "c"]})
