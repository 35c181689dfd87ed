"""The demo's proofs must be able to fail."""

import copy

import pytest

from demo import check_history, cut_off, doing, repeated, state_names
from stack import Surprise, _member


def event(id_, type_, previous=None, **details):
    return {"id": id_, "previousEventId": id_ - 1 if previous is None else previous,
            "type": type_, "timestamp": float(id_), **details}


def enter(id_, type_, name, previous=None):
    return event(id_, type_ + "StateEntered", previous, stateEnteredEventDetails={"name": name})


def leave(id_, type_, name, previous=None):
    return event(id_, type_ + "StateExited", previous, stateExitedEventDetails={"name": name})


HISTORY = [
    event(1, "ExecutionStarted"),
    enter(2, "Parallel", "Both", 0),
    event(3, "ParallelStateStarted"),
    enter(4, "Task", "A"),
    event(5, "TaskScheduled"),
    enter(6, "Wait", "B", 3),
    event(7, "TaskFailed", 5, taskFailedEventDetails={"error": "Lambda.SdkClientException"}),
    event(8, "TaskScheduled", 7),
    leave(9, "Wait", "B", 6),
    leave(10, "Task", "A", 8),
    event(11, "ParallelStateSucceeded", 10),
    leave(12, "Parallel", "Both", 10),
    event(13, "ExecutionSucceeded"),
]


def test_a_sound_history_passes():
    check_history("run", HISTORY, HISTORY[:5])


@pytest.mark.parametrize("spoil", [
    lambda events: events.pop(4),
    lambda events: events.insert(5, copy.deepcopy(events[4])),
    lambda events: events[6].update(previousEventId=9),
    lambda events: events[4].update(type="TaskStarted"),
    lambda events: events.pop(),
    lambda events: events[8].update(stateExitedEventDetails={"name": "A"}),
], ids=["a lost event", "a doubled event", "a link forward", "a changed past", "no end", "a state left twice"])
def test_a_damaged_history_is_a_surprise(spoil):
    events = copy.deepcopy(HISTORY)
    spoil(events)
    with pytest.raises(Surprise):
        check_history("run", events, HISTORY[:5])


def test_events_without_a_name_belong_to_the_state_before_them():
    names = state_names(HISTORY)
    assert [names[id_] for id_ in (3, 5, 7, 8, 11, 13)] == ["Both", "A", "A", "A", "Both", ""]


def test_a_lost_answer_names_its_state():
    assert list(cut_off(HISTORY)) == ["A"]


def test_what_an_execution_is_at():
    assert doing(HISTORY[:6]) == "in Both, A, B"
    assert doing(HISTORY[:1]) == "between two states"
    assert doing([]) == "accepted, a blink before the kill"


def test_repeated_finds_what_comes_twice():
    assert repeated([("a", 0), ("a", 1), ("a", 0)]) == [("a", 0)]


@pytest.mark.parametrize("option, member", [
    ("state_machine_arn", "stateMachineArn"), ("task_output", "output"), ("name", "name"),
])
def test_options_of_the_cli_become_members_of_the_api(option, member):
    assert _member(option) == member
