#!/usr/bin/env python3
"""Kills a server under load with SIGKILL, again and again, and checks that it kept every promise.

Each round starts the server on the same data directory and port, lets clients start executions, answer task tokens and
read histories, and kills it at a random moment. In the end every execution must have come to its end, with one history
without gaps or doubled events, and no function may have been called twice for one attempt. Exits with 1 where anything
is wrong, and keeps the directory then.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from checks import Execution, check_all
from load import Acknowledged, Load, read_lines
from server import Client, Server
from workflows import ROLE, definitions, write_functions

# How long functions may outlive the server that started them.
ORPHAN_SECONDS = 5
# How long executions may take to end once nobody is killed any more.
END_PATIENCE_SECONDS = 120
# More would only start functions that die with their server before they can do anything.
OPEN_EXECUTIONS = 24
# Where fewer succeed, nearly every call was lost, and little was tried.
SHARE_THAT_SUCCEEDS = 0.5
VIOLATIONS_SHOWN = 30


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, help="the stepwright binary")
    parser.add_argument("--rounds", type=int, required=True, help="how often the server is killed")
    parser.add_argument("--seed", type=int, help="moments and chances; a random one by default")
    parser.add_argument("--starts", type=int, default=12, help="executions that are started in each round")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(2**32)
    folder = os.path.realpath(tempfile.mkdtemp(prefix="stepwright-crash-"))
    print(f"crash test: {arguments.rounds} rounds, seed {seed}, in {folder}", flush=True)
    server = Server(os.path.abspath(arguments.bin), folder)
    try:
        is_kept = run(arguments, seed, folder, server)
    except BaseException:
        print(f"crash test: BROKEN OFF; the directory is kept: {folder}, seed {seed}")
        raise
    finally:
        server.discard()
    if is_kept:
        print(f"crash test: FAILED; the directory is kept: {folder}, seed {seed}")
        sys.exit(1)
    shutil.rmtree(folder)


def run(arguments, seed, folder, server):
    began, rng = time.monotonic(), random.Random(seed)
    ledger, tokens = os.path.join(folder, "calls.jsonl"), os.path.join(folder, "tokens.jsonl")
    write_functions(os.path.join(folder, "functions"), ledger, tokens, seed)
    acknowledged = Acknowledged()
    server.start()
    machines = create_machines(server)
    load = Load(server.port, machines, acknowledged, rng, tokens)
    load.begin()
    orphans = Orphans(server, acknowledged)
    for number in range(arguments.rounds):
        if number > 0:
            server.start()
        load.allow(min(arguments.starts, OPEN_EXECUTIONS - load.open_count()))
        load.is_up.set()
        # A quarter dies as it comes up, in the middle of its recovery.
        time.sleep(rng.uniform(0, 0.1) if rng.random() < 0.25 else rng.uniform(0.1, 4.0))
        load.is_up.clear()
        orphans.note(server.kill())
        if (number + 1) % 50 == 0:
            print(f"  {number + 1} of {arguments.rounds} rounds", flush=True)
    server.start()
    load.is_up.set()
    executions = wait_for_the_end(server, load, machines, acknowledged)
    exit_code = server.stop()
    if exit_code != 0:
        acknowledged.violation(f"after SIGTERM the server ended with {exit_code}")
    orphans.note(server.leftovers())
    orphans.check_at_the_end()
    for line in server.complaints():
        acknowledged.violation(f"the server's log says: {line[:300]}")
    calls = read_lines(ledger)[0]
    violations = check_all(executions, acknowledged, calls)
    successes = sum(execution.described["status"] == "SUCCEEDED" for execution in executions)
    if successes < SHARE_THAT_SUCCEEDS * len(executions):
        violations.append("most executions ran out of retries: this machine is too slow for what is asked of it")
    report(arguments.rounds, acknowledged, executions, calls, server, time.monotonic() - began, violations)
    return bool(violations)


def create_machines(server):
    client, machines = Client(server.port), {}
    for name, definition in definitions().items():
        created = client.call("CreateStateMachine", name=name, definition=json.dumps(definition), roleArn=ROLE)
        machines[name] = created["stateMachineArn"]
    client.close()
    return machines


def wait_for_the_end(server, load, machines, acknowledged):
    """Lets everything come to its end, and reads all of it."""
    load.end_starts()
    client, until = Client(server.port), time.monotonic() + END_PATIENCE_SECONDS
    while running := listed(client, machines, statusFilter="RUNNING"):
        if time.monotonic() > until:
            acknowledged.violation(f"{len(running)} executions do not end: {', '.join(running[:10])}")
            break
        time.sleep(0.2)
    load.end()
    arns = listed(client, machines)
    if len(arns) != len(set(arns)):
        acknowledged.violation("ListExecutions gives an execution twice")

    def read(part):
        reader = Client(server.port)
        return [Execution(reader.call("DescribeExecution", executionArn=arn), reader.history(arn)) for arn in part]

    with ThreadPoolExecutor(4) as readers:
        parts = readers.map(read, [arns[i::4] for i in range(4)])
        return [execution for part in parts for execution in part]


def listed(client, machines, **more):
    arns = []
    for machine in machines.values():
        page = {}
        while True:
            page = client.call(
                "ListExecutions", stateMachineArn=machine, maxResults=1000, **more,
                **({"nextToken": page["nextToken"]} if page else {}),
            )
            arns += [execution["executionArn"] for execution in page["executions"]]
            if not page.get("nextToken"):
                break
    return arns


class Orphans:
    """Functions must end soon after the server that started them."""

    def __init__(self, server, acknowledged):
        self.server, self.acknowledged = server, acknowledged
        self.left = {}

    def note(self, processes):
        """What is there just after a kill."""
        now = time.monotonic()
        self.left = {process: since for process, since in self.left.items() if process in processes}
        for process, since in self.left.items():
            if now - since > ORPHAN_SECONDS:
                self.acknowledged.violation(f"process {process[0]} outlives its server by {now - since:.1f} s")
        self.left.update({process: now for process in processes if process not in self.left})

    def check_at_the_end(self):
        until = time.monotonic() + ORPHAN_SECONDS
        while left := self.server.leftovers():
            if time.monotonic() > until:
                self.acknowledged.violation(f"processes are left: {sorted(pid for pid, _ in left)}")
                return
            time.sleep(0.05)


def report(rounds, acknowledged, executions, calls, server, seconds, violations):
    statuses = {}
    for execution in executions:
        status = execution.described["status"]
        statuses[status] = statuses.get(status, 0) + 1
    health = [1000 * seconds for seconds in server.health_seconds]
    events = sum(len(execution.events) for execution in executions)
    lost = sum(
        event.get("lambdaFunctionFailedEventDetails", event.get("taskFailedEventDetails", {})).get("error")
        == "Lambda.SdkClientException"
        for execution in executions for event in execution.events
    )
    outcome = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
    print(f"  {rounds} kills in {seconds:.0f} s")
    print(f"  {len(acknowledged.starts)} executions acknowledged; {len(executions)} found: {outcome}")
    print(f"  {events} events, {len(acknowledged.histories)} histories read before a kill")
    print(f"  {len(calls)} calls of functions, {lost} lost with their server, {len(acknowledged.answers)} tokens answered")
    print(
        f"  healthy again after {min(health):.0f} ms at the least, {statistics.median(health):.0f} ms in the median,"
        f" {max(health):.0f} ms at the most"
    )
    print(f"  {len(violations)} violations")
    for violation in violations[:VIOLATIONS_SHOWN]:
        print(f"    {violation}")


if __name__ == "__main__":
    main()
