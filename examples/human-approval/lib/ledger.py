"""The books of the example: what was really done, and which calls were made.

Two append-only files of JSON lines:

    $STEPWRIGHT_DEMO_LEDGER          one line per effect (a charge, a shipment, a mail)
    $STEPWRIGHT_DEMO_LEDGER.calls    one line per invocation of a function

Without the variable they lie in the system's temporary folder. Every effect has an
idempotency key made of the execution's ARN and the name of the step, so a second
attempt of the same step finds the first one's line and does nothing. That is what a
workflow engine needs from the functions it calls: a lost answer may be asked for again.
"""

import fcntl
import json
import os
import tempfile
import time


def path():
    """The effects file; the calls file has the same name and ends in `.calls`."""
    default = os.path.join(tempfile.gettempdir(), "stepwright-demo-ledger.jsonl")
    return os.environ.get("STEPWRIGHT_DEMO_LEDGER") or default


def call(meta, context=None):
    """Notes one invocation. `meta` is what every definition sends: executionId, step, attempt, visit."""
    _append(path() + ".calls", {
        "execution": meta["executionId"],
        "step": meta["step"],
        "visit": meta.get("visit", 0),
        "attempt": meta["attempt"],
        "requestId": getattr(context, "aws_request_id", None),
        "at": time.time(),
    })


def once(meta, effect, **details):
    """Does an effect unless this step of this execution did it before.

    Returns `(entry, is_new)`; on a repetition `entry` is the first one, unchanged.
    """
    key = effect_key(meta, effect)
    entry = {
        "key": key,
        "effect": effect,
        "execution": meta["executionId"],
        "step": meta["step"],
        "attempt": meta["attempt"],
        "at": time.time(),
        **details,
    }
    with _locked(path()) as file:
        for known in _entries(file):
            if known.get("key") == key:
                return known, False
        _write(file, entry)
    return entry, True


def find(meta, effect):
    """The entry of an effect that an earlier step of this execution did, or None."""
    if not os.path.exists(path()):
        return None
    with _locked(path()) as file:
        for known in _entries(file):
            if known.get("effect") == effect and known.get("execution") == meta["executionId"]:
                return known
    return None


def effect_key(meta, effect):
    """One key per effect, step and visit of one execution; the attempt is no part of it."""
    return "/".join([meta["executionId"], meta["step"], str(meta.get("visit", 0)), effect])


def append(suffix, entry):
    """Adds a line to a side file of the ledger, such as `.tokens`."""
    _append(path() + suffix, entry)


def _append(name, entry):
    with _locked(name) as file:
        _write(file, entry)


def _locked(name):
    # The lock goes with the file: closing it at the end of `with` lets the next one in.
    file = open(name, "a+b")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def _entries(file):
    file.seek(0)
    for line in file:
        try:
            yield json.loads(line)
        except ValueError:
            continue  # a line torn by a crash: it never counted


def _write(file, entry):
    file.seek(0, os.SEEK_END)
    if file.tell() > 0:
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.write(b"\n")
    file.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")
    file.flush()
    os.fsync(file.fileno())
