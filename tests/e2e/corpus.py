"""The definitions and templates of ../shared/corpus, where they are present: read as they are, nothing of them is copied here."""

import json
import os
import pathlib
import re

import pytest
import yaml

from server import ROOT

CORPUS = pathlib.Path(os.environ.get("SHARED", ROOT.parent / "shared")) / "corpus"
REGION, ACCOUNT = "us-east-1", "000000000000"
PSEUDO = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"SKIPPED: {CORPUS} is not here")


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms: `!Sub text` is the text, any other `!Name value` is the value."""


def plain(loader, _suffix, node):
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


Loader.add_multi_constructor("!", plain)


def read(path):
    text = path.read_text()
    return json.loads(text) if path.suffix == ".json" else yaml.load(text, Loader)


def documents(folder):
    """All documents of a folder. Of one that is broken as its authors wrote it, the lines that name a Resource."""
    found = {}
    for path in sorted((CORPUS / folder).iterdir()):
        try:
            found[path.name] = read(path)
        except (yaml.YAMLError, json.JSONDecodeError):
            lines = re.findall(r"""["']?Resource["']?\s*:\s*["']?(arn:[^\s"',]+)""", path.read_text())
            found[path.name] = [{"Type": "Task", "Resource": arn} for arn in lines if ":states:" in arn]
    return found


def definition(name, values):
    """A definition as JSON text, with `values` for its placeholders."""
    (path,) = (CORPUS / "asl").glob(f"*{name}*")
    text = json.dumps(read(path))
    return re.sub(r"\$\{([A-Za-z0-9_]+)\}", lambda found: values[found[1]], text)


def walk(value):
    """Every object in a document."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(inner)
