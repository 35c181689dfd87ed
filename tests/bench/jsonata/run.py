#!/usr/bin/env python3
"""Compares our evaluation of JSONata with the reference's (npm `jsonata` under Node), in one run, in turns.

Whole calls: from our value to our value, and from Node's value to Node's. Prints nanoseconds for each expression, how
many times faster ours is, and the median of that. Fails where results differ, or where the median is below the floor.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
EXPRESSIONS = os.path.join(HERE, "expressions.json")
OURS = os.path.join(ROOT, "target", "release", "examples", "bench_expressions")
# Of so many bytes that the input has 12 KB.
ORDERS = 100


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each expression and turn (1)")
    parser.add_argument("--turns", type=int, default=3, help="each implementation runs so often; the best counts (3)")
    parser.add_argument("--floor", type=float, default=20.0, help="the lowest median that passes (20)")
    options = parser.parse_args()
    prepare()
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        size = file.write(json.dumps(document(), separators=(",", ":")))
        file.flush()
        arguments = [EXPRESSIONS, file.name, str(options.seconds)]
        ours, theirs = {}, {}
        for _ in range(options.turns):
            measure([OURS, *arguments], ours)
            measure(["node", os.path.join(HERE, "reference.mjs"), *arguments], theirs)
    report(ours, theirs, size, options.floor)


def prepare():
    build = ["cargo", "build", "-q", "--release", "-p", "stepwright-jsonata", "--example", "bench_expressions"]
    subprocess.run(build, cwd=ROOT, check=True)
    subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=HERE, check=True)


def document():
    items = [
        {
            "id": i, "name": f"item-{i}", "category": f"category-{i % 7}", "price": i * 1.25, "qty": i % 5,
            "address": f"{i} A Long Street, 01099 Dresden",
        }
        for i in range(ORDERS)
    ]
    return {"n": 41, "order": {"customer": {"address": {"city": "Dresden"}}}, "items": items}


def measure(command, best):
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    for line in map(json.loads, lines):
        known = best.setdefault(line["expression"], line)
        known["nanoseconds"] = min(known["nanoseconds"], line["nanoseconds"])


def report(ours, theirs, size, floor):
    print(f"input {size / 1000:.1f} KB    {'ours':>12} {'reference':>12} {'times':>8}   nanoseconds a call")
    ratios = []
    for text, own in ours.items():
        other = theirs[text]
        if own["result"] != other["result"]:
            sys.exit(f"different results of {text}")
        ratios.append(other["nanoseconds"] / own["nanoseconds"])
        print(f"{'':16} {own['nanoseconds']:12.0f} {other['nanoseconds']:12.0f} {ratios[-1]:8.1f}   {text}")
    median = statistics.median(ratios)
    print(f"jsonata: {median:.1f} times as fast as the reference in the median")
    if median < floor:
        sys.exit(f"jsonata: the median is below {floor:g}")


if __name__ == "__main__":
    main()
