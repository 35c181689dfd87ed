#!/usr/bin/env python3
"""Instructions of one evaluation, and of one Express execution, counted by valgrind: the same on every machine and load.

For each expression a small program evaluates it a few times and many times; the difference, shared out, is what one
evaluation takes, from our value to our value, over an input of 12 KB. Needs valgrind and a release build.
"""
import argparse
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FEW, MANY = 5, 25

DOCUMENT = os.path.join(HERE, "document.json")
# The program that repeats them is `repeat_` and the name.
EXPRESSIONS = {
    "jsonata": os.path.join(HERE, "jsonata", "expressions.json"),
    "jsonpath": os.path.join(HERE, "paths.json"),
    "intrinsic": os.path.join(HERE, "intrinsics.json"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-k", metavar="TEXT", default="", help="only languages or expressions with this text in them")
    options = parser.parse_args()
    build()
    if options.k in "express":
        bench = os.path.join(ROOT, "target", "release", "stepwright-bench")
        few, many = (instructions([bench, "--count-in-process", str(count)]) for count in (200, 1200))
        print(f"{round((many - few) / 1000):>12,}  {'express':10} an execution of five states, in process", flush=True)
    for language, path in EXPRESSIONS.items():
        program = os.path.join(ROOT, "target", "release", "examples", f"repeat_{language}")
        with open(path, encoding="utf-8") as file:
            expressions = json.load(file)
        for text in expressions:
            if options.k in language or options.k in text:
                print(f"{one_evaluation(program, text):>12,}  {language:10} {text}", flush=True)


def build():
    for package, language in [("jsonata", "jsonata"), ("jsonpath", "jsonpath"), ("expr", "intrinsic")]:
        command = ["cargo", "build", "-q", "--release", "-p", f"stepwright-{package}", "--example", f"repeat_{language}"]
        subprocess.run(command, cwd=ROOT, check=True)
    subprocess.run(["cargo", "build", "-q", "--release", "-p", "stepwright-bench"], cwd=ROOT, check=True)


def one_evaluation(program, text):
    few, many = (instructions([program, text, DOCUMENT, str(rounds)]) for rounds in (FEW, MANY))
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
