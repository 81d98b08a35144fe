"""A backup that was taken in the middle of a run is put back after its end."""

from __future__ import annotations

import shlex
import subprocess
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from tests.faults.database import Database
from tests.faults.record import Row
from tests.lives import Service
from tests.taking import Taking
from tests.up import wait

PATIENCE = 600  # seconds
LETTERS, RATE, LEAVERS = 600, 40.0, 20


def row(service: Service) -> Row:
    """Half of the letters are accepted in the backup; some readers leave after it was taken."""
    service.crowd(LETTERS, "2611.00001")
    database = Database(service.env["DATABASE_URL"])
    dump = service.folder / "backup.sql"
    with Taking(service.folder, RATE) as server:
        sender = service.process("manage.py", "deliver", "--until-empty", email_url=f"{server.url}?connections=4")
        wait(lambda: server.count() > LETTERS // 3, PATIENCE, "a third of the letters")
        taken = datetime.now(UTC)
        _client(database, "pg_dump", "--file", str(dump), service.name)
        for n in range(LETTERS - LEAVERS, LETTERS):
            service.json("reader", "leave", f"r{n}@example.org")
        _, err = sender.communicate(timeout=PATIENCE)
        assert sender.returncode == 0, err
        _put_back(database, service.name, dump)
        found = service.json("restored", "--taken", taken.isoformat())
        assert len(found["reapplied"]) == LEAVERS, found["reapplied"]
        service.email_url = server.url
        for command in (("publish",), ("deliver", "--until-empty")):
            service.json(*command)
        return _judged(service, server.by_id(), found["unknown"])


def _judged(service: Service, got: Counter[str], doubtful: list[str]) -> Row:
    letters = service.letters()
    states = Counter(letter["state"] for letter in letters)
    unknown = {letter["message_id"] for letter in letters if letter["state"] == "unknown"}
    assert unknown == set(doubtful), "all are listed"
    booked = {letter["message_id"]: letter["state"] for letter in letters}
    lost = sum(state == "accepted" and name not in got for name, state in booked.items())
    lost += len(got.keys() - booked.keys()) + (LETTERS - len(booked))
    ends = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    doubled = sum(times > 1 for times in got.values())
    case = f"a backup of the middle of a run put back, {LEAVERS} readers left since"
    return Row(case, f"{ends}; {LEAVERS} left again", LETTERS, lost, doubled, len(unknown))


def _client(database: Database, program: str, *words: str) -> None:
    """One of PostgreSQL's programs."""
    server = shlex.split((database.folder / "data" / "postmaster.opts").read_text())[0]
    command = [str(Path(server).parent / program), "-h", str(database.folder), "-U", "digest", *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _put_back(database: Database, name: str, dump: Path) -> None:
    with psycopg.connect(host=str(database.folder), user="digest", dbname="postgres", autocommit=True) as link:
        link.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]
        link.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    _client(database, "psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(dump), name)
