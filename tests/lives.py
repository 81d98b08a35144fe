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
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg

from tests.dying import Nursery
from tests.house import dated, papers
from tests.services import SCRATCH

ROOT = Path(__file__).resolve().parent.parent
MORNING, SLOT, LATER, NEXT_DAY = "2026-03-02T06:00Z", "2026-03-02T07:01Z", "2026-03-02T07:10Z", "2026-03-03T07:01Z"
NOWHERE = "smtp://127.0.0.1:1"
FILES = ("", "-wal", "-shm")
CROWD = """
from datetime import UTC, datetime, timedelta
from subscribers.models import Subscriber, Topic
from subscribers.topics import read_topic, save
now = datetime.now(UTC)
# so long ago that nobody waits for their part of the jitter
due = (now - timedelta(minutes=15)).replace(microsecond=0)
people = Subscriber.objects.bulk_create(
    (Subscriber(email=f"r{{n}}@example.org", address=f"r{{n}}@example.org", key=f"{{n:032x}}", state="active", due=due,
                confirmed_at=due, scheduled_at=due) for n in range({number})), batch_size=5000)
everything = save(people[0], read_topic("All=*")).filter
Topic.objects.bulk_create(
    (Topic(subscriber=person, name="All", text="*", filter=everything) for person in people[1:]), batch_size=5000)
"""

# PostgreSQL: the rows are kept beside the tables. Another database made of a template takes ten times as long.
KEEP = """
DO $$ DECLARE one text; BEGIN
  DROP SCHEMA IF EXISTS kept CASCADE;
  CREATE SCHEMA kept;
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('CREATE TABLE kept.%1$I AS TABLE public.%1$I', one);
  END LOOP;
  CREATE TABLE kept.numbers AS SELECT sequencename AS name, last_value AS last FROM pg_sequences;
END $$
"""
ALONE = """
DO $$ BEGIN
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
  WHILE EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()) LOOP
    PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
  END LOOP;
END $$
"""
BACK = """
DO $$ DECLARE one text; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('DELETE FROM public.%I', one);
    EXECUTE format('INSERT INTO public.%1$I SELECT * FROM kept.%1$I', one);
  END LOOP;
  PERFORM setval(format('public.%I', name)::regclass, coalesce(last, 1), last IS NOT NULL) FROM kept.numbers;
END $$
"""


class Service:
    """Starts from a migrated database without anything in it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder, self.email_url = folder, NOWHERE
        self.server = os.environ["DATABASE_URL"] if os.environ["DATABASE_URL"].startswith("postgres") else ""
        self.name = f"life_{abs(hash(folder)):x}"
        if self.server:
            url = new_database(self.server, self.name)
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
            _sql(self.server, KEEP, database=self.name)
            return
        with sqlite3.connect(self.file) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(self.file, self.folder / "kept.sqlite3")

    def back(self) -> None:
        """Put the remembered state back."""
        if self.server:
            _sql(self.server, ALONE, BACK, database=self.name)
            return
        for end in FILES:
            Path(f"{self.file}{end}").unlink(missing_ok=True)
        shutil.copy(self.folder / "kept.sqlite3", self.file)

    def close(self) -> None:
        """The databases go; the folder is the caller's."""
        self.nursery.close()
        if self.server:
            _sql(self.server, f"DROP DATABASE {self.name} WITH (FORCE)")

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
        body.write_text(json.dumps(dated(papers(*keys), day)))
        return self.json("fetch", "--source", "hf", "--day", day, "--from", str(body), "--now", now)

    def readers(self, number: int) -> None:
        """So many who want everything at 07:00, each with a first digest that is due at once."""
        wishes = ("--topic", "All=*", "--at", "07:00", "--confirmed", "--reason", "a test", "--now", MORNING)
        for n in range(number):
            self.json("reader", "add", f"r{n}@example.org", *wishes)

    def crowd(self, number: int, *keys: str) -> None:
        """So many readers with a digest of today's papers each that waits, by the real clock."""
        self.due(number, *keys)
        self.json("publish")

    def due(self, number: int, *keys: str) -> None:
        """The same before they are published."""
        now = datetime.now(UTC)
        self.look(*keys, now=now.isoformat(), day=str(now.date()))
        code, _, err = self.nursery.run("shell", "--no-imports", "-c", CROWD.format(number=number))
        assert code == 0, err

    def process(self, *words: str, email_url: str = "") -> subprocess.Popen[str]:
        """`python WORDS` of the service, beside the test."""
        env = {**self.env, "EMAIL_URL": email_url or self.email_url}
        return subprocess.Popen([sys.executable, *words], cwd=ROOT, env=env, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip

    def warm(self, *command: str) -> None:
        """Do it once where all commands come from: what it loads and compiles is ready for those that follow.

        The state that was kept is put back."""
        self.nursery.warm(*command, email_url=f"file://{self.folder / 'warm'}")
        self.back()


def _sql(server: str, *statements: str, database: str = "postgres") -> None:
    host = parse_qs(urlsplit(server).query)["host"][0]
    with psycopg.connect(host=host, user="digest", dbname=database, autocommit=True) as link:
        for statement in statements:
            link.execute(statement)  # type: ignore[arg-type]


def new_database(server: str, name: str) -> str:
    """The URL of a migrated database on a PostgreSQL."""
    _sql(server, f"CREATE DATABASE {name} TEMPLATE {_migrated_database(server)}")
    return _url(server, name)


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
