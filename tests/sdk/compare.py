#!/usr/bin/env python3
"""Proves the client of AWS services against botocore: for every operation of every service an input is made from the model, botocore
writes the request and crates/aws writes it, and method, host prefix, path, query, headers and body are compared.

  cargo build --release -p stepwright-aws --example serialize
  .venv/bin/python tests/sdk/compare.py target/release/examples/serialize

Needs the botocore that the models were made from. The last line is a summary; the exit status is 1 where a request differs.
"""
import base64
import collections
import importlib.util
import json
import os
import subprocess
import sys
from urllib.parse import parse_qsl, unquote, urlencode
from xml.etree import ElementTree

import botocore.serialize
from botocore.loaders import Loader
from botocore.model import ServiceModel

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEPTH = 5
TEXTS = ["a text", "with/slash", "<b>&\"q\"'</b>", "é ü 漢", "100%+~_-.", "comma, here"]


def main():
    binary = sys.argv[1]
    only = sys.argv[2:]
    cases = [case for case in every_case() if not only or case["service"] in only]
    lines = "".join(json.dumps({k: case[k] for k in ("service", "operation", "input")}) + "\n" for case in cases)
    ran = subprocess.run([binary], input=lines, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(answers) == len(cases), (len(answers), len(cases))
    equal, total, shown = collections.Counter(), collections.Counter(), 0
    for case, answer in zip(cases, answers):
        total[case["protocol"]] += 1
        wrong = differences(case, answer)
        if not wrong:
            equal[case["protocol"]] += 1
        elif shown < 25:
            shown += 1
            print(f"{case['service']}:{case['operation']} ({case['protocol']}, {case['variant']})")
            for line in wrong[:4]:
                print("     " + line[:600])
    for protocol in sorted(total):
        print(f"{equal[protocol]:6d}/{total[protocol]:<6d} {protocol}")
    skipped = f", {len(STREAMS)} operations with event streams left out" if STREAMS else ""
    operations = len({(case["service"], case["operation"]) for case in cases})
    print(f"requests: {equal.total()} of {total.total()} as botocore writes them, for {operations} operations{skipped}")
    sys.exit(0 if equal == total else 1)


STREAMS = []


def every_case():
    """Two inputs for each operation: every member, and only those that are required."""
    for name, model in services():
        protocol = model.resolved_protocol
        serializer = botocore.serialize.create_serializer(protocol, include_validation=False)
        for operation in model.operation_names:
            op = model.operation_model(operation)
            if op.has_event_stream_input or op.has_event_stream_output:
                STREAMS.append((name, operation))
                continue
            for variant in ("full", "required"):
                sampler = Sampler(f"{name}.{operation}.{variant}", variant)
                value = sampler.structure(op.input_shape, 0) if op.input_shape else {}
                expected = serializer.serialize_to_request(value, op)
                yield {"service": name, "operation": operation, "input": value, "protocol": protocol, "variant": variant, "expected": expected}


def services():
    """The newest model of every service, by the name that Tasks have for it."""
    loader = Loader()
    prefix_of = tool().prefix_of
    newest = {}
    for folder in loader.list_available_services("service-2"):
        source = loader.load_service_model(folder, "service-2")
        name = prefix_of(source["metadata"]["serviceId"]).lower()
        if name not in newest or newest[name][0] <= source["metadata"]["apiVersion"]:
            newest[name] = (source["metadata"]["apiVersion"], folder, source)
    for name, (_, folder, source) in sorted(newest.items()):
        yield name, ServiceModel(source, folder)


def tool():
    spec = importlib.util.spec_from_file_location("models", os.path.join(ROOT, "tools", "models.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Sampler:
    """Values that a shape may have, the same for the same seed."""

    def __init__(self, seed, variant):
        self.count = sum(seed.encode())
        self.variant = variant

    def next(self):
        self.count += 1
        return self.count

    def structure(self, shape, depth):
        if shape.is_document_type:
            return {"any": ["json", 1, True]}
        made = {}
        members = list(shape.members.items())
        if shape.is_tagged_union:
            plain = [one for one in members if one[1].type_name not in ("structure", "list", "map")]
            members = (plain if depth >= DEPTH and plain else members)[:]
            members = [members[self.next() % len(members)]] if members else []
        for name, member in members:
            placed = member.serialization.get("location") == "uri" or member.serialization.get("hostLabel")
            wanted = placed or self.variant == "full" or name in shape.required_members or shape.is_tagged_union
            must = name in shape.required_members or shape.is_tagged_union
            if wanted and (depth < DEPTH or placed or must and depth < DEPTH + 3):
                made[name] = self.value(member, depth + 1)
        return made

    def value(self, shape, depth):
        kind = shape.type_name
        if kind == "structure":
            return self.structure(shape, depth)
        if kind == "list":
            count = 0 if depth > DEPTH + 2 or self.next() % 9 == 0 else 1 + self.next() % 2
            return [self.value(shape.member, depth + 1) for _ in range(count)]
        if kind == "map":
            keys = shape.key.metadata.get("enum") or ["key one", "key-2"]
            return {} if depth > DEPTH + 2 else {key: self.value(shape.value, depth + 1) for key in keys[:2]}
        if kind in ("string", "character"):
            return self.text(shape)
        if kind == "blob":
            return f"bytes {self.next()} é"
        if kind == "boolean":
            return self.next() % 2 == 0
        if kind == "integer":
            return [0, 7, -3, 70000, 2147483647][self.next() % 5]
        if kind == "long":
            return [0, 12, -400, 5000000000, 9007199254740993][self.next() % 5]
        if kind in ("float", "double"):
            return [0.5, -2.25, 3.0, 1000.125][self.next() % 4]
        if kind == "timestamp":
            return ["2024-01-02T03:04:05Z", "2025-12-31T23:59:59.250Z"][self.next() % 2]
        raise AssertionError(kind)

    def text(self, shape):
        if shape.serialization.get("hostLabel"):
            return f"host-{self.next()}"
        if shape.serialization.get("jsonvalue") and shape.serialization.get("location") == "header":
            return {"json": self.next()}
        if shape.metadata.get("enum"):
            return shape.metadata["enum"][0]
        if shape.serialization.get("location") == "header":
            return f"header {self.next()}"
        return f"{TEXTS[self.next() % len(TEXTS)]} {self.count}"


def differences(case, answer):
    if "error" in answer:
        return ["ours: " + answer["error"], "input: " + json.dumps(case["input"])[:400]]
    expected = case["expected"]
    path, _, fixed = expected["url_path"].partition("?")
    query = pairs(expected["query_string"]) + parse_qsl(fixed, keep_blank_values=True)
    wrong = []
    check(wrong, "method", expected["method"], answer["method"])
    check(wrong, "host prefix", expected.get("host_prefix"), answer["hostPrefix"])
    check(wrong, "path", path, answer["path"])
    check(wrong, "query", sorted(query), sorted(map(tuple, answer["query"])))
    theirs = {name.lower(): str(value) for name, value in expected["headers"].items()}
    check(wrong, "headers", theirs, {name.lower(): value for name, value in answer["headers"]})
    body = base64.b64decode(answer["body"])
    check(wrong, "body", comparable(case["protocol"], theirs, expected["body"]), comparable(case["protocol"], theirs, body))
    return wrong


def check(wrong, what, theirs, ours):
    if theirs != ours:
        wrong.append(f"{what}: botocore {theirs!r:.280}")
        wrong.append(f"{what}: ours     {ours!r:.280}")


def pairs(query):
    """A query as botocore hands it on."""
    if not query:
        return []
    out = []
    for name, value in query.items():
        values = value if isinstance(value, list) else [value]
        out += [(name, str(one)) for one in values]
    return out


def comparable(protocol, headers, body):
    """A body without the freedoms of its form: the order of members in JSON, the spelling of XML."""
    if isinstance(body, dict):
        return sorted((name, str(value)) for name, value in body.items())
    if isinstance(body, str):
        body = body.encode()
    if protocol in ("query", "ec2"):
        return sorted(parse_qsl(body.decode(), keep_blank_values=True))
    if protocol == "rest-xml" and body[:1] == b"<":
        try:
            return ElementTree.canonicalize(body.decode())
        except ElementTree.ParseError:
            return body
    if "json" in protocol or headers.get("content-type", "").endswith("json"):
        try:
            return json.loads(body)
        except ValueError:
            return bytes(body)
    return bytes(body)


if __name__ == "__main__":
    main()
