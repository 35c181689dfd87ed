"""Versions and aliases of state machines, through boto3."""

import collections
import json

import pytest
from conftest import ROLE

ARN = "arn:aws:states:us-east-1:000000000000:stateMachine:"
GONE = "Request references a resource that does not exist."


def giving(result):
    states = {"P": {"Type": "Pass", "Result": result, "End": True}}
    return json.dumps({"StartAt": "P", "States": states})


@pytest.fixture
def arn(sfn, name):
    """A machine with the versions 1 and 2, whose executions give 1 and 2."""
    arn = sfn.create_state_machine(name=name, definition=giving(1), roleArn=ROLE, publish=True)["stateMachineArn"]
    sfn.update_state_machine(stateMachineArn=arn, definition=giving(2), publish=True)
    return arn


def routes(arn, *weights):
    return [{"stateMachineVersionArn": f"{arn}:{n}", "weight": weight} for n, weight in enumerate(weights, 1)]


def versions(sfn, arn):
    listed = sfn.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
    return [int(version["stateMachineVersionArn"].rsplit(":", 1)[1]) for version in listed]


def test_a_machine_is_created_with_its_first_version(sfn, name, refused):
    members = {"name": name, "definition": giving(1), "roleArn": ROLE, "publish": True, "versionDescription": "one"}
    created = sfn.create_state_machine(**members)
    assert created["stateMachineVersionArn"] == f"{ARN}{name}:1"
    again = sfn.create_state_machine(**members)
    assert again["stateMachineVersionArn"] == created["stateMachineVersionArn"]
    assert again["creationDate"] == created["creationDate"]
    for other in [{"publish": False}, {"versionDescription": "other"}]:
        wanted = {**members, **other}
        if not wanted["publish"]:
            wanted.pop("versionDescription")
        assert refused(sfn.create_state_machine, **wanted)[0] == "StateMachineAlreadyExists"
    without = {"name": name + "-2", "definition": giving(1), "roleArn": ROLE}
    code, message = refused(sfn.create_state_machine, **without, versionDescription="one")
    assert (code, message) == ("ValidationException", "Version description can only be set when publish is true")


def test_a_version_is_described_as_it_was_published(sfn, name):
    arn = sfn.create_state_machine(name=name, definition=giving(1), roleArn=ROLE)["stateMachineArn"]
    first = sfn.publish_state_machine_version(stateMachineArn=arn, revisionId="INITIAL", description="first")
    sfn.update_state_machine(stateMachineArn=arn, definition=giving(2))
    described = sfn.describe_state_machine(stateMachineArn=first["stateMachineVersionArn"])
    assert described["stateMachineArn"] == arn + ":1" and described["name"] == name
    assert (described["definition"], described["description"]) == (giving(1), "first")
    assert described["creationDate"] == first["creationDate"] and "revisionId" not in described
    current = sfn.describe_state_machine(stateMachineArn=arn)
    assert current["definition"] == giving(2) and "description" not in current
    published = sfn.publish_state_machine_version(stateMachineArn=arn, revisionId=current["revisionId"])
    described = sfn.describe_state_machine(stateMachineArn=published["stateMachineVersionArn"])
    assert described["revisionId"] == current["revisionId"] and "description" not in described


def test_a_revision_is_published_once(sfn, arn, refused):
    again = sfn.publish_state_machine_version(stateMachineArn=arn, description="too late")
    assert again["stateMachineVersionArn"] == arn + ":2"
    assert "description" not in sfn.describe_state_machine(stateMachineArn=arn + ":2")
    same = sfn.update_state_machine(stateMachineArn=arn, definition=giving(2), publish=True)
    assert same["stateMachineVersionArn"] == arn + ":2"
    current = same["revisionId"]
    for wrong in ["INITIAL", "other"]:
        told = refused(sfn.publish_state_machine_version, stateMachineArn=arn, revisionId=wrong)
        assert told == (
            "ConflictException",
            f"Failed to publish the State Machine version for revision {wrong}. "
            f"The current State Machine revision is {current}.",
        )
    assert refused(sfn.update_state_machine, stateMachineArn=arn, publish=True)[0] == "MissingRequiredParameter"


def test_a_version_cannot_be_changed_or_published(sfn, arn, refused):
    version = arn + ":2"
    gone = ("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{version}'")
    assert refused(sfn.update_state_machine, stateMachineArn=version, definition=giving(3)) == gone
    assert refused(sfn.publish_state_machine_version, stateMachineArn=version) == gone
    told = refused(sfn.publish_state_machine_version, stateMachineArn="invalid_arn")
    assert told == ("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: invalid_arn'")
    none = ARN + "none"
    told = refused(sfn.publish_state_machine_version, stateMachineArn=none)
    assert told == ("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{none}'")


def test_versions_are_listed_from_the_highest_and_never_numbered_twice(sfn, arn, refused):
    assert versions(sfn, arn) == [2, 1]
    first = sfn.list_state_machine_versions(stateMachineArn=arn, maxResults=1)
    assert [v["stateMachineVersionArn"] for v in first["stateMachineVersions"]] == [arn + ":2"]
    second = sfn.list_state_machine_versions(stateMachineArn=arn, maxResults=1, nextToken=first["nextToken"])
    assert [v["stateMachineVersionArn"] for v in second["stateMachineVersions"]] == [arn + ":1"]
    assert "nextToken" not in second
    told = refused(sfn.list_state_machine_versions, stateMachineArn=ARN + "other", nextToken=first["nextToken"])
    assert told == ("InvalidToken", "Invalid Token: 'Invalid token'")
    for _ in range(2):
        sfn.delete_state_machine_version(stateMachineVersionArn=arn + ":2")
    assert versions(sfn, arn) == [1]
    gone = ("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}:2'")
    assert refused(sfn.describe_state_machine, stateMachineArn=arn + ":2") == gone
    assert refused(sfn.start_execution, stateMachineArn=arn + ":2") == gone
    assert sfn.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"] == arn + ":3"
    assert versions(sfn, arn) == [3, 1]


def test_executions_run_what_they_were_started_with(sfn, arn, ended):
    sfn.create_state_machine_alias(name="prod", routingConfiguration=routes(arn, 100))
    started = {}
    for qualifier in ["", ":1", ":2", ":prod"]:
        execution = sfn.start_execution(stateMachineArn=arn + qualifier)["executionArn"]
        found = ended(execution)
        started[qualifier] = execution
        assert found["stateMachineArn"] == arn
        assert found["output"] == ("1" if qualifier in (":1", ":prod") else "2")
        expected = {"": None, ":1": arn + ":1", ":2": arn + ":2", ":prod": arn + ":1"}[qualifier]
        assert found.get("stateMachineVersionArn") == expected
        assert found.get("stateMachineAliasArn") == (arn + ":prod" if qualifier == ":prod" else None)
        details = sfn.get_execution_history(executionArn=execution)["events"][0]["executionStartedEventDetails"]
        assert details.get("stateMachineVersionArn") == expected
        snapshot = sfn.describe_state_machine_for_execution(executionArn=execution)
        assert snapshot["stateMachineArn"] == arn
        assert snapshot["definition"] == giving(int(found["output"]))

    def listed(qualifier):
        return {e["executionArn"]: e for e in sfn.list_executions(stateMachineArn=arn + qualifier)["executions"]}

    assert set(listed("")) == set(started.values())
    assert set(listed(":1")) == {started[":1"], started[":prod"]}
    assert set(listed(":2")) == {started[":2"]}
    by_alias = listed(":prod")
    assert set(by_alias) == {started[":prod"]}
    assert by_alias[started[":prod"]]["stateMachineAliasArn"] == arn + ":prod"
    assert by_alias[started[":prod"]]["stateMachineVersionArn"] == arn + ":1"


def test_an_alias_splits_executions_by_weight(sfn, arn, ended):
    sfn.create_state_machine_alias(name="split", routingConfiguration=routes(arn, 50, 50))
    executions = [sfn.start_execution(stateMachineArn=arn + ":split")["executionArn"] for _ in range(40)]
    outputs = collections.Counter(ended(execution)["output"] for execution in executions)
    assert set(outputs) == {"1", "2"}
    sfn.update_state_machine_alias(stateMachineAliasArn=arn + ":split", routingConfiguration=routes(arn, 0, 100))
    executions = [sfn.start_execution(stateMachineArn=arn + ":split")["executionArn"] for _ in range(10)]
    assert {ended(execution)["output"] for execution in executions} == {"2"}


def test_an_alias_is_described_and_changed(sfn, arn, refused):
    created = sfn.create_state_machine_alias(name="prod", description="live", routingConfiguration=routes(arn, 100))
    alias = created["stateMachineAliasArn"]
    assert alias == arn + ":prod"
    described = sfn.describe_state_machine_alias(stateMachineAliasArn=alias)
    described.pop("ResponseMetadata")
    assert described == {
        "stateMachineAliasArn": alias,
        "name": "prod",
        "description": "live",
        "routingConfiguration": routes(arn, 100),
        "creationDate": created["creationDate"],
        "updateDate": created["creationDate"],
    }
    again = sfn.create_state_machine_alias(name="prod", description="live", routingConfiguration=routes(arn, 100))
    assert again["creationDate"] == created["creationDate"]
    conflict = (
        "ConflictException",
        "Failed to create alias because an alias with the same name and a different routing configuration already exists.",
    )
    for other in [{"description": "x"}, {"description": "live", "routingConfiguration": routes(arn, 50, 50)}]:
        members = {"name": "prod", "routingConfiguration": routes(arn, 100), **other}
        assert refused(sfn.create_state_machine_alias, **members) == conflict
    updated = sfn.update_state_machine_alias(stateMachineAliasArn=alias, description="new")
    sfn.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=routes(arn, 20, 80))
    described = sfn.describe_state_machine_alias(stateMachineAliasArn=alias)
    assert (described["description"], described["routingConfiguration"]) == ("new", routes(arn, 20, 80))
    assert described["updateDate"] >= updated["updateDate"] >= described["creationDate"]
    code, _ = refused(sfn.update_state_machine_alias, stateMachineAliasArn=alias)
    assert code == "ValidationException"
    missing = {"stateMachineAliasArn": arn + ":none"}
    assert refused(sfn.update_state_machine_alias, **missing, description="x") == ("ResourceNotFound", GONE)
    assert refused(sfn.describe_state_machine_alias, **missing) == ("ResourceNotFound", GONE)


def test_routing_configurations_are_checked(sfn, unchecked, arn, refused):
    def told(configuration, client=sfn):
        return refused(client.create_state_machine_alias, name="bad", routingConfiguration=configuration)

    def received(problem, *values):
        return "ValidationException", f"{problem} Received: [{', '.join(str(value) for value in values)}]"

    must = "Routing configuration must contain "
    plain = [{"stateMachineVersionArn": arn, "weight": 100}]
    assert told(plain) == received(must + "state machine version ARNs.", arn)
    twice = [routes(arn, 50)[0]] * 2
    assert told(twice) == received(must + "distinct state machine version ARNs.", arn + ":1", arn + ":1")
    unequal = received("Sum of routing configuration weights must equal 100.", 70, 29)
    assert told(routes(arn, 70, 29)) == unequal
    three = ", ".join(
        f"RoutingConfigurationListItem(stateMachineVersionArn={arn}:{n}, weight={w})"
        for n, w in [(1, 50), (2, 30), (3, 20)]
    )
    assert told(routes(arn, 50, 30, 20)) == (
        "ValidationException",
        f"1 validation error detected: Value '[{three}]' at 'routingConfiguration' failed to satisfy constraint: "
        "Member must have length less than or equal to 2",
    )
    assert told(routes(arn, 101)) == (
        "ValidationException",
        "1 validation error detected: Value '101' at 'routingConfiguration.1.member.weight' failed to satisfy "
        "constraint: Member must have value less than or equal to 100",
    )
    assert told([], unchecked)[1].endswith(
        "at 'routingConfiguration' failed to satisfy constraint: Member must have length greater than or equal to 1"
    )
    other = [routes(arn, 50)[0], {"stateMachineVersionArn": arn + "-other:1", "weight": 50}]
    assert told(other)[0] == "ValidationException"
    assert told([{"stateMachineVersionArn": arn + ":9", "weight": 100}]) == ("ResourceNotFound", GONE)


@pytest.mark.parametrize("bad", ["123", "!INVALID", "ALIAS@", "INVALID ALIAS", "größe"])
def test_alias_names_are_restricted(sfn, arn, refused, bad):
    told = refused(sfn.create_state_machine_alias, name=bad, routingConfiguration=routes(arn, 100))
    assert told == (
        "ValidationException",
        f"1 validation error detected: Value '{bad}' at 'name' failed to satisfy constraint: Member must satisfy "
        r"regular expression pattern: ^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$",
    )


def test_a_version_with_aliases_stays(sfn, arn, refused):
    for alias in ["b", "a"]:
        sfn.create_state_machine_alias(name=alias, routingConfiguration=routes(arn, 100))
    told = refused(sfn.delete_state_machine_version, stateMachineVersionArn=arn + ":1")
    assert told == (
        "ConflictException",
        "Version to be deleted must not be referenced by an alias. "
        "Current list of aliases referencing this version: [b, a]",
    )
    for alias in ["a", "b", "b"]:
        sfn.delete_state_machine_alias(stateMachineAliasArn=f"{arn}:{alias}")
    sfn.delete_state_machine_version(stateMachineVersionArn=arn + ":1")
    assert versions(sfn, arn) == [2]


def test_aliases_are_listed_from_the_oldest(sfn, arn, refused):
    for alias, weights in [("c", (100,)), ("a", (0, 100)), ("b", (100,))]:
        sfn.create_state_machine_alias(name=alias, routingConfiguration=routes(arn, *weights))

    def listed(of, **members):
        page = sfn.list_state_machine_aliases(stateMachineArn=of, **members)
        return [a["stateMachineAliasArn"].rsplit(":", 1)[1] for a in page["stateMachineAliases"]], page.get("nextToken")

    assert listed(arn) == (["c", "a", "b"], None)
    assert listed(arn + ":2") == (["a"], None)
    assert listed(arn + ":1", maxResults=0) == (["c", "a", "b"], None)
    first, token = listed(arn, maxResults=2)
    assert first == ["c", "a"]
    assert listed(arn, maxResults=2, nextToken=token) == (["b"], None)
    told = refused(sfn.list_state_machine_aliases, stateMachineArn=arn, nextToken="InvalidToken")
    assert told == ("InvalidToken", "Invalid Token: 'Invalid token'")
    told = refused(sfn.list_state_machine_aliases, stateMachineArn=ARN + "none")
    assert told == ("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{ARN}none'")


def test_a_deleted_machine_takes_its_versions_and_aliases_along(sfn, arn, name, refused):
    sfn.create_state_machine_alias(name="prod", routingConfiguration=routes(arn, 100))
    sfn.delete_state_machine(stateMachineArn=arn)
    for qualifier in [":1", ":prod"]:
        assert refused(sfn.start_execution, stateMachineArn=arn + qualifier)[0] == "StateMachineDoesNotExist"
    told = refused(sfn.describe_state_machine_alias, stateMachineAliasArn=arn + ":prod")
    assert told == ("ResourceNotFound", GONE)
    again = sfn.create_state_machine(name=name, definition=giving(1), roleArn=ROLE, publish=True)
    assert again["stateMachineVersionArn"] == arn + ":1" and versions(sfn, arn) == [1]


def test_express_machines_have_versions_and_aliases_too(server, name):
    sfn = server.client(inject_host_prefix=False)
    members = {"name": name, "definition": giving(1), "roleArn": ROLE, "type": "EXPRESS", "publish": True}
    arn = sfn.create_state_machine(**members)["stateMachineArn"]
    sfn.update_state_machine(stateMachineArn=arn, definition=giving(2), publish=True)
    sfn.create_state_machine_alias(name="old", routingConfiguration=routes(arn, 100))
    for qualifier, output in [("", "2"), (":1", "1"), (":old", "1")]:
        done = sfn.start_sync_execution(stateMachineArn=arn + qualifier)
        assert (done["output"], done["stateMachineArn"]) == (output, arn)
        assert f":express:{name}:" in sfn.start_execution(stateMachineArn=arn + qualifier)["executionArn"]


def test_versions_and_aliases_outlive_the_server(fresh_server, name):
    sfn = fresh_server.client()
    arn = sfn.create_state_machine(name=name, definition=giving(1), roleArn=ROLE, publish=True)["stateMachineArn"]
    sfn.create_state_machine_alias(name="prod", description="d", routingConfiguration=routes(arn, 100))
    sfn.update_state_machine(stateMachineArn=arn, definition=giving(2), publish=True)
    fresh_server.kill()
    sfn = fresh_server.start().client()
    assert versions(sfn, arn) == [2, 1]
    assert sfn.describe_state_machine_alias(stateMachineAliasArn=arn + ":prod")["description"] == "d"
    assert sfn.start_execution(stateMachineArn=arn + ":prod")["executionArn"]


def test_a_distributed_map_is_described_by_its_label(sfn, name, refused):
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "I",
        "States": {"I": {"Type": "Pass", "End": True}},
    }
    states = {"M": {"Type": "Map", "Label": "Each", "ItemProcessor": processor, "End": True}}
    definition = json.dumps({"StartAt": "M", "States": states})
    arn = sfn.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
    described = sfn.describe_state_machine(stateMachineArn=arn + "/Each")
    assert (described["stateMachineArn"], described["label"]) == (arn + "/Each", "Each")
    assert json.loads(described["definition"])["StartAt"] == "I"
    assert "label" not in sfn.describe_state_machine(stateMachineArn=arn)
    missing = refused(sfn.describe_state_machine, stateMachineArn=arn + "/None")
    assert missing == ("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}/None'")
    for operation in [sfn.start_execution, sfn.delete_state_machine, sfn.publish_state_machine_version]:
        assert refused(operation, stateMachineArn=arn + "/Each")[0] == "ValidationException"
