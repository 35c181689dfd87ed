"""Writes the decision into the books, once."""

import ledger


def handler(event, context):
    meta = event["meta"]
    ledger.call(meta, context)
    entry, _ = ledger.once(
        meta, "decision",
        requestId=event["requestId"], decision=event["decision"], reason=event["reason"],
    )
    return {"decision": entry["decision"]}
