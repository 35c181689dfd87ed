"""Takes the money for a sale."""

import faults
import ledger


class CardDeclined(faults.Refused):
    pass


def handler(event, context):
    meta = event["meta"]
    ledger.call(meta, context)
    faults.refuse(event, "charge", CardDeclined, "the card was declined")
    entry, _ = ledger.once(meta, "charge", amount=event["amount"])
    faults.lose_answer(event, "charge")
    return {"receipt": "rcp-" + event["saleId"], "amount": entry["amount"]}
