#!/usr/bin/env python3
"""Lays out the starting inputs of each fuzz target in fuzz/corpus: our own seeds, and samples if they are there.

Usage: corpus.py [--shared FOLDER]   where the sample definitions and the JSONata suite are looked for
"""
import argparse
import hashlib
import json
import os
import re
import shutil

FUZZ = os.path.dirname(os.path.abspath(__file__))
# Longer inputs make a fuzzer slow and find nothing more.
LONGEST = 16_384
SMALL_INPUT = 1_024


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", default=os.path.join(FUZZ, "..", "..", "shared"))
    shared = parser.parse_args().shared
    counts = {}
    seeds = os.path.join(FUZZ, "seeds")
    for target in sorted(os.listdir(seeds)):
        folder = os.path.join(FUZZ, "corpus", target)
        os.makedirs(folder, exist_ok=True)
        for name in os.listdir(os.path.join(seeds, target)):
            shutil.copyfile(os.path.join(seeds, target, name), os.path.join(folder, f"seed-{name}"))
        counts[target] = len(os.listdir(os.path.join(seeds, target)))
    for text in definitions(os.path.join(shared, "corpus", "asl")):
        for target in ("definition", "json_reader"):
            counts[target] += add(target, text)
        for line in embedded(text):
            target = "intrinsics" if line.startswith("States.") else "jsonpath"
            counts[target] += add(target, f'{line}\n{{"a":[1,{{"b":"x"}}]}}')
    for text in expressions(os.path.join(shared, "jsonata-suite")):
        counts["jsonata"] += add("jsonata", text)
    print("fuzz/corpus: " + ", ".join(f"{target} {count}" for target, count in counts.items()))


def add(target, text):
    data = text.encode("utf-8", "replace")
    if len(data) > LONGEST:
        return 0
    path = os.path.join(FUZZ, "corpus", target, hashlib.sha1(data).hexdigest())
    with open(path, "wb") as file:
        file.write(data)
    return 1


def definitions(folder):
    for path in files(folder):
        yield read(path)


def embedded(text):
    """The paths and the calls of intrinsic functions in a definition."""
    return re.findall(r'"(\$[.\[][^"\\]*|States\.[A-Z]\w+\([^"\\]*)"', text)


def expressions(suite):
    """`<input in one line>\\n<expression>` for each case of the suite whose input is small."""
    for path in files(os.path.join(suite, "groups")):
        cases = json.loads(read(path))
        for case in cases if isinstance(cases, list) else [cases]:
            given = case.get("data")
            if case.get("dataset"):
                given = json.loads(read(os.path.join(suite, "datasets", case["dataset"] + ".json")))
            text = json.dumps(given, ensure_ascii=False)
            if isinstance(case.get("expr"), str) and len(text) <= SMALL_INPUT:
                yield f"{text}\n{case['expr']}"


def files(top):
    for folder, _, names in sorted(os.walk(top)):
        for name in sorted(names):
            if name.endswith(".json"):
                yield os.path.join(folder, name)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


if __name__ == "__main__":
    main()
