"""Puts the articles of a sale aside."""

import faults
import ledger


class OutOfStock(faults.Refused):
    pass


def handler(event, context):
    meta = event["meta"]
    ledger.call(meta, context)
    faults.refuse(event, "reserve", OutOfStock, "nothing left on the shelf")
    entry, _ = ledger.once(meta, "reserve", saleId=event["saleId"])
    faults.lose_answer(event, "reserve")
    return {"reservation": "res-" + entry["saleId"]}
