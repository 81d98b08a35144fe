"""The fault table as a page of the handbook: written from rows, and read again. Pure.

A group is a part of the page: a heading, what was done, by which command at which commit, and a table. A row says how
many letters there were, and of these how many were lost, came twice, and stand as unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import fill

HEAD = ("case", "ends as", "letters", "lost", "doubled", "unknown", "goes on after")
RULE = ("---", "---", "--:", "--:", "--:", "--:", "--:")
BY = re.compile(r"`(python -m tests\.faults [^`]+)` at `([0-9a-f]+\+?)`, (\d{4}-\d\d-\d\d), (\d+) s\.")
PART = re.compile(r"^## (.+)$", re.MULTILINE)
NONE = "-"
WIDTH = 118  # columns

INTRODUCTION = """# What was done to it
Everything here was made to happen to the real service, with real servers on one machine: PostgreSQL, Valkey, Debian's
smtp-sink, Postfix. Each part says by which command, and which commit had changed the service last. *Lost*: a reader's
letter that neither arrived nor stands in the books as not sent. *Doubled*: one that arrived twice. *Unknown*: the one
instant of doubt that [SMTP has](operations.md#what-we-promise); all of them are listed. *Goes on after*: seconds until
the next letter left, once what had been broken was whole again.

`make faults` does all of it (an hour and more; `ARGS="--only smtp"` one part) and writes this page; `make test`
does the cheap rows again.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A case and its figures. `seconds` is None where nothing had to recover."""

    case: str
    ends: str
    letters: int
    lost: int
    doubled: int
    unknown: int
    seconds: float | None = None

    def cells(self) -> tuple[str, ...]:
        """As the table has them."""
        after = NONE if self.seconds is None else f"{self.seconds:.1f} s"
        numbers = (self.letters, self.lost, self.doubled, self.unknown)
        return (self.case, self.ends or NONE, *(f"{number:,}" for number in numbers), after)


@dataclass(frozen=True, slots=True)
class Group:
    """A part of the page."""

    title: str
    words: str
    command: str
    commit: str
    day: str
    seconds: int
    rows: tuple[Row, ...]

    def text(self) -> str:
        """As Markdown."""
        lines = [HEAD, RULE, *(row.cells() for row in self.rows)]
        table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
        by = f"`{self.command}` at `{self.commit}`, {self.day}, {self.seconds} s."
        return f"## {self.title}\n{fill(self.words, WIDTH)}\n\n{by}\n\n{table}\n"


def page(groups: Iterable[Group]) -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(group.text() for group in groups)])


def read(text: str) -> list[Group]:
    """The groups of a page. ValueError when a part is not as `Group.text` writes it."""
    _, *parts = PART.split(text)
    return [_group(title, body) for title, body in zip(parts[::2], parts[1::2], strict=True)]


def merged(known: Sequence[Group], new: Sequence[Group], order: Sequence[str]) -> list[Group]:
    """The groups with the new ones in their places; those whose title is not in `order` go."""
    latest = {group.title: group for group in (*known, *new)}
    return [latest[title] for title in order if title in latest]


def _group(title: str, body: str) -> Group:
    by = BY.search(body)
    if by is None:
        raise ValueError(f"{title}: it doesn't say by which command it was made")
    table = [line for line in body[by.end() :].splitlines() if line.startswith("|")]
    rows = tuple(_row(line) for line in table[2:])
    return Group(title, " ".join(body[: by.start()].split()), by[1], by[2], by[3], int(by[4]), rows)


def _row(line: str) -> Row:
    case, ends, *numbers, after = (cell.strip() for cell in line.strip("| ").split(" | "))
    letters, lost, doubled, unknown = (int(number.replace(",", "")) for number in numbers)
    seconds = None if after == NONE else float(after.removesuffix(" s"))
    return Row(case, "" if ends == NONE else ends, letters, lost, doubled, unknown, seconds)
