"""A look with nothing new: one request, one small write; and nothing is read twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.db import connection
from django.db.models import Value
from django.test.utils import CaptureQueriesContext

from digest.models import Body, Change, Paper, Snapshot, Source
from digest.pipeline import answers as asking
from digest.pipeline import fetching, looking, spacing, visiting
from digest.pipeline.fetching import Errand
from digest.sources import huggingface, reader
from tests.digest.sources.announced import channel, item, rss, rss_entry
from tests.digest.sources.web import Answer, Web, plain, web
from tests.house import HF, at, papers, run

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True, serialized_rollback=True)
DAY, NOW = date(2026, 11, 24), at("2026-11-24 08:00")
HOUR = timedelta(hours=1)
Answers = dict[str, Answer]
GAP = 2.0
MIDNIGHT, MORNING = "Tue, 24 Nov 2026 00:00:00 -0500", "Tue, 24 Nov 2026 06:00:00 GMT"
BODIES = {
    "arxiv": rss(rss_entry(1, date=MIDNIGHT), date=MIDNIGHT),
    "feed": channel(item("g1", "http://j.example/1", MORNING, "Moss")),
    "hf": json.dumps(papers("2611.00001")).encode(),
}
every_kind = pytest.mark.parametrize("kind", BODIES)


@pytest.fixture
def answers() -> Answers:
    return {}


@pytest.fixture
def site(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A server, turns at which are some seconds apart (nobody sleeps), and no other source."""
    monkeypatch.setattr(fetching, "gap", lambda host, kind: GAP)
    Source.objects.filter(slug=HF).update(enabled=False)
    with web(answers) as server:
        yield server


@dataclass
class Clock:
    """Stands in for `time` where requests wait: it shows what it is set to."""

    shows: float = 1000.0

    def monotonic(self) -> float:
        return self.shows


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The process's clock and the database's stand still, however slow the machine is."""
    made = Clock()
    monkeypatch.setattr(fetching, "time", made)
    monkeypatch.setattr(spacing, "Now", lambda output_field: Value(NOW, output_field=output_field))
    return made


def path(day: date = DAY, page: int = 0) -> str:
    return huggingface.urls("http://x", day, page).removeprefix("http://x")


def conditional(body: bytes, etag: str) -> Answer:
    """200 with the body, or 304 to whoever has it."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        known = handler.headers.get("If-None-Match") == etag
        (plain(304) if known else plain(200, body, ETag=etag))(handler)

    return answer


def source(site: Web, kind: str, answers: Answers, answer: Answer) -> Source:
    where = {"hf": path(), "arxiv": "/rss/cs.LG", "feed": "/feed"}[kind]
    answers[where] = answer
    run(
        "source", "add", kind, "--kind", kind, "--url", site.url("/" if kind == "hf" else where), "--short", f"l-{kind}"
    )
    return Source.objects.get(slug=kind)


def transactions(captured: CaptureQueriesContext) -> list[list[str]]:
    """The tables that are written, by transaction; those that write nothing are left out."""
    found: list[list[str]] = [[]]
    within = False
    for query in captured.captured_queries:
        sql = query["sql"]
        if sql.startswith("BEGIN"):
            within = True
            found.append([])
        elif sql.startswith(("COMMIT", "ROLLBACK")):
            within = False
            found.append([])
        elif sql.startswith(("INSERT", "UPDATE", "DELETE")):
            found[-1].append(sql.split('"')[1])
            found += [] if within else [[]]
    return [tables for tables in found if tables]


# What it costs


@committed
@every_kind
@pytest.mark.parametrize("validator", [True, False])
def test_a_look_with_nothing_new_is_one_request_one_turn_and_one_small_write(
    site: Web, answers: Answers, kind: str, validator: bool
) -> None:
    body = BODIES[kind]
    here = source(site, kind, answers, conditional(body, '"a"') if validator else plain(200, body))
    assert looking.look(here, DAY, NOW).verdict == "ok"
    before, changes = len(site.seen), Change.objects.count()
    with CaptureQueriesContext(connection) as captured:
        taken = looking.look(here, DAY, NOW + HOUR)
    assert (taken.verdict, taken.entries, taken.keys) == ("unchanged", 1, {})
    assert len(site.seen) - before == 1
    assert transactions(captured) == [["digest_host"], ["digest_source", "digest_snapshot"]]
    assert (Change.objects.count(), Body.objects.count()) == (changes, 1)


@committed
def test_a_visit_of_n_days_with_nothing_new_is_n_requests_and_n_writes_and_one_that_claims_it(
    site: Web, answers: Answers
) -> None:
    here = source(site, "hf", answers, plain())
    days = [DAY - timedelta(days=back) for back in range(6, -1, -1)]
    for day in days:
        answers[path(day)] = conditional(json.dumps(papers(f"2611.000{day.day}")).encode(), f'"{day}"')
    assert [visiting.visit(here.pk, NOW + n * HOUR) for n in (0, 1)] == [7, 5]
    open_still = looking.due_days(here, NOW + 2 * HOUR)
    before = len(site.seen)
    with CaptureQueriesContext(connection) as captured:
        assert visiting.visit(here.pk, NOW + 2 * HOUR) == len(open_still)
    assert [where for where, _ in site.seen[before:]] == [path(day) for day in open_still]
    claim, *rest, last = transactions(captured)
    assert claim == ["digest_source", "digest_host"]
    assert rest == [["digest_snapshot", "digest_host"]] * (len(open_still) - 1)
    assert last == ["digest_source", "digest_snapshot"]


@committed
def test_each_request_of_a_visit_has_a_turn_of_its_own_though_it_was_taken_ahead(
    site: Web, answers: Answers, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is slept before each request adds up to the distances that the host is owed, whoever took the turns."""
    here = source(site, "hf", answers, plain())
    naps: list[float] = []
    monkeypatch.setattr(fetching, "sleep", naps.append)
    for back in range(7):
        answers[path(DAY - timedelta(days=back))] = plain(200, b"[]")
    assert visiting.visit(here.pk, NOW) == 7
    assert naps == [n * GAP for n in range(1, 7)]  # nobody slept, so each waits for all before it
    assert spacing.turn("127.0.0.1", GAP) == 7 * GAP


def test_a_turn_that_was_taken_ahead_and_has_passed_is_taken_anew(
    site: Web, answers: Answers, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers["/feed"] = plain(200, BODIES["feed"])
    errand = Errand(source(site, "feed", answers, answers["/feed"]))
    errand.begin()
    errand.reserve()
    errand.keep_turn()
    assert spacing.turn("127.0.0.1", GAP) == GAP  # another process's, right behind
    clock.shows += GAP + 1
    naps: list[float] = []
    monkeypatch.setattr(fetching, "sleep", naps.append)
    errand.get(site.url("/feed"))
    assert naps == [2 * GAP]  # by the database's clock, which has not moved


def test_a_turn_whose_transaction_failed_is_nobodys(site: Web, answers: Answers) -> None:
    errand = Errand(source(site, "feed", answers, plain(200, BODIES["feed"])))
    errand.reserve()  # and nobody says that it is committed
    errand.begin()
    with CaptureQueriesContext(connection) as captured:
        errand.get(site.url("/feed"))
    assert transactions(captured) == [["digest_host"]]


@committed
def test_a_visitor_that_died_before_its_answer_was_stored_is_followed_by_another(
    site: Web, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = source(site, "feed", answers, plain(200, BODIES["feed"]))
    stored = looking.take_snapshot

    def dies(*arguments: Any, **named: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(looking, "take_snapshot", dies)
    with pytest.raises(SystemExit):
        visiting.visit(here.pk, NOW)
    monkeypatch.setattr(looking, "take_snapshot", stored)
    assert visiting.visit(here.pk, NOW) == 0  # it may be alive still
    assert visiting.visit(here.pk, NOW + visiting.HELD) == 1
    assert Paper.objects.count() == 1


# What is not read again


@every_kind
def test_a_body_that_is_the_same_is_not_read_again(
    site: Web, answers: Answers, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = source(site, kind, answers, plain(200, BODIES[kind]))
    looking.look(here, DAY, NOW)

    def reads(*arguments: object) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr(reader, "read", reads)
    monkeypatch.setattr(huggingface, "parse", reads)
    assert [looking.look(here, DAY, NOW + n * HOUR).verdict for n in (1, 2)] == ["unchanged"] * 2
    assert looking.look_at(here, DAY, [reader.steady(BODIES[kind])], NOW + 3 * HOUR).verdict == "unchanged"


def test_a_feed_that_is_the_same_on_the_next_day_is_not_read_again(
    site: Web, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = source(site, "feed", answers, plain(200, BODIES["feed"]))
    looking.look(here, DAY, NOW)
    monkeypatch.setattr(reader, "read", None)
    assert looking.look(here, DAY + timedelta(days=1), NOW + 24 * HOUR).verdict == "unchanged"


def test_a_body_from_before_the_last_look_is_read_again(site: Web, answers: Answers) -> None:
    a, b = BODIES["feed"], channel(item("g2", "http://j.example/2", MORNING, "Fern"))
    here = source(site, "feed", answers, plain())
    verdicts = []
    for hour, body in enumerate((a, b, a, a)):
        answers["/feed"] = plain(200, body)
        verdicts.append(looking.look(here, DAY, NOW + hour * HOUR).verdict)
    assert verdicts == ["ok", "ok", "ok", "unchanged"]


def test_when_another_look_comes_between_the_body_is_read_after_all(
    site: Web, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = source(site, "feed", answers, plain(200, BODIES["feed"]))
    looking.look(here, DAY, NOW)
    fern = channel(item("g2", "http://j.example/2", MORNING, "Fern"))
    given = asking.given

    def overtaken(*arguments: Any) -> Any:
        unread = given(*arguments)
        monkeypatch.setattr(asking, "given", given)
        looking.look_at(here, DAY, [fern], NOW + HOUR)
        return unread

    monkeypatch.setattr(asking, "given", overtaken)
    assert looking.look(here, DAY, NOW + HOUR).verdict == "ok"
    assert [look.verdict for look in Snapshot.objects.order_by("pk")] == ["ok", "ok", "ok"]


def test_what_was_doubted_is_doubted_again_and_never_unchanged(site: Web, answers: Answers) -> None:
    here = source(site, "feed", answers, plain(200, BODIES["feed"]))
    looking.look(here, DAY, NOW)
    answers["/feed"] = plain(200, channel())
    assert [looking.look(here, DAY, NOW + n * HOUR).verdict for n in (1, 2, 3)] == ["suspect"] * 3


def test_half_a_page_that_comes_again_is_never_asked_after_by_its_validator(site: Web, answers: Answers) -> None:
    half = channel(*(item(f"g{n}", f"http://j.example/{n}", MORNING, f"Moss {n}") for n in range(2)))[:-20]
    here = source(site, "feed", answers, conditional(half, '"half"'))
    assert [looking.look(here, DAY, NOW + n * HOUR).verdict for n in range(3)] == ["partial", "unchanged", "unchanged"]
    assert [headers.get("if-none-match") for _, headers in site.seen] == [None] * 3


# Several pages


@pytest.fixture
def pages(site: Web, answers: Answers) -> Source:
    """A day of 250 papers on three pages, each with a validator."""
    here = source(site, "hf", answers, plain())
    lists(answers, [f"2611.{n:05}" for n in range(250)])
    assert looking.look(here, DAY, NOW).verdict == "ok"
    site.seen.clear()
    return here


def lists(answers: Answers, keys: list[str]) -> None:
    for page in range(len(keys) // 100 + 1):
        body = json.dumps(papers(*keys[page * 100 : page * 100 + 100])).encode()
        answers[path(page=page)] = conditional(body, f'"{page}-{len(json.loads(body))}"')


def test_of_several_pages_each_is_asked_after_by_its_own_validator(site: Web, answers: Answers, pages: Source) -> None:
    assert [looking.look(pages, DAY, NOW + n * HOUR).verdict for n in (1, 2)] == ["unchanged"] * 2
    asked = [(where, headers["if-none-match"]) for where, headers in site.seen]
    assert asked == [(path(page=0), '"0-100"'), (path(page=1), '"1-100"'), (path(page=2), '"2-50"')] * 2
    assert {look.entries for look in Snapshot.objects.all()} == {250}


def test_a_page_that_grew_is_read_together_with_those_that_did_not_come_again(
    site: Web, answers: Answers, pages: Source
) -> None:
    lists(answers, [f"2611.{n:05}" for n in range(251)])
    taken = looking.look(pages, DAY, NOW + HOUR)
    assert (taken.verdict, taken.entries, taken.keys) == ("ok", 251, {"listed": ["2611.00250"]})
    assert looking.look(pages, DAY, NOW + 2 * HOUR).verdict == "unchanged"
    assert len(site.seen) == 6


def test_a_page_whose_kept_body_is_gone_is_asked_for_in_full(site: Web, answers: Answers, pages: Source) -> None:
    Body.objects.all().delete()
    lists(answers, [f"2611.{n:05}" for n in range(251)])
    taken = looking.look(pages, DAY, NOW + HOUR)
    assert (taken.verdict, taken.entries) == ("ok", 251)
    assert len(site.seen) == 5  # three asked after, two of them asked for


def test_pages_without_validators_are_each_asked_for_and_not_read(
    site: Web, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = source(site, "hf", answers, plain())
    for page in range(2):
        answers[path(page=page)] = plain(
            200, json.dumps(papers(*(f"2611.{page}{n:04}" for n in range(100 - page)))).encode()
        )
    looking.look(here, DAY, NOW)
    monkeypatch.setattr(huggingface, "parse", None)
    assert looking.look(here, DAY, NOW + HOUR).verdict == "unchanged"
    assert len(site.seen) == 4
