"""Says which articles of an order are not in stock at this check."""

import catalogue
import ledger


def handler(event, context):
    meta = event["meta"]
    ledger.call(meta, context)
    missing = [item["sku"] for item in event["items"] if not in_stock(item["sku"], event["check"])]
    return {"available": not missing, "missing": missing}


def in_stock(sku, check):
    restocked = catalogue.ARTICLES[sku]["restocked_on_check"]
    return restocked is not None and check >= restocked
