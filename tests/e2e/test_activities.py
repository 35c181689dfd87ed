"""Activities and their workers, through boto3."""

import collections
import json
import subprocess
import sys
import threading

import pytest
from conftest import ROLE
from server import wait_until

ARN = "arn:aws:states:us-east-1:000000000000:activity:"


@pytest.fixture
def activity(sfn, name):
    return sfn.create_activity(name=name)["activityArn"]


def working(activity, **members):
    """A machine of one task that workers fetch."""
    states = {"Work": {"Type": "Task", "Resource": activity, "End": True, **members}}
    return json.dumps({"StartAt": "Work", "States": states})


def start(sfn, name, activity, input="{}", **members):
    machine = sfn.create_state_machine(name=name, definition=working(activity, **members), roleArn=ROLE)
    return sfn.start_execution(stateMachineArn=machine["stateMachineArn"], input=input)["executionArn"]


def types(sfn, execution):
    return [event["type"] for event in sfn.get_execution_history(executionArn=execution)["events"]]


def test_an_activity_is_created_described_listed_and_deleted(sfn, name, refused):
    created = sfn.create_activity(name=name, tags=[{"key": "team", "value": "blue"}])
    arn = created["activityArn"]
    assert arn == ARN + name
    again = sfn.create_activity(name=name, tags=[{"key": "team", "value": "red"}])
    assert (again["activityArn"], again["creationDate"]) == (arn, created["creationDate"])
    assert sfn.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "team", "value": "blue"}]
    described = sfn.describe_activity(activityArn=arn)
    described.pop("ResponseMetadata")
    assert described == {
        "activityArn": arn,
        "name": name,
        "creationDate": created["creationDate"],
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }
    pages = sfn.get_paginator("list_activities").paginate(PaginationConfig={"PageSize": 2})
    listed = [one for page in pages for one in page["activities"]]
    mine = next(one for one in listed if one["activityArn"] == arn)
    assert mine == {"activityArn": arn, "name": name, "creationDate": created["creationDate"]}
    for _ in range(2):
        sfn.delete_activity(activityArn=arn)
    gone = ("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")
    assert refused(sfn.describe_activity, activityArn=arn) == gone
    assert refused(sfn.get_activity_task, activityArn=arn) == gone
    told = refused(sfn.list_activities, nextToken="garbage")
    assert told == ("InvalidToken", "Invalid Token: 'Invalid token'")
    told = refused(sfn.describe_activity, activityArn="nonsense")
    assert told == ("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: nonsense'")


def test_the_encryption_of_an_activity_is_kept_and_not_changed(sfn, name, refused):
    key = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/mine"}
    arn = sfn.create_activity(name=name, encryptionConfiguration=key)["activityArn"]
    shown = sfn.describe_activity(activityArn=arn)["encryptionConfiguration"]
    assert shown == {**key, "kmsDataKeyReusePeriodSeconds": 300}
    sfn.create_activity(name=name, encryptionConfiguration={**key, "kmsDataKeyReusePeriodSeconds": 300})
    told = ("ActivityAlreadyExists", f"Activity Already Exists: '{arn}'")
    assert refused(sfn.create_activity, name=name) == told
    other = {"type": "AWS_OWNED_KEY", "kmsKeyId": "alias/mine"}
    code, _ = refused(sfn.create_activity, name=name + "-2", encryptionConfiguration=other)
    assert code == "InvalidEncryptionConfiguration"


@pytest.mark.parametrize("bad", ["has blank", "a/b", "a:b", "q?", "<x>", "tab\t", "\u0085"])
def test_names_with_forbidden_characters_are_refused(sfn, bad, refused):
    assert refused(sfn.create_activity, name=bad) == ("InvalidName", f"Invalid Name: '{bad}'")


def test_a_worker_succeeds(sfn, name, activity, ended, refused):
    execution = start(sfn, name, activity, '{"n": 7}')
    task = sfn.get_activity_task(activityArn=activity, workerName="w1")
    assert json.loads(task["input"]) == {"n": 7}
    sfn.send_task_heartbeat(taskToken=task["taskToken"])
    code, message = refused(sfn.send_task_success, taskToken=task["taskToken"], output="not json")
    assert code == "InvalidOutput" and message.startswith("Invalid Output: '")
    sfn.send_task_success(taskToken=task["taskToken"], output='{"n":8}')
    assert ended(execution)["output"] == '{"n":8}'
    over = ("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
    assert refused(sfn.send_task_success, taskToken=task["taskToken"], output="1") == over
    assert refused(sfn.send_task_failure, taskToken=task["taskToken"]) == over
    assert refused(sfn.send_task_heartbeat, taskToken=task["taskToken"]) == over
    events = sfn.get_execution_history(executionArn=execution)["events"]
    assert [event["type"] for event in events][2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    assert events[3]["activityStartedEventDetails"] == {"workerName": "w1"}


def test_a_worker_fails(sfn, name, activity, ended):
    execution = start(sfn, name, activity)
    task = sfn.get_activity_task(activityArn=activity)
    sfn.send_task_failure(taskToken=task["taskToken"], error="Broken", cause="as it was meant to")
    found = ended(execution)
    assert (found["status"], found["error"], found["cause"]) == ("FAILED", "Broken", "as it was meant to")
    assert "ActivityFailed" in types(sfn, execution)


def test_tokens_that_never_were_are_told_apart(sfn, fresh_server, name, refused):
    invalid = ("InvalidToken", "Invalid Token: 'Invalid token'")
    assert refused(sfn.send_task_success, taskToken="nonsense", output="1") == invalid
    assert refused(sfn.send_task_failure, taskToken="nonsense") == invalid
    assert refused(sfn.send_task_heartbeat, taskToken="nonsense") == invalid
    elsewhere = fresh_server.client()
    activity = elsewhere.create_activity(name=name)["activityArn"]
    start(elsewhere, name, activity)
    token = elsewhere.get_activity_task(activityArn=activity)["taskToken"]
    assert refused(sfn.send_task_heartbeat, taskToken=token)[0] == "TaskDoesNotExist"
    assert refused(sfn.send_task_success, taskToken=token, output="1")[0] == "TaskDoesNotExist"


def test_a_poll_without_work_ends_with_the_server(fresh_server, name):
    sfn = fresh_server.client()
    activity = sfn.create_activity(name=name)["activityArn"]
    answers = []
    poll = threading.Thread(target=lambda: answers.append(sfn.get_activity_task(activityArn=activity)))
    poll.start()
    assert not wait_until(lambda: answers, seconds=0.5)
    assert fresh_server.stop() == 0
    poll.join(timeout=20)
    assert answers and answers[0].get("taskToken") is None


def test_a_killed_worker_times_out_and_its_task_is_tried_again(server, sfn, name, activity, ended, refused):
    retry = [{"ErrorEquals": ["States.HeartbeatTimeout"], "IntervalSeconds": 1, "MaxAttempts": 2}]
    execution = start(sfn, name, activity, '"job"', HeartbeatSeconds=1, TimeoutSeconds=300, Retry=retry)
    code = (
        "import boto3, sys, time\n"
        f"sfn = boto3.client('stepfunctions', endpoint_url={server.url!r}, region_name='us-east-1',\n"
        "    aws_access_key_id='any', aws_secret_access_key='any')\n"
        f"print(sfn.get_activity_task(activityArn={activity!r}, workerName='doomed')['taskToken'], flush=True)\n"
        "time.sleep(600)\n"
    )
    worker = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    token = worker.stdout.readline().strip()
    worker.kill()
    worker.wait(timeout=10)
    assert token
    task = sfn.get_activity_task(activityArn=activity, workerName="heir")
    assert task["input"] == '"job"' and task["taskToken"] != token
    assert refused(sfn.send_task_success, taskToken=token, output="1")[0] == "TaskTimedOut"
    sfn.send_task_success(taskToken=task["taskToken"], output='"done"')
    assert ended(execution)["output"] == '"done"'
    events = sfn.get_execution_history(executionArn=execution)["events"]
    workers = [e["activityStartedEventDetails"]["workerName"] for e in events if e["type"] == "ActivityStarted"]
    assert workers == ["doomed", "heir"]
    timed_out = [e for e in events if e["type"] == "ActivityTimedOut"]
    assert len(timed_out) == 1


def test_each_of_a_thousand_tasks_goes_to_one_of_64_workers(fresh_server, name):
    """And other calls are answered while all of them poll."""
    workers, executions = 64, 1000
    sfn = fresh_server.client(max_pool_connections=workers + 32)
    activity = sfn.create_activity(name=name)["activityArn"]
    machine = sfn.create_state_machine(name=name, definition=working(activity), roleArn=ROLE)["stateMachineArn"]
    taken, lock = collections.Counter(), threading.Lock()
    is_over = threading.Event()
    failures = []

    def work():
        try:
            while not is_over.is_set():
                task = sfn.get_activity_task(activityArn=activity)
                if task.get("taskToken"):
                    with lock:
                        taken[task["input"]] += 1
                    sfn.send_task_success(taskToken=task["taskToken"], output=task["input"])
        except Exception as error:  # noqa: BLE001
            if not is_over.is_set():
                failures.append(error)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()

    def begin(numbers):
        for number in numbers:
            sfn.start_execution(stateMachineArn=machine, name=f"e{number}", input=str(number))

    starters = [threading.Thread(target=begin, args=(range(n, executions, 8),)) for n in range(8)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join(timeout=120)

    def succeeded():
        pages = sfn.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter="SUCCEEDED")
        return sum(len(page["executions"]) for page in pages)

    assert wait_until(lambda: failures or succeeded() == executions, seconds=120)
    is_over.set()
    assert not failures, failures[0]
    assert set(taken) == {str(number) for number in range(executions)}
    assert set(taken.values()) == {1}
    assert fresh_server.stop() == 0
    for thread in threads:
        thread.join(timeout=20)
