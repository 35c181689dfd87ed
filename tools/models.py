#!/usr/bin/env python3
"""Makes the models of all AWS services from the installed botocore (Apache-2.0), as data that crates/aws and crates/model hold.

  .venv/bin/python tools/models.py

Writes crates/aws/models/services.zip: an entry for each service, JSON without documentation, read when the service is first
called; and crates/model/src/sdk_actions.txt: a line for each service with the actions that a Task may name. Both are the same to
the byte for the same botocore. tests/sdk/compare.py proves what is made of them.
"""
import io
import json
import os
import re
import sys
import zipfile

import botocore
import botocore.session
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ARCHIVE = os.path.join(ROOT, "crates", "aws", "models", "services.zip")
ACTIONS = os.path.join(ROOT, "crates", "model", "src", "sdk_actions.txt")

# What the models say about a member or a shape and the client looks at.
SHAPE = ("type", "required", "enum", "min", "max", "union", "document", "box", "sensitive")
TRAITS = (
    "locationName", "queryName", "flattened", "location", "payload", "streaming", "timestampFormat", "xmlNamespace", "resultWrapper",
    "xmlAttribute", "eventstream", "jsonvalue", "hostLabel", "idempotencyToken",
)

# Java's SDK, whose names Step Functions uses, calls some services by an older name than their id gives.
NAMES = {
    "A2I Runtime": "SageMakerA2IRuntime",
    "Cost and Usage Report Service": "CostAndUsageReport",
}

# AWS: documented, "Unsupported API actions for supported services".
UNSUPPORTED = {
    "ApplicationDiscovery": "DescribeExportConfigurations ExportConfigurations",
    "BedrockAgentRuntime": "InvokeAgent InvokeFlow InvokeInlineAgent OptimizePrompt RetrieveAndGenerateStream",
    "BedrockRuntime": "InvokeModelWithResponseStream ConverseStream",
    "CloudWatchLogs": "StartLiveTail",
    "CodeDeploy": "BatchGetDeploymentInstances GetDeploymentInstance ListDeploymentInstances SkipWaitTimeForInstanceTermination",
    "ComprehendMedical": "DetectEntities",
    "DataExchange": "SendApiAsset",
    "DirectConnect": "AllocateConnectionOnInterconnect DescribeConnectionLoa DescribeConnectionsOnInterconnect DescribeInterconnectLoa",
    "Efs": "CreateTags",
    "ElasticTranscoder": "TestRole",
    "Emr": "DescribeJobFlows",
    "Iot": "AttachPrincipalPolicy ListPrincipalPolicies DetachPrincipalPolicy ListPolicyPrincipals DetachPrincipalPolicy",
    "IotDeviceAdvisor": "ListTestCases",
    "IoTSiteWise": "InvokeAssistant",
    "Kinesis": "SubscribeToShard",
    "Lambda": "InvokeAsync InvokeWithResponseStream",
    "LexRuntimeV2": "StartConversation",
    "MediaPackage": "RotateChannelCredentials",
    "QBusiness": "Chat",
    "RdsData": "ExecuteSql",
    "S3": "SelectObjectContent",
    "S3Control": "SelectObjectContent",
    "SageMakerRuntime": "InvokeEndpointWithResponseStream",
    "SecurityLake": "CreateDatalake CreateDatalakeAutoEnable CreateDatalakeDelegatedAdmin CreateDatalakeExceptionsSubscription"
    " DeleteDatalake DeleteDatalakeAutoEnable DeleteDatalakeDelegatedAdmin DeleteDatalakeExceptionsSubscription GetDatalake"
    " GetDatalakeAutoEnable GetDatalakeExceptionsExpiry GetDatalakeExceptionsSubscription GetDatalakeStatus ListDatalakeExceptions"
    " UpdateDatalake UpdateDatalakeExceptionsExpiry UpdateDatalakeExceptionsSubscription",
    "Shield": "DeleteSubscription",
    "Sts": "AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity",
}


def main():
    loader = Loader()
    made = {}
    for folder in loader.list_available_services("service-2"):
        source = loader.load_service_model(folder, "service-2")
        prefix = prefix_of(source["metadata"]["serviceId"])
        version = source["metadata"]["apiVersion"]
        name = prefix.lower()
        if name in made and made[name][0] > version:
            continue
        made[name] = (version, folder, prefix, source)
    services = {name: stripped(loader, *rest) for name, (_, *rest) in sorted(made.items())}
    write_archive(services)
    write_actions(services)
    operations = sum(len(service["operations"]) for service in services.values())
    print(f"models of botocore {botocore.__version__}: {len(services)} services, {operations} operations,"
          f" {os.path.getsize(ARCHIVE)} bytes in {os.path.relpath(ARCHIVE, ROOT)}")


def prefix_of(service_id):
    """The name that errors begin with, as Java's SDK forms it: words from the service's id, each with one capital."""
    if service_id in NAMES:
        return NAMES[service_id]
    text = re.sub(r"[^A-Za-z0-9]+", " ", service_id)
    text = re.sub(r"([^a-z]{2,})v([0-9]+)", r"\1 v\2 ", text)
    text = re.sub(r"([^A-Z]{2,})V([0-9]+)", r"\1 V\2 ", text)
    text = re.sub(r"(?<=[a-z])(?=[A-Z]([a-zA-Z]|[0-9]))", " ", text)
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", text)
    text = re.sub(r"([0-9])([a-zA-Z])", r"\1 \2", text)
    name = "".join(word.lower().capitalize() for word in text.split())
    for leading in ("Amazon", "Aws"):
        name = name.removeprefix(leading)
    return name.removesuffix("Service")


def stripped(loader, folder, prefix, source):
    model = ServiceModel(source, folder)
    metadata = source["metadata"]
    service = {
        "service": folder,
        "id": metadata["serviceId"],
        "prefix": prefix,
        "signing": metadata.get("signingName", metadata["endpointPrefix"]),
        "protocol": model.resolved_protocol,
        "api": metadata["apiVersion"],
    }
    optional = {"jsonVersion": "jsonVersion", "targetPrefix": "targetPrefix", "awsQueryCompatible": "queryCompatible"}
    service.update({ours: metadata[theirs] or True for theirs, ours in optional.items() if theirs in metadata})
    service["operations"] = {name: operation(op, model, name) for name, op in source["operations"].items()}
    service["endpoints"], chosen = endpoints(loader, folder, source)
    for name, table in chosen.items():
        service["operations"][name]["endpoint"] = table
    service["shapes"] = shapes(source, service["operations"])
    return service


def operation(source, model, name):
    made = {"method": source["http"]["method"], "uri": source["http"]["requestUri"]}
    for side in ("input", "output"):
        if side in source:
            made[side] = {k: v for k, v in source[side].items() if k == "shape" or k in TRAITS}
    if source.get("errors"):
        made["errors"] = [error["shape"] for error in source["errors"]]
    if source.get("endpoint", {}).get("hostPrefix"):
        made["hostPrefix"] = source["endpoint"]["hostPrefix"]
    if source.get("authtype") == "none" or source.get("auth") == ["smithy.api#noAuth"]:
        made["unsigned"] = True
    if source.get("authtype") == "v4-unsigned-body" or source.get("unsignedPayload"):
        made["unsignedPayload"] = True
    checksum = source.get("httpChecksum", {})
    if "requestAlgorithmMember" in checksum:
        made["checksum"] = "crc32"
    elif source.get("httpChecksumRequired") or checksum.get("requestChecksumRequired"):
        made["checksum"] = "md5"
    if source.get("readonly"):
        made["readonly"] = True
    op = OperationModel(source, model, name)
    if op.has_event_stream_input or op.has_event_stream_output:
        made["eventStream"] = True
    return made


def shapes(source, operations):
    """Every shape that an operation reaches, without what only describes it."""
    wanted = [ref["shape"] for op in operations.values() for ref in (op.get("input"), op.get("output")) if ref]
    wanted += [error for op in operations.values() for error in op.get("errors", [])]
    found = {}
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        shape = source["shapes"][name]
        made = {k: shape[k] for k in SHAPE + TRAITS if shape.get(k)}
        if "error" in shape or shape.get("exception"):
            error = shape.get("error", {})
            made["exception"] = error.get("code") or name
        for one in ("member", "key", "value"):
            if one in shape:
                made[one] = reference(shape[one])
                wanted.append(shape[one]["shape"])
        if shape["type"] == "structure":
            made["members"] = {member: reference(ref) for member, ref in shape.get("members", {}).items()}
            wanted += [ref["shape"] for ref in shape.get("members", {}).values()]
        found[name] = made
    return {name: found[name] for name in source["shapes"] if name in found}


def reference(ref):
    """A member's shape; by its name alone where nothing else is said."""
    made = {k: v for k, v in ref.items() if k == "shape" or k in TRAITS}
    return made["shape"] if len(made) == 1 else made


def endpoints(loader, folder, source):
    """Where the service is, without further settings: tables of rules, the first for most operations, and which of the others an
    operation has whose own static parameters lead elsewhere."""
    partitions = loader.load_data("partitions")
    rules = loader.load_service_model(folder, "endpoint-rule-set-1")
    provider = EndpointProvider(rules, partitions)
    signing = source["metadata"].get("signingName", source["metadata"]["endpointPrefix"])
    tables = [endpoint_table(provider, rules, partitions, signing, {})]
    chosen = {}
    for name, op in source["operations"].items():
        static = {k: v["value"] for k, v in op.get("staticContextParams", {}).items() if k in rules["parameters"]}
        table = endpoint_table(provider, rules, partitions, signing, static) if static else tables[0]
        if table and table not in tables:
            tables.append(table)
        if table and tables.index(table):
            chosen[name] = tables.index(table)
    return tables, chosen


def endpoint_table(provider, rules, partitions, signing, static):
    """The URL in every region of every partition, as a rule with exceptions. `{region}` stands for the region; an entry may sign
    for another region or name."""
    made = {}
    for partition in partitions["partitions"]:
        forms = {}
        for region in partition["regions"]:
            found = None if region.endswith("-global") else resolve(provider, rules, dict(static, Region=region))
            if found is not None:
                forms[region] = endpoint_forms(region, signing, *found)
        every = [json.dumps(form, sort_keys=True) for both in forms.values() for form in both]
        if every:
            # Of two that are equally frequent (a partition of one region) the one that names the region.
            usual = json.loads(max(sorted(set(every)), key=lambda form: (every.count(form), "{region}" in form)))
            exceptions = {region: both[-1] for region, both in forms.items() if usual not in both}
            made[partition["id"]] = dict(usual, **({"except": exceptions} if exceptions else {}))
    return made


def endpoint_forms(region, signing, url, scheme):
    """The ways to say it: for the region wherever it is named, and for this one place."""
    name = {"signing": scheme["signingName"]} if scheme.get("signingName", signing) != signing else {}
    signs_for = scheme.get("signingRegion", region)
    forms = []
    if signs_for == region and region in url:
        forms.append({"url": url.replace(region, "{region}"), **name})
    forms.append({"url": url, "region": signs_for, **name})
    return forms


def resolve(provider, rules, given):
    parameters = {}
    for name, parameter in rules["parameters"].items():
        if name in given:
            parameters[name] = given[name]
        elif "default" in parameter:
            parameters[name] = parameter["default"]
    try:
        endpoint = provider.resolve_endpoint(**parameters)
    except EndpointProviderError:
        return None
    schemes = [s for s in endpoint.properties.get("authSchemes", []) if s["name"] == "sigv4"]
    return endpoint.url, schemes[0] if schemes else {}


def write_archive(services):
    os.makedirs(os.path.dirname(ARCHIVE), exist_ok=True)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, service in services.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, json.dumps(service, separators=(",", ":")))
    with open(ARCHIVE, "wb") as file:
        file.write(out.getvalue())


def write_actions(services):
    lines = []
    for service in services.values():
        refused = UNSUPPORTED.get(service["prefix"], "").split()
        known = [name for name, op in service["operations"].items() if name not in refused and "eventStream" not in op]
        lines.append(" ".join([service["prefix"], *sorted(known)]))
    with open(ACTIONS, "w", encoding="ascii") as file:
        file.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    sys.exit(main())
