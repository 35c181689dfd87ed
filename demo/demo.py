#!/usr/bin/env python3
"""The script behind `make demo`: real workflows, a kill -9 in the middle, and the proof.

Runs `$STEPWRIGHT_BIN` (default target/release/stepwright) on a fresh data directory, talks
to it with the AWS CLI or boto3, and exits with 0 only if everything went as promised.
"""

import collections
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from screen import chapter, paint, proved, say, status, table
from stack import ROLE, Server, Surprise, find_client

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
PROJECTS = ["order-processing", "saga", "human-approval"]
PATIENCE_SECONDS = 30
BACK_ORDER_WAIT = 3


def main():
    began = time.monotonic()
    binary = Path(os.environ.get("STEPWRIGHT_BIN") or "target/release/stepwright")
    binary = binary if binary.is_absolute() else ROOT / binary
    if not binary.exists():
        sys.exit(f"There is no {binary}: build it first, with `cargo build --release`, or set STEPWRIGHT_BIN.")
    client = find_client()
    folder = Path(tempfile.mkdtemp(prefix="stepwright-demo-"))
    server = Server(binary, folder, [EXAMPLES / project / "functions" for project in PROJECTS])
    try:
        Demo(binary, server, client).tell()
        print(f"\n   {paint('Everything went as promised', 'green')} in {time.monotonic() - began:.0f} seconds.\n")
        return 0
    except (Exception, KeyboardInterrupt) as trouble:
        kind = "" if isinstance(trouble, Surprise) else type(trouble).__name__ + ": "
        print(f"\n   {paint('The demo failed', 'red')}: {kind}{trouble}", flush=True)
        show_log(server.log)
        return 1
    finally:
        server.discard()
        shutil.rmtree(folder, ignore_errors=True)


def show_log(path):
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    print(f"\n   The last lines of the server's log ({len(lines)} in all):\n")
    for line in lines[-40:]:
        print("   | " + line)


class Demo:
    """The story in chapters; each raises Surprise when reality differs."""

    def __init__(self, binary, server, client):
        self.binary, self.server, self.client = binary, server, client
        self.machines = {}

    def tell(self):
        self.start_and_deploy()
        self.run_the_paths()
        lives = self.start_four_lives()
        before = self.kill_and_restart(lives)
        after = self.finish(lives)
        self.prove(lives, before, after)
        self.show_history(lives["order in progress"], before, after)
        self.draw()
        self.stop()

    # --- 1

    def start_and_deploy(self):
        chapter(1, "A server, and three workflows deployed to it",
                "Step Functions on this machine: the client only gets another --endpoint-url.")
        took = self.server.start()
        say(f"server   {self.server.url}, answers after {took} ms")
        say(f"client   {self.client.name}")
        with ThreadPoolExecutor() as pool:
            self.machines = dict(zip(PROJECTS, pool.map(self.deploy, PROJECTS)))
        for arn in self.machines.values():
            say(f"deployed {arn}")

    def deploy(self, project):
        path = EXAMPLES / project / f"{project}.asl.json"
        return self.call(
            "create-state-machine", name=project, role_arn=ROLE, definition=path.read_text()
        )["stateMachineArn"]

    # --- 2

    def run_the_paths(self):
        chapter(2, "Five runs, five ways through",
                "Every task is a Python function; a failing run is a designed end, not an accident.")
        runs = [
            ("a good order", "order-processing", "good", "SUCCEEDED", None),
            ("a declined card", "order-processing", "declined", "FAILED", "PaymentDeclined"),
            ("an order out of stock", "order-processing", "out-of-stock", "FAILED", "OutOfStock"),
            ("a saga that compensates", "saga", "ship-refused", "FAILED", "SagaFailed"),
            ("a purchase, approved", "human-approval", "waiting", "SUCCEEDED", None),
        ]
        with ThreadPoolExecutor() as pool:
            arns = list(pool.map(lambda run: self.start(run[1], example_input(run[1], run[2]), run[0]), runs))
        self.approve(arns[4])
        rows = []
        for (title, _, _, wanted, error), arn in zip(runs, arns):
            told = self.wait_for_end(arn)
            expect(told["status"] == wanted and told.get("error") == error,
                   f"{title} ended as {told['status']} {told.get('error', '')} {told.get('cause', '')}")
            took = told["stopDate"] - told["startDate"]
            rows.append([title, status(told["status"]), f"{took:.2f} s", outcome(told)])
        table(["run", "status", "took", "outcome"], rows)
        undone = [e["effect"] for e in self.server.entries() if e["execution"] == arns[3]]
        expect(undone == ["reserve", "charge", "refund", "release"], f"the saga did {undone}")
        say()
        proved("the saga undid its steps in reverse: " + ", ".join(undone))

    # --- 3

    def start_four_lives(self):
        chapter(3, "kill -9 in the middle",
                "A power cut asks nobody. Whatever was acknowledged must survive, whatever was done must stay done once.")
        back_order = example_input("order-processing", "back-order")
        back_order["backOrder"] = {"waitSeconds": BACK_ORDER_WAIT, "maxChecks": 5}
        wanted = {
            "purchase on a token": ("human-approval", example_input("human-approval", "waiting")),
            "order on back-order": ("order-processing", back_order),
            "order in progress": ("order-processing", example_input("order-processing", "slow")),
        }
        with ThreadPoolExecutor() as pool:
            arns = list(pool.map(lambda title: self.start(*wanted[title], title), wanted))
        return dict(zip(wanted, arns))

    def kill_and_restart(self, lives):
        """Kills at a chosen moment; returns the histories as they were just before."""
        self.token(lives["purchase on a token"])
        self.wait_for_state(lives["order on back-order"], "WaitForStock")
        self.wait_for_state(lives["order in progress"], "ShipOrder")
        before = {title: self.server.history(arn) for title, arn in lives.items()}
        # The last one is only acknowledged: its answer is the last thing this server says.
        lives["order just accepted"] = self.server.post(
            "StartExecution", stateMachineArn=self.machines["order-processing"],
            name="order-just-accepted", input=json.dumps(example_input("order-processing", "good")),
        )["executionArn"]
        self.server.kill()
        killed = time.monotonic()
        before["order just accepted"] = []
        expect(not self.server.answers(), "the server still answers after kill -9")
        table(["execution", "was", "events so far"], [
            [title, doing(before[title]), len(before[title]) or "?"] for title in lives
        ])
        time.sleep(0.5)
        took = self.server.start()
        say()
        say(f"killed, down for {time.monotonic() - killed:.1f} s, and answering again {took} ms after its start,")
        say("on the same data directory. Nobody tells it what was going on.")
        return before

    def finish(self, lives):
        say()
        self.approve(lives["purchase on a token"])
        rows, after = [], {}
        for title, arn in lives.items():
            told = self.wait_for_end(arn)
            expect(told["status"] == "SUCCEEDED",
                   f"{title} ended as {told['status']} {told.get('error', '')} {told.get('cause', '')}")
            after[title] = self.server.history(arn)
            rows.append([title, status(told["status"]), f"{told['stopDate'] - told['startDate']:.1f} s", outcome(told)])
        table(["execution", "status", "took", "outcome"], rows)
        return after

    # --- 4

    def prove(self, lives, before, after):
        chapter(4, "Nothing lost, nothing done twice",
                "Read from the histories, and from the ledger that the functions keep on their own.")
        for title, events in after.items():
            check_history(title, events, before[title])
        total, seen = (sum(map(len, histories.values())) for histories in (after, before))
        proved(f"{total} events in 4 histories: ids without a gap, each points back, each state left once per visit")
        proved(f"the {seen} events seen before the kill are unchanged")
        proved("the token given out before the kill was answered after it")
        self.prove_wait(after["order on back-order"])
        ours = set(lives.values())
        self.prove_effects(lives, [e for e in self.server.entries() if e["execution"] in ours])
        calls = [c for c in self.server.entries(".calls") if c["execution"] in ours]
        twice = repeated((c["execution"], c["step"], c["visit"], c["attempt"]) for c in calls)
        expect(not twice, f"one attempt was called twice: {twice}")
        proved(f"{len(calls)} function calls, no attempt of any step was called twice")
        for title, events in after.items():
            for state in cut_off(events):
                proved(f"{title}: the kill cut off {state}. Its outcome is unknown, so the task failed with")
                say("    Lambda.SdkClientException; the Retry that AWS recommends asked again, and the ledger held")

    def prove_wait(self, events):
        begin = next(e for e in events if entered(e) == "WaitForStock")
        end = next(e for e in events if left(e) == "WaitForStock")
        lasted = end["timestamp"] - begin["timestamp"]
        expect(BACK_ORDER_WAIT - 0.01 <= lasted < BACK_ORDER_WAIT + 3,
               f"the wait of {BACK_ORDER_WAIT} seconds across the kill took {lasted:.2f}")
        proved(f"the wait of {BACK_ORDER_WAIT} seconds that the kill fell into took {lasted:.2f}")

    def prove_effects(self, lives, entries):
        full = ["charge", "mail", "shipment", "take-stock"]
        for title, arn in lives.items():
            done = sorted(e["effect"] for e in entries if e["execution"] == arn)
            wanted = ["decision"] if "purchase" in title else full
            expect(done == wanted, f"{title}: the ledger has {done}, not {wanted}")
        proved("ledger: every order charged, taken from stock, shipped and confirmed exactly once")

    # --- 5

    def show_history(self, arn, before, after):
        chapter(5, "The history of the order that was in progress",
                "aws stepfunctions get-execution-history, as AWS tells it: there is no event for a crash.")
        told = self.call("get-execution-history", execution_arn=arn)["events"]
        events, seen = after["order in progress"], len(before["order in progress"])
        expect([e["id"] for e in told] == [e["id"] for e in events],
               f"{self.client.name} was told another history than the plain call")
        names, start = state_names(events), events[0]["timestamp"]
        first = next(e["id"] for e in events if names[e["id"]] == "ChargePayment")
        early = list(dict.fromkeys(names[e["id"]] for e in events if 1 < e["id"] < first))
        rows = [[f"1-{first - 1}", "", "...", " > ".join(early)]]
        for event in events[first - 1:]:
            kind = " ".join(filter(None, [event["type"], error_of(event)]))
            rows.append([event["id"], f"{event['timestamp'] - start:+.2f}", kind, names[event["id"]]])
            if event["id"] == seen:
                rows.append([("kill -9", "red"), "", "", ""])
        table(["id", "seconds", "event", "state"], rows)

    # --- 6

    def draw(self):
        chapter(6, "The same workflow as a picture", "Drawn from the definition alone.")
        picture = ROOT / "demo-out" / "order-processing.svg"
        picture.parent.mkdir(exist_ok=True)
        picture.unlink(missing_ok=True)
        source = EXAMPLES / "order-processing" / "order-processing.asl.json"
        done = subprocess.run(
            [str(self.binary), "graph", str(source), "-o", str(picture)],
            capture_output=True, text=True, timeout=20,
        )
        expect(done.returncode == 0, f"stepwright graph: {done.stderr.strip()}")
        expect(picture.exists() and "<svg" in picture.read_text(), "stepwright graph drew nothing")
        say(f"stepwright graph {source.relative_to(ROOT)} -o {picture.relative_to(ROOT)}")

    def stop(self):
        code = self.server.stop()
        expect(code == 0, f"the server ended with code {code} after SIGTERM")

    # --- calls

    def call(self, command, **options):
        return self.client.call(self.server.url, command, **options)

    def start(self, project, value, title):
        name = title.replace(",", "").replace(" ", "-")
        return self.call(
            "start-execution", state_machine_arn=self.machines[project], name=name, input=json.dumps(value)
        )["executionArn"]

    def approve(self, arn):
        answer = json.dumps({"approver": "Grace", "comment": "Go ahead."})
        self.call("send-task-success", task_token=self.token(arn), task_output=answer)

    def token(self, arn):
        """The task token that a person was given; waits until the task is really waiting."""
        for _ in patiently(f"a token of {arn}"):
            asked = [e["token"] for e in self.server.entries(".tokens") if e["execution"] == arn]
            if asked and any(e["type"] == "TaskSubmitted" for e in self.server.history(arn)):
                return asked[-1]

    def wait_for_state(self, arn, state):
        for _ in patiently(f"state {state} of {arn}"):
            events = self.server.history(arn)
            if any(entered(event) == state for event in events):
                return
            expect(not events[-1]["type"].startswith("Execution") or len(events) == 1,
                   f"{arn} ended before it reached {state}: {events[-1]}")

    def wait_for_end(self, arn):
        for _ in patiently(f"the end of {arn}"):
            told = self.server.post("DescribeExecution", executionArn=arn)
            if told["status"] != "RUNNING":
                return told


def patiently(what):
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        yield
        time.sleep(0.03)
    raise Surprise(f"waited {PATIENCE_SECONDS} seconds in vain for {what}")


def expect(holds, otherwise):
    if not holds:
        raise Surprise(otherwise)


def example_input(project, name):
    return json.loads((EXAMPLES / project / "inputs" / f"{name}.json").read_text())


def outcome(told):
    """One line on how an execution ended."""
    if told["status"] != "SUCCEEDED":
        return f"{told['error']}: {told['cause']}"
    output = json.loads(told["output"])
    return output.get("message") or output.get("reason") or ""


# --- reading histories


def entered(event):
    return (event.get("stateEnteredEventDetails") or {}).get("name")


def left(event):
    return (event.get("stateExitedEventDetails") or {}).get("name")


def state_names(events):
    """The state that each event id belongs to: its own name, or that of the event before it."""
    names, block = {}, ""
    for event in events:
        name = entered(event) or left(event)
        if event["type"] == "ParallelStateEntered":
            block = name
        if not name and event["type"].startswith("ParallelState"):
            name = block
        if event["type"].startswith("Execution"):
            name = ""
        elif not name:
            name = names.get(event["previousEventId"], "")
        names[event["id"]] = name
    return names


def doing(events):
    """What an execution was at, in words, from its history so far."""
    if not events:
        return "accepted, a blink before the kill"
    open_states = collections.Counter(filter(None, map(entered, events)))
    open_states.subtract(filter(None, map(left, events)))
    names = [name for name, count in open_states.items() if count > 0]
    return "in " + ", ".join(names) if names else "between two states"


def check_history(title, events, before):
    ids = [event["id"] for event in events]
    expect(ids == list(range(1, len(ids) + 1)), f"{title}: the history's ids are not dense: {ids}")
    expect(all(event["previousEventId"] < event["id"] for event in events),
           f"{title}: an event does not point back")
    expect(events[:len(before)] == before, f"{title}: events from before the kill have changed")
    ends = [event["type"] for event in events if event["type"] == "ExecutionSucceeded"]
    expect(len(ends) == 1 and events[-1]["type"] == "ExecutionSucceeded", f"{title}: ends {ends}")
    came = collections.Counter(filter(None, map(entered, events)))
    went = collections.Counter(filter(None, map(left, events)))
    expect(came == went, f"{title}: states entered {came}, left {went}")


def cut_off(events):
    """The states whose call was under way at the kill: they failed with a lost answer."""
    names = state_names(events)
    for event in events:
        if error_of(event) == "Lambda.SdkClientException":
            yield names[event["id"]]


def error_of(event):
    details = event.get("taskFailedEventDetails") or event.get("lambdaFunctionFailedEventDetails") or {}
    return details.get("error")


def repeated(keys):
    return [key for key, count in collections.Counter(keys).items() if count > 1]


if __name__ == "__main__":
    sys.exit(main())
