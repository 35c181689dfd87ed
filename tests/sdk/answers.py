#!/usr/bin/env python3
"""Proves the reading of answers against botocore: for every operation of every service an answer is made from the model, and an error,
botocore and crates/aws read the same bytes, and what they read is compared.

  cargo build --release -p stepwright-aws --example decode
  .venv/bin/python tests/sdk/answers.py target/release/examples/decode

The last line is a summary; the exit status is 1 where an answer is read differently.

  .venv/bin/python tests/sdk/answers.py --store crates/aws/tests/stored/answers.json

writes down the cases of some operations of every protocol with what botocore reads; the tests of crates/aws hold ours to them.

Left out everywhere: operations with event streams, and answers that botocore itself refuses (a union without a member).
"""
import base64
import collections
import datetime
import json
import struct
import subprocess
import sys
from xml.sax.saxutils import escape

import botocore.parsers

from compare import Sampler, services

# AWS has a list and the single member that came before it under one name; of several elements botocore makes XML nodes of the latter.
EXCEPTIONS = {("s3", "GetBucketNotification")}

MOMENT = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)


# Kept with the code: operations of every protocol whose answers have lists, maps, nested structures, times, blobs, headers, attributes.
STORED = {
    "json": "dynamodb.GetItem dynamodb.DescribeTable sqs.ReceiveMessage kms.Encrypt ecs.RunTask glue.GetJobRun cloudwatchlogs.GetLogEvents secretsmanager.GetSecretValue",
    "rest-json": "lambda.Invoke lambda.GetFunction batch.DescribeJobs apigateway.GetRestApi eks.DescribeCluster bedrockruntime.InvokeModel mediaconvert.GetJob "
    "emrserverless.GetJobRun xray.BatchGetTraces",
    "query": "sns.Publish sns.ListTopics sts.AssumeRole iam.ListUsers rds.DescribeDBInstances autoscaling.DescribeAutoScalingGroups ses.SendEmail "
    "cloudformation.DescribeStacks",
    "rest-xml": "s3.GetObject s3.ListObjectsV2 s3.GetBucketAcl s3.HeadObject s3.CompleteMultipartUpload route53.ListHostedZones cloudfront.GetDistribution "
    "s3control.DescribeJob",
    "ec2": "ec2.DescribeInstances ec2.RunInstances ec2.DescribeVpcs ec2.CreateTags ec2.DescribeImages ec2.DescribeRegions ec2.CreateVolume ec2.DescribeSubnets",
    "smithy-rpc-v2-cbor": "",
}


def store(path):
    """Writes down the cases of the operations above; of the smallest protocol some of each service's."""
    wanted = {operation for operations in STORED.values() for operation in operations.split()}
    kept, of_cbor = [], collections.Counter()
    names = {name.split(".")[0] for name in wanted}
    for case in every_case(lambda name, model: name in names or model.resolved_protocol == "smithy-rpc-v2-cbor"):
        name = f"{case['service']}.{case['operation']}"
        is_cbor = case["protocol"] == "smithy-rpc-v2-cbor"
        if is_cbor and case["status"] < 400 and len(case["body"]) > 200:
            of_cbor[case["service"]] += 1
        if name in wanted or is_cbor and of_cbor[case["service"]] in (1, 2, 3):
            kept.append(case)
            wanted.discard(name) if case["status"] >= 400 else None
    assert not wanted, f"not found: {sorted(wanted)}"
    with open(path, "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(json.dumps(case, sort_keys=True) for case in kept) + "\n]\n")
    print(f"{path}: {len(kept)} answers")


def main():
    if sys.argv[1] == "--store":
        return store(sys.argv[2])
    cases = [case for case in every_case() if case["service"] in sys.argv[2:] or not sys.argv[2:]]
    keys = ("service", "operation", "status", "headers", "body")
    lines = "".join(json.dumps({k: case[k] for k in keys}) + "\n" for case in cases)
    ran = subprocess.run([sys.argv[1]], input=lines, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(answers) == len(cases), (len(answers), len(cases))
    equal, total, shown = collections.Counter(), collections.Counter(), 0
    for case, answer in zip(cases, answers):
        kind = f"{case['protocol']}, {'errors' if case['status'] >= 400 else 'outputs'}"
        total[kind] += 1
        if case["expected"] == answer or (case["service"], case["operation"]) in EXCEPTIONS:
            equal[kind] += 1
        elif shown < 25:
            shown += 1
            print(f"{case['service']}:{case['operation']} ({kind})")
            print(f"     body     {base64.b64decode(case['body'])!r:.700}")
            print(f"     botocore {json.dumps(case['expected'], default=str):.700}")
            print(f"     ours     {json.dumps(answer):.700}")
    for kind in sorted(total):
        print(f"{equal[kind]:6d}/{total[kind]:<6d} {kind}")
    print(f"answers: {equal.total()} of {total.total()} as botocore reads them, {len(REFUSED)} that botocore refuses left out")
    sys.exit(0 if equal == total else 1)


REFUSED = []


def every_case(is_wanted=lambda name, model: True):
    for name, model in services():
        if not is_wanted(name, model):
            continue
        protocol = model.resolved_protocol
        parser = botocore.parsers.create_parser(protocol)
        for operation in model.operation_names:
            op = model.operation_model(operation)
            if op.has_event_stream_input or op.has_event_stream_output:
                continue
            sampler = Sampler(f"{name}.{operation}", "full")
            value = sampler.structure(op.output_shape, 0) if op.output_shape else {}
            for made in (output(protocol, op, value), error(protocol, op)):
                body = made["body"].encode() if isinstance(made["body"], str) else made["body"]
                given = {"status_code": made["status"], "headers": botocore_headers(made["headers"]), "body": body}
                try:
                    parsed = parser.parse(given, op.output_shape)
                except botocore.parsers.ResponseParserError:
                    REFUSED.append((name, operation))  # A union without a member, where the sample ends for its depth.
                    continue
                if made["status"] >= 400:
                    found = parsed.get("Error", {})
                    known = {"code": found.get("Code"), "message": found.get("Message"), "requestId": parsed["ResponseMetadata"].get("RequestId")}
                    expected = {"fault": known}
                else:
                    parsed.pop("ResponseMetadata", None)
                    expected = {"output": plain(parsed)}
                yield {"service": name, "operation": operation, "protocol": protocol, "status": made["status"], "headers": made["headers"],
                       "body": base64.b64encode(body).decode(), "expected": expected}


def botocore_headers(headers):
    from botocore.awsrequest import HeadersDict
    return HeadersDict(headers)


def plain(value):
    """A value as JSON has it: moments in ISO 8601, bytes as the text that they are."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, datetime.datetime):
        value = value.astimezone(datetime.timezone.utc)
        fraction = f".{value.microsecond // 1000:03d}" if value.microsecond else ""
        return value.strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value


def error(protocol, op):
    """An error that the operation lists, or one that no model knows."""
    known = op.error_shapes[0] if op.error_shapes else None
    code = (known.metadata.get("error", {}).get("code") or known.name) if known else "UnknownFailure"
    message = "It <failed> & says \"why\""
    headers = {"x-amzn-requestid": "id-1"}
    if protocol in ("json", "smithy-rpc-v2-cbor"):
        document = {"__type": f"com.amazonaws#{code}", "message": message}
        body = json.dumps(document) if protocol == "json" else cbor(document)
    elif protocol == "rest-json":
        headers["x-amzn-errortype"] = f"{code}:http://internal/"
        body = json.dumps({"Message": message})
    elif protocol == "ec2":
        body = f"<Response><Errors><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error></Errors><RequestID>id-1</RequestID></Response>"
    elif op.service_model.service_name == "s3":
        headers = {"x-amz-request-id": "id-1", "x-amz-id-2": "id-2"}
        body = f"<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>{escape(message)}</Message><RequestId>id-1</RequestId></Error>"
    else:
        body = ("<ErrorResponse xmlns=\"http://x/\"><Error><Type>Sender</Type>"
                f"<Code>{code}</Code><Message>{escape(message)}</Message></Error><RequestId>id-1</RequestId></ErrorResponse>")
    return {"status": 400, "headers": headers, "body": body}


def output(protocol, op, value):
    """An answer with that output."""
    shape, headers = op.output_shape, {"x-amzn-requestid": "id-1"}
    if protocol == "json":
        body = json.dumps(document(shape, value)) if shape else "{}"
    elif protocol == "smithy-rpc-v2-cbor":
        body = cbor(document(shape, value, True)) if shape else b""
    elif protocol in ("query", "ec2"):
        inner = xml_members(shape, value) if shape else ""
        wrapper = shape.serialization.get("resultWrapper") if shape else None
        inner = f"<{wrapper}>{inner}</{wrapper}>" if wrapper else inner
        meta = "<requestId>id-1</requestId>" if protocol == "ec2" else "<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata>"
        body = f"<{op.name}Response xmlns=\"http://x/\">{inner}{meta}</{op.name}Response>"
    else:
        return rest(protocol, op, shape, value, headers)
    return {"status": 200, "headers": headers, "body": body}


def rest(protocol, op, shape, value, headers):
    status, body, inside = 200, "", {}
    for name, member in (shape.members.items() if shape else ()):
        location, wire = member.serialization.get("location"), member.serialization.get("name", name)
        if name not in value:
            continue
        if location == "header":
            text = header_text(member, value[name])
            if text is not None:
                headers[wire] = text
        elif location == "headers":
            headers.update({wire + "one": "1", wire + "two": "zwei"})
        elif location is None:
            inside[name] = value[name]
    payload = shape.serialization.get("payload") if shape else None
    if payload:
        member = shape.members[payload]
        if payload in value and member.type_name in ("blob", "string"):
            body = value[payload]
        elif payload in value and protocol == "rest-json":
            body = json.dumps(document(member, value[payload]))
        elif payload in value:
            body = xml(member, value[payload], member.serialization.get("name", payload))
        else:
            body = "{}" if protocol == "rest-json" else ""
    elif protocol == "rest-json":
        body = json.dumps(document(shape, inside)) if inside else ""
    elif inside:
        body = f"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{op.name}Result xmlns=\"http://x/\">{xml_members(shape, inside)}</{op.name}Result>"
    return {"status": status, "headers": headers, "body": body}


def header_text(shape, value):
    kind = shape.type_name
    if kind == "list":
        texts = [header_text(shape.member, one) for one in value]
        return ",".join(texts) if texts else None
    if shape.serialization.get("jsonvalue"):
        return base64.b64encode(json.dumps(value).encode()).decode()
    if kind == "timestamp":
        return {"iso8601": "2024-01-02T03:04:05Z", "unixTimestamp": "1704164645"}.get(shape.serialization.get("timestampFormat"), "Tue, 02 Jan 2024 03:04:05 GMT")
    return str(value).lower() if kind == "boolean" else str(value)


def document(shape, value, is_cbor=False):
    kind = shape.type_name
    if kind == "structure":
        if shape.is_document_type:
            return value
        return {shape.members[k].serialization.get("name", k): document(shape.members[k], v, is_cbor) for k, v in value.items()}
    if kind == "list":
        return [document(shape.member, v, is_cbor) for v in value]
    if kind == "map":
        return {k: document(shape.value, v, is_cbor) for k, v in value.items()}
    if kind == "blob":
        return value.encode() if is_cbor else base64.b64encode(value.encode()).decode()
    if kind == "timestamp":
        form = shape.serialization.get("timestampFormat", "unixTimestamp")
        if is_cbor:
            return MOMENT
        return {"iso8601": "2024-01-02T03:04:05.250Z", "rfc822": "Tue, 02 Jan 2024 03:04:05 GMT"}.get(form, 1704164645.25)
    return value


def xml_members(shape, value):
    attributes = [k for k in value if shape.members[k].serialization.get("xmlAttribute")]
    return "".join(xml(shape.members[k], v, name_of(shape.members[k], k)) for k, v in value.items() if k not in attributes)


def name_of(shape, name):
    if shape.type_name == "list" and shape.serialization.get("flattened") and shape.member.serialization.get("name"):
        return shape.member.serialization["name"]
    return shape.serialization.get("name", name)


def xml(shape, value, name):
    kind = shape.type_name
    if kind == "structure":
        attributes = "".join(
            f" {shape.members[k].serialization['name']}=\"{escape(str(v))}\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
            for k, v in value.items() if shape.members[k].serialization.get("xmlAttribute"))
        return f"<{name}{attributes}>{xml_members(shape, value)}</{name}>"
    if kind == "list":
        if shape.serialization.get("flattened"):
            return "".join(xml(shape.member, v, name) for v in value)
        inner = shape.member.serialization.get("name", "member")
        return f"<{name}>" + "".join(xml(shape.member, v, inner) for v in value) + f"</{name}>"
    if kind == "map":
        key, item = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
        entries = [xml(shape.key, k, key) + xml(shape.value, v, item) for k, v in value.items()]
        if shape.serialization.get("flattened"):
            return "".join(f"<{name}>{entry}</{name}>" for entry in entries)
        return f"<{name}>" + "".join(f"<entry>{entry}</entry>" for entry in entries) + f"</{name}>"
    text = {"blob": lambda: base64.b64encode(value.encode()).decode(), "boolean": lambda: str(value).lower(),
            "timestamp": lambda: "2024-01-02T03:04:05.250Z"}.get(kind, lambda: escape(str(value)))()
    return f"<{name}>{text}</{name}>"


def cbor(value):
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return cbor_head(0, value) if value >= 0 else cbor_head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, bytes):
        return cbor_head(2, len(value)) + value
    if isinstance(value, str):
        return cbor_head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return cbor_head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, datetime.datetime):
        return b"\xc1" + cbor(value.timestamp())
    return cbor_head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


def cbor_head(major, argument):
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 24:
            return bytes([major << 5 | argument])
        if argument < 1 << (8 * size):
            return bytes([major << 5 | info]) + argument.to_bytes(size, "big")
    raise ValueError(argument)


if __name__ == "__main__":
    main()
