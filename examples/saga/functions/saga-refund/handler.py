"""Gives the money back, if that step was ever done: a compensation must be safe to call always."""

import ledger


def handler(event, context):
    meta = event["meta"]
    ledger.call(meta, context)
    done = ledger.find(meta, "charge")
    if done is None:
        return {"undone": False}
    ledger.once(meta, "refund", undoes=done["key"])
    return {"undone": True}
