#!/usr/bin/env python3
"""Holds the project to its structure: who may use whom, what pure crates keep away from, sizes, licences.

Prints one line, and one more for everything that is wrong; exits with 1 if anything is. Needs cargo and nothing else.
"""
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# The rooms that each room may use: those below it (see ARCHITECTURE.md). What the tests of a crate use is its own affair.
LANGUAGE = {"json", "jsonpath", "jsonata", "expr", "model", "asl", "machine"}
MAY_USE = {
    "json": set(),
    "model": {"json"},
    "jsonpath": {"json"},
    "jsonata": {"json"},
    "template": {"json"},
    "expr": {"json", "jsonpath", "jsonata"},
    "asl": {"json", "model", "jsonpath", "jsonata", "expr"},
    "machine": {"json", "model", "jsonpath", "jsonata", "expr", "asl"},
    "store": set(),
    "aws": {"json", "model"},
    "lambda": {"json", "model"},
    "logs": {"json", "model", "aws"},
    "tasks": {"json", "model", "aws", "lambda"},
    "engine": LANGUAGE | {"store", "logs", "tasks"},
    "server": LANGUAGE | {"store", "logs", "tasks", "aws", "lambda", "engine"},
    "cli": LANGUAGE | {"template", "store", "logs", "tasks", "aws", "lambda", "engine", "server"},
    "fuzzing": (LANGUAGE - {"machine"}) | {"template"},
    "sim": LANGUAGE | {"store", "aws", "tasks", "engine"},
    "bench": LANGUAGE | {"store", "tasks", "engine"},
}

# Crates that are functions of their arguments: no clock, randomness, environment, file, network or thread.
PURE = ["json", "jsonpath", "jsonata", "expr", "model", "template", "asl", "machine"]
IMPURE_CRATES = {"tokio", "rand", "getrandom", "uuid", "rustix", "fs4", "fastrand", "chrono", "time"}
IMPURE = re.compile(
    r"\btokio\b|\bSystemTime\b|\bInstant::now\b|\bstd::time::Instant\b|\buse std::time::\{[^;]*\bInstant\b|\bgetrandom\b|\brand::|\bthread_rng\b|\bRandomState\b"
    r"|\bstd::(?:env|fs|net|thread|process)\b"
    r"|\buse std::\{[^;]*\b(?:env|fs|net|thread|process)\b"
)

LONGEST_FILE = 600
# Tables of data may be long.
DATA_TABLES = set()
SOURCES = (".rs", ".py", ".ts", ".tsx", ".js", ".mjs", ".css", ".sh")
# Split, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|\b(?:unimple" + r"mented|to" + r"do)!")

MOST_CRATES = 219

# Permissive licences. BSL-1.0 is Boost's. What is offered under one of several needs one of these.
LICENCES = {
    "MIT", "MIT-0", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "ISC", "Unicode-3.0", "Unicode-DFS-2016",
    "Zlib", "CC0-1.0", "Unlicense", "BSL-1.0",
}


def main():
    os.chdir(ROOT)
    problems = []
    metadata = cargo_metadata()
    rooms = dependency_direction(metadata, problems)
    pure_files = purity(problems)
    files = sizes_and_leftovers(problems)
    crates = size_of_the_tree(problems)
    licences = licensed(metadata, problems)
    for problem in problems:
        print(f"structure: {problem}")
    verdict = "holds" if not problems else f"has {len(problems)} problems"
    print(
        f"structure {verdict}: {rooms} crates in their order, {pure_files} files of pure crates, {files} files of at"
        f" most {LONGEST_FILE} lines, {crates} crates in the binary, {licences} licences"
    )
    sys.exit(1 if problems else 0)


def cargo_metadata():
    return json.loads(run("cargo", "metadata", "--format-version", "1", "--locked"))


def run(*command):
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode != 0:
        sys.exit(f"structure: {' '.join(command)} failed:\n{outcome.stderr}")
    return outcome.stdout


def dependency_direction(metadata, problems):
    folders = {}
    for package in metadata["packages"]:
        folder = os.path.dirname(package["manifest_path"])
        if package["source"] is None and os.path.dirname(folder) == os.path.join(ROOT, "crates"):
            folders[package["name"]] = os.path.basename(folder)
    for package in metadata["packages"]:
        room = folders.get(package["name"]) if package["source"] is None else None
        if room is None:
            continue
        if room not in MAY_USE:
            problems.append(f"crates/{room} has no row in the table of tests/structure.py: say what it may use")
            continue
        for dependency in package["dependencies"]:
            if dependency["kind"] == "dev":
                continue
            used = folders.get(dependency["name"])
            if used is not None and used not in MAY_USE[room]:
                problems.append(f"crates/{room} uses {used}, which is not below it")
            if room in PURE and dependency["name"] in IMPURE_CRATES:
                problems.append(f"crates/{room} is pure and depends on {dependency['name']}")
    return len(folders)


def purity(problems):
    checked = 0
    for room in PURE:
        for path in walk(os.path.join("crates", room, "src"), (".rs",)):
            if is_test(path):
                continue
            checked += 1
            text = without_tests_and_comments(read(path))
            for match in IMPURE.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                problems.append(f"{path}:{line}: a pure crate uses {match.group().split()[-1]}")
    return checked


def is_test(path):
    return os.path.basename(path) == "tests.rs" or "tests" in os.path.dirname(path).split(os.sep)


def without_tests_and_comments(text):
    """Keeps the number of lines. Tests stand last in a file."""
    text = re.split(r"^#\[cfg\(test\)\]\n(?:#\[.*\]\n)*mod \w+ \{", text, maxsplit=1, flags=re.MULTILINE)[0]
    return re.sub(r"//[^\n]*", "", text)


def sizes_and_leftovers(problems):
    checked = 0
    for path in walk(".", SOURCES):
        checked += 1
        text = read(path)
        lines = text.count("\n")
        if lines > LONGEST_FILE and path not in DATA_TABLES:
            problems.append(f"{path} has {lines} lines, {LONGEST_FILE} are the most")
        for number, line in enumerate(text.split("\n"), 1):
            if UNFINISHED.search(line):
                problems.append(f"{path}:{number}: unfinished: {line.strip()}")
    return checked


def walk(top, endings):
    for folder, folders, names in os.walk(top):
        skipped = {"target", "node_modules", "__pycache__", "demo-out"}
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in skipped)
        for name in sorted(names):
            if name.endswith(endings):
                yield os.path.normpath(os.path.join(folder, name))


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def size_of_the_tree(problems):
    tree = run("cargo", "tree", "--locked", "-e", "normal", "-p", "stepwright", "--prefix", "none", "--format", "{p}")
    crates = {" ".join(line.split()[:2]) for line in tree.splitlines() if line.strip()}
    if len(crates) > MOST_CRATES:
        problems.append(f"the binary is made of {len(crates)} crates, {MOST_CRATES} are the most")
    return len(crates)


def licensed(metadata, problems):
    seen = set()
    for package in metadata["packages"]:
        if package["source"] is None:
            continue
        name, licence = f"{package['name']} {package['version']}", package["license"]
        seen.add(licence)
        if not licence or not is_permitted(licence):
            problems.append(f"{name} has the licence {licence or 'of a file'}, which is not among the permitted ones")
    return len(seen)


def is_permitted(expression):
    """Reads an SPDX expression: AND binds tighter than OR, a slash is an old OR, an exception only adds rights."""
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))

    def alternatives():
        permitted = conjunction()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            permitted = conjunction() or permitted
        return permitted

    def conjunction():
        permitted = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            permitted = one() and permitted
        return permitted

    def one():
        token = tokens.pop(0) if tokens else ""
        if token == "(":
            permitted = alternatives()
            if tokens:
                tokens.pop(0)
            return permitted
        if tokens and tokens[0] == "WITH":
            del tokens[:2]
        return token in LICENCES

    return alternatives() and not tokens


if __name__ == "__main__":
    main()
