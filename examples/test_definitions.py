"""Cross-checks the definitions with each other and with the functions and inputs beside them."""

import json
import re
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
PROJECTS = sorted(path.parent.name for path in HERE.glob("*/*.asl.json"))
FUNCTION = re.compile(r"arn:aws:lambda:us-east-1:000000000000:function:([a-z-]+)")


def definition(project):
    return json.loads((HERE / project / f"{project}.asl.json").read_text())


def blocks(machine):
    """Every `States` block with its StartAt, from the machine down."""
    yield machine
    for state in machine["States"].values():
        for inner in [*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])]:
            yield from blocks(inner)


def targets(state):
    yield from filter(None, [state.get("Next"), state.get("Default")])
    for rule in [*state.get("Choices", []), *state.get("Catch", [])]:
        yield rule["Next"]


def states(project):
    for block in blocks(definition(project)):
        yield from block["States"].items()


def test_there_are_four_projects():
    assert PROJECTS == ["fan-out", "human-approval", "order-processing", "saga"]


@pytest.mark.parametrize("project", PROJECTS)
def test_every_transition_leads_to_a_state_and_every_state_is_reached(project):
    for block in blocks(definition(project)):
        names = set(block["States"])
        reached, frontier = set(), [block["StartAt"]]
        while frontier:
            name = frontier.pop()
            assert name in names
            if name not in reached:
                reached.add(name)
                frontier.extend(targets(block["States"][name]))
        assert reached == names


@pytest.mark.parametrize("project", PROJECTS)
def test_every_state_goes_on_or_ends(project):
    for name, state in states(project):
        ways = ("Next" in state) + state.get("End", False)
        ways += state["Type"] in ("Choice", "Succeed", "Fail")
        assert ways == 1, name


@pytest.mark.parametrize("project", PROJECTS)
def test_state_names_are_unique_over_the_whole_machine(project):
    names = [name for name, _ in states(project)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("project", PROJECTS)
def test_every_function_of_a_definition_exists_and_none_is_left_over(project):
    called = set(FUNCTION.findall(json.dumps(definition(project))))
    folders = {path.parent.name for path in HERE.glob(f"{project}/functions/*/handler.py")}
    assert called == folders


def test_function_names_do_not_collide_between_projects():
    names = [path.parent.name for path in HERE.glob("*/functions/*/handler.py")]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("project", PROJECTS)
def test_every_task_survives_a_lost_answer(project):
    for name, state in states(project):
        if state["Type"] != "Task":
            continue
        caught = {error for retrier in state["Retry"] for error in retrier["ErrorEquals"]}
        assert {"Lambda.SdkClientException"} <= caught or "States.ALL" in caught, name
        assert "TimeoutSeconds" in state or "TimeoutSecondsPath" in state, name


@pytest.mark.parametrize("project", PROJECTS)
def test_every_task_tells_the_function_who_calls(project):
    for name, state in states(project):
        if state["Type"] == "Task":
            parameters = state["Parameters"]
            meta = parameters.get("Payload", parameters)["meta"]
            assert meta["executionId.$"] == "$$.Execution.Id", name
            assert meta["attempt.$"] == "$$.State.RetryCount", name


@pytest.mark.parametrize("path", sorted(HERE.glob("*/inputs/*.json")), ids=lambda p: f"{p.parts[-3]}/{p.stem}")
def test_every_input_is_an_object_and_is_in_the_readme(path):
    assert isinstance(json.loads(path.read_text()), dict)
    assert path.name in (path.parent.parent / "README.md").read_text()


@pytest.mark.parametrize("path", sorted(HERE.glob("*/inputs/*.json")), ids=lambda p: f"{p.parts[-3]}/{p.stem}")
def test_every_input_is_run_by_the_path_tests(path):
    assert f'"{path.stem}"' in (HERE / "test_examples.py").read_text()
