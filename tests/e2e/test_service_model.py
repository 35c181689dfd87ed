"""The service model of the installed botocore against the server: every operation, member and exception of it is known."""

import json

import botocore.session
import pytest
from server import wait_until

MODEL = botocore.session.get_session().get_service_model("stepfunctions")
OPERATIONS = sorted(MODEL.operation_names)

# What is still to come. The tests below assert that these lists are exact, so that they can only shrink.
MISSING_OPERATIONS = set()
UNREAD_MEMBERS = set()


def paths(shape, seen=()):
    """Every member below a structure, as a path of names; `[]` stands for the members of a list."""
    if shape.name in seen:
        return
    seen = (*seen, shape.name)
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield (name,), member
            for rest, found in paths(member, seen):
                yield (name, *rest), found
    elif shape.type_name == "list":
        for rest, found in paths(shape.member, seen):
            yield ("[]", *rest), found


def wrong(shape):
    """A value that no reader of the shape takes for what it asks for."""
    return "text" if shape.type_name in ("structure", "list", "map") else {}


def nested(path, value):
    for name in reversed(path):
        value = [value] if name == "[]" else {name: value}
    return value


def code_of(server, operation, body):
    status, _, answer = server.post(operation, json.dumps(body).encode())
    return json.loads(answer).get("__type") if status != 200 else None


def test_every_operation_is_known(server):
    # A wrong type ends every operation before it does anything, and a poll before it waits.
    def is_unknown(operation):
        members = MODEL.operation_model(operation).input_shape.members
        body = {name: wrong(shape) for name, shape in members.items()}
        return code_of(server, operation, body) == "UnknownOperationException"

    assert {operation for operation in OPERATIONS if is_unknown(operation)} == MISSING_OPERATIONS


@pytest.mark.parametrize("operation", sorted(set(OPERATIONS) - MISSING_OPERATIONS))
def test_every_input_member_is_read(server, operation):
    """A member of the wrong type is noticed by whoever reads it; members that nobody reads are ignored."""
    unread = set()
    for path, shape in paths(MODEL.operation_model(operation).input_shape):
        if code_of(server, operation, nested(path, wrong(shape))) != "SerializationException":
            unread.add(f"{operation}.{'.'.join(path)}")
    assert unread == {member for member in UNREAD_MEMBERS if member.startswith(operation + ".")}


ROLE = "arn:aws:iam::000000000000:role/e2e"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:"
TOKEN = "arn:aws:states:::lambda:invoke.waitForTaskToken"
# Members that nothing here gives back, without those below them.
UNSEEN_MEMBERS = {
    "TestState": {
        # Of an HTTP Task: tests/e2e/test_http_task.py.
        "inspectionData.request",
        "inspectionData.response",
    },
    "GetExecutionHistory": {
        # No recording of AWS has these events, or a cause in those of time-outs.
        "events.[].activityScheduleFailedEventDetails",
        "events.[].activityTimedOutEventDetails.cause",
        "events.[].executionTimedOutEventDetails.cause",
        "events.[].executionTimedOutEventDetails.error",
        "events.[].lambdaFunctionScheduleFailedEventDetails",
        "events.[].lambdaFunctionStartFailedEventDetails",
        "events.[].lambdaFunctionTimedOutEventDetails.cause",
        "events.[].taskStartFailedEventDetails",
        "events.[].taskSubmitFailedEventDetails",
        "events.[].taskTimedOutEventDetails.cause",
    },
}


def members_of(value, path=()):
    """Every member of an answer, as a path of names."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield (*path, name)
            yield from members_of(member, (*path, name))
    elif isinstance(value, list):
        for item in value:
            yield from members_of(item, (*path, "[]"))


@pytest.fixture(scope="module")
def seen(server):
    """What the server gives back to a client that uses all of it: for each operation the members of its answers."""
    sfn = server.client(inject_host_prefix=False)
    seen = {}

    def note(parsed, model, **_):
        members = {key: value for key, value in parsed.items() if key not in ("ResponseMetadata", "Error")}
        seen.setdefault(model.name, set()).update(members_of(members))

    sfn.meta.events.register("after-call.*", note)
    use_all(sfn)
    return seen


def use_all(sfn):
    machines(sfn)
    versions(sfn)
    express(sfn)
    workers(sfn)
    trials(sfn)
    map_runs(sfn)
    for number, (states, input) in enumerate(EVENTFUL):
        definition = json.dumps({"StartAt": next(iter(states)), "States": states, "TimeoutSeconds": 5})
        arn = create(sfn, f"model-{number}", definition)
        finished(sfn, sfn.start_execution(stateMachineArn=arn, input=json.dumps(input))["executionArn"])


def create(sfn, name, definition, **members):
    created = sfn.create_state_machine(name=name, definition=definition, roleArn=ROLE, **members)
    return created["stateMachineArn"]


def finished(sfn, execution):
    wait_until(lambda: sfn.describe_execution(executionArn=execution)["status"] != "RUNNING")
    found = sfn.describe_execution(executionArn=execution)
    assert found["status"] != "RUNNING", execution
    sfn.get_execution_history(executionArn=execution)
    return found


PASSING = {"A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"}, "B": {"Type": "Pass", "Parameters": {"v.$": "$x"}, "End": True}}
GROUP = {"cloudWatchLogsLogGroup": {"logGroupArn": "arn:aws:logs:us-east-1:000000000000:log-group:g:*"}}
WAITING = {"W": {"Type": "Wait", "Seconds": 600, "End": True}}


def definition_of(states):
    return json.dumps({"StartAt": next(iter(states)), "States": states})


def machines(sfn):
    arn = create(
        sfn,
        "model",
        definition_of(PASSING),
        tags=[{"key": "k", "value": "v"}],
        loggingConfiguration={"level": "ALL", "destinations": [GROUP]},
        encryptionConfiguration={"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/k"},
    )
    sfn.update_state_machine(stateMachineArn=arn, roleArn=ROLE + "2")
    sfn.describe_state_machine(stateMachineArn=arn)
    create(sfn, "model-other", definition_of(PASSING))
    sfn.list_state_machines(maxResults=1)
    sfn.list_tags_for_resource(resourceArn=arn)
    sfn.validate_state_machine_definition(definition="{}", maxResults=1)
    executions = [sfn.start_execution(stateMachineArn=arn, traceHeader="Root=1")["executionArn"] for _ in range(2)]
    for execution in executions:
        finished(sfn, execution)
    sfn.describe_state_machine_for_execution(executionArn=executions[0])
    sfn.get_execution_history(executionArn=executions[0], maxResults=1)
    sfn.list_executions(stateMachineArn=arn, maxResults=1)
    waits = create(sfn, "model-waits", definition_of(WAITING))
    execution = sfn.start_execution(stateMachineArn=waits)["executionArn"]
    sfn.stop_execution(executionArn=execution, error="E", cause="C")
    finished(sfn, execution)
    sfn.redrive_execution(executionArn=execution)
    sfn.stop_execution(executionArn=execution)
    finished(sfn, execution)
    sfn.list_executions(stateMachineArn=waits)


def versions(sfn):
    described = {"publish": True, "versionDescription": "first"}
    arn = sfn.create_state_machine(name="model-v", definition=definition_of(PASSING), roleArn=ROLE, **described)
    arn = arn["stateMachineArn"]
    sfn.update_state_machine(stateMachineArn=arn, roleArn=ROLE + "2", publish=True)
    sfn.publish_state_machine_version(stateMachineArn=arn)
    sfn.describe_state_machine(stateMachineArn=arn + ":1")
    sfn.list_state_machine_versions(stateMachineArn=arn, maxResults=1)
    route = [{"stateMachineVersionArn": arn + ":1", "weight": 100}]
    for alias in ["a", "b"]:
        sfn.create_state_machine_alias(name=alias, description="d", routingConfiguration=route)
    sfn.update_state_machine_alias(stateMachineAliasArn=arn + ":a", description="e")
    sfn.describe_state_machine_alias(stateMachineAliasArn=arn + ":a")
    sfn.list_state_machine_aliases(stateMachineArn=arn, maxResults=1)
    finished(sfn, sfn.start_execution(stateMachineArn=arn + ":a")["executionArn"])
    sfn.list_executions(stateMachineArn=arn)


def express(sfn):
    passing = create(sfn, "model-express", definition_of(PASSING), type="EXPRESS")
    sfn.start_sync_execution(stateMachineArn=passing, traceHeader="Root=1")
    failing = {"F": {"Type": "Fail", "Error": "E", "Cause": "C"}}
    sfn.start_sync_execution(stateMachineArn=create(sfn, "model-express-fails", definition_of(failing), type="EXPRESS"))


def workers(sfn):
    activity = sfn.create_activity(
        name="model", encryptionConfiguration={"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/k"}
    )["activityArn"]
    sfn.create_activity(name="model-other")
    sfn.describe_activity(activityArn=activity)
    sfn.list_activities(maxResults=1)
    work = {"Type": "Task", "Resource": activity, "TimeoutSeconds": 60, "HeartbeatSeconds": 30, "End": True}
    arn = create(sfn, "model-works", definition_of({"T": work}))
    for answer in [
        lambda token: sfn.send_task_success(taskToken=token, output="1"),
        lambda token: sfn.send_task_failure(taskToken=token, error="E", cause="C"),
    ]:
        execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
        answer(sfn.get_activity_task(activityArn=activity, workerName="w")["taskToken"])
        finished(sfn, execution)
    late = create(sfn, "model-late", definition_of({"T": task(activity, TimeoutSeconds=1)}))
    execution = sfn.start_execution(stateMachineArn=late)["executionArn"]
    sfn.get_activity_task(activityArn=activity)
    finished(sfn, execution)


def map_runs(sfn):
    """Distributed Maps: one that succeeds, one that fails twice and is redriven."""

    def run(name, state, **members):
        config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
        processor = {"ProcessorConfig": config, "StartAt": "I", "States": {"I": state}}
        mapped = {"Type": "Map", "Label": "L", "ItemProcessor": processor, "End": True, **members}
        arn = create(sfn, name, definition_of({"M": mapped}))
        execution = sfn.start_execution(stateMachineArn=arn, input="[1, 2]")["executionArn"]
        finished(sfn, execution)
        return arn, execution

    arn, execution = run("model-map", {"Type": "Pass", "End": True}, ToleratedFailurePercentage=50)
    map_run = sfn.list_map_runs(executionArn=execution)["mapRuns"][0]["mapRunArn"]
    sfn.describe_map_run(mapRunArn=map_run)
    sfn.describe_state_machine(stateMachineArn=arn + "/L")
    child = sfn.list_executions(mapRunArn=map_run)["executions"][0]["executionArn"]
    sfn.describe_execution(executionArn=child)
    sfn.describe_state_machine_for_execution(executionArn=child)
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 0, "MaxAttempts": 1}]
    _, failing = run("model-map-fails", {"Type": "Fail", "Error": "E", "Cause": "C"}, Retry=retry)
    sfn.redrive_execution(executionArn=failing)
    finished(sfn, failing)
    sfn.list_map_runs(executionArn=failing, maxResults=1)
    for listed in sfn.list_map_runs(executionArn=failing)["mapRuns"]:
        sfn.describe_map_run(mapRunArn=listed["mapRunArn"])


def trials(sfn):
    """TestState, with every stage of the data flow."""

    def trial(state, **members):
        sfn.test_state(definition=json.dumps(state), roleArn=ROLE, inspectionLevel="TRACE", **members)

    mocked = {"mock": {"result": '{"a": 1}'}}
    broken = {"mock": {"errorOutput": {"error": "E", "cause": "C"}}}
    caught = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "N"}]}
    retried = {"Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2}]}
    invoked = invoke("echo", ResultSelector={"b.$": "$"}, ResultPath="$.r", InputPath="$")
    trial({**invoked, "Assign": {"v": 1}}, **mocked)
    trial({**invoked, **caught}, **broken)
    trial({**invoked, **retried}, **broken)
    trial(invoked, **broken)
    trial({"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% 1 %}", "Next": "N"})
    jsonata = {"Type": "Task", "QueryLanguage": "JSONata", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
    trial({**jsonata, "Arguments": {"FunctionName": "echo"}}, **mocked)
    mapped = {"Type": "Map", "ItemProcessor": ITEM, "ItemsPath": "$.items", "MaxConcurrency": 2, "End": True}
    mapped["ItemSelector"] = {"x.$": "$$.Map.Item.Value"}
    trial(mapped, input='{"items": [1, 2]}', mock={"result": "[1, 2]"})
    mapped["ItemProcessor"] = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, **ITEM}
    mapped["ItemReader"] = {
        "Resource": "arn:aws:states:::s3:getObject",
        "Parameters": {"Bucket": "b", "Key": "k"},
        "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/rows"},
    }
    del mapped["ItemsPath"]
    mapped |= {"ItemBatcher": {"MaxItemsPerBatch": 2}, "ToleratedFailureCount": 1, "ToleratedFailurePercentage": 5}
    found = {"mapItemReaderData": '{"rows": [1, 2, 3]}'}
    trial(mapped, mock={"result": "[1, 2]"}, stateConfiguration=found)


def task(resource, **members):
    return {"Type": "Task", "Resource": resource, "End": True, **members}


def invoke(function, resource="arn:aws:states:::lambda:invoke", payload=None, **members):
    parameters = {"FunctionName": FUNCTION + function, "Payload": payload or {}}
    return task(resource, Parameters=parameters, **members)


ITEM = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
FAILING_ITEM = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "C"}}}
JSONATA = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $error('no') %}", "End": True}
EVENTFUL = [
    ({"T": task(FUNCTION + "echo", TimeoutSeconds=60, Credentials={"RoleArn": ROLE})}, {}),
    ({"T": task(FUNCTION + "fails")}, {}),
    ({"T": task(FUNCTION + "sleeps", TimeoutSeconds=1)}, {}),
    ({"T": invoke("echo", TimeoutSeconds=60, Credentials={"RoleArn": ROLE})}, {}),
    ({"T": invoke("fails")}, {}),
    ({"T": invoke("sleeps", TimeoutSeconds=1)}, {}),
    ({"T": invoke("echo", TOKEN, {"token.$": "$$.Task.Token"}, TimeoutSeconds=2, HeartbeatSeconds=1)}, {}),
    ({"T": invoke("missing", TOKEN, {"token.$": "$$.Task.Token"})}, {}),
    ({"T": task("arn:aws:states:us-east-1:000000000000:activity:none")}, {}),
    ({"M": {"Type": "Map", "ItemProcessor": ITEM, "End": True}}, [1, 2]),
    ({"M": {"Type": "Map", "MaxConcurrency": 2, "ItemProcessor": FAILING_ITEM, "End": True}}, [1, 2]),
    ({"P": {"Type": "Parallel", "Branches": [ITEM, FAILING_ITEM], "End": True}}, {}),
    ({"J": JSONATA}, {}),
    ({"W": {"Type": "Wait", "Seconds": 600, "End": True}}, {}),
]


@pytest.mark.parametrize("operation", sorted(set(OPERATIONS) - MISSING_OPERATIONS))
def test_every_output_member_is_given(seen, operation):
    shape = MODEL.operation_model(operation).output_shape
    wanted = {path for path, _ in paths(shape)} if shape else set()
    unseen = wanted - seen.get(operation, set())
    topmost = {path for path in unseen if not any(path[:length] in unseen for length in range(1, len(path)))}
    assert {".".join(path) for path in topmost} == UNSEEN_MEMBERS.get(operation, set())
