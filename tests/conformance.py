#!/usr/bin/env python3
"""Replays the recorded answers of AWS against the built server and holds the share that passes above the floor.

The floor is the number of cases that must pass, of those that call no AWS service beside Step Functions. It only rises.
"""
import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", required=True)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--floor", required=True, help="file that holds the number of cases")
    parser.add_argument("--jobs", default="8")
    arguments = parser.parse_args()
    with open(arguments.floor) as file:
        floor = int(file.read())
    with tempfile.TemporaryDirectory() as directory:
        outcomes_file = os.path.join(directory, "outcomes.json")
        start = f"{shlex.quote(arguments.bin)} serve --port {{port}} --data-dir {{dir}}"
        subprocess.run(
            [sys.executable, os.path.join(arguments.shared, "conformance", "run.py"), "--start", start]
            + ["--needs", "none", "--jobs", arguments.jobs, "--patience", "12", "--json", outcomes_file],
            check=False,
        )
        with open(outcomes_file) as file:
            outcomes = json.load(file)
    passed = sum(outcome["pass"] for outcome in outcomes.values())
    print(f"conformance: {passed} of {len(outcomes)} cases pass, the floor is {floor}")
    if passed < floor:
        sys.exit(f"conformance fell below its floor: see {arguments.floor}")


if __name__ == "__main__":
    main()
