"""Real state machines: the longest that moto can serve run to their end against it, and every Resource of all is recognised.

By their states, longest first: quorum-with-parallel-pattern (33), bedrock-evaluations and sfn-rekognition-video-catalog, whose
operations moto does not have (CreateEvaluationJob, StartContentModeration), ship-order (18), idempotent-workflow (17).
"""

import json
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import boto3
import pytest

from corpus import ACCOUNT, PSEUDO, REGION, definition, documents, needs_corpus, walk
from server import Server, wait_until

ROLE = f"arn:aws:iam::{ACCOUNT}:role/e2e"
FUNCTIONS = {
    "mock-process": "def handler(event, context):\n    return {'done': event['uuid']}\n",
    "late-process": "import time\n\ndef handler(event, context):\n    time.sleep(20)\n",
    "customer-status": "def handler(event, context):\n    return {'status': 'fraudulent' if event['id'] == 'bad' else 'known'}\n",
    "reserve-product": "def handler(event, context):\n"
    "    return {'product_id': event['product_id'], 'reservation_status': 'reserved'}\n",
    "idempotency-config": "def handler(event, context):\n"
    "    return {**event, 'idempotencyConfig': {'idempotencyKey': event['key'], 'ttl': '4102444800'}}\n",
    "failure-inject": "def handler(event, context):\n"
    "    if event.get('fail'):\n        raise RuntimeError('injected')\n    return 'went well'\n",
}


@pytest.fixture(scope="module")
def moto():
    """The address of a moto server of our own."""
    pytest.importorskip("moto", reason="SKIPPED: moto is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"

    def answers():
        assert process.poll() is None, "moto did not start"
        try:
            return urllib.request.urlopen(f"{url}/moto-api/", timeout=5).status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    try:
        assert wait_until(answers, seconds=60)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture(scope="module")
def services(moto):
    """Clients of moto's services."""
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    return lambda name: boto3.client(name, endpoint_url=moto, region_name=REGION, **keys)


@pytest.fixture(scope="module")
def corpus_server(moto, tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    for name, code in FUNCTIONS.items():
        (folder / "functions" / name).mkdir(parents=True)
        (folder / "functions" / name / "handler.py").write_text(code)
        (folder / "functions" / name / "function.toml").write_text("timeout = 30\n")
    environment = {"AWS_ENDPOINT_URL": moto, "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": REGION}
    server = Server(folder / "data", folder / "functions", environment=environment).start()
    yield server
    assert server.stop() == 0, server.log.read_text()[-4000:]


@pytest.fixture(scope="module")
def run(corpus_server):
    """Runs a definition of the corpus to its end, and gives its description and the names of the states it entered."""
    sfn = corpus_server.client()

    def run(name, values, given):
        text = definition(name, values)
        machine = sfn.create_state_machine(name=f"m-{abs(hash(text))}", definition=text, roleArn=ROLE)["stateMachineArn"]
        execution = sfn.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]
        assert wait_until(lambda: sfn.describe_execution(executionArn=execution)["status"] != "RUNNING", seconds=60), "it still runs"
        pages = sfn.get_paginator("get_execution_history").paginate(executionArn=execution)
        events = [event for page in pages for event in page["events"]]
        entered = [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
        ended = sfn.describe_execution(executionArn=execution)
        return ended, entered, json.dumps(events, default=str)[-3000:]

    return run


def make_table(services, name):
    services("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


@needs_corpus
def test_quorum_with_parallel_pattern(services, run):
    values = {"DDBTable": make_table(services, "quorum"), "LambdaFunctionName": "mock-process"}
    ended, entered, events = run("quorum-with-parallel-pattern", values, {"quorum": 2})
    assert ended["status"] == "SUCCEEDED", events
    assert entered[-3:] == ["Next Step When Quorum is met", 'Update "Ran Out of time" to False (if needed)', "Get Process Completion Status"]
    item = json.loads(ended["output"])["Item"]
    assert item["timeout_occurred"] == {"BOOL": False} and item["failed_processes"] == {"L": []}
    assert len(item["successful_processes"]["L"]) >= 2

    # No process is done in time: its own time-out of five seconds ends the wait.
    ended, entered, events = run("quorum-with-parallel-pattern", {**values, "LambdaFunctionName": "late-process"}, {"quorum": 2})
    assert ended["status"] == "SUCCEEDED", events
    assert "Next Step if Process Ran out of time" in entered
    assert json.loads(ended["output"])["Item"]["timeout_occurred"] == {"BOOL": True}


@needs_corpus
def test_ship_order(services, run, corpus_server):
    topic = services("sns").create_topic(Name="new-orders")["TopicArn"]
    queue = services("sqs").create_queue(QueueName="package-and-ship")["QueueUrl"]
    services("events").create_event_bus(Name="orders")
    values = {
        "LambdaGetCustomerStatus": "customer-status", "LambdaReserveProduct": "reserve-product", "SnsNewOrderTopic": topic,
        "EventBusName": "orders", "PackageAndShipQueue": queue,
    }
    stop = threading.Event()

    def ship():
        """The warehouse: takes orders from the queue and answers with their tokens."""
        while not stop.is_set():
            for message in services("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []):
                order = json.loads(message["Body"])
                shipped = json.dumps({"shipped": [product["product_id"] for product in order["reservations"]]})
                corpus_server.client().send_task_success(taskToken=order["token"], output=shipped)
                services("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    def order(customer):
        products = [{"product_id": "p-1"}, {"product_id": "p-2"}]
        return {"detail-type": "OrderCreated", "detail": {"order_id": "o-1", "customer": {"id": customer}, "products": products}}

    warehouse = threading.Thread(target=ship)
    warehouse.start()
    try:
        ended, entered, events = run("ship-order", values, order("good"))
    finally:
        stop.set()
        warehouse.join()
    assert ended["status"] == "SUCCEEDED", events
    assert json.loads(ended["output"]) == {"shipped": ["p-1", "p-2"]}
    assert entered.count("Reserve Product") == 2 and entered[-1] == "Order Shipped Successfully"

    ended, entered, events = run("ship-order", values, order("bad"))
    assert (ended["status"], ended["error"]) == ("FAILED", "order_shipping_failed"), events
    assert entered[-2:] == ["Notify Fraudulent Customer", "Order Shipping Failed"]


@needs_corpus
def test_idempotent_workflow(services, run):
    values = {
        "DDBTable": make_table(services, "idempotency"),
        "IdempotencyConfigFunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:idempotency-config",
        "FailureInjectFunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:failure-inject",
        "DDBGetItem": "arn:aws:states:::dynamodb:getItem",
        "DDBUpdateItem": "arn:aws:states:::dynamodb:updateItem",
        "DDBTransactWriteItems": "arn:aws:states:::aws-sdk:dynamodb:transactWriteItems",
    }
    first, entered, events = run("idempotent-workflow", values, {"key": "one"})
    assert first["status"] == "SUCCEEDED", events
    assert "Save execution results" in entered
    results = json.loads(first["output"])
    assert results["step4"] == {"result": "Output of step 4"} and results["randomFailureFunc"] == "went well"

    # The same again is not done again: DynamoDB refuses the lock, and the results come from the table.
    again, entered, events = run("idempotent-workflow", values, {"key": "one"})
    assert again["status"] == "SUCCEEDED", events
    assert "De-serialize previous results" in entered and "Your Workflow" not in entered
    assert json.loads(again["output"]) == results

    failed, entered, events = run("idempotent-workflow", values, {"key": "two", "fail": True})
    assert (failed["status"], failed["error"]) == ("FAILED", "ChildWorkflowException"), events
    assert entered[-2:] == ["Save failure", "Failure"]
    record = services("dynamodb").get_item(TableName="idempotency", Key={"id": {"S": "two"}})["Item"]
    assert record["executionstatus"] == {"S": "FAILED"}


# Placeholders that stand for a whole Resource and that no template of the corpus fills; all others are functions.
ACTIONS = {
    "SNSTopicPublishAction": "arn:aws:states:::sns:publish",
    "SQSSendMessageAction": "arn:aws:states:::sqs:sendMessage",
    "LambdaActionAction": "arn:aws:states:::lambda:invoke",
    "ActivityArn": f"arn:aws:states:{REGION}:{ACCOUNT}:activity:work",
}


def fill(text, values):
    return re.sub(r"\$\{([^}]+)\}", lambda found: values.get(found[1], found[0]), text)


def resources():
    """Every Resource of a Task in the corpus, filled, with a document that it is in."""
    templates = documents("sam")
    values = dict(ACTIONS)
    for one in walk(list(templates.values())):
        for name, value in (one.get("DefinitionSubstitutions") or {}).items():
            if isinstance(value, str) and value.startswith("arn:"):
                values[name] = fill(value, PSEUDO)
    found = {}
    for name, document in {**documents("asl"), **templates}.items():
        for one in walk(document):
            resource = one.get("Resource")
            if one.get("Type") == "Task" and isinstance(resource, str):
                filled = fill(fill(resource, values), PSEUDO)
                function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:any"
                filled = function if re.fullmatch(r"\$\{[^}]+\}|[A-Za-z0-9]+\.Arn", filled) else filled
                found.setdefault(filled, name)
    return found


@needs_corpus
def test_every_resource_of_the_corpus_is_recognised(sfn):
    def complaints(resource):
        state = {"Type": "Task", "Resource": resource, "Parameters": {}, "End": True}
        checked = sfn.validate_state_machine_definition(definition=json.dumps({"StartAt": "A", "States": {"A": state}}))
        assert not checked["truncated"]
        return [one["message"] for one in checked["diagnostics"] if re.search("resource", one["message"], re.IGNORECASE)]

    assert complaints("arn:aws:states:::nosuch:thing"), "what is none is told"
    found = resources()
    assert len(found) > 90, sorted(found)
    wrong = {resource: (name, complaints(resource)) for resource, name in found.items()}
    assert {resource: why for resource, why in wrong.items() if why[1]} == {}
