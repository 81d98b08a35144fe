"""The parts of the fault table, each a title, words, and what makes its rows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import deliveries, kills, parts
from tests.faults.record import Row
from tests.lives import Service

READERS = 3


@dataclass(frozen=True)
class Part:
    """`rows` takes how many kill points a system call are wanted; `points`: whether it makes use of that."""

    title: str
    words: str
    rows: Callable[[int], Iterator[Row]]
    points: bool = False


@contextmanager
def life(**environment: str) -> Iterator[Service]:
    """A service of its own."""
    with tempfile.TemporaryDirectory(prefix="faults") as folder:
        service = Service(Path(folder), **environment)
        try:
            yield service
        finally:
            service.close()


def smtp(_: int) -> Iterator[Row]:
    """Each cell of smtp-matrix, over one connection and over three."""
    for connections in (1, 3):
        with life() as service:
            deliveries.posted(service, READERS)
            for cell in deliveries.cells(service, connections)["cells"]:
                yield cell_row(cell, connections)


def cell_row(cell: Mapping[str, Any], connections: int) -> Row:
    """A cell as a row: what the server has and the books deny is a letter that will come twice."""
    books: Mapping[str, int] = cell["ledger"]
    ends = ", ".join(f"{number} {state}" for state, number in sorted(books.items()) if number)
    stage = "the dot" if cell["stage"] == "." else cell["stage"]
    case = f"{cell['fault']} at {stage}, {_connections(connections)}"
    if cell["wrong"]:
        ends += f" (not allowed: {'; '.join(cell['wrong'])})"
    return Row(case, ends, sum(books.values()), cell["lost"], cell["doubled"] + cell["misbooked"], books["unknown"])


def killed(points: int) -> Iterator[Row]:
    """Each command under killsweep."""
    for connections in (1, 3):
        with life() as service:
            deliveries.posted(service, READERS)
            swept = deliveries.killed(service, connections, points)
            yield sweep_row(f"deliver, {_connections(connections)}", swept)
    for work in (kills.publish, kills.fetch, kills.webhook, kills.confirm):
        with life(**kills.WEBHOOKS) as service:
            yield sweep_row(work.__name__, work(service, points))


def sweep_row(name: str, swept: Mapping[str, Any]) -> Row:
    """A sweep as a row; what is still unsent after one more run counts as lost."""
    found = swept["kills"]
    total = {key: sum(kill[key] for kill in found) for key in ("lost", "stuck", "doubled", "misbooked", "unknown")}
    at = sorted({kill["syscall"] for kill in found})
    return Row(
        f"{name}: {len(found)} kills", f"killed at {', '.join(at)}", swept["letters"] * len(found),
        total["lost"] + total["stuck"], total["doubled"] + total["misbooked"], total["unknown"],
    )  # fmt: skip


def _connections(number: int) -> str:
    return "1 connection" if number == 1 else f"{number} connections"


GROUPS = {
    "smtp": Part(
        "The mail server says no, or nothing",
        f"{READERS} letters meet a fault of the mail server, at every step of the conversation; when it is whole again "
        "`deliver` runs once more. *Slow* is slower than we wait; *cut* ends the line in the middle of the mail.",
        smtp,
    ),
    "kills": Part(
        "kill -9 at a network call",
        "The process is killed at its Nth call, of all there are or evenly spread over them; then comes once more what "
        "the world would do: `deliver` after the lease, the listing, the slot, the webhook, the button again. The "
        "database is PostgreSQL, so its answers are network calls too. "
        f"{READERS} letters each, 2 of them for `confirm`.",
        killed,
        points=True,
    ),
    "parts": Part(
        "A process is killed, stopped or started anew",
        f"{parts.READERS:,} readers are due, the whole service (`up`) is at it with PostgreSQL and Valkey, and the "
        f"mail server takes {parts.RATE:.0f} letters a second. *Letters*: those let go between this strike and the "
        "next. A lease lasts 60 s. Of the web server it is told after how many seconds the site answers.",
        parts.rows,
    ),
}
