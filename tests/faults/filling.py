"""The disk that the service and its database are on is full, while it publishes and while it sends.

`TMPDIR=SMALL python -m tests.faults.filling NOTES` prints the rows as JSON: everything it starts lies on the small
disk, save what the mail server notes. `rows` mounts one and calls it, for SQLite and for PostgreSQL.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.faults.database import Database
from tests.faults.record import Row
from tests.lives import ROOT, Service
from tests.taking import Taking
from tests.up import wait

PATIENCE = 300  # seconds
LETTERS, RATE, CONNECTIONS = 200, 40.0, 4
SIZE = "400m"  # PostgreSQL's programs and an empty database take half of it
CHUNK = 1 << 16


def rows() -> Iterator[Row]:
    """On a small disk of its own each. PermissionError without the right to mount one."""
    for database in ("sqlite", "postgres"):
        with tempfile.TemporaryDirectory(prefix="notes") as notes, _small_disk() as disk:
            env = {**os.environ, "TMPDIR": str(disk), "TEST_DATABASE": database, "CACHE_URL": "memory://"}
            done = subprocess.run([sys.executable, "-m", "tests.faults.filling", notes], cwd=ROOT, env=env,
                                  capture_output=True, text=True, check=False)  # fmt: skip
            assert done.returncode == 0, done.stderr
            yield from (Row(*cells) for cells in json.loads(done.stdout.splitlines()[-1]))


@contextmanager
def _small_disk() -> Iterator[Path]:
    if os.geteuid() != 0:
        raise PermissionError("a small disk is mounted by root")
    with tempfile.TemporaryDirectory(prefix="small") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "tmpfs", folder], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def _full(folder: Path) -> Iterator[None]:
    """Until the block ends."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * CHUNK)
    try:
        yield
    finally:
        filler.unlink()


def _cases(service: Service, notes: Path) -> Iterator[Row]:
    small = Path(tempfile.gettempdir())
    name = "PostgreSQL" if service.server else "SQLite"
    service.due(LETTERS, "2611.00001")
    with _full(small):
        publisher = service.process("manage.py", "publish")
        _, said = publisher.communicate(timeout=PATIENCE)
    assert publisher.returncode in (0, 1), said
    _whole_again(service)
    service.json("publish")
    letters = len(service.letters())
    yield Row(
        f"{name}'s disk full while publishing",
        f"exit {publisher.returncode}, then {letters} letters",
        letters,
        LETTERS - letters,
        0,
        0,
    )

    with Taking(notes, RATE) as server:
        service.email_url = f"{server.url}?connections={CONNECTIONS}&timeout=20"
        sender = service.process("manage.py", "deliver", "--until-empty")
        wait(lambda: server.count() > LETTERS // 4, PATIENCE, "a quarter of the letters")
        with _full(small), suppress(subprocess.TimeoutExpired):
            sender.wait(20)
        _whole_again(service)
        sender.send_signal(signal.SIGTERM)
        sender.communicate(timeout=PATIENCE)
        before = server.count()
        for minutes in (2, 25):  # the lease, and then the longest rest of the channel, are over
            service.json(
                "deliver", "--until-empty", "--now", (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
            )
        yield _judged(
            service, server.by_id(), f"{name}'s disk full while sending", f"exit {sender.returncode} after {before}"
        )


def _whole_again(service: Service) -> None:
    """There is room again; a PostgreSQL that gave up is started by whoever minds it."""
    if service.server:
        database = Database(service.server)
        time.sleep(2)
        if not database.answers():
            database.start()
    with suppress(AssertionError):
        service.json("ledger")


def _judged(service: Service, got: Counter[str], case: str, ends: str) -> Row:
    letters = service.letters()
    states = Counter(letter["state"] for letter in letters)
    lost = sum(letter["message_id"] not in got and letter["state"] != "unknown" for letter in letters)
    booked = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    doubled = sum(times > 1 for times in got.values())
    return Row(case, f"{ends}, then {booked}", len(letters), lost, doubled, states["unknown"])


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="life"))
    service = Service(folder)
    try:
        print(json.dumps([astuple(row) for row in _cases(service, Path(sys.argv[1]))]))
    finally:
        service.close()


if __name__ == "__main__":
    main()
