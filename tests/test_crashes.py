"""Killed anywhere, then started again: nobody gets two, everyone is served or stands in the list of unknowns."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.dying import DEAD
from tests.faults.deliveries import killed, posted
from tests.faults.kit import Missing
from tests.house import papers
from tests.lives import LATER, MORNING, NEXT_DAY, SLOT, Service
from tests.sink import Sink

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
READERS = 3
CALLS = ("sendto", "recvfrom", "fdatasync")  # to the mail server, from it, and SQLite's commits


@pytest.fixture
def boss(monkeypatch: pytest.MonkeyPatch) -> str:
    """An operator; asked for before the service, whose commands find the setting."""
    monkeypatch.setenv("OPERATORS", "boss@example.org")
    return "boss@example.org"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path)
    try:
        made.look("2603.00001", "2603.00002", now="2026-03-02T05:00Z")
        made.readers(READERS)
        yield made
    finally:
        made.close()


def everyone_has(service: Service, sink: Sink) -> list[dict[str, Any]]:
    """After a crash, a restart and the next day's digest: one mail each, or one that is listed as unknown and named.

    The letters."""
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
    return letters


def test_deliver_killed_at_every_step(service: Service):
    """Each connection may leave one letter unknown: one on SQLite, three on PostgreSQL, whose senders are many.

    SQLite with two has real kills, below."""
    connections = 1 if connection.vendor == "sqlite" else 3
    service.json("publish", "--now", MORNING)
    service.keep()
    service.warm("deliver", "--until-empty", "--now", SLOT)
    points = 0
    for point in range(1, 400):
        service.back()
        with Sink() as sink:
            service.email_url = f"{sink.url}?timeout=10&connections={connections}"
            died = service.run("deliver", "--until-empty", "--now", SLOT, dies_at=point)
            assert died in (0, DEAD)
            service.json("deliver", "--until-empty", "--now", LATER)
            letters = everyone_has(service, sink)
            assert sum(letter["state"] == "unknown" for letter in letters) <= connections
        points += died == DEAD
        if died == 0:
            break
    assert points >= 30


def test_the_next_digest_names_what_was_left_unknown(service: Service):
    service.json("publish", "--now", MORNING)
    service.keep()
    service.warm("deliver", "--until-empty", "--now", SLOT)
    with Sink() as sink:
        service.email_url = f"{sink.url}?timeout=10"
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


@pytest.mark.postgres
@pytest.mark.skipif(
    os.environ.get("TEST_DATABASE") != "postgres", reason="alerts go the way of letters: see the PostgreSQL run"
)
def test_deliver_with_alerts_killed_at_every_step(boss: str, service: Service):
    """An alert is mailed once, or stands in the list of unknowns; readers' mail is what it is without one."""
    look = ("fetch", "--source", "hf", "--day", "2026-03-02", "--from", str(service.folder / "bad.json"))
    (service.folder / "bad.json").write_text(json.dumps(papers(*(f"2603.{n:05}" for n in range(1, 20)))))
    service.json(*look, "--now", "2026-03-02T05:10Z")
    (service.folder / "bad.json").write_text(json.dumps(papers("2603.00042")))
    assert service.json(*look, "--now", "2026-03-02T05:20Z")["verdict"] == "suspect"
    service.json("publish", "--now", MORNING)
    service.keep()
    service.warm("deliver", "--until-empty", "--now", SLOT)
    points = 0
    for point in range(1, 30):  # what comes behind are letters
        service.back()
        with Sink() as sink:
            service.email_url = f"{sink.url}?timeout=10&connections=1"  # over several, a letter may overtake the alert
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
    service.warm("publish", "--now", MORNING)
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
    service.warm(*look, "--now", "2026-03-02T06:30Z")
    for point in range(1, 60):
        service.back()
        died = service.run(*look, "--now", "2026-03-02T06:30Z", dies_at=point)
        assert died in (0, DEAD)
        taken = service.json(*look, "--now", "2026-03-02T06:40Z")
        assert taken["head"] == 3
        if died == 0:
            return
    pytest.fail("fetch never ended by itself")


def test_kill_9_at_the_network_calls_of_deliver(service: Service):
    """The same with a real kill at real system calls (the measuring kit has strace and Debian's smtp-sink). KILL_POINTS
    is how many a system call; the fault table has more."""
    if connection.vendor != "sqlite":
        pytest.skip("on PostgreSQL the database's answers are network calls too: see the fault table")
    try:
        posted(service, READERS)
        found = killed(service, connections=2, most=int(os.environ.get("KILL_POINTS", "2")), calls=CALLS)
    except Missing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"not on this machine: {missing}")
    assert found["ok"], found
