"""The difference between two texts, line by line, for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff

AROUND = 3  # lines shown before and behind a change
NAMES = {"+": "added", "-": "removed", "@": "place", " ": "same"}

Line = tuple[str, str]  # added, removed, place or same; the line with its sign


def difference(before: str, after: str) -> Iterator[Line]:
    """The changed lines with those around them; nothing when the texts are equal."""
    lines = unified_diff(before.splitlines(), after.splitlines(), n=AROUND, lineterm="")
    for number, line in enumerate(lines):
        if number > 1:  # the first two name files
            yield NAMES.get(line[:1], "same"), line
