"""Calls every handler directly, without a server, and checks what it answers and does."""

import http.server
import importlib.util
import json
import sys
import threading
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SHARED = ("ledger", "callback", "catalogue", "faults")


@pytest.fixture(autouse=True)
def books(tmp_path, monkeypatch):
    path = tmp_path / "ledger.jsonl"
    monkeypatch.setenv("STEPWRIGHT_DEMO_LEDGER", str(path))
    return path


def load(project, function):
    """Imports one handler with its own neighbours, as the runtime of a function does."""
    folder = HERE / project / "functions" / function
    for name in SHARED:
        sys.modules.pop(name, None)
    sys.path.insert(0, str(folder))
    try:
        spec = importlib.util.spec_from_file_location(function.replace("-", "_"), folder / "handler.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module


def meta(step="Step", attempt=0, execution="arn:execution:1", **more):
    return {"executionId": execution, "step": step, "attempt": attempt, **more}


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def order(name="good"):
    return json.loads((HERE / "order-processing" / "inputs" / f"{name}.json").read_text())


# --- the ledger


def test_a_second_attempt_finds_the_effect_of_the_first(books):
    ledger = load("order-processing", "ship-order").ledger
    first, new = ledger.once(meta(attempt=0), "shipment", tracking="T-1")
    again, repeated = ledger.once(meta(attempt=1), "shipment", tracking="T-2")
    assert (new, repeated) == (True, False)
    assert again == first
    assert len(lines(books)) == 1


def test_other_steps_visits_and_executions_have_effects_of_their_own(books):
    ledger = load("order-processing", "ship-order").ledger
    for one in (meta(), meta(step="Other"), meta(visit=1), meta(execution="arn:execution:2")):
        assert ledger.once(one, "shipment")[1]
    assert len(lines(books)) == 4


def test_a_line_torn_by_a_crash_is_passed_over(books):
    ledger = load("order-processing", "ship-order").ledger
    books.write_text('{"key":"arn:exec')
    assert ledger.once(meta(), "shipment")[1]
    assert not ledger.once(meta(), "shipment")[1]


def test_racing_attempts_do_the_effect_once(books):
    ledger = load("order-processing", "ship-order").ledger
    news = []
    racers = [
        threading.Thread(target=lambda n=n: news.append(ledger.once(meta(attempt=n), "shipment")[1]))
        for n in range(16)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert news.count(True) == 1
    assert len(lines(books)) == 1


def test_every_invocation_is_noted_with_its_attempt(books):
    handler = load("fan-out", "sum-lines").handler
    handler({"lines": [], "meta": meta(attempt=2)}, None)
    [call] = lines(books.with_name("ledger.jsonl.calls"))
    assert (call["execution"], call["step"], call["visit"], call["attempt"]) == (
        "arn:execution:1", "Step", 0, 2)


@pytest.mark.parametrize("module", ["ledger", "callback"])
def test_the_projects_carry_the_same_shared_module(module):
    copies = [path.read_text() for path in HERE.glob(f"*/lib/{module}.py")]
    assert len(copies) >= 2
    assert len(set(copies)) == 1


# --- order-processing


def test_validation_fills_in_prices_and_defaults():
    handler = load("order-processing", "validate-order").handler
    checked = handler({"order": order(), "meta": meta()}, None)
    assert checked["total"] == 11050
    assert checked["items"][0] == {"sku": "LAMP-01", "quantity": 2, "price": 4900}
    assert checked["backOrder"] == {"waitSeconds": 2, "maxChecks": 3}


@pytest.mark.parametrize("change, message", [
    ({"items": []}, "at least one item"),
    ({"items": [{"sku": "NOPE", "quantity": 1}]}, "no article NOPE"),
    ({"items": [{"sku": "MUG-02", "quantity": 0}]}, "quantity of MUG-02"),
    ({"items": [{"sku": "MUG-02", "quantity": True}]}, "quantity of MUG-02"),
    ({"orderId": ""}, "orderId is missing"),
    ({"card": None}, "card is missing"),
    ({"customer": {"email": "nobody"}}, "not an address"),
])
def test_validation_refuses_what_cannot_work(change, message):
    module = load("order-processing", "validate-order")
    with pytest.raises(module.ValidationError, match=message):
        module.handler({"order": {**order(), **change}, "meta": meta()}, None)


def test_validation_is_busy_as_often_as_asked():
    module = load("order-processing", "validate-order")
    event = {"order": order("busy-services"), "meta": meta(attempt=0)}
    with pytest.raises(module.ServiceBusy):
        module.handler(event, None)
    event["meta"] = meta(attempt=1)
    assert module.handler(event, None)["orderId"] == "o-1009"


@pytest.mark.parametrize("sku, check, missing", [
    ("LAMP-01", 1, []), ("CHAIR-07", 2, ["CHAIR-07"]), ("CHAIR-07", 3, []), ("SOFA-99", 9, ["SOFA-99"]),
])
def test_stock_depends_on_the_check(sku, check, missing):
    handler = load("order-processing", "check-inventory").handler
    answer = handler({"items": [{"sku": sku, "quantity": 1}], "check": check, "meta": meta()}, None)
    assert answer == {"available": not missing, "missing": missing}


def test_shipping_twice_ships_once(books):
    handler = load("order-processing", "ship-order").handler
    event = {"country": "DE", "reference": "o-1-abc", "seconds": 0, "meta": meta()}
    first = handler(event, None)
    second = handler({**event, "meta": meta(attempt=1)}, None)
    assert first == second == {"carrier": "DHL", "tracking": "T-o-1-abc"}
    assert [entry["effect"] for entry in lines(books)] == ["shipment"]


def test_nobody_ships_to_the_pole(books):
    module = load("order-processing", "ship-order")
    with pytest.raises(module.NoCarrier):
        module.handler({"country": "AQ", "reference": "r", "seconds": 0, "meta": meta()}, None)
    assert lines(books) == []


def test_stock_is_taken_once_and_put_back_only_when_taken(books):
    handler = load("order-processing", "update-inventory").handler
    restock = {"action": "restock", "meta": meta(step="Restock")}
    assert handler(restock, None) == {"restocked": []}
    items = [{"sku": "MUG-02", "quantity": 3, "price": 1250}]
    taken = {"action": "take", "items": items, "meta": meta(step="Take")}
    assert handler(taken, None) == {"taken": [{"sku": "MUG-02", "quantity": 3}]}
    assert handler(restock, None) == {"restocked": [{"sku": "MUG-02", "quantity": 3}]}
    assert [entry["effect"] for entry in lines(books)] == ["take-stock", "restock"]


def test_only_money_that_was_taken_is_refunded():
    module = load("order-processing", "refund-payment")
    event = {"meta": meta(step="Refund")}
    assert module.handler(event, None) == {"refunded": 0}
    module.ledger.once(meta(step="Charge"), "charge", amount=700, receipt="R-1")
    assert module.handler(event, None) == {"refunded": 700}


def test_a_busy_mail_server_passes(books):
    module = load("order-processing", "notify-customer")
    event = {"to": "a@b", "subject": "Hello", "busyTimes": 1, "meta": meta()}
    with pytest.raises(module.MailServerBusy):
        module.handler(event, None)
    assert module.handler({**event, "meta": meta(attempt=1)}, None)["to"] == "a@b"
    assert len(lines(books)) == 1


# --- the callback


class Api(http.server.ThreadingHTTPServer):
    """A Step Functions endpoint that only notes what it is sent."""

    def __init__(self, refusals=0):
        super().__init__(("127.0.0.1", 0), Answer)
        self.received, self.arrived, self.refusals = [], threading.Condition(), refusals

    def wait_for(self, count):
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.received) >= count, timeout=20), self.received
        return self.received


class Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.arrived:
            self.server.received.append((self.headers["X-Amz-Target"].split(".")[1], body))
            busy = len(self.server.received) <= self.server.refusals
            self.server.arrived.notify_all()
        self.send_response(503 if busy else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


@pytest.fixture
def api(monkeypatch, request):
    server = Api(*getattr(request, "param", []))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.delenv("AWS_ENDPOINT_URL_SFN", raising=False)
    yield server
    server.shutdown()
    server.server_close()


def payment(card, attempt=0):
    return {"taskToken": "token-1", "amount": 500, "card": card, "seconds": 0.1,
            "idempotencyKey": "0123456789abcdef", "meta": meta(step="ChargePayment", attempt=attempt)}


def test_an_approved_card_is_charged_and_answers_later(api, books):
    handler = load("order-processing", "charge-payment").handler
    assert handler(payment("4242 4242 4242 4242"), None) == {"accepted": True}
    (first, _), (second, body) = api.wait_for(2)
    assert (first, second) == ("SendTaskHeartbeat", "SendTaskSuccess")
    assert body["taskToken"] == "token-1"
    assert json.loads(body["output"]) == {
        "receipt": "R-0123456789ab", "amount": 500, "cardEnding": "4242"}
    assert [entry["effect"] for entry in lines(books)] == ["charge"]


@pytest.mark.parametrize("card, error", [
    ("4000000000000002", "PaymentDeclined"),
    ("4000000000009995", "PaymentDeclined"),
    ("4000000000000119", "PaymentProviderBusy"),
])
def test_a_refused_card_fails_the_task_and_is_not_charged(api, books, card, error):
    load("order-processing", "charge-payment").handler(payment(card), None)
    operation, body = api.wait_for(2)[1]
    assert (operation, body["error"]) == ("SendTaskFailure", error)
    assert lines(books) == []


def test_a_retried_payment_answers_the_new_token_and_charges_once(api, books):
    handler = load("order-processing", "charge-payment").handler
    handler(payment("4242424242424242"), None)
    handler({**payment("4242424242424242", attempt=1), "taskToken": "token-2"}, None)
    answered = {body["taskToken"] for operation, body in api.wait_for(4) if operation == "SendTaskSuccess"}
    assert answered == {"token-1", "token-2"}
    assert len(lines(books)) == 1


@pytest.mark.parametrize("api", [[2]], indirect=True)
def test_the_callback_is_patient_with_a_server_in_trouble(api):
    load("order-processing", "charge-payment").handler(payment("4242424242424242"), None)
    operations = [operation for operation, _ in api.wait_for(4)]
    assert operations == ["SendTaskHeartbeat"] * 3 + ["SendTaskSuccess"]


def test_a_callback_without_an_endpoint_says_so(monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL_SFN", raising=False)
    handler = load("order-processing", "charge-payment").handler
    with pytest.raises(RuntimeError, match="AWS_ENDPOINT_URL"):
        handler(payment("4242424242424242"), None)


# --- human-approval


def test_asking_keeps_the_token_for_the_approver(books):
    handler = load("human-approval", "approval-ask").handler
    request = {"requestId": "p-1", "simulate": {}}
    handler({"taskToken": "token-9", "request": request, "asked": "manager", "meta": meta()}, None)
    [kept] = lines(books.with_name("ledger.jsonl.tokens"))
    assert (kept["token"], kept["requestId"], kept["asked"]) == ("token-9", "p-1", "manager")


@pytest.mark.parametrize("decision, operation", [
    ("approve", "SendTaskSuccess"), ("reject", "SendTaskFailure"),
])
def test_a_simulated_person_answers(api, decision, operation):
    handler = load("human-approval", "approval-ask").handler
    simulate = {"heartbeats": 1, "everySeconds": 0, "decision": decision, "afterSeconds": 0}
    request = {"requestId": "p-1", "simulate": simulate}
    handler({"taskToken": "t", "request": request, "asked": "board", "meta": meta()}, None)
    assert [sent for sent, _ in api.wait_for(2)] == ["SendTaskHeartbeat", operation]


def test_a_decision_is_recorded_once(books):
    handler = load("human-approval", "approval-record").handler
    event = {"requestId": "p-1", "decision": "APPROVED", "reason": "Go."}
    for attempt in (0, 1):
        assert handler({**event, "meta": meta(attempt=attempt)}, None) == {"decision": "APPROVED"}
    assert len(lines(books)) == 1


# --- saga


@pytest.mark.parametrize("step, refusal", [
    ("reserve", "OutOfStock"), ("charge", "CardDeclined"), ("ship", "NoCarrier"),
])
def test_a_step_refuses_without_effect_or_loses_its_answer_after_it(books, step, refusal):
    module = load("saga", f"saga-{step}")
    event = {"saleId": "s-1", "amount": 900, "failAt": step, "failHow": "refused", "meta": meta()}
    with pytest.raises(getattr(module, refusal)):
        module.handler(event, None)
    assert lines(books) == []
    for attempt in (0, 1):
        with pytest.raises(module.faults.AnswerLost):
            module.handler({**event, "failHow": "lost", "meta": meta(attempt=attempt)}, None)
    assert [entry["effect"] for entry in lines(books)] == [step]
    assert module.handler({**event, "failAt": "none"}, None)


@pytest.mark.parametrize("undo, done", [
    ("release", "reserve"), ("refund", "charge"), ("cancel-shipment", "ship"),
])
def test_a_compensation_undoes_only_what_was_done(books, undo, done):
    module = load("saga", f"saga-{undo}")
    event = {"meta": meta(step="Undo")}
    assert module.handler(event, None) == {"undone": False}
    module.ledger.once(meta(step="Do"), done)
    assert module.handler(event, None) == {"undone": True}
    assert module.handler(event, None) == {"undone": True}
    assert [entry["effect"] for entry in lines(books)] == [done, undo]


# --- fan-out


@pytest.mark.parametrize("article, quantity, amount", [("PEN", 9, 1710), ("PEN", 10, 1710), ("DESK", 1, 24900)])
def test_a_line_costs_a_tenth_less_from_ten_pieces_on(article, quantity, amount):
    handler = load("fan-out", "price-line").handler
    line = {"article": article, "quantity": quantity}
    answer = handler({"line": line, "number": 4, "meta": meta()}, None)
    assert answer == {"line": 4, "article": article, "amount": amount}


def test_a_line_without_a_price_is_an_error():
    module = load("fan-out", "price-line")
    with pytest.raises(module.UnknownArticle, match="X"):
        module.handler({"line": {"article": "X", "quantity": 1}, "number": 1, "meta": meta()}, None)


def test_the_sum_of_nothing_is_zero():
    handler = load("fan-out", "sum-lines").handler
    assert handler({"lines": [], "meta": meta()}, None) == {"total": 0}
    assert handler({"lines": [{"amount": 2}, {"amount": 3}], "meta": meta()}, None) == {"total": 5}
