"""Two of everything at once, on a real PostgreSQL: looks, publishers, deliverers, buttons."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction

from digest.models import Change, Source
from digest.pipeline import books, numbers, snapshots
from digest.pipeline.looking import look_at
from subscribers import joining, membership, parting
from subscribers.models import Event, Letter, Subscriber
from subscribers.outbox.mailurl import MailServer
from tests.house import at, fetch, item, letters, mails, papers, reader, run
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


def test_what_is_recorded_of_a_letter_does_not_wait_for_its_reader_who_is_leaving(tmp_path):
    number = reader(R, now="2026-03-02 05:00")["id"]
    leaving, recorded = threading.Event(), threading.Event()

    def leave() -> None:
        with transaction.atomic():
            membership.leave(number, at("2026-03-02 07:00"), how="one-click", journal_file=tmp_path / "journal")
            leaving.set()
            recorded.wait(30)  # a turn has the letter, and waits for the reader: each for the other

    def record() -> bool:
        leaving.wait(30)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '5s'")
        Event.objects.create(kind="refused", at=at("2026-03-02 07:00"), subscriber_id=number)
        recorded.set()
        return True

    assert together(leave, record)[1]


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


def test_the_books_balance_also_when_copies_are_added_while_they_are_read():
    fetch([item("2603.00001")], "2026-03-02", "2026-03-02 04:00")
    for n in range(8):
        reader(f"r{n}@example.org", now=f"2026-03-02 05:0{n}")
    run("publish", now="2026-03-02 05:00:30")
    minutes = iter(range(1, 8))

    def meanwhile(execute: Callable[..., Any], *asked: Any) -> Any:
        result = execute(*asked)
        if (minute := next(minutes, None)) is not None:
            together(lambda: run("publish", now=f"2026-03-02 05:0{minute}:30"))
        return result

    with connection.execute_wrapper(meanwhile):
        (edition,) = books.open_editions()
    assert edition["balanced"], edition


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


def test_a_confirmation_whose_button_is_pressed_twice_at_once_brings_one_welcome():
    run("reader", "add", R, now="2026-03-02 05:00")
    person = Subscriber.objects.get()

    def press() -> joining.Standing:
        return joining.confirm(
            person.pk, person.asked_at, at("2026-03-02 05:01"), site_host="x.example", confirmed_from={}, consent="1"
        )  # fmt: skip

    found = together(*(press,) * 6)
    assert Counter(found) == {joining.Standing.OPEN: 1, joining.Standing.CONFIRMED: 5}
    assert Letter.objects.filter(kind="welcome").count() == 1


def test_sign_ups_for_a_reader_at_once_bring_one_mail():
    reader(R, now="2026-03-02 05:00")

    def ask(second: int) -> None:
        now = at(f"2026-03-02 05:01:0{second}")
        joining.ask(R, R, [], now, site_host="x.example", schedule={}, asked_from={})

    together(*(lambda n=n: ask(n) for n in range(6)))
    assert Letter.objects.filter(kind="known").count() == 1


def test_buttons_that_leave_pressed_at_once_bring_one_goodbye_and_one_leave(settings):
    reader(R, now="2026-03-02 05:00")
    number = Subscriber.objects.get().pk

    def press(second: int) -> None:
        parting.leave(
            number, at(f"2026-03-02 05:01:0{second}"), how="leave page", journal_file=Path(settings.JOURNAL),
            site_host="x.example",
        )  # fmt: skip

    together(*(lambda n=n: press(n) for n in range(6)))
    assert list(Letter.objects.filter(kind="goodbye").values_list("state", flat=True)) == ["waiting"]
    assert Event.objects.filter(kind="left").count() == 1


def test_one_who_presses_and_clicks_at_once_has_left_and_gets_one_goodbye_or_none(settings):
    for n in range(10):
        reader(f"r{n}@example.org", now="2026-03-02 05:00")
    now, file = at("2026-03-02 05:01"), Path(settings.JOURNAL)
    numbers = list(Subscriber.objects.values_list("pk", flat=True))

    def press() -> None:
        for number in numbers:
            parting.leave(number, now, how="leave page", journal_file=file, site_host="x.example")

    def click() -> None:
        for number in reversed(numbers):
            membership.leave(number, now, how="one-click", journal_file=file)

    together(press, click)
    # whichever came second: after a one-click's answer no goodbye waits
    assert set(Letter.objects.filter(kind="goodbye").values_list("state", "reason")) <= {("cancelled", "left")}
    assert Event.objects.filter(kind="left").count() == 10
    assert run("deliver", "--until-empty", now="2026-03-02 05:02")["accepted"] == 0


def test_a_digest_that_is_published_while_its_reader_leaves_by_a_button_is_cancelled_and_the_goodbye_goes(
    settings, outbox
):
    fetch([item("2603.00001")], "2026-03-02", "2026-03-02 04:00")
    for n in range(20):
        reader(f"r{n}@example.org", now="2026-03-02 05:00")
    numbers = list(Subscriber.objects.values_list("pk", flat=True))
    file = Path(settings.JOURNAL)

    def press() -> None:
        for number in numbers:
            parting.leave(
                number, at("2026-03-02 05:01"), how="leave page", journal_file=file, site_host="papers.example.org"
            )  # fmt: skip

    together(press, lambda: run("publish", now="2026-03-02 05:01"))
    run("deliver", "--until-empty", now="2026-03-02 05:02")
    assert Counter(mail["To"] for mail in mails(outbox)) == {f"r{n}@example.org": 1 for n in range(20)}
    assert {mail["Subject"].split(",")[0] for mail in mails(outbox)} == {"You have left Daily Papers Digest"}
