#!/usr/bin/env python3
"""Instructions of one evaluation, counted by valgrind: the same on every machine and at every load.

For each expression a small program evaluates it a few times and many times; the difference, shared out, is what one
evaluation takes, from our value to our value, over an input of 12 KB. Needs valgrind and a release build.
"""
import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FEW, MANY = 5, 25

JSONPATH = [
    "$.order.customer.address.city",
    "$['items'][42].name",
    "$.items[*].name",
    "$.items[?(@.qty > 2)].name",
    "$..city",
    "$.items.length()",
]
INTRINSICS = [
    "States.Format('{} of {}', $.n, $.order.customer.address.city)",
    "States.StringToJson($.text)",
    "States.JsonToString($.items)",
    "States.ArrayContains($.items, $.items[99])",
    "States.ArrayPartition($.items, 4)",
    "States.Hash($.text, 'SHA-256')",
    "States.JsonMerge($.order, $.items[0], false)",
    "States.MathAdd($.n, 1)",
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-k", metavar="TEXT", default="", help="only languages or expressions with this text in them")
    options = parser.parse_args()
    jsonata = jsonata_bench()
    with open(jsonata.EXPRESSIONS, encoding="utf-8") as file:
        languages = {"jsonata": json.load(file), "jsonpath": JSONPATH, "intrinsic": INTRINSICS}
    build()
    document = jsonata.document()
    document["text"] = json.dumps(document["items"][:10], separators=(",", ":"))
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(document, file, separators=(",", ":"))
        file.flush()
        for language, expressions in languages.items():
            program = os.path.join(ROOT, "target", "release", "examples", f"repeat_{language}")
            for text in expressions:
                if options.k in language or options.k in text:
                    print(f"{one_evaluation(program, text, file.name):>12,}  {language:10} {text}", flush=True)


def jsonata_bench():
    spec = importlib.util.spec_from_file_location("jsonata_bench", os.path.join(HERE, "jsonata", "run.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build():
    for package, language in [("jsonata", "jsonata"), ("jsonpath", "jsonpath"), ("expr", "intrinsic")]:
        command = ["cargo", "build", "-q", "--release", "-p", f"stepwright-{package}", "--example", f"repeat_{language}"]
        subprocess.run(command, cwd=ROOT, check=True)


def one_evaluation(program, text, input_file):
    few, many = (instructions([program, text, input_file, str(rounds)]) for rounds in (FEW, MANY))
    return round((many - few) / (MANY - FEW))


def instructions(command):
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
    run = subprocess.run(valgrind, capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not found:
        sys.exit(f"instructions: {command[1]!r} failed\n{run.stderr}")
    return int(found.group(1))


if __name__ == "__main__":
    main()
