"""The clients: they start executions, answer tokens and read histories, and remember what they were told."""

import json
import os
import threading

from server import Client, Lost, Refusal
from workflows import sample_input

SAMPLES_KEPT = 400


class Acknowledged:
    """What the server has promised, by execution ARN. Shared by all clients."""

    def __init__(self):
        self.lock = threading.Lock()
        # ARN: the machine's name, the input, and when it started (None where only its existence is known).
        self.starts = {}
        # Token: execution ARN and the answer that was taken.
        self.answers = {}
        # ARN: the longest history that was read while the server could still be killed.
        self.histories = {}
        self.violations = []

    def violation(self, text):
        with self.lock:
            self.violations.append(text)


class Load:
    """Clients in threads, that wait while the server is down."""

    def __init__(self, port, machines, acknowledged, rng, tokens):
        self.port, self.machines, self.acknowledged, self.tokens = port, machines, acknowledged, tokens
        self.is_up, self.starts_end, self.ends = threading.Event(), threading.Event(), threading.Event()
        # Executions that may still be started in this round.
        self.allowed = threading.Semaphore(0)
        seeds = [rng.random() for _ in range(4)]
        self.starters = [self._thread(lambda seed=seed, i=i: self._start(i, seed)) for i, seed in enumerate(seeds)]
        self.others = [self._thread(self._answer), self._thread(self._read)]

    def begin(self):
        for thread in self.starters + self.others:
            thread.start()

    def allow(self, count):
        if count > 0:
            self.allowed.release(count)

    def open_count(self):
        """Executions that run; called while the server is up."""
        client = Client(self.port)
        pages = [
            client.call("ListExecutions", stateMachineArn=arn, maxResults=1000, statusFilter="RUNNING")
            for arn in self.machines.values()
        ]
        client.close()
        return sum(len(page["executions"]) for page in pages)

    def end_starts(self):
        self.starts_end.set()
        self._join(self.starters)

    def end(self):
        self.end_starts()
        self.ends.set()
        self._join(self.others)

    def _join(self, threads):
        for thread in threads:
            thread.join(timeout=60)
            if thread.is_alive():
                self.acknowledged.violation("a client still waits for an answer after a minute")

    def _thread(self, body):
        def run():
            try:
                body()
            except Exception as error:  # a client that is gone must not look like one with nothing to say
                self.acknowledged.violation(f"a client ended: {error!r}")
                raise

        return threading.Thread(target=run, daemon=True)

    def _start(self, index, seed):
        """Starts executions of each machine in turn, under names of its own."""
        client, names = Client(self.port), list(self.machines)
        number = 0
        while not self.starts_end.is_set():
            self.is_up.wait()
            if self.allowed.acquire(timeout=0.1):
                number += 1
                # Nobody knows whether a start without an answer began. Every other one is asked for again, as SDKs do.
                asks_again = number % 2 == 0
                self._start_one(client, names[(index + number) % len(names)], f"e{index}-{number}", asks_again)
                self.starts_end.wait(0.01 + 0.04 * ((seed * number * 7919) % 1))

    def _start_one(self, client, machine, name, asks_again):
        arn, text, is_repeated = self.machines[machine], sample_input(name), False
        while not self.starts_end.is_set():
            self.is_up.wait()
            try:
                started = client.call("StartExecution", stateMachineArn=arn, name=name, input=text)
            except Lost:
                if not asks_again:
                    return
                is_repeated = True
                self.starts_end.wait(0.02)
                continue
            except Refusal as refusal:
                if refusal.name != "ExecutionAlreadyExists" or not is_repeated:
                    self.acknowledged.violation(str(refusal))
                    return
                started = {"executionArn": execution_arn(arn, name), "startDate": None}
            with self.acknowledged.lock:
                self.acknowledged.starts[started["executionArn"]] = (machine, text, started["startDate"])
            return

    def _answer(self):
        """Answers every token that a function wrote down, until the answer is taken or the token is out of date."""
        client, position, waiting = Client(self.port), 0, []
        while True:
            lines, position = read_lines(self.tokens, position)
            waiting += lines
            if self.ends.is_set() and not waiting:
                return
            left = []
            for line in waiting:
                self.is_up.wait()
                answer = json.dumps({"answered": line["token"][-16:]})
                try:
                    client.call("SendTaskSuccess", taskToken=line["token"], output=answer)
                    with self.acknowledged.lock:
                        self.acknowledged.answers[line["token"]] = (line["execution"], answer)
                except Lost:
                    left.append(line)
                except Refusal as refusal:
                    # Answered before by a call whose own answer was lost, or retried since.
                    if refusal.name != "TaskTimedOut":
                        self.acknowledged.violation(f"{refusal} ({line['execution']})")
            waiting = left
            threading.Event().wait(0.02)

    def _read(self):
        """Reads histories while the server may die at any moment: what was shown once must stay."""
        client, turn = Client(self.port), 0
        while not self.ends.is_set():
            self.is_up.wait()
            with self.acknowledged.lock:
                arns = list(self.acknowledged.starts)[-40:]
                has_room = len(self.acknowledged.histories) < SAMPLES_KEPT
            arns = [arn for arn in arns if has_room or arn in self.acknowledged.histories]
            turn += 1
            if arns:
                arn = arns[turn * 7 % len(arns)]
                try:
                    events = client.history(arn)
                    with self.acknowledged.lock:
                        self.acknowledged.histories[arn] = events
                except Lost:
                    pass
                except Refusal as refusal:
                    self.acknowledged.violation(f"an acknowledged execution is gone: {refusal}")
            self.ends.wait(0.03)


def execution_arn(machine, name):
    return machine.replace(":stateMachine:", ":execution:") + ":" + name


def read_lines(path, position=0):
    """The whole lines from a position on, and the position behind them."""
    if not os.path.exists(path):
        return [], position
    with open(path, "rb") as file:
        file.seek(position)
        data = file.read()
    whole = data[: data.rfind(b"\n") + 1]
    return [json.loads(line) for line in whole.splitlines()], position + len(whole)
