"""Checks an order and fills in what it leaves open."""

import catalogue
import ledger


class ValidationError(Exception):
    """The order can never work as it is; trying again does not help."""


class ServiceBusy(Exception):
    """A passing trouble; the workflow tries again."""


def handler(event, context):
    meta, order = event["meta"], event["order"]
    ledger.call(meta, context)
    simulate = order.get("simulate", {})
    if meta["attempt"] < simulate.get("validationBusyTimes", 0):
        raise ServiceBusy("the address service is busy")
    items = checked_items(order.get("items"))
    for name in ("orderId", "card"):
        if not order.get(name):
            raise ValidationError(f"{name} is missing")
    customer = order.get("customer") or {}
    if "@" not in customer.get("email", ""):
        raise ValidationError("customer.email is not an address")
    back_order = order.get("backOrder", {})
    payment = order.get("payment", {})
    return {
        "orderId": order["orderId"],
        "customer": customer,
        "items": items,
        "total": sum(item["quantity"] * item["price"] for item in items),
        "card": order["card"],
        "country": order.get("country", "DE"),
        "backOrder": {
            "waitSeconds": back_order.get("waitSeconds", 2),
            "maxChecks": back_order.get("maxChecks", 3),
        },
        "payment": {
            "timeoutSeconds": payment.get("timeoutSeconds", 60),
            "heartbeatSeconds": payment.get("heartbeatSeconds", 20),
        },
        "simulate": {
            "paymentSeconds": simulate.get("paymentSeconds", 0.2),
            "shippingSeconds": simulate.get("shippingSeconds", 0),
            "mailBusyTimes": simulate.get("mailBusyTimes", 0),
        },
    }


def checked_items(items):
    if not items:
        raise ValidationError("an order needs at least one item")
    checked = []
    for item in items:
        article = catalogue.ARTICLES.get(item.get("sku"))
        quantity = item.get("quantity")
        if article is None:
            raise ValidationError(f"there is no article {item.get('sku')}")
        if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 1:
            raise ValidationError(f"the quantity of {item['sku']} must be a whole number from 1")
        checked.append({"sku": item["sku"], "quantity": quantity, "price": article["price"]})
    return checked
