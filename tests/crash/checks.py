"""What must hold once the server has been killed often enough and every execution has ended."""

import collections
import json

from workflows import FLAKY_ATTEMPTS, LOST_ATTEMPTS, VISITS

ENDS = {"SUCCEEDED": "ExecutionSucceeded", "FAILED": "ExecutionFailed"}
LAMBDA_ERRORS = {
    "Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
}


class Execution:
    """An execution that has ended, as the API shows it."""

    def __init__(self, described, events):
        self.arn = described["executionArn"]
        self.machine = described["stateMachineArn"].rpartition(":")[2]
        self.described = described
        self.events = events
        self.by_id = {event["id"]: event for event in events}

    def scheduled(self):
        """The attempts that were scheduled, with the numbers of their events."""
        for event in self.events:
            if event["type"] == "LambdaFunctionScheduled":
                yield attempt_of(json.loads(event["lambdaFunctionScheduledEventDetails"]["input"])), event["id"]
            elif event["type"] == "TaskScheduled":
                parameters = json.loads(event["taskScheduledEventDetails"]["parameters"])
                yield attempt_of(parameters["Payload"]), event["id"]

    def before(self, event):
        """The events that led to one, the latest first."""
        while event["previousEventId"] in self.by_id:
            event = self.by_id[event["previousEventId"]]
            yield event


def attempt_of(told):
    return told["execution"], told["state"], told["attempt"]


def check_all(executions, acknowledged, calls):
    """Every violation, as text. `calls` are the lines of the ledger."""
    found = list(acknowledged.violations)
    by_arn = {execution.arn: execution for execution in executions}
    for arn, (_, text, started) in acknowledged.starts.items():
        if arn not in by_arn:
            found.append(f"{arn}: its start was acknowledged, and it is not there")
            continue
        described = by_arn[arn].described
        if described["input"] != text or started not in (None, described["startDate"]):
            found.append(f"{arn}: its input or start is not what was acknowledged")
    for arn, seen in acknowledged.histories.items():
        if arn in by_arn and by_arn[arn].events[: len(seen)] != seen:
            found.append(f"{arn}: events that were shown before a kill are not what is shown now")
    for arn, answer in acknowledged.answers.values():
        if arn in by_arn and task_outputs(by_arn[arn]) != [answer]:
            found.append(f"{arn}: the answer {answer} was taken, and is not the task's result")
    for execution in executions:
        found += [f"{execution.arn}: {problem}" for problem in check_execution(execution)]
    return found + list(check_calls(executions, calls))


def task_outputs(execution):
    return [
        event["taskSucceededEventDetails"]["output"] for event in execution.events if event["type"] == "TaskSucceeded"
    ]


def check_execution(execution):
    yield from check_shape(execution)
    yield from check_visits(execution)
    status = execution.described["status"]
    if status == "FAILED":
        if not has_due_failure(execution):
            error = execution.described.get("error"), execution.described.get("cause")
            yield f"failed with {error}, which its definition does not say"
    elif status != "SUCCEEDED":
        yield f"ended as {status}"


def check_shape(execution):
    events = execution.events
    if [event["id"] for event in events] != list(range(1, len(events) + 1)):
        yield "its event ids are not dense"
    if not all(0 <= event["previousEventId"] < event["id"] for event in events):
        yield "an event follows one that is not before it"
    if any(later["timestamp"] < earlier["timestamp"] for earlier, later in zip(events, events[1:])):
        yield "its timestamps run backwards"
    types = [event["type"] for event in events]
    ends = [kind for kind in types if kind in {"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted"}]
    expected = [ENDS.get(execution.described["status"])]
    if types[:1] != ["ExecutionStarted"] or ends != expected or types[-1:] != expected:
        yield f"it does not begin and end once: {types[:1]}, {types[-1:]}, {ends}"


def check_visits(execution):
    entered, exited, others = collections.Counter(), collections.Counter(), collections.Counter()
    for event in execution.events:
        if event["type"].endswith("StateEntered"):
            entered[event["stateEnteredEventDetails"]["name"]] += 1
        elif event["type"].endswith("StateExited"):
            exited[event["stateExitedEventDetails"]["name"]] += 1
        elif event["type"].startswith(("MapIteration", "MapState", "ParallelState")):
            others[event["type"]] += 1
    expected = collections.Counter(VISITS[execution.machine])
    if entered.pop("Sorry", 0) > 1 or exited.pop("Sorry", 0) > 1:
        yield "it was sorry twice"
    if execution.described["status"] == "SUCCEEDED":
        if entered != expected or exited != expected:
            yield f"states were entered {dict(entered)} and left {dict(exited)}, not {dict(expected)}"
        if execution.machine == "crash-fan" and set(others.values()) != {1, 3}:
            yield f"its Map and Parallel states have {dict(others)}"
    elif entered - expected or exited - entered:
        yield f"states were entered {dict(entered)} and left {dict(exited)}, more than {dict(expected)}"


def has_due_failure(execution):
    """Whether the error that ended it was retried as often as the definition says, in one visit of one state."""
    error = execution.described.get("error")
    failed = [event for event in execution.events if failure_of(event) == error]
    if not failed:
        return False
    if error == "Flaky":
        return execution.machine == "crash-fan" and failures_in_visit(execution, failed[-1], {error}) == FLAKY_ATTEMPTS
    attempts = [failures_in_visit(execution, event, LAMBDA_ERRORS) for event in failed]
    return error in LAMBDA_ERRORS and max(attempts) == LOST_ATTEMPTS


def failures_in_visit(execution, last, errors):
    count = 1
    for event in execution.before(last):
        if event["type"].endswith("StateEntered"):
            break
        count += failure_of(event) in errors
    return count


def failure_of(event):
    for details in ("lambdaFunctionFailedEventDetails", "taskFailedEventDetails"):
        if details in event:
            return event[details].get("error")
    return None


def check_calls(executions, calls):
    """Calls and histories must tell the same story."""
    called = collections.Counter(attempt_of(call) for call in calls)
    for attempt, count in called.items():
        if count > 1:
            yield f"{attempt} was called {count} times"
    scheduled = collections.Counter()
    for execution in executions:
        ids = {}
        for attempt, event_id in execution.scheduled():
            scheduled[attempt] += 1
            ids[event_id] = attempt
        yield from check_attempts(execution, ids.values())
        yield from check_results(execution, ids, called)
    for attempt, count in scheduled.items():
        if count > 1:
            yield f"{attempt} was scheduled {count} times"
    for attempt in called:
        if attempt not in scheduled:
            yield f"{attempt} was called, and no history says so"


def check_attempts(execution, attempts):
    by_state = collections.defaultdict(list)
    for _, state, number in attempts:
        by_state[state].append(number)
    for state, numbers in by_state.items():
        if sorted(numbers) != list(range(len(numbers))):
            yield f"{execution.arn}: the attempts of {state} are {numbers}"


def check_results(execution, scheduled, called):
    """What a function returned, or raised, it can only have done when it was called."""
    for event in execution.events:
        answered = event["type"] in {"LambdaFunctionSucceeded", "TaskSubmitted"} or failure_of(event) == "Flaky"
        if not answered:
            continue
        attempt = next((scheduled[e["id"]] for e in execution.before(event) if e["id"] in scheduled), None)
        if attempt not in called:
            yield f"{execution.arn}: event {event['id']} is the answer of a call that nobody made"
