"""The constraints that the service model puts on members of requests, each broken: the texts are AWS's."""

import json

import botocore.session
import pytest
from test_service_model import nested, paths

MODEL = botocore.session.get_session().get_service_model("stepfunctions")
# Larger values are tried elsewhere: a request has at most 1 MiB.
LARGEST = 300_000


def shown_path(path):
    """`routingConfiguration.1.member.weight`: members of lists are counted from 1."""
    return ".".join("1.member" if step == "[]" else step for step in path)


def violations(shape):
    """Values that break a constraint of the shape, each with what is said of it."""
    bounds, kind = shape.metadata, shape.type_name
    if kind == "string":
        if bounds.get("max", LARGEST) < LARGEST:
            yield "x" * (bounds["max"] + 1), f"Member must have length less than or equal to {bounds['max']}"
        if bounds.get("min"):
            yield "", f"Member must have length greater than or equal to {bounds['min']}"
        if shape.enum:
            yield "nope", "Member must satisfy enum value set: ["
        if "pattern" in bounds:
            yield "é", f"Member must satisfy regular expression pattern: {bounds['pattern']}"
    elif kind in ("integer", "long", "float"):
        if "max" in bounds:
            yield bounds["max"] + 1, f"Member must have value less than or equal to {bounds['max']}"
        if "min" in bounds:
            yield bounds["min"] - 1, f"Member must have value greater than or equal to {bounds['min']}"


def refusal(server, operation, body):
    status, _, answer = server.post(operation, json.dumps(body).encode())
    answer = json.loads(answer)
    assert (status, answer["__type"]) == (400, "ValidationException"), answer
    return answer["message"]


@pytest.mark.parametrize("operation", sorted(MODEL.operation_names))
def test_a_member_outside_of_its_constraint_is_refused(server, operation):
    for path, shape in paths(MODEL.operation_model(operation).input_shape):
        for value, constraint in violations(shape):
            message = refusal(server, operation, nested(path, value))
            # What is sensitive is not repeated.
            value = "Value " if shape.metadata.get("sensitive") else f"Value '{value}' "
            assert f"{value}at '{shown_path(path)}' failed to satisfy constraint: {constraint}" in message


@pytest.mark.parametrize("operation", sorted(MODEL.operation_names))
def test_members_that_are_missing_are_named_all_at_once(server, operation):
    required = MODEL.operation_model(operation).input_shape.required_members
    if not required:
        return
    missing = [f"Value null at '{name}' failed to satisfy constraint: Member must not be null" for name in required]
    head, *told = refusal(server, operation, {}).split(" detected: ", 1)
    assert sorted(told[0].split("; ")) == sorted(missing)
    assert head == ("1 validation error" if len(missing) == 1 else f"{len(missing)} validation errors")


@pytest.mark.parametrize("operation", ["CreateStateMachineAlias", "UpdateStateMachineAlias"])
def test_routes_are_one_or_two(server, operation):
    for count, constraint in [(0, "greater than or equal to 1"), (3, "less than or equal to 2")]:
        route = {"stateMachineVersionArn": "v", "weight": 1}
        message = refusal(server, operation, {"routingConfiguration": [route] * count})
        item = "RoutingConfigurationListItem(stateMachineVersionArn=v, weight=1)"
        shown = f"[{', '.join([item] * count)}]"
        assert (
            f"Value '{shown}' at 'routingConfiguration' failed to satisfy constraint: Member must have length {constraint}"
            in message
        )
