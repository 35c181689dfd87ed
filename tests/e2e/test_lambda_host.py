"""The host of functions through boto3, as AWS's Lambda: versions, aliases, layers, bounds, events, logs; and what state machines see."""

import base64
import io
import json
import urllib.request
import zipfile

import pytest
from botocore.exceptions import ClientError

from server import Server, wait_until

ROLE = "arn:aws:iam::000000000000:role/e2e"
ARN = "arn:aws:lambda:us-east-1:000000000000"
WHO = "import os\n\ndef handler(event, context):\n    return ['{}', os.environ['AWS_LAMBDA_FUNCTION_VERSION'], context.invoked_function_arn]\n"


def archive(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, text in files.items():
            packed.writestr(name.replace("__", "/") + ".py", text)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lambda")
    functions = folder / "functions"
    for name, text in {
        "hears/handler.py": "import json, pathlib\n\ndef handler(event, context):\n"
        f"    with open({str(folder / 'heard.log')!r}, 'a') as log:\n        log.write(json.dumps(event) + '\\n')\n",
        "layered/handler.py": "import shared\n\ndef handler(event, context):\n    return shared.WHO\n",
        "layered/function.toml": 'layers = ["../../layers/low", "../../layers/high"]\naliases = ["live"]\n',
    }.items():
        (functions / name).parent.mkdir(parents=True, exist_ok=True)
        (functions / name).write_text(text)
    for name in ("low", "high"):
        (folder / "layers" / name / "python").mkdir(parents=True)
        (folder / "layers" / name / "python" / "shared.py").write_text(f"WHO = '{name}'\n")
    options = ("--function-processes", "8", "--event-retry-delays", "0,0")
    server = Server(folder / "data", functions, options).start()
    server.heard = folder / "heard.log"
    yield server
    assert server.stop() == 0, server.log.read_text()[-4000:]


@pytest.fixture
def client(host):
    return host.client("lambda")


@pytest.fixture
def make(client, name):
    """Makes a function of that code; it is gone after the test."""

    def make(code, **members):
        made = {"Runtime": "python3.12", "Role": ROLE, "Handler": "app.handler", "Code": {"ZipFile": archive(app=code)}, **members}
        client.create_function(FunctionName=name, **made)
        return name

    yield make
    client.delete_function(FunctionName=name)


def refused(call, **given):
    with pytest.raises(ClientError) as error:
        call(**given)
    return error.value.response


def payload(answer):
    return json.load(answer["Payload"])


def test_versions_and_aliases_resolve(client, make):
    name = make(WHO.format("first"))
    assert client.publish_version(FunctionName=name)["Version"] == "1"
    client.update_function_code(FunctionName=name, ZipFile=archive(app=WHO.format("second")))
    assert client.publish_version(FunctionName=name, Description="the second")["Version"] == "2"
    listed = client.list_versions_by_function(FunctionName=name)["Versions"]
    assert [version["Version"] for version in listed] == ["$LATEST", "1", "2"]
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    for given, mark, version in (
        ({"FunctionName": name, "Qualifier": "live"}, "first", "1"),
        ({"FunctionName": f"{ARN}:function:{name}:live"}, "first", "1"),
        ({"FunctionName": f"{name}:2"}, "second", "2"),
        ({"FunctionName": name, "Qualifier": "$LATEST"}, "second", "$LATEST"),
    ):
        answer = client.invoke(**given)
        qualifier = given.get("Qualifier") or given["FunctionName"].rsplit(":", 1)[-1]
        assert answer["ExecutedVersion"] == version
        assert payload(answer) == [mark, version, f"{ARN}:function:{name}:{qualifier}"]
    weights = {"AdditionalVersionWeights": {"2": 1.0}}
    assert client.update_alias(FunctionName=name, Name="live", RoutingConfig=weights)["RoutingConfig"] == weights
    assert client.invoke(FunctionName=f"{name}:live")["ExecutedVersion"] == "2"
    assert [alias["Name"] for alias in client.list_aliases(FunctionName=name)["Aliases"]] == ["live"]
    error = refused(client.invoke, FunctionName=name, Qualifier="other")["Error"]
    assert error == {"Code": "ResourceNotFoundException", "Message": f"Function not found: {ARN}:function:{name}:other"}
    assert refused(client.delete_function, FunctionName=name, Qualifier="2")["Error"]["Code"] == "ResourceConflictException"
    client.delete_alias(FunctionName=name, Name="live")
    error = refused(client.get_alias, FunctionName=name, Name="live")["Error"]
    assert error["Message"] == f"Cannot find alias arn: {ARN}:function:{name}:live"


def test_a_state_machine_calls_a_version_and_sees_which(host, client, make):
    name = make(WHO.format("first"), Publish=True)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    client.update_function_code(FunctionName=name, ZipFile=archive(app=WHO.format("second")))
    sfn = host.client(inject_host_prefix=False)

    def run(**state):
        definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Task", "End": True, **state}}})
        given = {"name": f"{name}-{abs(hash(definition))}", "definition": definition, "roleArn": ROLE, "type": "EXPRESS"}
        return sfn.start_sync_execution(stateMachineArn=sfn.create_state_machine(**given)["stateMachineArn"])

    assert json.loads(run(Resource=f"{ARN}:function:{name}:live")["output"])[:2] == ["first", "1"]
    invoke = "arn:aws:states:::lambda:invoke"
    output = json.loads(run(Resource=invoke, Parameters={"FunctionName": name, "Qualifier": "live", "LogType": "Tail"})["output"])
    assert (output["ExecutedVersion"], output["Payload"][0]) == ("1", "first")
    assert "Version: 1" in base64.b64decode(output["LogResult"]).decode()
    output = json.loads(run(Resource=invoke, Parameters={"FunctionName": name})["output"])
    assert (output["ExecutedVersion"], output["Payload"][0]) == ("$LATEST", "second")
    ended = run(Resource=invoke, Parameters={"FunctionName": name, "Qualifier": "7"})
    assert ended["error"] == "Lambda.ResourceNotFoundException"
    assert ended["cause"].startswith(f"Function not found: {ARN}:function:{name}:7 (Service:")


def test_layers_of_folders_and_of_the_api(client, make):
    assert payload(client.invoke(FunctionName="layered:live")) == "high"
    published = [
        client.publish_layer_version(LayerName=layer, Content={"ZipFile": archive(python__shared=f"WHO = '{layer}'\n")}) for layer in ("one", "two")
    ]
    arns = [layer["LayerVersionArn"] for layer in published]
    assert arns[0] == f"{ARN}:layer:one:1"
    name = make("import shared\n\ndef handler(event, context):\n    return shared.WHO\n", Layers=arns)
    assert payload(client.invoke(FunctionName=name)) == "two"
    client.update_function_configuration(FunctionName=name, Layers=arns[::-1])
    assert payload(client.invoke(FunctionName=name)) == "one"
    assert [layer["Arn"] for layer in client.get_function(FunctionName=name)["Configuration"]["Layers"]] == arns[::-1]
    assert client.get_layer_version_by_arn(Arn=arns[0])["Version"] == 1
    assert [layer["LayerName"] for layer in client.list_layers()["Layers"]] == ["one", "two"]
    client.delete_layer_version(LayerName="one", VersionNumber=1)
    assert payload(client.invoke(FunctionName=name)) == "one", "it goes on where it is used"
    error = refused(client.update_function_configuration, FunctionName=name, Layers=arns)["Error"]
    assert error["Message"] == f"Layer version {arns[0]} does not exist."
    assert client.list_layer_versions(LayerName="one")["LayerVersions"] == []


def test_the_environment_and_the_log_are_lambdas(client, make):
    code = "import os\n\ndef handler(event, context):\n    print('x' * 5000)\n    print(os.environ['_X_AMZN_TRACE_ID'])\n    return dict(os.environ)\n"
    name = make(code, MemorySize=256, Publish=True)
    answer = client.invoke(FunctionName=f"{name}:1", LogType="Tail")
    seen = payload(answer)
    for key, value in {
        "AWS_LAMBDA_FUNCTION_NAME": name, "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "TZ": ":UTC",
        "LANG": "en_US.UTF-8", "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12", "_HANDLER": "app.handler",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    }.items():
        assert seen[key] == value, key
    assert "/[1]" in seen["AWS_LAMBDA_LOG_STREAM_NAME"]
    assert seen["_X_AMZN_TRACE_ID"].startswith("Root=1-")
    tail = base64.b64decode(answer["LogResult"]).decode()
    request = answer["ResponseMetadata"]["RequestId"]
    assert len(tail) == 4096 and f"\nEND RequestId: {request}\nREPORT RequestId: {request}\tDuration: " in tail
    assert "\tMemory Size: 256 MB\tMax Memory Used: " in tail


def test_payloads_and_kinds_of_calls_have_bounds(host, client, make):
    name = make("def handler(event, context):\n    return 'x' * (7 << 20) if event == 'much' else None\n")
    assert client.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204
    error = refused(client.invoke, FunctionName=name, Payload=json.dumps("x" * 6_291_460))
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == ("RequestTooLargeException", 413)
    error = refused(client.invoke, FunctionName=name, InvocationType="Event", Payload=json.dumps("x" * 1_048_576))["Error"]
    assert error["Message"] == "1048578 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
    answer = client.invoke(FunctionName=name, Payload='"much"')
    assert answer["FunctionError"] == "Unhandled"
    assert payload(answer)["errorType"] == "Function.ResponseSizeTooLarge"
    unchecked = host.client("lambda", parameter_validation=False)
    error = refused(unchecked.invoke, FunctionName=name, InvocationType="Sometime")["Error"]
    assert "Value 'Sometime' at 'invocationType' failed to satisfy constraint" in error["Message"]


def test_reserved_concurrency_is_a_bound_and_is_shown(host, client, make):
    name = make("def handler(event, context):\n    return 1\n")
    reserved = {"ReservedConcurrentExecutions": 0}
    client.put_function_concurrency(FunctionName=name, **reserved)
    assert client.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 0
    error = refused(client.invoke, FunctionName=name)
    assert (error["Error"]["Code"], error["Reason"]) == ("TooManyRequestsException", "ReservedFunctionConcurrentInvocationLimitExceeded")
    assert error["Error"]["Message"] == "Rate Exceeded."
    definition = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": f"{ARN}:function:{name}", "End": True}}}
    sfn = host.client(inject_host_prefix=False)
    machine = sfn.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE, type="EXPRESS")["stateMachineArn"]
    ended = sfn.start_sync_execution(stateMachineArn=machine)
    assert ended["error"] == "Lambda.TooManyRequestsException"
    assert ended["cause"].startswith("Rate Exceeded. (Service: AWSLambda; Status Code: 429; Error Code: TooManyRequestsException;")
    client.delete_function_concurrency(FunctionName=name)
    assert payload(client.invoke(FunctionName=name)) == 1
    with urllib.request.urlopen(f"{host.url}/stepwright/v1/functions", timeout=10) as answer:
        view = json.load(answer)
    (shown,) = [one for one in view["functions"] if one["functionName"] == name]
    assert (shown["workers"], shown["busy"], shown["idle"], shown["queue"]) == (1, 0, 1, 0)
    assert (shown["limit"], view["all"]["limit"]) == (4, 8) and view["all"]["workers"] >= 1
    settings = client.get_account_settings()
    assert settings["AccountLimit"]["ConcurrentExecutions"] == view["all"]["limit"]
    assert settings["AccountUsage"]["FunctionCount"] == len(view["functions"])


def test_an_event_that_is_given_up_is_told_to_its_destination(host, client, make):
    name = make("def handler(event, context):\n    raise ValueError('no')\n")
    destination = {"OnFailure": {"Destination": f"{ARN}:function:hears"}}
    client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0, DestinationConfig=destination)
    assert client.get_function_event_invoke_config(FunctionName=name)["DestinationConfig"]["OnFailure"] == destination["OnFailure"]
    answer = client.invoke(FunctionName=name, InvocationType="Event", Payload='{"n": 1}')
    assert answer["StatusCode"] == 202
    request = answer["ResponseMetadata"]["RequestId"]
    assert wait_until(lambda: host.heard.exists() and request in host.heard.read_text())
    (record,) = [json.loads(line) for line in host.heard.read_text().splitlines() if request in line]
    assert (record["requestContext"]["condition"], record["requestPayload"]) == ("RetriesExhausted", {"n": 1})
    assert record["responsePayload"]["errorType"] == "ValueError"
    # Without a number of its own the function is called as often as the server says.
    client.put_function_event_invoke_config(FunctionName=name, DestinationConfig=destination)
    request = client.invoke(FunctionName=name, InvocationType="Event", Payload='{"n": 2}')["ResponseMetadata"]["RequestId"]
    assert wait_until(lambda: request in host.heard.read_text())
    (record,) = [json.loads(line) for line in host.heard.read_text().splitlines() if request in line]
    assert record["requestContext"]["approximateInvokeCount"] == 3
    queue = {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:q"}}
    error = refused(client.put_function_event_invoke_config, FunctionName=name, DestinationConfig=queue)["Error"]
    assert "this host tells functions alone" in error["Message"]
    client.delete_function_event_invoke_config(FunctionName=name)
    error = refused(client.get_function_event_invoke_config, FunctionName=name)["Error"]
    assert error["Message"] == f"The function {ARN}:function:{name}:$LATEST doesn't have an EventInvokeConfig"


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_an_event_that_was_accepted_outlives_the_server(tmp_path, end):
    gate, calls = tmp_path / "open", tmp_path / "calls"
    folder = tmp_path / "functions" / "f"
    folder.mkdir(parents=True)
    (folder / "handler.py").write_text(
        "import os, time\n\ndef handler(event, context):\n"
        f"    open({str(calls)!r}, 'a').write(context.aws_request_id + '\\n')\n"
        f"    while not os.path.exists({str(gate)!r}): time.sleep(0.01)\n"
        f"    open({str(tmp_path / 'done')!r}, 'a').write(str(event))\n"
    )
    (folder / "function.toml").write_text("timeout = 60\n")
    server = Server(tmp_path / "data", tmp_path / "functions").start()
    try:
        answer = server.client("lambda").invoke(FunctionName="f", InvocationType="Event", Payload="7")
        assert wait_until(lambda: calls.exists() and calls.read_text())
        getattr(server, end)()
        gate.touch()
        server.start()
        assert wait_until(lambda: (tmp_path / "done").exists())
        assert calls.read_text().splitlines() == [answer["ResponseMetadata"]["RequestId"]] * 2
        assert (tmp_path / "done").read_text() == "7"
    finally:
        server.kill()
