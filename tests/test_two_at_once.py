"""Two of everything at once, on a real PostgreSQL: looks, publishers, deliverers."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection, connections, transaction

from digest.models import Change, Source
from digest.pipeline import numbers, snapshots
from digest.pipeline.looking import look_at
from subscribers.outbox.mailurl import MailServer
from tests.house import at, fetch, item, letters, papers, reader, run
from tests.sink import Sink

pytestmark = [pytest.mark.django_db(transaction=True, serialized_rollback=True), pytest.mark.postgres]
R = "r@example.org"


@pytest.fixture(autouse=True)
def _only_postgres() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("several writers at once are PostgreSQL's (SQLite has one at a time); see the PostgreSQL run")


def together(*work: Callable[[], Any]) -> list[Any]:
    """Run all at once, each in a thread with a connection of its own; what they return, errors raised."""
    results: list[Any] = [None] * len(work)
    errors: list[BaseException] = []

    def one(number: int) -> None:
        try:
            results[number] = work[number]()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(n,)) for n in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]
    return results


def test_two_looks_that_commit_in_the_opposite_order_of_their_start_lose_nothing(monkeypatch):
    run("source", "add", "mirror", "--kind", "hf", "--url", "https://mirror.example.org")
    reader(R, now="2026-03-02 05:00")
    run("publish", now="2026-03-02 05:01")
    first_is_in, second_is_done = threading.Event(), threading.Event()
    numbered = numbers.append

    def late(changes):
        if changes and changes[0].source.slug == "huggingface":
            first_is_in.set()
            second_is_done.wait(30)  # everything is written but the numbers: now the other look overtakes
        return numbered(changes)

    monkeypatch.setattr(snapshots.numbers, "append", late)

    def first() -> None:
        body = json.dumps(papers("2603.00001", "2603.00003")).encode()
        look_at(Source.objects.get(slug="huggingface"), date(2026, 3, 2), [body], at("2026-03-02 06:00"))

    def second() -> dict[str, Any]:
        first_is_in.wait(30)
        body = json.dumps(papers("2603.00002")).encode()
        look_at(Source.objects.get(slug="mirror"), date(2026, 3, 2), [body], at("2026-03-02 06:01"))
        published = run("publish", now="2026-03-02 18:00")  # reads a head between the two commits
        second_is_done.set()
        return published

    between = together(first, second)[1]
    assert between["head"] == 1
    run("publish", now="2026-03-03 07:01")
    told = Counter(key for letter in letters(R, state="waiting") for key in letter["papers"])
    assert told == {"2603.00001": 1, "2603.00002": 1, "2603.00003": 1}
    assert list(Change.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3]


def test_two_looks_that_add_the_same_paper_at_once_make_one(monkeypatch):
    run("source", "add", "mirror", "--kind", "hf", "--url", "https://mirror.example.org")
    barrier = threading.Barrier(2, timeout=30)
    known = snapshots.known_of

    def both_know_nothing(*arguments):
        found = known(*arguments)
        if barrier.n_waiting < 2 and not found[0]:
            barrier.wait()
        return found

    monkeypatch.setattr(snapshots, "known_of", both_know_nothing)

    def look(slug: str) -> Callable[[], Any]:
        def work() -> Any:
            body = json.dumps(papers("2603.00001", "2603.00002")).encode()
            return look_at(Source.objects.get(slug=slug), date(2026, 3, 2), [body], at("2026-03-02 06:00"))

        return work

    taken = together(look("huggingface"), look("mirror"))
    assert sorted(len(one.keys.get("listed", [])) for one in taken) == [0, 2]
    assert sorted(len(one.keys.get("listed elsewhere", [])) for one in taken) == [0, 2]


def test_two_publishers_and_two_deliverers_give_everyone_one_letter_sent_once(settings):
    with Sink() as sink:
        settings.MAIL_TARGET = MailServer("smtp", "127.0.0.1", sink.port, timeout=10)
        fetch([item("2603.00001")], "2026-03-02", "2026-03-02 04:00")
        addresses = [f"r{n}@example.org" for n in range(60)]
        for address in addresses:
            reader(address, now="2026-03-02 05:00")
        together(*(lambda: run("publish", now="2026-03-02 05:01"),) * 2)
        assert Counter(letter["to"] for letter in letters()) == dict.fromkeys(addresses, 1)
        for address in addresses[:20]:  # several batches, so that both have something to do
            run(
                "reader",
                "add",
                f"x{address}",
                "--confirmed",
                "--reason",
                "x",
                "--topic",
                "All=*",
                now="2026-03-02 05:02",
            )
        together(*(lambda: run("publish", now="2026-03-02 05:03"),) * 2)
        together(*(lambda: run("deliver", "--until-empty", now="2026-03-02 05:04"),) * 2)
        assert Counter(mail.recipient for mail in sink.received) == dict.fromkeys(
            [*addresses, *(f"x{a}" for a in addresses[:20])], 1
        )
        assert {letter["state"] for letter in letters()} == {"accepted"}


def test_a_reader_who_leaves_while_being_published_gets_nothing():
    fetch([item("2603.00001")], "2026-03-02", "2026-03-02 04:00")
    for n in range(30):
        reader(f"r{n}@example.org", now="2026-03-02 05:00")
    together(
        lambda: run("publish", now="2026-03-02 05:01"),
        lambda: [run("reader", "leave", f"r{n}@example.org", now="2026-03-02 05:01") for n in range(0, 30, 2)],
    )
    assert transaction.get_autocommit()
    leavers = {f"r{n}@example.org" for n in range(0, 30, 2)}
    waiting = {letter["to"] for letter in letters(state="waiting")}
    assert waiting == {f"r{n}@example.org" for n in range(30)} - leavers
