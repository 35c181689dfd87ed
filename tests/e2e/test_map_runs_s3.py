"""Distributed Maps that read their items from S3, and write their results there."""

import gzip
import json
import pathlib

import pytest

from conftest import ROLE
from server import Server, wait_until
from stub_s3 import S3
from test_map_runs import children, distributed, run_of

PARQUET = pathlib.Path(__file__).parents[2] / "crates/engine/src/map_runs/source/fixtures"
PASS = {"A": {"Type": "Pass", "End": True}}
LINES = "".join(f'{{"n":{n}}}\n' for n in range(50))


def zstd(content):
    """A ZSTD frame of one block that holds a short content as it is."""
    block = (len(content) << 3 | 1).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(content)]) + block + content


@pytest.fixture(scope="module")
def s3():
    objects = {
        "list.json": b'{"data": {"rows": [1, {"b": 2, "a": 1}, "x"]}}',
        "rows.csv": b"Col1,Col2,Col3\nValue1,Value2\n,,,,\n\"a,\"\"b\"\"\",true,'x'\n",
        "lines.jsonl": LINES.encode(),
        "lines.jsonl.gz": gzip.compress(LINES.encode()),
        "lines.jsonl.zst": zstd(LINES[:200].encode()),
        "rows.parquet": (PARQUET / "zstd_2.parquet").read_bytes(),
        **{f"many/{n}.json": json.dumps([n, n + 10]).encode() for n in range(5)},
    }
    s3 = S3({"in": objects}, denied=["closed"])
    yield s3
    s3.stop()


@pytest.fixture(scope="module")
def sfn(s3, tmp_path_factory):
    environment = {"AWS_ENDPOINT_URL_S3": s3.url, "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
    server = Server(tmp_path_factory.mktemp("s3") / "data", environment=environment).start()
    yield server.client()
    assert server.stop() == 0


@pytest.fixture
def run(sfn, name):
    """Runs a distributed Map over nothing but its reader, and gives the execution once it has ended."""

    def run(states=PASS, given="{}", **members):
        definition = json.dumps({"StartAt": "M", "States": {"M": distributed(states, Label="L", **members)}})
        arn = sfn.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
        execution = sfn.start_execution(stateMachineArn=arn, input=given)["executionArn"]

        def ended():
            found = sfn.describe_execution(executionArn=execution)
            return found if found["status"] != "RUNNING" else None

        return wait_until(ended, seconds=30)

    return run


def reader(key, action="getObject", parameters=None, **config):
    parameters = parameters or {"Bucket": "in", "Key": key}
    return {"Resource": f"arn:aws:states:::s3:{action}", "Parameters": parameters, "ReaderConfig": config}


def test_a_json_file_is_read_where_the_pointer_leads(run):
    ended = run(ItemReader=reader("list.json", InputType="JSON", ItemsPointer="/data/rows"))
    assert ended["output"] == '[1,{"b":2,"a":1},"x"]'


def test_rows_are_texts_in_the_order_of_the_service(run):
    ended = run(ItemReader=reader("rows.csv", InputType="CSV", CSVHeaderLocation="FIRST_ROW"))
    assert json.loads(ended["output"]) == [
        {"Col1": "Value1", "Col2": "Value2", "Col3": ""},
        {"Col1": "", "Col2": "", "Col3": ""},
        {"Col1": 'a,"b"', "Col2": "true", "Col3": "'x'"},
    ]


def test_rows_of_parquet_are_objects_of_their_columns(sfn, run):
    ended = run(ItemReader=reader("rows.parquet", InputType="PARQUET", MaxItems=4), ItemBatcher={"MaxItemsPerBatch": 3})
    first, second = [batch["Items"] for batch in json.loads(ended["output"])]
    assert first[1] == {"id": 1, "name": "row 1", "price": 1.1, "flag": False} and first[2]["name"] is None
    assert [row["id"] for row in second] == [3]


def test_a_file_in_zstd_is_read(run):
    ended = run(ItemReader=reader("lines.jsonl.zst", InputType="JSONL", MaxItems=7))
    assert json.loads(ended["output"]) == [{"n": n} for n in range(7)]


@pytest.mark.parametrize("key", ["lines.jsonl", "lines.jsonl.gz"])
def test_lines_are_read_up_to_the_limit_and_counted(sfn, run, key):
    item_reader = reader(key, InputType="JSONL", MaxItemsPath="$.most")
    ended = run(ItemReader=item_reader, ItemBatcher={"MaxItemsPerBatch": 8}, given='{"most": 42}')
    batches = [batch["Items"] for batch in json.loads(ended["output"])]
    assert [len(batch) for batch in batches] == [8, 8, 8, 8, 8, 2] and batches[5][1] == {"n": 41}
    described = sfn.describe_map_run(mapRunArn=run_of(sfn, ended["executionArn"]))
    assert (described["itemCounts"]["total"], described["executionCounts"]["total"]) == (42, 6)
    events = sfn.get_execution_history(executionArn=ended["executionArn"])["events"]
    assert events[2]["mapStateStartedEventDetails"] == {"length": 0}


def test_what_a_prefix_holds_is_listed_or_read(run):
    many = {"Bucket": "in", "Prefix": "many/"}
    selector = {"key.$": "$$.Map.Item.Value.Key", "from.$": "$$.Map.Item.Source"}
    listed = run(ItemReader=reader(None, "listObjectsV2", many), ItemSelector=selector)
    assert json.loads(listed["output"])[4] == {"key": "many/4.json", "from": "s3://in"}


def test_files_below_a_prefix_are_read_one_after_the_other(run):
    many = {"Bucket": "in", "Prefix": "many/"}
    flat = reader(None, "listObjectsV2", many, InputType="JSON", Transformation="LOAD_AND_FLATTEN", MaxItems=7)
    assert run(ItemReader=flat)["output"] == "[0,10,1,11,2,12,3]"


@pytest.mark.parametrize(
    ("item_reader", "cause"),
    [
        (reader("none.json", InputType="JSON"), "The specified key does not exist."),
        (reader("list.json", InputType="JSON", ItemsPointer="/x"), "ItemsPointer does not match any valid path"),
        (reader("lines.jsonl", InputType="CSV", CSVHeaderLocation="GIVEN", CSVHeaders=["a", "a"]),
         "CSV headers cannot contain duplicates."),
    ],
)
def test_what_cannot_be_read_fails_the_run(sfn, run, item_reader, cause):
    ended = run(ItemReader=item_reader)
    assert ended["error"] == "States.ItemReaderFailed" and cause in ended["cause"]
    events = [event["type"] for event in sfn.get_execution_history(executionArn=ended["executionArn"])["events"]]
    assert events[3:] == ["MapRunStarted", "MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def writer(bucket, **members):
    parameters = {"Bucket": bucket, "Prefix": "runs"}
    return {"Resource": "arn:aws:states:::s3:putObject", "Parameters": parameters, **members}


def test_results_are_written_with_a_manifest(sfn, s3, run):
    choice = {"Variable": "$.n", "NumericEquals": 3, "Next": "F"}
    states = {
        "C": {"Type": "Choice", "Choices": [choice], "Default": "A"},
        "F": {"Type": "Fail", "Error": "E", "Cause": "because"},
        "A": {"Type": "Pass", "End": True},
    }
    ended = run(
        states,
        ItemReader=reader("lines.jsonl", InputType="JSONL", MaxItems=5),
        ResultWriter=writer("out"),
        ToleratedFailureCount=1,
    )
    run_arn = run_of(sfn, ended["executionArn"])
    folder = f"runs/{run_arn.rsplit(':', 1)[1]}"
    assert json.loads(ended["output"]) == {
        "MapRunArn": run_arn,
        "ResultWriterDetails": {"Bucket": "out", "Key": f"{folder}/manifest.json"},
    }
    manifest = json.loads(s3.buckets["out"][f"{folder}/manifest.json"])
    assert (manifest["DestinationBucket"], manifest["MapRunArn"]) == ("out", run_arn)
    files = manifest["ResultFiles"]
    [succeeded], [failed] = files["SUCCEEDED"], files["FAILED"]
    assert files["PENDING"] == [] and succeeded["Key"] == f"{folder}/SUCCEEDED_0.json"
    content = s3.buckets["out"][succeeded["Key"]]
    assert succeeded["Size"] == len(content)
    records = json.loads(content)
    assert [json.loads(record["Output"])["n"] for record in records] == [0, 1, 2, 4]
    assert list(records[0]) == [
        "ExecutionArn", "Input", "InputDetails", "Name", "Output", "OutputDetails", "RedriveCount", "RedriveStatus",
        "RedriveStatusReason", "StartDate", "StateMachineArn", "Status", "StopDate",
    ]
    [record] = json.loads(s3.buckets["out"][failed["Key"]])
    assert (record["Status"], record["Error"], record["Cause"]) == ("FAILED", "E", "because")
    assert {child["executionArn"] for child in children(sfn, run_arn, statusFilter="FAILED")} == {
        record["ExecutionArn"]
    }


def test_results_are_shaped_as_the_config_says(s3, run):
    config = {"Transformation": "FLATTEN", "OutputType": "JSONL"}
    pairs = {"A": {"Type": "Pass", "Parameters": {"p.$": "States.Array($.n, 1)"}, "OutputPath": "$.p", "End": True}}
    item_reader = reader("lines.jsonl", InputType="JSONL", MaxItems=2)
    ended = run(pairs, ItemReader=item_reader, ResultWriter=writer("flat", WriterConfig=config))
    key = json.loads(ended["output"])["ResultWriterDetails"]["Key"].replace("manifest.json", "SUCCEEDED_0.jsonl")
    assert s3.buckets["flat"][key] == b"0\n1\n1\n1\n"


def test_a_run_over_its_threshold_writes_what_has_ended(sfn, s3, run):
    states = {"F": {"Type": "Fail", "Error": "E"}}
    item_reader = reader("lines.jsonl", InputType="JSONL", MaxItems=6)
    ended = run(states, ItemReader=item_reader, ResultWriter=writer("over"), MaxConcurrency=1)
    assert ended["error"] == "States.ExceedToleratedFailureThreshold"
    [manifest] = [json.loads(body) for key, body in s3.buckets["over"].items() if key.endswith("manifest.json")]
    [failed], [pending] = manifest["ResultFiles"]["FAILED"], manifest["ResultFiles"]["PENDING"]
    assert len(json.loads(s3.buckets["over"][failed["Key"]])) == 1
    waiting = json.loads(s3.buckets["over"][pending["Key"]])
    assert [json.loads(record["Input"])["n"] for record in waiting] == [1, 2, 3, 4, 5]
    assert {record["Status"] for record in waiting} == {"PENDING"}


def test_a_bucket_that_cannot_be_written_to_fails_the_run_before_anything_is_read(s3, run):
    s3.reads.clear()
    ended = run(ItemReader=reader("lines.jsonl", InputType="JSONL"), ResultWriter=writer("closed"))
    assert ended["error"] == "States.ResultWriterFailed" and s3.reads == []
    assert ended["cause"] == (
        "Failed to write a test manifest into the specified output bucket. Access denied. Ensure the correct permissions are "
        "added to your state machine's execution role. | Message from S3: Access Denied"
    )


def test_a_run_that_reads_and_writes_goes_on_after_kill_9(s3, tmp_path, name):
    environment = {"AWS_ENDPOINT_URL_S3": s3.url, "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
    server = Server(tmp_path / "data", environment=environment).start()
    states = {"W": {"Type": "Wait", "Seconds": 1, "End": True}}
    members = {
        "ItemReader": reader("lines.jsonl", InputType="JSONL", MaxItems=20),
        "ItemBatcher": {"MaxItemsPerBatch": 2},
        "ResultWriter": writer("again", WriterConfig={"Transformation": "COMPACT"}),
        "MaxConcurrency": 3,
    }
    definition = json.dumps({"StartAt": "M", "States": {"M": distributed(states, **members)}})
    sfn = server.client()
    arn = sfn.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
    execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    run_arn = run_of(sfn, execution)
    assert wait_until(lambda: sfn.describe_map_run(mapRunArn=run_arn)["executionCounts"]["succeeded"] >= 3)
    server.kill()
    server.start()
    sfn = server.client()
    assert wait_until(lambda: sfn.describe_execution(executionArn=execution)["status"] != "RUNNING", seconds=30)
    output = json.loads(sfn.describe_execution(executionArn=execution)["output"])
    key = output["ResultWriterDetails"]["Key"].replace("manifest.json", "SUCCEEDED_0.json")
    batches = json.loads(s3.buckets["again"][key])
    assert [item["n"] for batch in batches for item in batch["Items"]] == list(range(20))
    counts = sfn.describe_map_run(mapRunArn=run_arn)
    assert (counts["itemCounts"]["succeeded"], counts["executionCounts"]["succeeded"]) == (20, 10)
    assert len(children(sfn, run_arn)) == 10
    server.kill()
