"""Where Tasks call, as whom, and what they may: routing files, roles, policies, reading AWS alone, connections of this machine."""

import http.server
import json
import subprocess
import threading

import pytest
from conftest import ROLE

from server import Server, binary, wait_until
from stub import Aws

DYNAMODB = {"PutItem": {}, "GetItem": {"Item": {"id": {"S": "1"}}}, "ListTables": {"TableNames": []}}
ANY_KEY = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture
def start(tmp_path):
    """Starts a server with these options, and a stand-in of AWS that its environment names unless another is given."""
    started = []

    def begin(*options, answers=DYNAMODB, environment=None, functions=None):
        aws = Aws(answers)
        environment = {"AWS_ENDPOINT_URL": aws.url} if environment is None else environment
        environment = {**ANY_KEY, **environment}
        server = Server(tmp_path / f"data{len(started)}", functions, options=[str(one) for one in options], environment=environment)
        started.append(aws)
        server.start()
        started.append(server)
        return aws, server

    yield begin
    for one in started:
        one.stop()


def task(resource, parameters, **members):
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, "End": True, **members}


def tried(server, state, role=ROLE):
    sfn = server.client(inject_host_prefix=False)
    return sfn.test_state(definition=json.dumps(state), roleArn=role, input="{}")


PUT = task("dynamodb:putItem", {"TableName": "orders", "Item": {"id": {"S": "1"}}})
GET = task("aws-sdk:dynamodb:getItem", {"TableName": "orders", "Key": {"id": {"S": "1"}}})


# Routing


def test_routes_lead_to_mocks_endpoints_and_functions(start, tmp_path):
    other = Aws({"SendMessage": {"MessageId": "m-1"}})
    (tmp_path / "mine" / "pay-locally").mkdir(parents=True)
    (tmp_path / "mine" / "pay-locally" / "handler.py").write_text("def handler(event, _):\n    return {'paid': event}\n")
    routing = tmp_path / "routes.toml"
    routing.write_text(f"""
[[route]]
service = "dynamodb:putItem"
to = "mock"
error = "DynamoDB.ConditionalCheckFailedException"
cause = "there already"

[[route]]
resource = "arn:aws:lambda:*:*:function:pay"
to = "functions"
function = "pay-locally"
folder = "mine"

[[route]]
service = "sqs"
to = "{other.url}"
""")
    aws, server = start("--routing", routing)
    answer = tried(server, PUT)
    assert (answer["error"], answer["cause"]) == ("DynamoDB.ConditionalCheckFailedException", "there already")
    answer = tried(server, task("lambda:invoke", {"FunctionName": "pay", "Payload": {"n": 1}}))
    assert json.loads(answer["output"])["Payload"] == {"paid": {"n": 1}}
    send = task("aws-sdk:sqs:sendMessage", {"QueueUrl": "http://queue/1/q", "MessageBody": "b"})
    assert json.loads(tried(server, send)["output"])["MessageId"] == "m-1"
    assert other.operations() == ["SendMessage"] and aws.asked == []
    assert json.loads(tried(server, GET)["output"])["Item"]["id"]["S"] == "1"
    other.stop()


def test_a_changed_routing_file_counts_at_once_and_a_broken_one_is_told(start, tmp_path):
    routing = tmp_path / "routes.toml"
    routing.write_text('[[route]]\nservice = "dynamodb"\nto = "mock"\nresult = { n = 1 }\n')
    aws, server = start("--routing", routing)
    assert json.loads(tried(server, PUT)["output"]) == {"n": 1}
    routing.write_text('[[route]]\nservice = "dynamodb"\nto = "mok"\n')
    answer = tried(server, PUT)
    assert answer["error"] == "States.Runtime" and "routes.toml cannot be used: line 3: " in answer["cause"]
    routing.write_text("")
    assert tried(server, PUT)["status"] == "SUCCEEDED"
    assert aws.operations() == ["PutItem"]


def test_a_routing_file_that_cannot_be_used_stops_the_start(tmp_path):
    routing = tmp_path / "routes.toml"
    routing.write_text('[[route]]\nservice = "s3"\nto = "mock"\n')
    command = [binary(), "serve", "--port", "0", "--in-memory", "--routing", str(routing)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert f"the routing file {routing} cannot be used: line 3: a mock has a `result`" in ended.stderr


def test_run_picks_the_routing_file_of_its_folder_up(tmp_path):
    (tmp_path / "stepwright.toml").write_text('[[route]]\nservice = "sns"\nto = "mock"\nresult = { MessageId = "m" }\n')
    definition = {"StartAt": "A", "States": {"A": task("sns:publish", {"TopicArn": "arn:aws:sns:r:1:t", "Message": "x"})}}
    (tmp_path / "m.asl.json").write_text(json.dumps(definition))
    ended = subprocess.run(
        [binary(), "run", "m.asl.json", "--json"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, json.loads(ended.stdout)) == (0, {"MessageId": "m"}), ended.stderr


def test_a_service_that_nobody_is_configured_for_is_an_error(start):
    _, server = start(environment={"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""})
    answer = tried(server, PUT)
    assert answer["error"] == "DynamoDB.SdkClientException"
    assert "no endpoint of the service dynamodb is configured" in answer["cause"]
    _, server = start(environment={"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    answer = tried(server, PUT)
    assert answer["error"] == "DynamoDB.SdkClientException" and "127.0.0.1:1" in answer["cause"]


# Roles and policies


def test_policies_allow_and_refuse_what_a_role_does(start, tmp_path):
    policies = tmp_path / "policies"
    policies.mkdir()
    allow = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "arn:aws:dynamodb:*:*:table/orders"}
    (policies / "reader.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
    aws, server = start("--policies", policies)
    reader = "arn:aws:iam::000000000000:role/reader"
    assert tried(server, GET, role=reader)["status"] == "SUCCEEDED"
    answer = tried(server, PUT, role=reader)
    assert answer["error"] == "DynamoDB.AmazonDynamoDBException"
    assert answer["cause"].startswith("User: arn:aws:sts::000000000000:assumed-role/reader/")
    assert (
        "is not authorized to perform: dynamodb:PutItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table/orders"
        " because no identity-based policy allows the dynamodb:PutItem action (Service: AmazonDynamoDBv2;"
    ) in answer["cause"]
    assert tried(server, GET, role="arn:aws:iam::000000000000:role/nobody")["error"] == "DynamoDb.DynamoDbException"
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"ArnLike": {"aws:PrincipalArn": "*:*:*:*:*:role/*"}}}
    (policies / "reader.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [allow, deny]}))
    assert "with an explicit deny in an identity-based policy" in tried(server, GET, role=reader)["cause"]
    assert aws.operations() == ["GetItem"]


def test_policies_that_cannot_be_read_stop_the_start(tmp_path):
    (tmp_path / "worker.json").write_text('{"Statement": [{"Effect": "Allow", "Action": "s3:*"}]}')
    for folder, problem in [(tmp_path, "statement 1 must have Resource or NotResource"), (tmp_path / "none", "No such file")]:
        command = [binary(), "serve", "--port", "0", "--in-memory", "--policies", str(folder)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert ended.returncode == 1 and f"the policies in {folder}" in ended.stderr and problem in ended.stderr


def test_an_execution_calls_with_the_roles_of_its_machine(start, tmp_path):
    policies = tmp_path / "policies"
    policies.mkdir()
    statement = {"Effect": "Allow", "Action": ["dynamodb:*", "states:StartExecution"], "Resource": "*"}
    (policies / "worker.json").write_text(json.dumps({"Statement": statement}))
    (policies / "idler.json").write_text(json.dumps({"Statement": []}))
    _, server = start("--policies", policies)
    sfn = server.client()

    def machine(name, states, role):
        definition = json.dumps({"StartAt": next(iter(states)), "States": states})
        return sfn.create_state_machine(name=name, definition=definition, roleArn=role)["stateMachineArn"]

    def outcome(arn):
        execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]

        def described():
            found = sfn.describe_execution(executionArn=execution)
            return found if found["status"] != "RUNNING" else None

        return wait_until(described, seconds=30)

    idler, worker = (f"arn:aws:iam::000000000000:role/{name}" for name in ("idler", "worker"))
    child = machine("child", {"A": PUT}, idler)
    start_child = task("states:startExecution.sync:2", {"StateMachineArn": child})
    found = outcome(machine("parent", {"A": start_child}, worker))
    # The child is started, and fails with what its own role may not do.
    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(found["cause"])["Error"] == "DynamoDB.AmazonDynamoDBException"
    found = outcome(machine("idle", {"A": start_child}, idler))
    assert found["error"] == "StepFunctions.AWSStepFunctionsException"
    assert f"states:StartExecution on resource: {child} because" in found["cause"]


class Sts(http.server.BaseHTTPRequestHandler):
    """Gives the credentials of every role but those that are called `closed`."""

    asked = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        type(self).asked.append(body)
        if "closed" in body:
            status, answer = 403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
        else:
            status, answer = 200, (
                "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s"
                "</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>"
                "</AssumeRoleResult></AssumeRoleResponse>"
            )
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_):
        pass


def test_roles_are_assumed_where_sts_is_configured(start):
    sts = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sts)
    threading.Thread(target=sts.serve_forever, daemon=True).start()
    aws = Aws(DYNAMODB)
    environment = {"AWS_ENDPOINT_URL": aws.url, "AWS_ENDPOINT_URL_STS": f"http://127.0.0.1:{sts.server_port}"}
    _, server = start(environment=environment)
    own = "arn:aws:iam::111122223333:role/own"
    assert tried(server, GET, role=own)["status"] == "SUCCEEDED"
    assert tried(server, GET, role=own)["status"] == "SUCCEEDED"
    assert len(Sts.asked) == 1 and "RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fown" in Sts.asked[0]
    closed = "arn:aws:iam::444455556666:role/closed"
    answer = tried(server, {**GET, "Credentials": {"RoleArn": closed}}, role=own)
    assert answer["error"] == "States.TaskFailed"
    assert answer["cause"] == f"The role {own} is not authorized to assume the task state's role, {closed}."
    sts.shutdown()
    aws.stop()


# Reading AWS alone


def test_nothing_is_written_to_aws_where_it_is_only_read(start, tmp_path):
    local = Aws(DYNAMODB)
    routing = tmp_path / "routes.toml"
    routing.write_text(f'[[route]]\nresource = "*:table/local"\nto = "{local.url}"\n')
    # No endpoint is configured, so that calls go to AWS itself: none of them is made.
    _, server = start("--read-only-aws", "--assume-roles", "never", "--routing", routing, environment={})
    for state, operation in [
        (PUT, "dynamodb:PutItem would write to the AWS account at dynamodb.us-east-1.amazonaws.com"),
        (task("lambda:invoke", {"FunctionName": "f"}), "lambda:Invoke would write"),
        (task("aws-sdk:s3:putObject", {"Bucket": "bucket", "Key": "k", "Body": "b"}), "s3:PutObject would write"),
    ]:
        answer = tried(server, state)
        assert answer["error"] == "Stepwright.ReadOnlyAws" and answer["cause"].startswith(operation)
    written = task("dynamodb:putItem", {"TableName": "local", "Item": {}})
    assert tried(server, written)["status"] == "SUCCEEDED"
    assert local.operations() == ["PutItem"]
    local.stop()


# Connections of this machine


class Shop(http.server.BaseHTTPRequestHandler):
    """A shop that takes the token `t2` alone, and an authorization server whose tokens count up."""

    protocol_version = "HTTP/1.1"
    given, seen = 0, []

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        kind = type(self)
        kind.seen.append((self.path, dict(self.headers), body))
        if self.path.startswith("/token"):
            kind.given += 1
            return self.answer(200, json.dumps({"access_token": f"t{kind.given}", "expires_in": 3600}))
        is_taken = self.headers.get("Authorization") in ("Bearer t2", "Basic dTpw") or self.headers.get("x-key") == "k"
        self.answer(200 if is_taken else 401, "{}")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


def test_connections_of_a_file_have_their_secrets_elsewhere(start, tmp_path):
    shop = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=shop.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{shop.server_port}"
    (tmp_path / "key.txt").write_text("k\n")
    connections = tmp_path / "connections.toml"
    connections.write_text(f"""
[connections.basic]
authorization = "BASIC"
username = "u"
password = {{ env = "SHOP_PASSWORD" }}
query = {{ page = "1" }}

[connections.key]
authorization = "API_KEY"
api_key_name = "x-key"
api_key_value = {{ file = "key.txt" }}

[connections.oauth]
authorization = "OAUTH_CLIENT_CREDENTIALS"
client_id = "id"
client_secret = "secret"
oauth_endpoint = "{url}/token"
oauth = {{ body = {{ scope = "orders" }} }}

[connections.unset]
authorization = "BASIC"
username = "u"
password = {{ env = "NOT_SET_ANYWHERE" }}
""")
    _, server = start("--connections", connections, environment={"SHOP_PASSWORD": "p"})

    def called(name):
        arn = f"arn:aws:events:us-east-1:000000000000:connection/{name}/0a1b"
        parameters = {"ApiEndpoint": f"{url}/orders", "Method": "POST", "Authentication": {"ConnectionArn": arn}}
        return tried(server, task("http:invoke", parameters))

    assert called("basic")["status"] == "SUCCEEDED" and Shop.seen[-1][0] == "/orders?page=1"
    assert called("key")["status"] == "SUCCEEDED"
    # A new token that is not taken is an answer; one that was kept is asked for anew, once, and kept again.
    assert called("oauth")["error"] == "States.Http.StatusCode.401"
    assert "scope=orders" in next(body for path, _, body in Shop.seen if path == "/token")
    assert called("oauth")["status"] == "SUCCEEDED"
    assert called("oauth")["status"] == "SUCCEEDED"
    assert Shop.given == 2
    unset = called("unset")
    assert unset["error"] == "Events.ConnectionResource.InternalError"
    assert unset["cause"] == "The connection unset cannot be used: the variable NOT_SET_ANYWHERE is not set"
    shop.shutdown()


# Step Functions Local


@pytest.mark.parametrize(
    "options, environment",
    [
        (["-account", "123456789012", "-region", "eu-west-1", "-waitTimeScale", "0.001", "-dynamoDBEndpoint", "{url}"], {}),
        (
            ["--aws-account", "123456789012", "--aws-region", "eu-west-1", "--wait-time-scale=0.001", "--dynamodb-endpoint={url}"],
            {"DYNAMODB_ENDPOINT": "http://127.0.0.1:1"},
        ),
        (
            [],
            {"AWS_ACCOUNT_ID": "123456789012", "AWS_DEFAULT_REGION": "eu-west-1", "WAIT_TIME_SCALE": "0.001", "DYNAMODB_ENDPOINT": "{url}"},
        ),
    ],
)
def test_the_options_of_step_functions_local_count(start, options, environment):
    aws = Aws(DYNAMODB)
    fill = lambda text: text.replace("{url}", aws.url)
    _, server = start(*map(fill, options), environment={name: fill(value) for name, value in environment.items()})
    sfn = server.client()
    states = {"Wait": {"Type": "Wait", "Seconds": 900, "Next": "Put"}, "Put": PUT}
    definition = json.dumps({"StartAt": "Wait", "States": states})
    arn = sfn.create_state_machine(name="m", definition=definition, roleArn=ROLE)["stateMachineArn"]
    assert arn == "arn:aws:states:eu-west-1:123456789012:stateMachine:m"
    execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    assert wait_until(lambda: sfn.describe_execution(executionArn=execution)["status"] == "SUCCEEDED", seconds=20)
    assert aws.operations() == ["PutItem"]
    aws.stop()
