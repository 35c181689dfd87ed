"""Gives the money back, if any was taken."""

import ledger


def handler(event, context):
    meta = event["meta"]
    ledger.call(meta, context)
    charge = ledger.find(meta, "charge")
    if charge is None:
        return {"refunded": 0}
    entry, _ = ledger.once(meta, "refund", amount=charge["amount"], receipt=charge["receipt"])
    return {"refunded": entry["amount"]}
