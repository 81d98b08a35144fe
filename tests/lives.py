"""A service on a database of its own: commands as processes that may die, and a way back to the state before.

    service = Service(folder)
    service.keep()
    service.run("publish", "--now", MORNING, dies_at=7)
    service.back()

It is on the kind of database that DATABASE_URL names. Which state to come back to is decided by the test.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg

from tests.dying import Nursery
from tests.house import papers
from tests.services import SCRATCH

ROOT = Path(__file__).resolve().parent.parent
MORNING, SLOT, LATER, NEXT_DAY = "2026-03-02T06:00Z", "2026-03-02T07:01Z", "2026-03-02T07:10Z", "2026-03-03T07:01Z"
NOWHERE = "smtp://127.0.0.1:1"
FILES = ("", "-wal", "-shm")


class Service:
    """Starts from a migrated database without anything in it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder, self.email_url = folder, NOWHERE
        self.server = os.environ["DATABASE_URL"] if os.environ["DATABASE_URL"].startswith("postgres") else ""
        self.name = f"life_{abs(hash(folder)):x}"
        if self.server:
            _sql(self.server, f"CREATE DATABASE {self.name} TEMPLATE {_migrated_database(self.server)}")
            url = _url(self.server, self.name)
        else:
            shutil.copy(_migrated_file(), self.file)
            url = f"sqlite:///{self.file}"
        self.env = {**os.environ, "DATABASE_URL": url, "DIGEST_HOME": str(folder), "EMAIL_URL": NOWHERE, **environment}
        self.nursery = Nursery(self.env)

    @property
    def file(self) -> Path:
        """SQLite's."""
        return self.folder / "life.sqlite3"

    def keep(self) -> None:
        """Remember the state of the database."""
        if self.server:
            _sql(self.server, f"DROP DATABASE IF EXISTS {self.name}_kept WITH (FORCE)",
                 f"CREATE DATABASE {self.name}_kept TEMPLATE {self.name}")  # fmt: skip
            return
        with sqlite3.connect(self.file) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(self.file, self.folder / "kept.sqlite3")

    def back(self) -> None:
        """Put the remembered state back."""
        if self.server:
            _sql(self.server, f"DROP DATABASE {self.name} WITH (FORCE)",
                 f"CREATE DATABASE {self.name} TEMPLATE {self.name}_kept")  # fmt: skip
            return
        for end in FILES:
            Path(f"{self.file}{end}").unlink(missing_ok=True)
        shutil.copy(self.folder / "kept.sqlite3", self.file)

    def close(self) -> None:
        """The databases go; the folder is the caller's."""
        self.nursery.close()
        if self.server:
            for name in (self.name, f"{self.name}_kept"):
                _sql(self.server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def run(self, *command: str, dies_at: int = 0) -> int:
        """The exit code."""
        return self.nursery.run(*command, dies_at=dies_at, email_url=self.email_url)[0]

    def json(self, *command: str) -> dict[str, Any]:
        """What a command that must succeed prints."""
        code, out, err = self.nursery.run(*command, "--json", email_url=self.email_url)
        assert code == 0, err
        found: dict[str, Any] = json.loads(out)
        return found

    def letters(self) -> list[dict[str, Any]]:
        """All letters that the ledger knows."""
        found: list[dict[str, Any]] = self.json("ledger", "--letters")["letters"]
        return found

    def look(self, *keys: str, now: str, day: str = "2026-03-02") -> dict[str, Any]:
        """Hugging Face lists these papers."""
        body = self.folder / "body.json"
        body.write_text(json.dumps(papers(*keys)))
        return self.json("fetch", "--source", "hf", "--day", day, "--from", str(body), "--now", now)

    def readers(self, number: int) -> None:
        """So many who want everything at 07:00, each with a first digest that is due at once."""
        wishes = ("--topic", "All=*", "--at", "07:00", "--confirmed", "--reason", "a test", "--now", MORNING)
        for n in range(number):
            self.json("reader", "add", f"r{n}@example.org", *wishes)

    def warm(self, *command: str) -> None:
        """Do it once where all commands come from: what it loads and compiles is ready for those that follow.

        The state that was kept is put back."""
        self.nursery.warm(*command, email_url=f"file://{self.folder / 'warm'}")
        self.back()


def _sql(server: str, *statements: str) -> None:
    host = parse_qs(urlsplit(server).query)["host"][0]
    with psycopg.connect(host=host, user="digest", dbname="postgres", autocommit=True) as link:
        for statement in statements:
            link.execute(statement)  # type: ignore[arg-type]


def _url(server: str, name: str) -> str:
    return server.replace("/postgres?", f"/{name}?")


def _migrate(url: str, home: Path) -> None:
    nursery = Nursery({**os.environ, "DATABASE_URL": url, "DIGEST_HOME": str(home)})
    code, _, err = nursery.run("migrate", "-v0")
    nursery.close()
    assert code == 0, err


@cache
def _migrated_database(server: str) -> str:
    """Once a process: migrations take longer than most lives."""
    name = f"migrated_{os.getpid()}"
    _sql(server, f"CREATE DATABASE {name}")
    _migrate(_url(server, name), SCRATCH / "migrated")
    return name


@cache
def _migrated_file() -> Path:
    home = SCRATCH / "migrated"
    home.mkdir()
    file = home / "migrated.sqlite3"
    _migrate(f"sqlite:///{file}", home)
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file
