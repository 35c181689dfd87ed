"""Runs every path of every example on a real server.

    STEPWRIGHT_ENDPOINT=http://localhost:8083 pytest examples/test_examples.py

The server must host the functions of all four examples, and must have been started with
the same STEPWRIGHT_DEMO_LEDGER (or none) as these tests.
"""

import json
import os

import pytest

if not os.environ.get("STEPWRIGHT_ENDPOINT"):
    pytest.skip("STEPWRIGHT_ENDPOINT names no server", allow_module_level=True)

from support import Run, example_input, run

ORDER, SAGA, APPROVAL, FAN_OUT = "order-processing", "saga", "human-approval", "fan-out"


# --- order-processing


def test_a_good_order_is_paid_shipped_and_confirmed():
    order, told = run(ORDER, "good")
    assert told["status"] == "SUCCEEDED"
    output = told["output"]
    assert output["status"] == "COMPLETED"
    assert output["orderId"] == "o-1001"
    assert output["total"] == 2 * 4900 + 1250
    assert output["stockChecks"] == 1
    assert output["reference"].startswith("o-1001-")
    assert output["tracking"] == "T-" + output["reference"]
    assert output["receipt"].startswith("R-")
    assert output["message"] == "2 line(s) on the way with DHL"
    assert sorted(order.effects()) == ["charge", "mail", "shipment", "take-stock"]
    assert len(order.calls()) == 6
    steps = order.steps()
    assert steps[:6] == [
        "ValidateOrder", "PrepareOrder", "CheckInventory", "InStock?", "ChargePayment", "Fulfil",
    ]
    assert set(steps[6:9]) == {"UpdateInventory", "SendConfirmation", "ShipOrder"}
    assert steps[9:] == ["Summarise", "OrderCompleted"]


def test_the_history_of_a_good_order_names_both_lambda_forms_and_the_callback():
    order, _ = run(ORDER, "good")
    events = order.events()
    types = [event["type"] for event in events]
    assert types[:7] == [
        "ExecutionStarted", "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted",
        "LambdaFunctionSucceeded", "TaskStateExited", "PassStateEntered",
    ]
    assert types.count("TaskSubmitted") == 1
    submitted = next(event for event in events if event["type"] == "TaskSubmitted")
    assert submitted["taskSubmittedEventDetails"]["resource"] == "invoke.waitForTaskToken"
    assert json.loads(submitted["taskSubmittedEventDetails"]["output"])["Payload"] == {"accepted": True}
    scheduled = [
        event["taskScheduledEventDetails"] for event in events if event["type"] == "TaskScheduled"
    ]
    payment = next(s for s in scheduled if s["resource"] == "invoke.waitForTaskToken")
    assert (payment["timeoutInSeconds"], payment["heartbeatInSeconds"]) == (60, 20)
    assert types[-3:] == ["SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded"]
    assert "ParallelStateSucceeded" in types


def test_a_slow_carrier_only_takes_longer():
    order, told = run(ORDER, "slow")
    assert told["status"] == "SUCCEEDED"
    assert (told["stopDate"] - told["startDate"]).total_seconds() >= 2.5
    assert order.effects().count("shipment") == 1


def test_an_article_on_back_order_is_waited_for():
    order, told = run(ORDER, "back-order")
    assert told["status"] == "SUCCEEDED"
    assert told["output"]["stockChecks"] == 3
    assert order.steps().count("WaitForStock") == 2
    assert [call["visit"] for call in order.calls("CheckInventory")] == [1, 2, 3]


def test_an_order_that_never_comes_into_stock_is_rejected_after_the_last_check():
    order, told = run(ORDER, "out-of-stock")
    assert told["status"] == "FAILED"
    assert told["error"] == "OutOfStock"
    assert told["cause"] == 'Order o-1004: Still missing after 2 checks: ["SOFA-99"]'
    assert order.steps().count("WaitForStock") == 1
    assert order.effects() == ["mail"]
    assert order.steps()[-2:] == ["NotifyRejection", "OrderRejected"]


def test_a_declined_card_rejects_the_order_and_charges_nothing():
    order, told = run(ORDER, "declined")
    assert told["status"] == "FAILED"
    assert told["error"] == "PaymentDeclined"
    assert told["cause"] == "Order o-1005: The card was declined."
    assert order.effects() == ["mail"]
    failed = next(e for e in order.events() if e["type"] == "TaskFailed")
    assert failed["taskFailedEventDetails"]["error"] == "PaymentDeclined"
    assert "Fulfil" not in order.steps()


def test_a_busy_payment_provider_is_asked_again_with_a_new_token():
    order, told = run(ORDER, "provider-busy")
    assert told["status"] == "SUCCEEDED"
    assert [call["attempt"] for call in order.calls("ChargePayment")] == [0, 1]
    assert order.effects().count("charge") == 1
    tokens = {
        json.loads(event["taskScheduledEventDetails"]["parameters"])["Payload"]["taskToken"]
        for event in order.events()
        if event["type"] == "TaskScheduled"
        and event["taskScheduledEventDetails"]["resource"] == "invoke.waitForTaskToken"
    }
    assert len(tokens) == 2


def test_a_silent_payment_provider_times_out_and_nothing_needs_refunding():
    order, told = run(ORDER, "provider-silent")
    assert told["status"] == "FAILED"
    assert told["error"] == "PaymentTimedOut"
    assert "TaskTimedOut" in order.types()
    assert order.steps()[-4:] == [
        "PaymentTimedOut", "RefundPayment", "NotifyRejection", "OrderRejected",
    ]
    assert order.effects() == ["mail"]


def test_an_order_with_an_unknown_article_is_invalid():
    order, told = run(ORDER, "invalid")
    assert told["status"] == "FAILED"
    assert told["error"] == "InvalidOrder"
    assert told["cause"] == "there is no article UNICORN-1"
    assert order.steps() == ["ValidateOrder", "ReadValidationError", "OrderInvalid"]
    assert order.effects() == []


def test_passing_troubles_are_retried_until_they_pass():
    order, told = run(ORDER, "busy-services")
    assert told["status"] == "SUCCEEDED"
    assert [call["attempt"] for call in order.calls("ValidateOrder")] == [0, 1]
    assert [call["attempt"] for call in order.calls("SendConfirmation")] == [0, 1, 2]
    assert order.effects().count("mail") == 1
    assert order.types().count("LambdaFunctionFailed") == 1


def test_retries_end_and_an_uncaught_error_fails_the_execution():
    value = example_input(ORDER, "good")
    value["simulate"] = {"validationBusyTimes": 99}
    order, told = run(ORDER, value)
    assert told["status"] == "FAILED"
    assert told["error"] == "ServiceBusy"
    assert json.loads(told["cause"])["errorMessage"] == "the address service is busy"
    assert [call["attempt"] for call in order.calls()] == [0, 1, 2, 3]


def test_an_order_nobody_can_deliver_is_restocked_and_refunded():
    order, told = run(ORDER, "no-carrier")
    assert told["status"] == "FAILED"
    assert told["error"] == "FulfilmentFailed"
    assert "NoCarrier" in told["cause"]
    assert "ParallelStateFailed" in order.types()
    assert order.steps()[-5:] == [
        "FulfilmentFailed", "RestockInventory", "RefundPayment", "NotifyRejection", "OrderRejected",
    ]
    assert order.effects().count("charge") == order.effects().count("refund") == 1


# --- saga


def test_a_saga_without_trouble_sells():
    saga, told = run(SAGA, "sold")
    assert told["status"] == "SUCCEEDED"
    assert told["output"] == {
        "status": "SOLD", "saleId": "s-sold", "reservation": "res-s-sold",
        "receipt": "rcp-s-sold", "tracking": "trk-s-sold",
    }
    assert saga.effects() == ["reserve", "charge", "ship"]


@pytest.mark.parametrize("name, error, steps, effects", [
    ("reserve-refused", "OutOfStock", ["Reserve"], []),
    ("charge-refused", "CardDeclined", ["Reserve", "Charge", "ReleaseReservation"],
     ["reserve", "release"]),
    ("ship-refused", "NoCarrier", ["Reserve", "Charge", "Ship", "RefundCharge", "ReleaseReservation"],
     ["reserve", "charge", "refund", "release"]),
    ("reserve-lost", "AnswerLost", ["Reserve", "ReleaseReservation"], ["reserve", "release"]),
    ("charge-lost", "AnswerLost", ["Reserve", "Charge", "RefundCharge", "ReleaseReservation"],
     ["reserve", "charge", "refund", "release"]),
    ("ship-lost", "AnswerLost",
     ["Reserve", "Charge", "Ship", "CancelShipment", "RefundCharge", "ReleaseReservation"],
     ["reserve", "charge", "ship", "cancel-shipment", "refund", "release"]),
])
def test_a_failing_saga_undoes_its_steps_in_reverse(name, error, steps, effects):
    saga, told = run(SAGA, name)
    assert told["status"] == "FAILED"
    assert told["error"] == "SagaFailed"
    assert told["cause"] == f"Sale s-{name} was rolled back after {error}"
    assert saga.steps() == ["Defaults", "Begin", *steps, "SagaFailed"]
    assert saga.effects() == effects
    if name.endswith("-lost"):
        assert [call["attempt"] for call in saga.calls(steps[0] if name == "reserve-lost" else
                                                       name.split("-")[0].capitalize())] == [0, 1]
    else:
        saga.calls()


# --- human-approval


def test_a_small_purchase_needs_nobody():
    purchase, told = run(APPROVAL, "small")
    assert told["status"] == "SUCCEEDED"
    assert told["output"] == {"decision": "APPROVED", "reason": "policy: Below the limit."}
    assert "TaskSubmitted" not in purchase.types()


def test_a_manager_approves_by_token():
    purchase = waiting_purchase()
    purchase.sfn.send_task_success(
        taskToken=purchase.token(), output=json.dumps({"approver": "Linus", "comment": "Go."})
    )
    told = purchase.finish()
    assert told["status"] == "SUCCEEDED"
    assert told["output"] == {"decision": "APPROVED", "reason": "Linus: Go."}
    assert purchase.effects() == ["decision"]
    types = purchase.types()
    assert types.index("TaskSubmitted") < types.index("TaskSucceeded")


def test_a_manager_rejects_by_token():
    purchase = waiting_purchase()
    purchase.sfn.send_task_failure(taskToken=purchase.token(), error="Rejected", cause="Not now.")
    told = purchase.finish()
    assert (told["status"], told["error"], told["cause"]) == ("FAILED", "PurchaseRejected", "Not now.")
    assert "TaskFailed" in purchase.types()


def test_an_answered_token_cannot_be_answered_again():
    purchase = waiting_purchase()
    token = purchase.token()
    purchase.sfn.send_task_failure(taskToken=token, error="Rejected", cause="Not now.")
    purchase.finish()
    with pytest.raises((purchase.sfn.exceptions.TaskTimedOut, purchase.sfn.exceptions.TaskDoesNotExist)):
        purchase.sfn.send_task_success(taskToken=token, output="{}")
    assert purchase.effects() == ["decision"]


@pytest.mark.parametrize("name, status, error", [
    ("approved", "SUCCEEDED", None),
    ("rejected", "FAILED", "PurchaseRejected"),
    ("expired", "FAILED", "Purchase.EXPIRED"),
    ("board-approved", "SUCCEEDED", None),
    ("board-abandoned", "FAILED", "Purchase.ABANDONED"),
])
def test_every_shipped_approval_input_takes_its_path(name, status, error):
    purchase, told = run(APPROVAL, name)
    assert (told["status"], told.get("error")) == (status, error)
    assert purchase.effects() == ["decision"]
    timed_out = [e for e in purchase.events() if e["type"] == "TaskTimedOut"]
    assert len(timed_out) == (1 if name in ("expired", "board-abandoned") else 0)
    for event in timed_out:
        assert event["taskTimedOutEventDetails"]["error"] == "States.Timeout"


def waiting_purchase():
    return Run(APPROVAL, example_input(APPROVAL, "waiting"))


# --- fan-out


def test_a_basket_is_priced_in_the_order_of_its_lines():
    basket, told = run(FAN_OUT, "basket")
    assert told["status"] == "SUCCEEDED"
    amounts = [1710, 1300, 24900, 3870, 0, 7020, 1290]
    assert told["output"] == {
        "status": "PRICED", "basketId": "b-basket", "count": 7,
        "amounts": amounts, "total": sum(amounts),
    }
    assert len(basket.calls("PriceLine")) == 6
    assert open_iterations_at_most(basket.types()) == 3


def test_an_empty_basket_costs_nothing():
    basket, told = run(FAN_OUT, "empty")
    assert told["status"] == "SUCCEEDED"
    assert (told["output"]["count"], told["output"]["total"]) == (0, 0)
    assert "MapIterationStarted" not in basket.types()


def test_a_line_without_a_price_is_caught_by_the_map():
    basket, told = run(FAN_OUT, "unknown-article")
    assert told["status"] == "SUCCEEDED"
    assert told["output"] == {
        "status": "NEEDS_ATTENTION", "basketId": "b-unknown-article",
        "reason": "UnknownArticle: no price for UNOBTAINIUM",
    }
    types = basket.types()
    assert types.count("MapIterationFailed") == 1
    assert types.count("MapStateFailed") == 1
    assert basket.steps()[-2:] == ["ReadFailure", "NeedsAttention"]


def test_a_busy_price_service_is_retried_inside_the_iteration():
    basket, told = run(FAN_OUT, "busy-price-service")
    assert told["status"] == "SUCCEEDED"
    assert told["output"]["amounts"] == [190, 2580]
    first = [call["attempt"] for call in basket.calls("PriceLine") if call["visit"] == 1]
    assert first == [0, 1]
    assert basket.types().count("MapIterationStarted") == 2


def open_iterations_at_most(types):
    now = most = 0
    for type_ in types:
        now += (type_ == "MapIterationStarted") - (type_ == "MapIterationSucceeded")
        most = max(most, now)
    return most
