"""HTTP Tasks: requests to any address, with what an EventBridge connection adds, and how TestState shows them."""

import http.server
import json
import threading

import pytest
from conftest import ROLE
from server import Server

CONNECTION = "arn:aws:events:us-east-1:000000000000:connection/shop/0a1b"
SECRET = {
    "username": "u", "password": "p",
    "invocation_http_parameters": {
        "header_parameters": [{"key": "x-secret", "value": "hidden", "is_value_secret": True}],
        "query_string_parameters": [{"key": "token", "value": "t t"}],
        "body_parameters": [{"key": "from", "value": "connection"}],
    },
}


class World(http.server.BaseHTTPRequestHandler):
    """EventBridge, Secrets Manager and a shop, in one."""

    protocol_version = "HTTP/1.1"
    seen = []

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json"):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        operation = self.headers.get("X-Amz-Target", "")
        if operation == "AWSEvents.DescribeConnection":
            if json.loads(body)["Name"] != "shop":
                return self.answer(400, json.dumps({"__type": "ResourceNotFoundException", "message": "no such connection"}))
            return self.answer(200, json.dumps({
                "Name": "shop", "ConnectionState": "AUTHORIZED", "AuthorizationType": "BASIC", "SecretArn": "arn:secret",
            }))
        if operation == "secretsmanager.GetSecretValue":
            return self.answer(200, json.dumps({"SecretString": json.dumps(SECRET)}))
        type(self).seen.append((self.path, dict(self.headers), body))
        if self.path.startswith("/broken"):
            return self.answer(503, "come back later", "text/plain")
        self.answer(200, json.dumps({"path": self.path}))


@pytest.fixture(scope="module")
def world():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), World)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def sfn(world, tmp_path_factory):
    environment = {
        "AWS_ENDPOINT_URL": world, "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    server = Server(tmp_path_factory.mktemp("http") / "data", environment=environment).start()
    yield server.client(inject_host_prefix=False)
    server.stop()


def task(endpoint, connection=CONNECTION, **parameters):
    return {
        "Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": True,
        "Parameters": {
            "ApiEndpoint": endpoint, "Method": "POST", "Authentication": {"ConnectionArn": connection}, **parameters,
        },
    }


def tried(sfn, state, **members):
    return sfn.test_state(definition=json.dumps(state), roleArn=ROLE, input="{}", **members)


def test_a_request_carries_what_the_connection_adds(sfn, world):
    state = task(f"{world}/orders", Headers={"x-own": "1"}, QueryParameters={"q": [1, 2]}, RequestBody={"n": 1})
    answer = tried(sfn, state)
    output = json.loads(answer["output"])
    assert answer["status"] == "SUCCEEDED"
    assert (output["StatusCode"], output["StatusText"]) == (200, "OK")
    assert output["ResponseBody"] == {"path": "/orders?q=1&q=2&token=t%20t"}
    assert output["Headers"]["content-type"] == ["application/json"]
    path, headers, body = World.seen[-1]
    headers = {name.lower(): value for name, value in headers.items()}
    assert path == "/orders?q=1&q=2&token=t%20t" and json.loads(body) == {"n": 1, "from": "connection"}
    assert headers["authorization"] == "Basic dTpw" and headers["x-secret"] == "hidden" and headers["x-own"] == "1"
    assert headers["user-agent"] == "Amazon|StepFunctions|HttpInvoke|us-east-1"


@pytest.mark.parametrize("reveal", [False, True])
def test_trace_shows_the_exchange_and_secrets_only_when_asked(sfn, world, reveal):
    state = task(f"{world}/orders", Headers={"x-own": "1"}, RequestBody={"n": 1})
    data = tried(sfn, state, inspectionLevel="TRACE", revealSecrets=reveal)["inspectionData"]
    request, response = data["request"], data["response"]
    assert (request["protocol"], request["method"]) == ("http", "POST")
    assert request["headers"].startswith("[x-own: 1, ") and request["headers"].endswith("Range: bytes=0-262144]")
    assert ("Authorization: Basic dTpw" in request["headers"]) == reveal
    assert ("x-secret: hidden" in request["headers"]) == reveal
    assert request["url"] == f"{world}/orders" + ("?token=t%20t" if reveal else "")
    assert json.loads(request["body"]) == ({"n": 1, "from": "connection"} if reveal else {"n": 1})
    assert (response["statusCode"], response["statusMessage"]) == ("200", "OK")
    assert "content-type: application/json" in response["headers"]
    assert json.loads(response["body"])["path"].startswith("/orders")
    assert "request" not in tried(sfn, state, inspectionLevel="DEBUG")["inspectionData"]


def test_what_goes_wrong_has_its_own_names(sfn, world):
    broken = tried(sfn, task(f"{world}/broken"), inspectionLevel="TRACE")
    assert (broken["error"], broken["cause"]) == ("States.Http.StatusCode.503", "come back later")
    assert broken["inspectionData"]["response"]["statusCode"] == "503"
    nobody = tried(sfn, task("http://127.0.0.1:1/"), inspectionLevel="TRACE")
    assert nobody["error"] == "States.Http.Socket" and "response" not in nobody["inspectionData"]
    unknown = tried(sfn, task(world, CONNECTION.replace("shop", "other")))
    assert unknown["error"] == "Events.ConnectionResource.ResourceNotFound"
    forbidden = tried(sfn, task(world, Headers={"Host": "elsewhere"}))
    assert forbidden["error"] == "States.Runtime"


def test_an_execution_makes_the_request_too(sfn, world):
    definition = json.dumps({"StartAt": "A", "States": {"A": task(f"{world}/run", RequestBody={})}})
    arn = sfn.create_state_machine(name="http", definition=definition, roleArn=ROLE, type="EXPRESS")["stateMachineArn"]
    answer = sfn.start_sync_execution(stateMachineArn=arn)
    assert json.loads(answer["output"])["ResponseBody"] == {"path": "/run?token=t%20t"}
