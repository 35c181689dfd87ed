"""Books the carrier for a sale."""

import faults
import ledger


class NoCarrier(faults.Refused):
    pass


def handler(event, context):
    meta = event["meta"]
    ledger.call(meta, context)
    faults.refuse(event, "ship", NoCarrier, "no carrier delivers there")
    ledger.once(meta, "ship", saleId=event["saleId"])
    faults.lose_answer(event, "ship")
    return {"tracking": "trk-" + event["saleId"]}
