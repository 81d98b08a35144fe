"""Faults that were found by trying to break it, each as the smallest story that showed it."""

import contextlib
import json
import threading
from datetime import date

import pytest
from django.db import connection, transaction

from digest.editions.draft import Draft
from digest.models import Change, Copy, Edition, Paper, Source
from digest.pipeline import books, numbers, snapshots
from digest.pipeline.looking import look_at
from subscribers import membership
from subscribers.models import Event, Letter, Subscriber
from subscribers.outbox import queue
from subscribers.outbox.mailurl import MailServer
from subscribers.outbox.turns import Dot, Record, turn
from subscribers.topics import read_topic
from tests.house import at, copies, fetch, item, letters, papers, publish, reader, run, serve, told
from tests.sink import Sink
from tests.test_two_at_once import together

pytestmark = pytest.mark.django_db
R = "r@example.org"
HELO = "504 5.5.2 <h>: Helo command rejected"


@pytest.fixture
def sink(settings):
    with Sink() as server:
        settings.MAIL_TARGET = MailServer("smtp", "127.0.0.1", server.port, timeout=5)
        yield server


def test_one_who_left_gets_nothing_although_their_refusal_was_our_trouble(sink):
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    for n in range(4):
        reader(f"r{n}@example.org", now="2026-03-02 05:00")
    sink.fault("RCPT", HELO)
    serve("2026-03-02 05:01")
    run("reader", "leave", "r0@example.org", now="2026-03-02 05:05")
    run("reader", "forget", "r1@example.org", now="2026-03-02 05:05")
    reader("r4@example.org", now="2026-03-02 05:10")
    serve("2026-03-02 05:11")
    sink.mend()
    run("deliver", "--until-empty", now="2026-03-02 06:30")
    assert sorted(mail.recipient for mail in sink.received) == [f"r{n}@example.org" for n in (2, 3, 4)]
    assert not Event.objects.filter(kind="alert", data__what="a letter can't be composed").exists()


def test_a_refused_digest_that_was_carried_is_not_revived_as_well(sink):
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    reader("r0@example.org", now="2026-03-02 05:00")
    sink.fault("RCPT", HELO)
    serve("2026-03-02 05:01")
    for n in range(1, 5):
        reader(f"r{n}@example.org", now="2026-03-03 07:00")
    serve("2026-03-03 07:01")
    sink.mend()
    run("deliver", "--until-empty", now="2026-03-03 09:30")
    serve("2026-03-04 07:01")
    assert told("r0@example.org") == ["2603.00001"]


def test_an_unknown_digest_is_named_again_when_the_one_that_named_it_did_not_arrive(sink):
    reader(R, now="2026-03-02 05:00")
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    sink.fault("DOT", "drop", times=1)
    assert serve("2026-03-02 05:01")["unknown"] == 1
    fetch(papers("2603.00002"), "2026-03-03", "2026-03-03 05:00")
    sink.mend()
    sink.fault("RCPT", "550 5.1.1 no such person", times=1)
    serve("2026-03-03 07:01")
    fetch(papers("2603.00003"), "2026-03-04", "2026-03-04 05:00")
    serve("2026-03-04 07:01")
    fetch(papers("2603.00004"), "2026-03-05", "2026-03-05 05:00")
    serve("2026-03-05 07:01")
    assert [x["missing"] for x in letters(R, state="accepted")] == [["20260302T050000"], []]


def test_what_a_doubtful_digest_named_is_named_again_with_it(sink):
    reader(R, now="2026-03-02 05:00")
    for day in range(2, 6):
        sink.mend()
        if day < 4:
            sink.fault("DOT", "drop", times=1)
        fetch(papers(f"2603.0000{day}"), f"2026-03-0{day}", f"2026-03-0{day} 04:00")
        serve(f"2026-03-0{day} 07:01")
    named = [sorted(x["missing"]) for x in letters(R, state="accepted")]
    assert named == [["20260302T050000", "20260303T070000"], []]


@pytest.mark.parametrize("back", ["pause", "leave"])
def test_a_slot_that_has_its_copy_is_passed_over_when_the_clock_goes_back(back):
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    everyone = ("a@example.org", R, "z@example.org")
    for address in everyone:
        reader(address, now="2026-03-02 06:00")
    serve("2026-03-02 06:01")
    serve("2026-03-03 07:01")
    run("reader", back, R, now="2026-03-03 08:00")
    if back == "pause":
        run("reader", "resume", R, now="2026-03-03 06:00")
    else:
        run("reader", "add", R, now="2026-03-03 06:58")
        run("reader", "confirm", R, "--reason", "phone", now="2026-03-03 07:00")
    fetch(papers("2603.00002"), "2026-03-03", "2026-03-03 09:00")
    serve("2026-03-03 07:01")
    serve("2026-03-04 07:01")
    for address in everyone:
        assert told(address) == ["2603.00001", "2603.00002"]
    assert publish("2026-03-04 07:20")["overdue"] == 0


@pytest.mark.parametrize("asked", ["2026-03-03 07:30", "2026-03-02 07:30"])
def test_the_way_back_is_open_whatever_the_clock_says(asked):
    reader(R, now="2026-03-02 06:00")
    run("reader", "leave", R, now="2026-03-03 07:30")
    run("reader", "add", R, now=asked)
    assert run("reader", "confirm", R, "--reason", "phone", now="2026-03-03 09:00")["state"] == "active"


def test_editing_one_topic_takes_no_week_from_another():
    reader(R, "W[weekly]=*", "D=moss", now="2026-03-02 06:00")
    serve("2026-03-02 06:01")
    for day in range(3, 9):
        fetch(papers(f"2603.0000{day}"), f"2026-03-0{day}", f"2026-03-0{day} 05:00")
        serve(f"2026-03-0{day} 07:01")
        if day == 6:
            wishes = [read_topic("W[weekly]=*"), read_topic("D=ferns")]
            membership.edit_topics(Subscriber.objects.get(), wishes, at("2026-03-06 12:00"))
    serve("2026-03-09 07:01")
    assert sorted(told(R)) == [f"2603.0000{day}" for day in range(3, 9)]


def changed(*kinds: str) -> None:
    """Changes of the first paper that Hugging Face's listing can't make."""
    newest, paper = Change.objects.order_by("-number")[0], Paper.objects.order_by("id")[0]
    with transaction.atomic():
        numbers.append(
            [
                Change(
                    paper=paper,
                    source=newest.source,
                    kind=kind,
                    day=newest.day,
                    at=newest.at,
                    news=True,
                    facts=paper.facts,
                )
                for kind in kinds
            ]
        )


def test_a_revision_is_told_again_to_who_asks_for_it_also_when_votes_came_after_it():
    reader(R, "A[revisions]=*", now="2026-03-01 06:00")
    reader("plain@example.org", "A=*", now="2026-03-01 06:00")
    serve("2026-03-01 06:01")
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    serve("2026-03-02 07:01")
    changed("revised", "rose")
    serve("2026-03-03 07:01")
    serve("2026-03-04 07:01")
    assert told(R) == ["2603.00001"] * 2
    assert told("plain@example.org") == ["2603.00001"]


def test_a_carried_paper_comes_outside_the_cap_also_when_it_was_revised(sink):
    reader(R, "A[revisions,cap=1]=*", now="2026-03-01 06:00")
    serve("2026-03-01 06:01")
    fetch([item("2603.00001")], "2026-03-02", "2026-03-02 04:00")
    sink.fault("RCPT", "550 5.1.1 no such person", times=1)
    serve("2026-03-02 07:01")
    changed("revised")
    fetch([item("2603.00001"), item("2603.00002", upvotes=90)], "2026-03-02", "2026-03-02 09:00")
    serve("2026-03-03 07:01")
    assert letters(R)[-1]["papers"] == ["2603.00001", "2603.00002"]
    draft = Draft.from_json(Letter.objects.order_by("-slot")[0].content)
    assert (draft.listed, draft.told, draft.outside, draft.carried) == (2, 1, 0, 1)


def test_the_independent_check_knows_that_a_late_first_digest_serves_all_before_it():
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    reader(R, now="2026-03-02 10:00")
    publish("2026-03-04 12:00")
    assert list(books.missing(at("2026-03-04 12:20"))) == []
    Copy.objects.update(at=at("2026-03-02 10:00"))
    assert [slot for _, slot in books.missing(at("2026-03-04 12:20"))] == [at("2026-03-04 07:00")]


def test_a_closed_edition_opens_again_when_a_refusal_is_taken_back(sink):
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    reader("r0@example.org", now="2026-03-02 05:00", days="sun")
    sink.fault("RCPT", HELO)
    serve("2026-03-02 05:01")
    publish("2026-03-05 05:01")
    assert Edition.objects.get().closed_at is not None
    for n in range(1, 5):
        reader(f"r{n}@example.org", now="2026-03-05 07:00")
    serve("2026-03-05 07:01")
    sink.mend()
    run("deliver", "--until-empty", now="2026-03-05 09:30")
    books_of_day = run("ledger", "--edition", "2026-03-02")
    assert books_of_day["edition"]["accepted"] == books_of_day["accepted"] == 1


def test_a_late_deferral_after_the_batch_was_claimed_anew_is_tried_again():
    run("reader", "add", R, now="2026-03-02 05:00")
    slow = queue.claim(at("2026-03-02 05:00"))
    letter = Letter.objects.get()
    assert turn([], [Dot(slow, letter.pk)], at("2026-03-02 05:00")) == {letter.pk}
    quick = queue.claim(at("2026-03-02 05:05"))
    queue.release(quick, at("2026-03-02 05:05"))
    later = Record(slow, letter.pk, "deferred", "451 later", retry_at=at("2026-03-02 05:10"))
    revived: set[int] = set()
    assert turn([later], [Dot(slow, letter.pk)], at("2026-03-02 05:06"), revived) == set()
    assert revived == {letter.pk}
    assert run("deliver", "--until-empty", now="2026-03-02 06:00")["accepted"] == 1


def test_an_old_claim_of_another_batch_records_nothing():
    run("reader", "add", R, now="2026-03-02 05:00")
    first = queue.claim(at("2026-03-02 05:00"))
    letter = Letter.objects.get()
    turn([], [Dot(first, letter.pk)], at("2026-03-02 05:00"))
    other = queue.Claim(first.batch + 1, first.number, first.lane)
    turn([Record(other, letter.pk, "accepted", "250 ok")], [], at("2026-03-02 05:01"))
    letter.refresh_from_db()
    assert letter.state == "dotted"
    assert copies(R) == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_sources_that_look_at_one_paper_at_once_lose_no_fact(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("several writers at once are PostgreSQL's; see the PostgreSQL run")
    run("source", "add", "mirror", "--kind", "hf", "--url", "https://mirror.example.org")
    reader(R, "M=source:mirror upvotes:>=20", now="2026-03-01 05:00")
    run("publish", now="2026-03-01 05:01")
    fetch([item("2603.00001", upvotes=3)], "2026-03-02", "2026-03-02 05:00")
    begun, known_of = threading.Barrier(2), snapshots.known_of

    def together_if_nothing_holds(*arguments):
        with contextlib.suppress(threading.BrokenBarrierError):
            begun.wait(2)
        return known_of(*arguments)

    monkeypatch.setattr(snapshots, "known_of", together_if_nothing_holds)

    def look(slug: str, votes: int):
        body = json.dumps([item("2603.00001", upvotes=votes)]).encode()
        return lambda: look_at(Source.objects.get(slug=slug), date(2026, 3, 2), [body], at("2026-03-02 06:00"))

    together(look("huggingface", 25), look("mirror", 3))
    facts = Paper.objects.get().facts
    assert (facts["sources"], facts["upvotes"]) == (["hf", "mirror"], 25)
    serve("2026-03-03 08:00")
    assert told(R) == ["2603.00001"]
