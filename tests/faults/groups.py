"""The parts of the fault table, each a title, words, and what makes its rows."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import backup, deliveries, filling, judged, kills, leaving, parts, relay
from tests.faults.record import Row
from tests.lives import ROOT, Service

READERS = 3
LETTERS, LEAVERS, RATE = 10_000, 1_000, 150.0  # of those who leave; letters a second
WEBHOOKS = int(os.environ.get("FAULTS_WEBHOOKS", "10000"))
BURST = "tests/subscribers/test_webhooks.py::test_a_burst_from_four_sides_is_recorded_each_once"


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


def states(_: int) -> Iterator[Row]:
    """What the service stands on: the disk, and a database that is an older one."""
    yield from filling.rows()
    with life() as service:
        yield backup.row(service)


def away(_: int) -> Iterator[Row]:
    """A mail server that is down for long, or slow."""
    with life() as service:
        yield relay.down(service, readers=20)
    with life() as service:
        yield relay.row_behind(relay.behind(service, relay.DIGESTS, relay.RATE), relay.RATE)


def left(_: int) -> Iterator[Row]:
    """Readers who leave in the middle of a run."""
    with life() as service:
        found = leaving.race(service, LETTERS, LEAVERS, RATE)
    wrong = found.against_their_word | found.late.keys()
    ends = f"{len(found.cancelled)} taken back, {len(found.arrived)} gone before, {len(wrong)} dotted after the 2xx"
    yield Row(f"{LEAVERS:,} leave by one click", ends, found.letters, len(found.lost), len(found.doubled | wrong),
              found.unknown)  # fmt: skip


def mails(_: int) -> Iterator[Row]:
    """Signed mails before the judges."""
    with tempfile.TemporaryDirectory(prefix="key") as folder, life(**judged.key(Path(folder))) as service:
        for found in judged.verdicts(service):
            bad = ", ".join(f"{name}: {number}" for name, number in found.bad.items())
            ends = f"not right in {bad}" if bad else f"all {len(found.measures)} measures right"
            missing = judged.DIGESTS + judged.ASKED - found.mails
            yield Row(f"{found.mails:,} mails, {found.where}", ends, found.mails, max(missing, 0), max(-missing, 0), 0)


def burst(_: int) -> Iterator[Row]:
    """The test of a burst of webhooks, with more of them."""
    env = {**os.environ, "BURST": str(WEBHOOKS)}
    done = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", BURST], cwd=ROOT, env=env,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout
    yield Row(f"{WEBHOOKS:,} webhooks from four sides, each told twice", "each recorded once", WEBHOOKS, 0, 0, 0)


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
    "states": Part(
        "The disk is full, an old database comes back",
        f"Disks of {filling.SIZE[:-1]} MB that the database and the service lie on are filled while {filling.LETTERS} "
        "letters are published and sent, and emptied again. A dump that `pg_dump` took in the middle of a run is put "
        "back after its end, then `restored --taken T`, `publish`, `deliver`: what may have been sent since is listed "
        "as unknown, and nobody is sent anything twice.",
        states,
    ),
    "relay": Part(
        "The mail server is away for long, or slow",
        "`publish` and `deliver` go on every hour against a mail server that is down, over a slot; each reader has to "
        "have heard of each paper once in the end. Behind a slow one a person waits in front of a screen: *goes on "
        "after* is how soon their confirmation arrived.",
        away,
    ),
    "leaving": Part(
        "Readers leave in the middle of a run",
        "By RFC 8058's one click on the site, while two deliverers are at it; half of the leavers when their letter's "
        "turn is about to come. The mail server notes when it reads a dot, the leaver when the 2xx was read. What is "
        "dotted after a 2xx would be counted as doubled.",
        left,
    ),
    "mails": Part(
        "Mails before the judges",
        "Signed digests and confirmations, given to SpamAssassin, rspamd, dkimpy and mailauth (DKIM, SPF and DMARC), "
        "six readers of MIME and two judges of HTML, as they leave and as a mailbox holds them behind Postfix and "
        "Dovecot. *Lost* are those that did not come out.",
        mails,
    ),
    "webhooks": Part("A burst of webhooks", "By four threads at once, on PostgreSQL.", burst),
}
