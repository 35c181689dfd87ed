"""A payment provider that takes the request now and answers the task token later.

The card's number decides, as with the test cards of real providers:

    4242 4242 4242 4242   approved
    4000 0000 0000 0002   declined
    4000 0000 0000 9995   declined, insufficient funds
    4000 0000 0000 0119   the provider is busy at the first attempt, then approves
    4000 0000 0000 0259   the provider never answers
"""

import callback
import ledger

DECLINED = {
    "4000000000000002": "The card was declined.",
    "4000000000009995": "The card has insufficient funds.",
}
BUSY_FIRST = "4000000000000119"
SILENT = "4000000000000259"


def handler(event, context):
    meta, card = event["meta"], event["card"].replace(" ", "")
    ledger.call(meta, context)
    if card != SILENT:
        seconds = event["seconds"]
        # A long check keeps the task alive: a heartbeat half-way, then the answer.
        callback.later(event["taskToken"], [
            {"after": seconds / 2, "send": "heartbeat"},
            {"after": seconds / 2, **answer(event, meta, card)},
        ])
    return {"accepted": True}


def answer(event, meta, card):
    if card in DECLINED:
        return {"send": "failure", "error": "PaymentDeclined", "cause": DECLINED[card]}
    if card == BUSY_FIRST and meta["attempt"] == 0:
        return {"send": "failure", "error": "PaymentProviderBusy", "cause": "Try again in a moment."}
    charge, _ = ledger.once(
        meta, "charge", amount=event["amount"], receipt="R-" + event["idempotencyKey"][:12]
    )
    return {"send": "success", "output": {
        "receipt": charge["receipt"], "amount": charge["amount"], "cardEnding": card[-4:],
    }}
