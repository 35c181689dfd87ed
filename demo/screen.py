"""Prints the report of the demo: aligned, and coloured only on a terminal."""

import os
import sys

_COLOURED = sys.stdout.isatty() and "NO_COLOR" not in os.environ
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def paint(text, colour):
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if _COLOURED and text else text


def chapter(number, title, why):
    """A heading, and one sentence on why the reader should care."""
    print(f"\n{paint(f'{number}. {title}', 'bold')}")
    print(f"   {paint(why, 'dim')}\n", flush=True)


def say(text=""):
    print(f"   {text}".rstrip(), flush=True)


def proved(text):
    print(f"   {paint('ok', 'green')}  {text}", flush=True)


def table(head, rows):
    """Columns as wide as their content; a cell is text or a `(text, colour)` pair."""
    cells = [[cell if isinstance(cell, tuple) else (str(cell), None) for cell in row] for row in rows]
    widths = [
        max([len(title), *(len(row[column][0]) for row in cells)]) for column, title in enumerate(head)
    ]
    print("   " + paint("  ".join(t.ljust(w) for t, w in zip(head, widths)).rstrip(), "dim"))
    for row in cells:
        line = []
        for (text, colour), width in zip(row, widths):
            line.append((paint(text, colour) if colour else text) + " " * (width - len(text)))
        print("   " + "  ".join(line).rstrip())
    sys.stdout.flush()


def status(text):
    return (text, "green" if text == "SUCCEEDED" else "yellow")
