"""The operations on state machines, through boto3."""

import json

import pytest
from conftest import ROLE

PASS = '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}'
OTHER = '{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}'
ARN = "arn:aws:states:us-east-1:000000000000:stateMachine:"


def test_a_machine_is_created_and_described_as_it_was_given(sfn, name):
    definition = '{ "StartAt" : "A",\n "States":{"A":{"Type":"Pass","Comment":"größe","End":true}}}'
    created = sfn.create_state_machine(name=name, definition=definition, roleArn=ROLE)
    assert created["stateMachineArn"] == ARN + name
    described = sfn.describe_state_machine(stateMachineArn=created["stateMachineArn"])
    described.pop("ResponseMetadata")
    assert described.pop("creationDate") == created["creationDate"]
    assert described == {
        "stateMachineArn": ARN + name,
        "name": name,
        "status": "ACTIVE",
        "definition": definition,
        "roleArn": ROLE,
        "type": "STANDARD",
        "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
        "tracingConfiguration": {"enabled": False},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }


def test_creating_it_again_gives_the_first_and_another_definition_conflicts(sfn, name, refused):
    first = sfn.create_state_machine(name=name, definition=PASS, roleArn=ROLE)
    again = sfn.create_state_machine(name=name, definition=PASS, roleArn=ROLE.replace("e2e", "other"))
    assert again["creationDate"] == first["creationDate"]
    code, message = refused(sfn.create_state_machine, name=name, definition=PASS + " ", roleArn=ROLE)
    assert (code, message) == ("StateMachineAlreadyExists", f"State Machine Already Exists: '{ARN}{name}'")


@pytest.mark.parametrize("bad", ["has blank", "a/b", "a:b", "q?", "{}", "tab\t", "nul\0", "\u0085"])
def test_names_with_forbidden_characters_are_refused(sfn, bad, refused):
    code, message = refused(sfn.create_state_machine, name=bad, definition=PASS, roleArn=ROLE)
    assert (code, message) == ("InvalidName", f"Invalid Name: '{bad}'")


def test_names_that_are_too_long_break_a_constraint(unchecked, refused):
    code, message = refused(unchecked.create_state_machine, name="n" * 81, definition=PASS, roleArn=ROLE)
    assert code == "ValidationException"
    assert message.endswith("at 'name' failed to satisfy constraint: Member must have length less than or equal to 80")


def test_missing_members_are_named(unchecked, refused):
    code, message = refused(unchecked.create_state_machine)
    assert code == "ValidationException"
    assert message.startswith("3 validation errors detected: Value null at 'name' failed to satisfy constraint")


@pytest.mark.parametrize(
    "definition, problem",
    [
        ('{"StartAt":"A"}', "SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'"),
        ("not json", "INVALID_JSON_DESCRIPTION: "),
        ('{"StartAt":"X","States":{"A":{"Type":"Pass","End":true}}}', "MISSING_TRANSITION_TARGET: "),
    ],
)
def test_definitions_that_are_wrong_are_refused(sfn, name, refused, definition, problem):
    code, message = refused(sfn.create_state_machine, name=name, definition=definition, roleArn=ROLE)
    assert code == "InvalidDefinition"
    assert message.startswith("Invalid State Machine Definition: '") and problem in message


@pytest.mark.parametrize(
    "logging, problem",
    [
        ({"level": "ALL"}, "Must specify exactly one Log Destination."),
        ({"level": "ERROR", "destinations": []}, "Must specify exactly one Log Destination."),
        (
            {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": "arn:aws:logs:r:1:log-group:g"}}]},
            "Log Destination not found.",
        ),
    ],
)
def test_logging_configurations_are_checked(sfn, name, refused, logging, problem):
    members = {"name": name, "definition": PASS, "roleArn": ROLE, "loggingConfiguration": logging}
    code, message = refused(sfn.create_state_machine, **members)
    assert (code, message) == ("InvalidLoggingConfiguration", f"Invalid Logging Configuration: {problem}")


def test_only_a_change_makes_a_new_revision(sfn, name, refused):
    arn = sfn.create_state_machine(name=name, definition=PASS, roleArn=ROLE)["stateMachineArn"]
    assert "revisionId" not in sfn.update_state_machine(stateMachineArn=arn, definition=PASS, roleArn=ROLE)
    first = sfn.update_state_machine(stateMachineArn=arn, definition=OTHER)["revisionId"]
    assert sfn.update_state_machine(stateMachineArn=arn, definition=OTHER)["revisionId"] == first
    assert sfn.update_state_machine(stateMachineArn=arn, roleArn=ROLE + "2")["revisionId"] != first
    described = sfn.describe_state_machine(stateMachineArn=arn)
    assert (described["definition"], described["roleArn"]) == (OTHER, ROLE + "2")
    code, message = refused(sfn.update_state_machine, stateMachineArn=arn)
    assert code == "MissingRequiredParameter"
    assert message == (
        "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified"
    )


def test_what_is_not_there_and_what_is_no_arn(sfn, refused):
    version = ARN + "none:2"
    for operation in (sfn.describe_state_machine, sfn.start_execution, sfn.list_executions, sfn.update_state_machine):
        assert refused(operation, stateMachineArn=version) == (
            "StateMachineDoesNotExist",
            f"State Machine Does Not Exist: '{version}'",
        )
        assert refused(operation, stateMachineArn="not_an_arn") == (
            "InvalidArn",
            "Invalid Arn: 'Invalid ARN prefix: not_an_arn'",
        )


def test_deleting_is_done_once_and_asked_for_often(sfn, passing, refused):
    for _ in range(2):
        answer = sfn.delete_state_machine(stateMachineArn=passing)
        assert set(answer) == {"ResponseMetadata"}
    code, _ = refused(sfn.describe_state_machine, stateMachineArn=passing)
    assert code == "StateMachineDoesNotExist"


def test_every_machine_is_on_one_page_and_pages_are_in_order(sfn, name):
    arns = {
        sfn.create_state_machine(name=f"{name}-{n}", definition=PASS, roleArn=ROLE)["stateMachineArn"] for n in range(7)
    }
    pages = list(sfn.get_paginator("list_state_machines").paginate(PaginationConfig={"PageSize": 3}))
    listed = [machine for page in pages for machine in page["stateMachines"]]
    assert all(len(page["stateMachines"]) <= 3 for page in pages)
    assert arns <= {machine["stateMachineArn"] for machine in listed}
    names = [machine["name"] for machine in listed]
    assert names == sorted(names) and len(set(names)) == len(names)
    assert set(listed[0]) == {"stateMachineArn", "name", "type", "creationDate"}


def test_page_sizes_and_page_tokens_are_checked(sfn, unchecked, refused):
    code, message = refused(unchecked.list_state_machines, maxResults=1001)
    assert code == "ValidationException"
    assert message == (
        "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: "
        "Member must have value less than or equal to 1000"
    )
    token = "x" * 1025
    code, message = refused(unchecked.list_state_machines, nextToken=token)
    assert message == (
        f"1 validation error detected: Value '{token}' at 'nextToken' failed to satisfy constraint: "
        "Member must have length less than or equal to 1024"
    )
    assert refused(sfn.list_state_machines, nextToken="garbage") == ("InvalidToken", "Invalid Token: 'Invalid token'")


def test_definitions_are_validated(sfn):
    valid = sfn.validate_state_machine_definition(definition=PASS)
    assert (valid["result"], valid["diagnostics"], valid["truncated"]) == ("OK", [], False)
    broken = sfn.validate_state_machine_definition(definition="{}")
    assert broken["result"] == "FAIL"
    assert broken["diagnostics"] == [
        {
            "severity": "ERROR",
            "code": "SCHEMA_VALIDATION_FAILED",
            "message": "These fields are required: [States, StartAt]",
            "location": "/",
        }
    ]


def test_warnings_are_shown_to_those_who_ask(sfn):
    reads = {"Type": "Pass", "Parameters": {"a.$": "$total", "b": "$.looks"}, "End": True}
    definition = json.dumps({"StartAt": "A", "States": {"A": reads}})
    assert sfn.validate_state_machine_definition(definition=definition)["diagnostics"] == []
    shown = sfn.validate_state_machine_definition(definition=definition, severity="WARNING")
    assert shown["result"] == "OK"
    found = [(one["severity"], one["code"], one["location"]) for one in shown["diagnostics"]]
    assert found == [
        ("WARNING", "NO_DOLLAR", "/States/A/Parameters"),
        ("WARNING", "POSSIBLY_UNDEFINED_VARIABLE", "/States/A"),
    ]


def test_tags_are_set_listed_and_taken_away(sfn, machine, refused):
    arn = machine({"A": {"Type": "Succeed"}}, tags=[{"key": "team", "value": "blue"}])
    sfn.tag_resource(resourceArn=arn, tags=[{"key": "team", "value": "red"}, {"key": "empty", "value": ""}])
    tags = sfn.list_tags_for_resource(resourceArn=arn)["tags"]
    assert tags == [{"key": "team", "value": "red"}, {"key": "empty", "value": ""}]
    sfn.untag_resource(resourceArn=arn, tagKeys=["team", "absent"])
    assert sfn.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "empty", "value": ""}]
    assert "revisionId" not in sfn.describe_state_machine(stateMachineArn=arn)
    gone = ("ResourceNotFound", f"Resource not found: '{arn}:1'")
    assert refused(sfn.list_tags_for_resource, resourceArn=arn + ":1") == gone
    assert refused(sfn.tag_resource, resourceArn=arn + ":1", tags=[]) == gone
    assert refused(sfn.untag_resource, resourceArn=arn + ":1", tagKeys=["team"]) == gone


def test_the_answer_is_aws_json_1_0(server):
    status, headers, body = server.post("ListStateMachines", b"{}")
    assert status == 200 and headers["content-type"] == "application/x-amz-json-1.0"
    assert len(headers["x-amzn-requestid"]) == 36
    assert isinstance(json.loads(body)["stateMachines"], list)
