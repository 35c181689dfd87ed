"""Writes to the customer: a confirmation or a rejection."""

import ledger


class MailServerBusy(Exception):
    """A passing trouble; the workflow tries again."""


def handler(event, context):
    meta = event["meta"]
    ledger.call(meta, context)
    if meta["attempt"] < event.get("busyTimes", 0):
        raise MailServerBusy("421 too many connections")
    entry, _ = ledger.once(meta, "mail", to=event["to"], subject=event["subject"])
    return {"to": entry["to"], "subject": entry["subject"]}
