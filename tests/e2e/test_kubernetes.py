"""Jobs of Kubernetes on a cluster of EKS: they outlive the server's process, and end with their execution."""

import base64
import http.server
import json
import threading

import pytest
from conftest import ROLE

from server import Server, wait_until

JOBS = "/apis/batch/v1/namespaces/default/jobs"


class Cluster(http.server.BaseHTTPRequestHandler):
    """A cluster's API; its Job is done once `is_done` says so."""

    is_done, asked = False, []

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(201, {"kind": "Job", "metadata": {"name": "pi"}})

    def do_GET(self):
        conditions = [{"type": "Complete", "status": "True"}] if type(self).is_done else []
        if self.path == f"{JOBS}/pi":
            return self.answer(200, {"kind": "Job", "metadata": {"name": "pi"}, "status": {"conditions": conditions}})
        if self.path.startswith("/api/v1/namespaces/default/pods?"):
            return self.answer(200, {"items": [{"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}}]})
        self.answer(200, {"pi": 3.14})

    def do_DELETE(self):
        self.answer(200, {})

    def answer(self, status, document):
        type(self).asked.append((self.command, self.path, self.headers.get("Authorization", "")))
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def cluster():
    Cluster.is_done, Cluster.asked = False, []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cluster)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def server(tmp_path):
    environment = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_CONFIG_FILE": "/dev/null"}
    server = Server(tmp_path / "data", environment=environment).start()
    yield server
    server.stop()


def start(server, cluster):
    authority = base64.b64encode(b"not needed without TLS").decode()
    parameters = {
        "ClusterName": "prod", "CertificateAuthority": authority, "Endpoint": cluster,
        "Job": {"kind": "Job"}, "LogOptions": {"RetrieveLogs": True},
    }
    state = {"Type": "Task", "Resource": "arn:aws:states:::eks:runJob.sync", "Parameters": parameters, "End": True}
    definition = json.dumps({"StartAt": "A", "States": {"A": state}})
    sfn = server.client()
    arn = sfn.create_state_machine(name="m", definition=definition, roleArn=ROLE)["stateMachineArn"]
    execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    assert wait_until(lambda: ("GET", f"{JOBS}/pi") in [one[:2] for one in list(Cluster.asked)])
    return execution


def test_a_job_outlives_the_process_and_its_logs_are_read(server, cluster):
    execution = start(server, cluster)
    server.kill()
    Cluster.is_done = True
    sfn = server.start().client()

    def ended():
        found = sfn.describe_execution(executionArn=execution)
        return found if found["status"] != "RUNNING" else None

    found = wait_until(ended, seconds=30)
    output = json.loads(found["output"])
    assert (found["status"], output["kind"]) == ("SUCCEEDED", "Job")
    assert output["logs"] == {"pods": {"p": {"containers": {"c": {"log": {"pi": 3.14}}}}}}
    assert [one[0] for one in Cluster.asked].count("POST") == 1
    assert all(token.startswith("Bearer k8s-aws-v1.") for _, _, token in Cluster.asked)
    kinds = [event["type"] for event in sfn.get_execution_history(executionArn=execution)["events"]]
    assert kinds[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_a_stopped_execution_deletes_its_job(server, cluster):
    execution = start(server, cluster)
    server.client().stop_execution(executionArn=execution)
    deleted = ("DELETE", f"{JOBS}/pi?propagationPolicy=Background")
    assert wait_until(lambda: deleted in [one[:2] for one in list(Cluster.asked)])
