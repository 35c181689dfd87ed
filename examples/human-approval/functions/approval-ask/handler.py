"""Asks a person: keeps the task token where the approver's tool finds it.

A real one would send a mail with two links. This one appends a line to
`$STEPWRIGHT_DEMO_LEDGER.tokens`. With `simulate` in the request somebody answers by
themselves after a while, so that the example runs without a second terminal.
"""

import time

import callback
import ledger


def handler(event, context):
    meta, request = event["meta"], event["request"]
    ledger.call(meta, context)
    ledger.append(".tokens", {
        "execution": meta["executionId"],
        "attempt": meta["attempt"],
        "requestId": request["requestId"],
        "asked": event["asked"],
        "token": event["taskToken"],
        "at": time.time(),
    })
    steps = simulated_steps(request["simulate"])
    if steps:
        callback.later(event["taskToken"], steps)
    return {"asked": event["asked"]}


def simulated_steps(simulate):
    every = simulate.get("everySeconds", 0.5)
    steps = [{"after": every, "send": "heartbeat"}] * simulate.get("heartbeats", 0)
    decision = simulate.get("decision")
    after = simulate.get("afterSeconds", 0.5)
    if decision == "approve":
        output = {"approver": "Grace", "comment": "Fine with me."}
        return steps + [{"after": after, "send": "success", "output": output}]
    if decision == "reject":
        return steps + [{"after": after, "send": "failure", "error": "Rejected", "cause": "Too expensive."}]
    return steps
