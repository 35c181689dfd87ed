"""Takes the ordered articles out of the stock, or puts them back."""

import ledger


def handler(event, context):
    meta = event["meta"]
    ledger.call(meta, context)
    if event["action"] == "restock":
        taken = ledger.find(meta, "take-stock")
        if taken is None:
            return {"restocked": []}  # nothing had been taken yet
        entry, _ = ledger.once(meta, "restock", items=taken["items"])
        return {"restocked": entry["items"]}
    items = [{"sku": item["sku"], "quantity": item["quantity"]} for item in event["items"]]
    entry, _ = ledger.once(meta, "take-stock", items=items)
    return {"taken": entry["items"]}
