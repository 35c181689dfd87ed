"""TestState: one state, tried on its own."""

import json

import pytest
from botocore.exceptions import ClientError
from conftest import ROLE

INVOKE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "echo", "Payload.$": "$"},
    "ResultSelector": {"got.$": "$.Payload"},
    "ResultPath": "$.out",
    "End": True,
}
RETRY = [{"ErrorEquals": ["Oops"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 2}]
CATCH = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Recover"}]


@pytest.fixture(scope="module")
def test_state(server):
    """Calls TestState with documents in place of their text, and gives the documents in its answer."""
    client = server.client(inject_host_prefix=False)

    def call(definition, **members):
        for member in ("input", "variables", "context"):
            if member in members:
                members[member] = json.dumps(members[member])
        if "result" in members:
            members["mock"] = {"result": json.dumps(members.pop("result"))}
        if "error" in members:
            members["mock"] = {"errorOutput": {"error": members.pop("error"), "cause": "mocked"}}
        answer = client.test_state(definition=json.dumps(definition), **members)
        answer.pop("ResponseMetadata")
        if "output" in answer:
            answer["output"] = json.loads(answer["output"])
        return answer

    return call


def stages(answer):
    """The stages of the data flow that are texts, as documents."""
    data = answer["inspectionData"]
    return {name: json.loads(text) for name, text in data.items() if isinstance(text, str)}


def refusal(call, *arguments, **members):
    with pytest.raises(ClientError) as refused:
        call(*arguments, **members)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_info_shows_the_outcome_alone(test_state):
    answer = test_state({"Type": "Pass", "Result": 1, "Next": "B"}, input={})
    assert answer == {"status": "SUCCEEDED", "output": 1, "nextState": "B"}
    assert test_state({"Type": "Fail", "Error": "E", "Cause": "C"}) == {
        "status": "FAILED", "error": "E", "cause": "C",
    }


@pytest.mark.parametrize("level", ["DEBUG", "TRACE"])
def test_debug_and_trace_show_every_stage_of_a_real_call(test_state, level):
    answer = test_state(INVOKE, roleArn=ROLE, input={"n": 1}, inspectionLevel=level)
    assert answer["status"] == "SUCCEEDED" and answer["output"] == {"n": 1, "out": {"got": {"n": 1}}}
    seen = stages(answer)
    assert seen["input"] == seen["afterInputPath"] == {"n": 1}
    assert seen["afterParameters"] == {"FunctionName": "echo", "Payload": {"n": 1}}
    assert seen["result"]["StatusCode"] == 200 and seen["result"]["Payload"] == {"n": 1}
    assert seen["afterResultSelector"] == {"got": {"n": 1}}
    assert seen["afterResultPath"] == {"n": 1, "out": {"got": {"n": 1}}}


def test_a_choice_in_jsonata_names_the_next_state_and_shows_variables(test_state):
    state = {
        "Type": "Choice", "QueryLanguage": "JSONata", "Default": "Low",
        "Choices": [{"Condition": "{% $states.input.n > $limit %}", "Assign": {"was": "{% $limit %}"}, "Next": "High"}],
    }
    answer = test_state(state, input={"n": 2}, variables={"limit": 1}, inspectionLevel="DEBUG")
    assert answer["nextState"] == "High"
    assert stages(answer) == {"input": {"n": 2}, "variables": {"limit": 1, "was": 1}}


def test_a_mock_takes_the_place_of_the_call(test_state):
    answer = test_state(INVOKE, input={"n": 1}, result={"Payload": "mocked"})
    assert answer == {"status": "SUCCEEDED", "output": {"n": 1, "out": {"got": "mocked"}}}


def test_errors_are_retried_then_caught_then_fatal(test_state):
    handled = INVOKE | {"Retry": RETRY, "Catch": CATCH}
    again = test_state(
        handled, input={"n": 1}, error="Oops", inspectionLevel="DEBUG", stateConfiguration={"retrierRetryCount": 1}
    )
    assert (again["status"], again["error"], again["cause"]) == ("RETRIABLE", "Oops", "mocked")
    assert again["inspectionData"]["errorDetails"] == {"retryIndex": 0, "retryBackoffIntervalSeconds": 6}
    caught = test_state(handled, input={"n": 1}, error="Other", inspectionLevel="DEBUG")
    assert (caught["status"], caught["nextState"]) == ("CAUGHT_ERROR", "Recover")
    assert caught["output"] == {"n": 1, "error": {"Error": "Other", "Cause": "mocked"}}
    assert caught["inspectionData"]["errorDetails"] == {"catchIndex": 0}
    fatal = test_state(INVOKE, input={}, error="Other", inspectionLevel="DEBUG")
    assert fatal["status"] == "FAILED" and "errorDetails" not in fatal["inspectionData"]


def test_a_function_that_raises_is_caught(test_state):
    state = {**INVOKE, "Parameters": {"FunctionName": "fails"}, "Catch": CATCH}
    answer = test_state(state, roleArn=ROLE, input={})
    assert (answer["status"], answer["error"]) == ("CAUGHT_ERROR", "ValueError")
    assert "no such order" in answer["cause"]


def test_a_state_of_a_whole_machine_is_tried_where_it_stands(test_state):
    inner = {"Type": "Pass", "Parameters": {"item.$": "$$.Map.Item.Value"}, "End": True}
    machine = {"StartAt": "Each", "States": {"Each": {
        "Type": "Map", "ToleratedFailureCount": 1, "End": True,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Inner", "States": {"Inner": inner},
        },
    }}}
    assert test_state(machine, stateName="Inner", input=7)["output"] == {"item": 7}
    failed = test_state(
        machine, stateName="Each", input=[1, 2, 3], result=[1, 2, 3], inspectionLevel="DEBUG",
        stateConfiguration={"mapIterationFailureCount": 2},
    )
    assert failed["error"] == "States.ExceedToleratedFailureThreshold"
    assert failed["inspectionData"]["toleratedFailureCount"] == 1 and failed["inspectionData"]["maxConcurrency"] == 0
    assert refusal(test_state, machine, stateName="X") == ("ValidationException", "State not found in definition")


def test_a_given_context_object_is_what_the_state_sees(test_state):
    state = {
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True,
        "Parameters": {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"},
    }
    answer = test_state(
        state, input={}, context={"Task": {"Token": "abc"}}, result={"ok": True}, inspectionLevel="DEBUG"
    )
    assert stages(answer)["afterParameters"]["MessageBody"] == "abc" and answer["output"] == {"ok": True}


@pytest.mark.parametrize("mode", ["STRICT", "PRESENT", "NONE"])
def test_mocked_results_are_held_against_the_model_of_the_service(test_state, mode):
    state = {
        "Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": True,
        "Parameters": {"StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:m"},
    }

    def tried(result):
        mock = {"result": json.dumps(result), "fieldValidationMode": mode}
        try:
            return test_state(state, mock=mock)["output"]
        except ClientError as refused:
            return refused.response["Error"]["Message"].removeprefix("Mock result schema validation error: ")

    missing, wrong = {"ExecutionArn": "a"}, {"ExecutionArn": "a", "StartDate": 1}
    assert tried(missing) == ("Required field 'StartDate' is missing" if mode == "STRICT" else missing)
    assert tried(wrong) == (wrong if mode == "NONE" else "Field 'StartDate' must be a string")


def test_what_cannot_be_tried_is_refused(test_state):
    parallel = {"Type": "Parallel", "End": True, "Branches": [
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}},
    ]}
    for members, code, message in [
        ({"definition": INVOKE}, "ValidationException", "RoleArn must be specified when testing a Task state"),
        ({"definition": parallel}, "InvalidDefinition",
         "TestState API does not support Map or Parallel states. Supported state types include: "
         "[Task, Wait, Pass, Succeed, Fail, Choice]"),
        ({"definition": parallel, "result": []}, "ValidationException",
         "Mocked result must contain the same number of items as number of Parallel branches."),
        ({"definition": {"Type": "Succeed"}, "result": 1}, "ValidationException",
         "State type 'Succeed' is not supported when a mock is specified"),
        ({"definition": INVOKE, "result": {}, "revealSecrets": True}, "ValidationException",
         "TestState does not support RevealSecrets when a mock is specified."),
        ({"definition": INVOKE, "mock": {"result": "no JSON"}}, "ValidationException",
         "Mocked result must be valid JSON"),
        ({"definition": {"Type": "Succeed"}, "stateConfiguration": {"mapIterationFailureCount": 1}},
         "ValidationException",
         "TestState does not support MapIterationFailureCount when a mock is not specified."),
        ({"definition": {"Type": "Nothing"}}, "InvalidDefinition", None),
    ]:
        got = refusal(test_state, **members)
        assert got[0] == code and message in (None, got[1]), got


@pytest.mark.parametrize(
    ("config", "found", "items"),
    [
        ({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, 'a,b\n1,"x,y"\n2\n', [{"a": "1", "b": "x,y"}, {"a": "2", "b": ""}]),
        (
            {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a"], "CSVDelimiter": "TAB", "MaxItems": 1},
            "1\t2\n3\n",
            [{"a": "1"}],
        ),
        ({"InputType": "JSONL"}, '{"a": 1}\n\n[2]\n', [{"a": 1}, [2]]),
        ({"InputType": "PARQUET"}, '[{"a": 1.5}]', [{"a": 1.5}]),
    ],
)
def test_what_an_item_reader_found_is_read_as_its_file_would_be(test_state, config, found, items):
    parameters = {"Bucket": "b", "Key": "k"}
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "P"}
    definition = {
        "Type": "Map",
        "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": config, "Parameters": parameters},
        "ItemSelector": {"item.$": "$$.Map.Item.Value"},
        "ItemProcessor": {**processor, "States": {"P": {"Type": "Pass", "End": True}}},
        "End": True,
    }
    configuration = {"mapItemReaderData": found}
    answer = test_state(definition, result=[], stateConfiguration=configuration, inspectionLevel="DEBUG", roleArn=ROLE)
    assert answer["status"] == "SUCCEEDED"
    assert stages(answer)["afterItemSelector"] == [{"item": item} for item in items]
