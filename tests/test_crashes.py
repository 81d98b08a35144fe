"""Killed anywhere, then started again: nobody gets two, everyone is served or stands in the list of unknowns."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from django.db import connection

from tests.dying import DEAD, Nursery
from tests.house import papers
from tests.sink import Sink

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
ROOT = Path(__file__).resolve().parent.parent
KIT = Path(os.environ.get("KIT", "") or ROOT.parent / "shared" / "kit")
READERS = 3
MORNING, SLOT, LATER, NEXT_DAY = "2026-03-02T06:00Z", "2026-03-02T07:01Z", "2026-03-02T07:10Z", "2026-03-03T07:01Z"


class Service:
    """A database of its own, commands as processes, and a way back to the state before."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.admin, self.name = folder, "", ""
        if connection.vendor == "postgresql":
            self.admin = os.environ["DATABASE_URL"]
            self.name = f"crash_{folder.name.replace('-', '_')}"[:40].lower()
            self._sql(f"CREATE DATABASE {self.name}")
            url = self.admin.replace("/postgres?", f"/{self.name}?")
        else:
            url = f"sqlite:///{folder / 'crash.sqlite3'}"
        self.env = {**os.environ, "DATABASE_URL": url, "DIGEST_HOME": str(folder), "EMAIL_URL": "smtp://127.0.0.1:1"}
        self.nursery = Nursery(self.env)

    def _sql(self, *statements: str) -> None:
        host = parse_qs(urlsplit(self.admin).query)["host"][0]
        with psycopg.connect(host=host, user="digest", dbname="postgres", autocommit=True) as server:
            for statement in statements:
                server.execute(statement)  # type: ignore[arg-type]

    def keep(self) -> None:
        """Remember the state of the database."""
        if self.admin:
            self._sql(f"CREATE DATABASE {self.name}_kept TEMPLATE {self.name}")
            return
        with sqlite3.connect(self.folder / "crash.sqlite3") as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(self.folder / "crash.sqlite3", self.folder / "kept.sqlite3")

    def back(self) -> None:
        """Put the remembered state back."""
        if self.admin:
            self._sql(
                f"DROP DATABASE {self.name} WITH (FORCE)", f"CREATE DATABASE {self.name} TEMPLATE {self.name}_kept"
            )
            return
        for path in self.folder.glob("crash.sqlite3*"):
            path.unlink()
        shutil.copy(self.folder / "kept.sqlite3", self.folder / "crash.sqlite3")

    def close(self) -> None:
        self.nursery.close()
        if self.admin:
            self._sql(*(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in (self.name, f"{self.name}_kept")))

    def run(self, *command: str, dies_at: int = 0) -> int:
        """The exit code."""
        return self.nursery.run(*command, dies_at=dies_at, email_url=self.env["EMAIL_URL"])[0]

    def json(self, *command: str) -> dict[str, Any]:
        code, out, err = self.nursery.run(*command, "--json", email_url=self.env["EMAIL_URL"])
        assert code == 0, err
        found: dict[str, Any] = json.loads(out)
        return found

    def letters(self) -> list[dict[str, Any]]:
        return self.json("ledger", "--letters")["letters"]


@pytest.fixture
def boss(monkeypatch: pytest.MonkeyPatch) -> str:
    """An operator; asked for before the service, whose commands find the setting."""
    monkeypatch.setenv("OPERATORS", "boss@example.org")
    return "boss@example.org"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path)
    try:
        body = tmp_path / "body.json"
        body.write_text(json.dumps(papers("2603.00001", "2603.00002")))
        assert made.run("migrate", "-v0") == 0
        made.json("fetch", "--source", "hf", "--day", "2026-03-02", "--from", str(body), "--now", "2026-03-02T05:00Z")
        wishes = ("--topic", "All=*", "--at", "07:00", "--confirmed", "--reason", "a test", "--now", MORNING)
        for n in range(READERS):
            made.json("reader", "add", f"r{n}@example.org", *wishes)
        yield made
    finally:
        made.close()


def everyone_has(service: Service, sink: Sink) -> None:
    """After a crash, a restart and the next day's digest: one mail each, or one that is listed as unknown and named."""
    letters = service.letters()
    sent = Counter(mail.recipient for mail in sink.received)
    first = {letter["to"]: letter for letter in letters if letter["slot"] < "2026-03-03"}
    assert len(first) == READERS
    for address, letter in first.items():
        assert letter["state"] in ("accepted", "unknown"), letter
        assert sent[address] <= 1, "doubled"
        assert sent[address] == 1 or letter["state"] == "unknown", "lost"
    unknown = {address for address, letter in first.items() if letter["state"] == "unknown"}
    named = {letter["to"] for letter in letters if letter["missing"]}
    if named:
        assert named == unknown


@pytest.mark.parametrize("connections", [1, 3])
def test_deliver_killed_at_every_step(service: Service, connections: int):
    """Each connection may leave one letter unknown."""
    service.json("publish", "--now", MORNING)
    service.keep()
    points = 0
    for point in range(1, 400):
        service.back()
        with Sink() as sink:
            service.env["EMAIL_URL"] = f"{sink.url}?timeout=10&connections={connections}"
            died = service.run("deliver", "--until-empty", "--now", SLOT, dies_at=point)
            assert died in (0, DEAD)
            service.json("deliver", "--until-empty", "--now", LATER)
            everyone_has(service, sink)
            assert sum(letter["state"] == "unknown" for letter in service.letters()) <= connections
        points += died == DEAD
        if died == 0:
            break
    assert points >= 30


def test_the_next_digest_names_what_was_left_unknown(service: Service):
    service.json("publish", "--now", MORNING)
    service.keep()
    with Sink() as sink:
        service.env["EMAIL_URL"] = f"{sink.url}?timeout=10"
        for point in range(1, 60):  # die right after the first letter's dot
            service.back()
            died = service.run("deliver", "--until-empty", "--now", SLOT, dies_at=point)
            if sink.received or died == 0:
                break
        service.json("deliver", "--until-empty", "--now", LATER)
        body = json.dumps(papers("2603.00001", "2603.00002", "2603.00003"))
        (service.folder / "next.json").write_text(body)
        service.json("fetch", "--source", "hf", "--day", "2026-03-02", "--from", str(service.folder / "next.json"),
                     "--now", "2026-03-02T20:00Z")  # fmt: skip
        service.json("publish", "--now", NEXT_DAY)
        service.json("deliver", "--until-empty", "--now", NEXT_DAY)
        everyone_has(service, Sinkless(sink, "Mon, 02 Mar"))
        assert 1 <= sum(bool(letter["missing"]) for letter in service.letters()) <= READERS


class Sinkless:
    """The mails of a sink whose Date header begins so."""

    def __init__(self, sink: Sink, date: str) -> None:
        self.received = [mail for mail in sink.received if f"\r\nDate: {date}".encode() in mail.data]


def bulletins(service: Service) -> list[list[str]]:
    """(address, state) of each."""
    listed = "list(Bulletin.objects.order_by('pk').values_list('address', 'state'))"
    code = f"import json; from subscribers.models import Bulletin; print(json.dumps({listed}))"
    done, out, err = service.nursery.run("shell", "--no-imports", "-c", code)
    assert done == 0, err
    found: list[list[str]] = json.loads(out)
    return found


def test_deliver_with_alerts_killed_at_every_step(boss: str, service: Service):
    """An alert is mailed once, or stands in the list of unknowns; readers' mail is what it is without one."""
    look = ("fetch", "--source", "hf", "--day", "2026-03-02", "--from", str(service.folder / "bad.json"))
    (service.folder / "bad.json").write_text(json.dumps(papers(*(f"2603.{n:05}" for n in range(1, 20)))))
    service.json(*look, "--now", "2026-03-02T05:10Z")
    (service.folder / "bad.json").write_text(json.dumps(papers("2603.00042")))
    assert service.json(*look, "--now", "2026-03-02T05:20Z")["verdict"] == "suspect"
    service.json("publish", "--now", MORNING)
    service.keep()
    points = 0
    for point in range(1, 30):  # what comes behind are letters
        service.back()
        with Sink() as sink:
            service.env["EMAIL_URL"] = f"{sink.url}?timeout=10"
            assert service.run("deliver", "--until-empty", "--now", SLOT, dies_at=point) == DEAD
            sink.idle()
            before = {mail.recipient for mail in sink.received}
            service.json("deliver", "--until-empty", "--now", "2026-03-02T07:30Z")
            sent = Counter(mail.recipient for mail in sink.received)
            ((address, state),) = bulletins(service)
            assert (address, state) in ((boss, "accepted"), (boss, "unknown"))
            assert sent[boss] == 1 or state == "unknown", "lost"
            assert sent[boss] <= 1, "doubled"
            everyone_has(service, sink)
            points += state == "unknown"
        if before - {boss}:
            break
    assert 1 <= points <= 8  # from the mark to its record


def test_publish_killed_at_every_step(service: Service):
    service.keep()
    for point in range(1, 60):
        service.back()
        died = service.run("publish", "--now", MORNING, dies_at=point)
        assert died in (0, DEAD)
        result = service.json("publish", "--now", MORNING)
        assert all(edition["balanced"] for edition in result["editions"])
        assert Counter(letter["to"] for letter in service.letters()) == {f"r{n}@example.org": 1 for n in range(READERS)}
        if died == 0:
            return
    pytest.fail("publish never ended by itself")


def test_fetch_killed_at_every_step(service: Service):
    (service.folder / "more.json").write_text(json.dumps(papers("2603.00001", "2603.00002", "2603.00003")))
    look = ("fetch", "--source", "hf", "--day", "2026-03-02", "--from", str(service.folder / "more.json"))
    service.keep()
    for point in range(1, 60):
        service.back()
        died = service.run(*look, "--now", "2026-03-02T06:30Z", dies_at=point)
        assert died in (0, DEAD)
        taken = service.json(*look, "--now", "2026-03-02T06:40Z")
        assert taken["head"] == 3
        if died == 0:
            return
    pytest.fail("fetch never ended by itself")


def test_kill_9_at_the_network_calls_of_deliver(service: Service, tmp_path: Path):
    """The same with a real kill at real system calls (the measuring kit has strace and Debian's smtp-sink)."""
    if not (KIT / "killsweep").exists() or shutil.which("strace") is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs the kit's killsweep and strace")
        pytest.skip("no killsweep kit on this machine (set KIT to its folder) or no strace")
    if connection.vendor != "sqlite":
        pytest.skip(
            "swept on SQLite; on PostgreSQL the database's answers are network calls, too, and are swept by steps"
        )
    service.json("publish", "--now", MORNING)
    service.keep()
    python, home = sys.executable, tmp_path
    (home / "prepare").write_text(
        f"#!/bin/sh\nrm -f {home}/crash.sqlite3*; cp {home}/kept.sqlite3 {home}/crash.sqlite3\n"
    )
    (home / "check").write_text(
        f'#!/bin/sh\n{python} {ROOT}/manage.py ledger --letters --json | {python} -c "\nimport json, sys\nby = {{}}\n'
        "for x in json.load(sys.stdin)['letters']: by.setdefault(x['state'], []).append(x['message_id'])\n"
        "print(json.dumps({s: by.get(s, []) for s in ('accepted', 'deferred', 'refused', 'unknown', 'waiting')}))\"\n"
    )
    for script in ("prepare", "check"):
        (home / script).chmod(0o755)
    deliver = f"{python} {ROOT}/manage.py deliver --until-empty --json --now"
    points = os.environ.get("KILL_POINTS", "5")
    sweep = ["--prepare", home / "prepare", "--run", f"{deliver} {SLOT}", "--settle", f"{deliver} {LATER}"]
    done = subprocess.run(
        [KIT / "killsweep", *sweep,
         "--check", home / "check", "--max", points, "--json"],
        env={**service.env, "PATH": f"{os.environ['PATH']}:/usr/sbin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
