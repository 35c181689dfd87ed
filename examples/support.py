"""What the tests of the examples share: deploying, running and reading a history."""

import json
import os
import tempfile
import time
import uuid
from pathlib import Path

import boto3
from botocore.config import Config

HERE = Path(__file__).resolve().parent
ROLE = "arn:aws:iam::000000000000:role/stepwright-examples"
PATIENCE_SECONDS = 60


def client():
    """A Step Functions client on the server under test."""
    return boto3.client(
        "stepfunctions",
        endpoint_url=os.environ["STEPWRIGHT_ENDPOINT"],
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}, inject_host_prefix=False),
    )


def definition(project):
    return (HERE / project / f"{project}.asl.json").read_text()


def example_input(project, name):
    return json.loads((HERE / project / "inputs" / f"{name}.json").read_text())


class Run:
    """One execution of an example on a state machine of its own."""

    def __init__(self, project, value):
        self.sfn = client()
        name = f"{project}-{uuid.uuid4().hex[:12]}"
        self.machine = self.sfn.create_state_machine(
            name=name, definition=definition(project), roleArn=ROLE
        )["stateMachineArn"]
        self.arn = self.sfn.start_execution(
            stateMachineArn=self.machine, input=json.dumps(value)
        )["executionArn"]

    def finish(self):
        """Waits for the end; returns DescribeExecution with the output parsed."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            told = self.sfn.describe_execution(executionArn=self.arn)
            if told["status"] != "RUNNING":
                if "output" in told:
                    told["output"] = json.loads(told["output"])
                return told
            time.sleep(0.1)
        raise AssertionError(f"{self.arn} still runs after {PATIENCE_SECONDS} s: {self.steps()}")

    def events(self):
        pages = self.sfn.get_paginator("get_execution_history").paginate(executionArn=self.arn)
        events = [event for page in pages for event in page["events"]]
        assert [event["id"] for event in events] == list(range(1, len(events) + 1))
        assert all(event["previousEventId"] < event["id"] for event in events)
        return events

    def types(self):
        return [event["type"] for event in self.events()]

    def steps(self):
        """The names of the states in the order they were entered."""
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in self.events()
            if event["type"].endswith("StateEntered")
        ]

    def effects(self):
        """What the functions really did for this execution, in order."""
        return [entry["effect"] for entry in ledger_entries("") if entry["execution"] == self.arn]

    def calls(self, step=None):
        """The invocations for this execution; fails when one attempt was called twice."""
        calls = [
            call for call in ledger_entries(".calls")
            if call["execution"] == self.arn and step in (None, call["step"])
        ]
        attempts = [(call["step"], call["visit"], call["attempt"]) for call in calls]
        assert len(attempts) == len(set(attempts)), f"an attempt was called twice: {attempts}"
        return calls

    def token(self):
        """Waits until a person was asked; returns the newest task token."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            asked = [e for e in ledger_entries(".tokens") if e["execution"] == self.arn]
            if asked and "TaskSubmitted" in self.types():
                return asked[-1]["token"]
            time.sleep(0.05)
        raise AssertionError(f"nobody was asked: {self.types()}")


def run(project, value):
    """Runs an example to its end. `value` is an input, or the name of one in inputs/."""
    started = Run(project, example_input(project, value) if isinstance(value, str) else value)
    return started, started.finish()


def ledger_entries(suffix):
    path = Path(ledger_path() + suffix)
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def ledger_path():
    """As the functions find it: the variable, or a file in the temporary folder."""
    default = os.path.join(tempfile.gettempdir(), "stepwright-demo-ledger.jsonl")
    return os.environ.get("STEPWRIGHT_DEMO_LEDGER") or default
