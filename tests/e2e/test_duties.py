"""What a server still owed when it was killed is done by the next one."""

import json

from server import wait_until

ROLE = "arn:aws:iam::000000000000:role/e2e"


def create(sfn, name, state):
    definition = json.dumps({"StartAt": "S", "States": {"S": {**state, "End": True}}})
    return sfn.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]


def statuses(sfn, arns):
    return [sfn.describe_execution(executionArn=arn)["status"] for arn in arns]


def test_executions_of_a_deleted_machine_stop_though_the_server_was_killed(fresh_server):
    sfn = fresh_server.client()
    waits = {"Type": "Wait", "Seconds": 3600}
    deleted, kept = create(sfn, "deleted", waits), create(sfn, "kept", waits)
    executions = [sfn.start_execution(stateMachineArn=deleted)["executionArn"] for _ in range(150)]
    other = sfn.start_execution(stateMachineArn=kept)["executionArn"]
    sfn.delete_state_machine(stateMachineArn=deleted)
    fresh_server.kill()
    fresh_server.start()
    sfn = fresh_server.client()
    wait_until(lambda: set(statuses(sfn, executions)) == {"ABORTED"})
    assert statuses(sfn, [other]) == ["RUNNING"]


def test_children_stop_with_their_parents_though_the_server_was_killed(fresh_server):
    sfn = fresh_server.client()
    child = create(sfn, "child", {"Type": "Wait", "Seconds": 3600})
    starts = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync", "Parameters": {"StateMachineArn": child}}
    parent = create(sfn, "parent", starts)
    parents = [sfn.start_execution(stateMachineArn=parent)["executionArn"] for _ in range(20)]

    def children():
        return [listed["executionArn"] for listed in sfn.list_executions(stateMachineArn=child)["executions"]]

    def submitted(arn):
        return any(e["type"] == "TaskSubmitted" for e in sfn.get_execution_history(executionArn=arn)["events"])

    wait_until(lambda: all(submitted(arn) for arn in parents))
    for arn in parents:
        sfn.stop_execution(executionArn=arn)
    fresh_server.kill()
    fresh_server.start()
    sfn = fresh_server.client()
    assert len(children()) == 20
    wait_until(lambda: set(statuses(sfn, children())) == {"ABORTED"})
