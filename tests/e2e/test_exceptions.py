"""Each exception that the service model declares for an operation, provoked there: its name, its text and what comes with it.

A pair of operation and exception without a call here is exempt, with the reason; the walk of the model leaves out none."""

import json
import types

import botocore.session
import pytest
from botocore import xform_name
from conftest import ROLE
from server import Server, wait_until

MODEL = botocore.session.get_session().get_service_model("stepfunctions")
PAIRS = sorted(
    (operation, shape.name) for operation in MODEL.operation_names for shape in MODEL.operation_model(operation).error_shapes
)
# Why nothing here provokes an exception, whatever the operation.
EXEMPT = {
    "KmsAccessDeniedException": "a key of KMS is kept and shown, and never used: nothing is encrypted with it",
    "KmsInvalidStateException": "as KmsAccessDeniedException",
    "KmsThrottlingException": "as KmsAccessDeniedException",
    "InvalidTracingConfiguration": "its one member is a boolean, which is valid or no boolean",
    "StateMachineDeleting": "a machine is gone as soon as its deletion is answered",
    "ActivityLimitExceeded": "of 100,000; crates/server/tests/quotas.rs reaches it with a smaller number",
    "StateMachineLimitExceeded": "of 100,000; crates/server/tests/quotas.rs reaches it with a smaller number",
    "ExecutionLimitExceeded": "of 1,000,000; crates/server/tests/quotas.rs reaches it with a smaller number",
    "ActivityWorkerLimitExceeded": "of 1,000 at once; crates/server/tests/quotas.rs reaches it with a smaller number",
}
# Why nothing here provokes an exception of one operation.
ALONE = "of two changes at once, which here wait for each other"
EXEMPT_PAIRS = {
    ("CreateStateMachine", "ConflictException"): ALONE,
    ("CreateStateMachine", "StateMachineTypeNotSupported"): "both types are supported",
    ("CreateStateMachineAlias", "InvalidName"): "AWS was recorded to answer a wrong name with ValidationException",
    ("DeleteStateMachineAlias", "ConflictException"): ALONE,
    ("DeleteStateMachineAlias", "ResourceNotFound"): "AWS was recorded to delete what is not there",
    ("UpdateStateMachine", "ConflictException"): ALONE,
    ("UpdateStateMachineAlias", "ConflictException"): ALONE,
}
ARN = "arn:aws:states:us-east-1:000000000000:"
LONG = ARN + "stateMachine:" + "x" * 250
PASS = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
WAIT = json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}})
KEY = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"}
TAGS = [{"key": f"k{number}", "value": ""} for number in range(51)]
NO_MACHINE = ARN + "stateMachine:none"
NO_EXECUTION = ARN + "execution:none:e"
NO_ACTIVITY = ARN + "activity:none"
NO_RUN = ARN + "mapRun:none/L:u"
NO_ALIAS = ARN + "stateMachine:none:alias"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A server of its own with one of everything."""
    folder = tmp_path_factory.mktemp("exceptions")
    server = Server(folder / "data").start()
    elsewhere = Server(folder / "elsewhere").start()
    sfn = server.client(inject_host_prefix=False, parameter_validation=False)
    w = types.SimpleNamespace(sfn=sfn, server=server)

    def create(name, definition=PASS, **members):
        return sfn.create_state_machine(name=name, definition=definition, roleArn=ROLE, **members)["stateMachineArn"]

    w.machine = create("machine", publish=True)
    w.waits, w.express = create("waits", WAIT), create("express", type="EXPRESS")
    w.running = sfn.start_execution(stateMachineArn=w.waits, name="run")["executionArn"]
    w.activity = sfn.create_activity(name="activity")["activityArn"]
    w.route = [{"stateMachineVersionArn": w.machine + ":1", "weight": 100}]
    for number in range(100):
        sfn.create_state_machine_alias(name=f"a{number}", routingConfiguration=w.route)
    works = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": w.activity, "End": True}}}
    worked = sfn.start_execution(stateMachineArn=create("works", json.dumps(works)))["executionArn"]
    w.token = sfn.get_activity_task(activityArn=w.activity)["taskToken"]
    sfn.send_task_success(taskToken=w.token, output="1")
    assert wait_until(lambda: sfn.describe_execution(executionArn=worked)["status"] == "SUCCEEDED")
    # A token of an execution that this server never had.
    there = elsewhere.client()
    activity = there.create_activity(name="activity")["activityArn"]
    foreign = there.create_state_machine(name="works", definition=json.dumps(works), roleArn=ROLE)["stateMachineArn"]
    there.start_execution(stateMachineArn=foreign)
    w.foreign_token = there.get_activity_task(activityArn=activity)["taskToken"]
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **json.loads(PASS)}
    mapped = {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": processor, "Label": "L", "End": True}}}
    w.mapped = create("mapped", json.dumps(mapped))
    execution = sfn.start_execution(stateMachineArn=w.mapped, input="[1]")["executionArn"]
    assert wait_until(lambda: sfn.describe_execution(executionArn=execution)["status"] == "SUCCEEDED")
    w.run = sfn.list_map_runs(executionArn=execution)["mapRuns"][0]["mapRunArn"]
    w.full = create("full", publish=True)
    for number in range(999):
        sfn.update_state_machine(stateMachineArn=w.full, roleArn=f"{ROLE}-{number}", publish=True)
    sfn.update_state_machine(stateMachineArn=w.full, roleArn=ROLE)
    yield w
    for one in (server, elsewhere):
        one.kill()


def too_long(member, value=LONG, limit=256):
    return (
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: "
        f"Member must have length less than or equal to {limit}"
    )


NO_PREFIX = "Invalid Arn: 'Invalid ARN prefix: x'"
INVALID_TOKEN = "Invalid Token: 'Invalid token'"
NOT_JSON = "Unrecognized token 'x': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


def provocations(w):
    """For each pair what the operation is called with, and the text that it answers."""
    missing = {
        "machine": f"State Machine Does Not Exist: '{NO_MACHINE}'",
        "execution": f"Execution Does Not Exist: '{NO_EXECUTION}'",
        "activity": f"Activity Does Not Exist: '{NO_ACTIVITY}'",
        "resource": f"Resource not found: '{NO_MACHINE}'",
        "run": f"Resource not found: '{NO_RUN}'",
    }
    referenced = "Request references a resource that does not exist."
    not_supported = "This operation is not supported by this type of state machine"
    definition = "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /'"
    machine = {"name": "new", "definition": PASS, "roleArn": ROLE}
    bad_input = f"Invalid State Machine Execution Input: '{NOT_JSON}'"
    log = "Invalid Logging Configuration: Must specify exactly one Log Destination."
    logging = {"level": "ALL"}
    no_key = "Invalid Encryption Configuration: A KMS key can only be specified with the type CUSTOMER_MANAGED_KMS_KEY."
    labelled = w.mapped + "/L"
    no_labels = f"This operation does not support labeled state machine ARNs: '{labelled}'"
    too_many = "The maximum number of {} has been reached for the state machine: {}"
    calls = {}

    def of(operation, **pairs):
        for exception, (members, text) in pairs.items():
            calls[operation, exception] = members, text

    def with_arn(member, **pairs):
        return {"InvalidArn": ({member: "x"}, NO_PREFIX), **pairs}

    def tokens(**members):
        return {
            "InvalidToken": ({"taskToken": "x", **members}, INVALID_TOKEN),
            "TaskDoesNotExist": ({"taskToken": w.foreign_token, **members}, "Task does not exist"),
            "TaskTimedOut": (
                {"taskToken": w.token, **members}, "Task Timed Out: 'Provided task does not exist anymore'"
            ),
        }

    no_execution = ({"executionArn": NO_EXECUTION}, missing["execution"])
    no_machine = ({"stateMachineArn": NO_MACHINE}, missing["machine"])
    of(
        "CreateActivity",
        ActivityAlreadyExists=(
            {"name": "activity", "encryptionConfiguration": KEY}, f"Activity Already Exists: '{w.activity}'"
        ),
        InvalidName=({"name": "a b"}, "Invalid Name: 'a b'"),
        InvalidEncryptionConfiguration=(
            {"name": "new", "encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY"}},
            "Invalid Encryption Configuration: The type CUSTOMER_MANAGED_KMS_KEY needs a KMS key.",
        ),
        TooManyTags=({"name": "new", "tags": TAGS}, f"A resource can have at most 50 tags: '{ARN}activity:new'"),
    )
    of(
        "CreateStateMachine",
        InvalidArn=({**machine, "roleArn": "x"}, "Invalid Role Arn: 'x'"),
        InvalidDefinition=({**machine, "definition": "{}"}, definition),
        InvalidName=({**machine, "name": "a/b"}, "Invalid Name: 'a/b'"),
        InvalidLoggingConfiguration=({**machine, "loggingConfiguration": logging}, log),
        StateMachineAlreadyExists=({**machine, "name": "waits"}, f"State Machine Already Exists: '{w.waits}'"),
        TooManyTags=({**machine, "tags": TAGS}, f"A resource can have at most 50 tags: '{ARN}stateMachine:new'"),
        ValidationException=(
            {**machine, "versionDescription": "d"}, "Version description can only be set when publish is true"
        ),
        InvalidEncryptionConfiguration=(
            {**machine, "encryptionConfiguration": {"type": "AWS_OWNED_KEY", "kmsKeyId": "k"}}, no_key
        ),
    )
    alias = {"name": "new", "routingConfiguration": w.route}
    of(
        "CreateStateMachineAlias",
        InvalidArn=({**alias, "routingConfiguration": [{"stateMachineVersionArn": "x", "weight": 100}]}, NO_PREFIX),
        ValidationException=(
            {**alias, "routingConfiguration": [{**w.route[0], "weight": 99}]},
            "Sum of routing configuration weights must equal 100. Received: [99]",
        ),
        ResourceNotFound=(
            {**alias, "routingConfiguration": [{"stateMachineVersionArn": w.machine + ":9", "weight": 100}]}, referenced
        ),
        ConflictException=(
            {**alias, "name": "a0", "description": "other"},
            "Failed to create alias because an alias with the same name and a different routing configuration already exists.",
        ),
        ServiceQuotaExceededException=(alias, too_many.format("aliases", 100)),
    )
    of("DeleteActivity", **with_arn("activityArn"))
    of("DeleteStateMachine", **with_arn("stateMachineArn", ValidationException=({"stateMachineArn": labelled}, no_labels)))
    of(
        "DeleteStateMachineAlias",
        **with_arn(
            "stateMachineAliasArn",
            ValidationException=({"stateMachineAliasArn": LONG}, too_long("stateMachineAliasArn")),
        ),
    )
    listed = ", ".join(f"a{number}" for number in range(100))
    of(
        "DeleteStateMachineVersion",
        **with_arn(
            "stateMachineVersionArn",
            ConflictException=(
                {"stateMachineVersionArn": w.machine + ":1"},
                "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this "
                f"version: [{listed}]",
            ),
            ValidationException=(
                {"stateMachineVersionArn": LONG * 10}, too_long("stateMachineVersionArn", LONG * 10, 2000)
            ),
        ),
    )
    no_activity = ({"activityArn": NO_ACTIVITY}, missing["activity"])
    of("DescribeActivity", **with_arn("activityArn", ActivityDoesNotExist=no_activity))
    of("DescribeExecution", **with_arn("executionArn", ExecutionDoesNotExist=no_execution))
    of("DescribeMapRun", **with_arn("mapRunArn", ResourceNotFound=({"mapRunArn": NO_RUN}, missing["run"])))
    of("DescribeStateMachine", **with_arn("stateMachineArn", StateMachineDoesNotExist=no_machine))
    of(
        "DescribeStateMachineAlias",
        **with_arn(
            "stateMachineAliasArn",
            ValidationException=({"stateMachineAliasArn": LONG}, too_long("stateMachineAliasArn")),
            ResourceNotFound=({"stateMachineAliasArn": NO_ALIAS}, referenced),
        ),
    )
    of("DescribeStateMachineForExecution", **with_arn("executionArn", ExecutionDoesNotExist=no_execution))
    of("GetActivityTask", **with_arn("activityArn", ActivityDoesNotExist=no_activity))
    paged = ({"executionArn": w.running, "nextToken": "x"}, INVALID_TOKEN)
    of("GetExecutionHistory", **with_arn("executionArn", ExecutionDoesNotExist=no_execution, InvalidToken=paged))
    of("ListActivities", InvalidToken=({"nextToken": "x"}, INVALID_TOKEN))
    of(
        "ListExecutions",
        **with_arn(
            "stateMachineArn",
            InvalidToken=({"stateMachineArn": w.waits, "nextToken": "x"}, INVALID_TOKEN),
            StateMachineDoesNotExist=no_machine,
            StateMachineTypeNotSupported=({"stateMachineArn": w.express}, not_supported),
            ValidationException=({}, "Either stateMachineArn or mapRunArn must be specified"),
            ResourceNotFound=({"mapRunArn": NO_RUN}, missing["run"]),
        ),
    )
    of("ListMapRuns", **with_arn("executionArn", ExecutionDoesNotExist=no_execution, InvalidToken=paged))
    of(
        "ListStateMachineAliases",
        **with_arn(
            "stateMachineArn",
            InvalidToken=({"stateMachineArn": w.machine, "nextToken": "x"}, INVALID_TOKEN),
            StateMachineDoesNotExist=no_machine,
            ResourceNotFound=({"stateMachineArn": w.machine + ":9"}, f"Resource not found: '{w.machine}:9'"),
        ),
    )
    of(
        "ListStateMachineVersions",
        **with_arn(
            "stateMachineArn",
            InvalidToken=({"stateMachineArn": w.machine, "nextToken": "x"}, INVALID_TOKEN),
            ValidationException=({"stateMachineArn": LONG}, too_long("stateMachineArn")),
        ),
    )
    of("ListStateMachines", InvalidToken=({"nextToken": "x"}, INVALID_TOKEN))
    no_resource = ({"resourceArn": NO_MACHINE}, missing["resource"])
    of("ListTagsForResource", **with_arn("resourceArn", ResourceNotFound=no_resource))
    of(
        "PublishStateMachineVersion",
        **with_arn(
            "stateMachineArn",
            StateMachineDoesNotExist=no_machine,
            ValidationException=({"stateMachineArn": LONG}, too_long("stateMachineArn")),
            ConflictException=(
                {"stateMachineArn": w.machine, "revisionId": "r"},
                "Failed to publish the State Machine version for revision r. The current State Machine revision is INITIAL.",
            ),
            ServiceQuotaExceededException=({"stateMachineArn": w.full}, too_many.format("versions", 1000)),
        ),
    )
    of(
        "RedriveExecution",
        **with_arn(
            "executionArn",
            ExecutionDoesNotExist=no_execution,
            ExecutionNotRedrivable=({"executionArn": w.running}, "Execution is RUNNING and cannot be redriven"),
            ValidationException=({"executionArn": LONG}, too_long("executionArn")),
        ),
    )
    of("SendTaskFailure", **tokens())
    of("SendTaskHeartbeat", **tokens())
    output = ({"taskToken": w.token, "output": "x"}, f"Invalid Output: '{NOT_JSON}'")
    of("SendTaskSuccess", InvalidOutput=output, **tokens(output="1"))
    start = {
        "InvalidExecutionInput": ({"stateMachineArn": w.express, "input": "x"}, bad_input),
        "InvalidName": ({"stateMachineArn": w.express, "name": "a b"}, "Invalid Name: 'a b'"),
        "StateMachineDoesNotExist": no_machine,
    }
    of(
        "StartExecution",
        **with_arn(
            "stateMachineArn",
            **start,
            ExecutionAlreadyExists=(
                {"stateMachineArn": w.waits, "name": "run", "input": "1"}, f"Execution Already Exists: '{w.running}'"
            ),
            ValidationException=({"stateMachineArn": LONG}, too_long("stateMachineArn")),
        ),
    )
    unsupported = ({"stateMachineArn": w.machine}, not_supported)
    of("StartSyncExecution", **with_arn("stateMachineArn", **start, StateMachineTypeNotSupported=unsupported))
    of(
        "StopExecution",
        **with_arn(
            "executionArn",
            ExecutionDoesNotExist=no_execution,
            # What is sensitive is not repeated.
            ValidationException=(
                {"executionArn": w.running, "error": "e" * 257}, too_long("error").replace(f"'{LONG}' ", "")
            ),
        ),
    )
    of(
        "TagResource",
        InvalidArn=({"resourceArn": "x", "tags": []}, NO_PREFIX),
        ResourceNotFound=({"resourceArn": NO_MACHINE, "tags": []}, missing["resource"]),
        TooManyTags=(
            {"resourceArn": w.machine, "tags": TAGS}, f"A resource can have at most 50 tags: '{w.machine}'"
        ),
    )
    state = {"definition": json.dumps({"Type": "Pass", "End": True})}
    of(
        "TestState",
        InvalidArn=({**state, "roleArn": "x"}, "Invalid Role Arn: 'x'"),
        InvalidDefinition=(
            {"definition": "{}"},
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: The field 'Type' is required at /States/StateName'",
        ),
        InvalidExecutionInput=({**state, "input": "x"}, bad_input),
        ValidationException=(
            {**state, "mock": {"result": "1"}}, "State type 'Pass' is not supported when a mock is specified"
        ),
    )
    of(
        "UntagResource",
        InvalidArn=({"resourceArn": "x", "tagKeys": []}, NO_PREFIX),
        ResourceNotFound=({"resourceArn": NO_MACHINE, "tagKeys": []}, missing["resource"]),
    )
    of(
        "UpdateMapRun",
        **with_arn(
            "mapRunArn",
            ResourceNotFound=({"mapRunArn": NO_RUN}, missing["run"]),
            ValidationException=(
                {"mapRunArn": w.run, "maxConcurrency": 1}, f"Map Run cannot be updated because it has completed: '{w.run}'"
            ),
        ),
    )
    of(
        "UpdateStateMachine",
        **with_arn(
            "stateMachineArn",
            InvalidDefinition=({"stateMachineArn": w.machine, "definition": "{}"}, definition),
            InvalidLoggingConfiguration=({"stateMachineArn": w.machine, "loggingConfiguration": logging}, log),
            MissingRequiredParameter=(
                {"stateMachineArn": w.machine},
                "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified",
            ),
            StateMachineDoesNotExist=(
                {"stateMachineArn": NO_MACHINE, "roleArn": ROLE}, missing["machine"]
            ),
            ServiceQuotaExceededException=({"stateMachineArn": w.full, "roleArn": ROLE + "-new", "publish": True}, too_many.format("versions", 1000)),
            ValidationException=({"stateMachineArn": labelled, "roleArn": ROLE}, no_labels),
            InvalidEncryptionConfiguration=(
                {"stateMachineArn": w.machine, "encryptionConfiguration": {"type": "AWS_OWNED_KEY", "kmsKeyId": "k"}}, no_key
            ),
        ),
    )
    of(
        "UpdateStateMachineAlias",
        InvalidArn=({"stateMachineAliasArn": "x", "description": "d"}, NO_PREFIX),
        ValidationException=(
            {"stateMachineAliasArn": w.machine + ":a0"}, "Either the description or the routing configuration must be specified"
        ),
        ResourceNotFound=({"stateMachineAliasArn": NO_ALIAS, "description": "d"}, referenced),
    )
    of("ValidateStateMachineDefinition", ValidationException=(
        {"definition": PASS, "maxResults": 101},
        "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less "
        "than or equal to 100",
    ))
    return calls


def test_no_exception_of_an_operation_is_left_out(world):
    called = set(provocations(world))
    exempt = {pair for pair in PAIRS if pair[1] in EXEMPT} | set(EXEMPT_PAIRS)
    assert called | exempt == set(PAIRS) and not called & exempt


@pytest.mark.parametrize(
    ("operation", "exception"),
    [pair for pair in PAIRS if pair[1] not in EXEMPT and pair not in EXEMPT_PAIRS],
)
def test_each_exception_of_each_operation_is_given(world, operation, exception):
    members, text = provocations(world)[operation, exception]
    call = getattr(world.sfn, xform_name(operation))
    with pytest.raises(getattr(world.sfn.exceptions, exception)) as caught:
        call(**members)
    answer = caught.value.response
    assert answer["Error"]["Message"] == text
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
