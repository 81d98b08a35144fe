"""Requests of looks: tried again, spaced, by the operator's way out; and when the next look then comes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.db import connection, connections

from digest.models import Host, Snapshot, Source
from digest.pipeline import agenda, fetching, looking, spacing, storing, visiting
from digest.pipeline.fetching import Errand
from digest.sources import huggingface, politeness
from digest.sources.http import FetchFailed
from tests.digest.sources.announced import channel, item
from tests.digest.sources.web import Answer, Web, plain, web
from tests.house import HF, at, papers, run

pytestmark = pytest.mark.django_db
DAY, NOW = date(2026, 11, 24), at("2026-11-24 08:00")
MINUTE = timedelta(minutes=1)
GOOD = channel(item("g1", "http://j.example/1", "Tue, 24 Nov 2026 06:00:00 GMT", "Moss"))


@pytest.fixture
def answers() -> dict[str, Answer]:
    return {"/feed": plain(200, GOOD)}


@pytest.fixture
def site(answers: dict[str, Answer]) -> Iterator[Web]:
    """A server with two sources, and no other source."""
    with web(answers) as server:
        Source.objects.filter(slug=HF).update(enabled=False)
        run("source", "add", "j", "--kind", "feed", "--url", server.url("/feed"))
        run("source", "add", "k", "--kind", "feed", "--url", server.url("/other"))
        yield server


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long would have been slept."""
    slept: list[float] = []
    monkeypatch.setattr(fetching, "sleep", slept.append)
    return slept


def source(slug: str = "j") -> Source:
    return Source.objects.get(slug=slug)


def one_after_another(*each: Answer) -> Answer:
    """These answers, a request each, the last one for ever."""
    waiting = list(each)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        (waiting.pop(0) if len(waiting) > 1 else waiting[0])(handler)

    return answer


# Within a look


def test_a_hiccup_is_tried_again_within_the_look(site: Web, answers, naps) -> None:
    answers["/feed"] = one_after_another(plain(503), plain(500), plain(200, GOOD))
    assert looking.look(source(), DAY, NOW).verdict == "ok"
    assert len(site.seen) == 3
    assert [round(nap, 6) for nap in naps] == [
        round(politeness.pause(politeness.Trouble("server"), n, 60, "j") or 0, 6) for n in (1, 2)
    ]


@pytest.mark.parametrize(("status", "requests"), [(500, 3), (404, 1), (403, 1), (429, 1)])
def test_not_more_often_than_the_policy_says(site: Web, answers, status, requests) -> None:
    answers["/feed"] = plain(status)
    assert looking.look(source(), DAY, NOW).verdict == "failed"
    assert len(site.seen) == requests


def test_a_short_wish_to_be_left_alone_is_waited_for(site: Web, answers, naps) -> None:
    answers["/feed"] = one_after_another(plain(429, Retry_After="4"), plain(200, GOOD))
    assert looking.look(source(), DAY, NOW).verdict == "ok"
    assert naps[0] >= 4


def test_the_last_request_of_a_window_is_followed_by_a_pause(site: Web, answers, naps) -> None:
    answers["/a"], answers["/b"] = plain(200, b"a", RateLimit='"api";r=0;t=9'), plain(200, b"b")
    errand = Errand(source())
    errand.begin()
    errand.get(site.url("/a"))
    errand.get(site.url("/b"))
    assert [round(nap) for nap in naps] == [9]


def test_a_longer_wait_than_there_is_time_ends_the_look_without_a_request(site: Web, answers, settings) -> None:
    settings.FETCH_SECONDS = 5.0
    answers["/a"] = plain(200, b"a", RateLimit='"api";r=0;t=55')
    errand = Errand(source())
    errand.begin()
    errand.get(site.url("/a"))
    with pytest.raises(FetchFailed, match="not to be asked for another 55 seconds"):
        errand.get(site.url("/feed"))
    assert len(site.seen) == 1


def test_requests_say_who_asks(site: Web, settings) -> None:
    settings.FETCH_USER_AGENT = "daily-papers-digest/0 (+https://d.example; mailto:ada@d.example)"
    looking.look(source(), DAY, NOW)
    assert site.seen[0][1]["user-agent"] == settings.FETCH_USER_AGENT


# The next look


def due_in(slug: str = "j") -> timedelta:
    upcoming = source(slug).next_look
    return upcoming - NOW if upcoming else timedelta(0)


def test_a_look_that_failed_is_followed_by_one_soon_then_later_and_a_good_one_sets_the_hour_again(site, answers):
    answers["/feed"], now, waits = plain(500), NOW, []
    for _ in range(6):
        looking.look(source(), DAY, now)
        waits.append(source().next_look - now)
        now = source().next_look
    assert 4 * MINUTE <= waits[0] <= 6 * MINUTE
    assert waits == sorted(waits)
    assert waits[-1] == 60 * MINUTE
    answers["/feed"] = plain(200, GOOD)
    looking.look(source(), DAY, now)
    assert source().next_look - now == 60 * MINUTE
    answers["/feed"] = plain(500)
    looking.look(source(), DAY, now + 60 * MINUTE)
    assert source().next_look - now - 60 * MINUTE == waits[0]


def test_what_is_no_listing_is_looked_at_again_soon(site, answers):
    answers["/feed"] = plain(200, b"")
    looking.look(source(), DAY, NOW)
    assert due_in() < 10 * MINUTE


def test_a_challenge_page_is_mended_by_no_hurry(site, answers):
    answers["/feed"] = plain(200, b"<html>Just a moment</html>")
    assert looking.look(source(), DAY, NOW).verdict == "suspect"
    assert due_in() == 60 * MINUTE


def test_what_is_gone_is_looked_at_in_an_hour(site, answers):
    answers["/feed"] = plain(404)
    looking.look(source(), DAY, NOW)
    assert due_in() == 60 * MINUTE


def test_retry_after_is_obeyed_by_all_sources_at_the_host(site, answers):
    answers["/feed"] = plain(429, Retry_After="7200")
    looking.look(source(), DAY, NOW)
    assert 120 * MINUTE <= due_in() <= 121 * MINUTE
    assert due_in("k") == 120 * MINUTE
    assert agenda.due(NOW + 119 * MINUTE, 2).sources == []
    assert run("fetch", now=NOW + 119 * MINUTE)["looks"] == []
    answers["/feed"] = plain(200, GOOD)
    assert [taken["verdict"] for taken in run("fetch", now=NOW + 122 * MINUTE)["looks"]] == ["ok", "failed"]


# A visit


@pytest.fixture
def days(answers: dict[str, Answer]) -> Iterator[tuple[Web, Source]]:
    """A source of seven days, all of them empty."""
    for back in range(7):
        url = huggingface.urls("http://x", DAY - timedelta(days=back)).removeprefix("http://x")
        answers[url] = plain(200, b"[]")
    with web(answers) as server:
        run("source", "add", "m", "--kind", "hf", "--url", server.url())
        yield server, source("m")


def asked(server: Web) -> list[str]:
    return [path[path.index("2026-") :][:10] for path, _ in server.seen]


def test_when_the_source_asks_to_be_left_alone_no_other_day_is_asked_for(days, answers):
    server, here = days
    for path in answers:
        answers[path] = plain(429, Retry_After="600")
    assert [taken.verdict for taken in visiting.looks(here, NOW)] == ["failed"]
    assert asked(server) == ["2026-11-18"]


def test_when_it_cant_be_reached_only_the_newest_day_is_tried_still(days, answers):
    server, here = days
    for path in answers:
        answers[path] = plain(403)
    assert [taken.day.isoformat() for taken in visiting.looks(here, NOW)] == ["2026-11-18", "2026-11-24"]
    assert asked(server) == ["2026-11-18", "2026-11-24"]


def test_a_lost_page_stops_no_other_day(days, answers):
    _, here = days
    for path in answers:
        answers[path] = plain(404) if "-20" in path else answers[path]
    verdicts = {taken.day.isoformat(): taken.verdict for taken in visiting.looks(here, NOW)}
    assert len(verdicts) == 7
    assert [day for day, verdict in verdicts.items() if verdict == "failed"] == ["2026-11-20"]


@pytest.mark.parametrize("first", [plain(200, b"[]"), plain(404)])
def test_a_visit_that_dies_half_way_is_soon_made_again_and_not_twice_at_once(days, answers, first):
    server, here = days
    answers[next(path for path in answers if "-18" in path)] = first
    half = visiting.looks(here, NOW)
    next(half)
    half.close()
    assert here not in looking.due_sources(NOW + MINUTE)
    assert visiting.visit(here.pk, NOW + MINUTE) == 0
    assert visiting.visit(here.pk, NOW + 4 * MINUTE) == 7
    assert asked(server)[-1] == "2026-11-24"
    assert due_in("m") == 64 * MINUTE


def test_a_visit_that_ends_since_no_request_is_left_is_over_for_the_hour(days, answers):
    _, here = days
    first = next(path for path in answers if "-18" in path)
    answers[first] = plain(200, b"[]", RateLimit='"api";r=0;t=200')
    assert [taken.verdict for taken in visiting.looks(here, NOW)] == ["ok"]
    assert due_in("m") == 60 * MINUTE


def test_when_time_runs_short_the_newest_day_is_still_looked_at(days, monkeypatch):
    _, here = days
    monkeypatch.setattr(visiting, "SECONDS", 25.0)  # as when the first look has taken most of it
    assert [taken.day.isoformat() for taken in visiting.looks(here, NOW)] == ["2026-11-18", "2026-11-24"]


def test_a_visit_ends_before_its_task_must(days, answers, monkeypatch):
    _, here = days
    monkeypatch.setattr(visiting, "SECONDS", 0.3)
    for path in answers:
        answers[path] = lambda handler: days[0].stopping.wait() and None
    assert {taken.verdict for taken in visiting.looks(here, NOW)} == {"failed"}
    assert "longer than" in Snapshot.objects.earliest("id").reason


def test_a_back_fill_that_is_sent_away_stops_and_goes_on_there_later(days, answers):
    _, here = days
    fill = DAY - timedelta(days=6), DAY - timedelta(days=4)
    bad = next(path for path in answers if "2026-11-19" in path)
    answers[bad] = plain(429, Retry_After="600")
    later = NOW + timedelta(days=3)
    assert [taken.verdict for taken in looking.back_fill(here, *fill, later)] == ["ok", "failed"]
    answers[bad] = plain(200, b"[]")
    assert [taken.day.day for taken in looking.back_fill(here, *fill, later)] == [19, 20]


# Turns


def test_turns_at_a_host_are_so_far_apart(naps):
    waits = [spacing.turn("arxiv.org", 30.0) for _ in range(4)]
    assert [round(wait / 30) for wait in waits] == [0, 1, 2, 3]
    assert spacing.turn("other.example", 3.0) == 0


def test_a_clock_that_was_set_back_stops_nobody():
    spacing.turn("arxiv.org", 3.0)
    Host.objects.update(free_at=at("2126-01-01 00:00"))
    assert spacing.turn("arxiv.org", 3.0) == 0
    assert 0 < spacing.turn("arxiv.org", 60.0) <= 3


def test_sources_at_one_host_wait_for_each_other(site, answers, naps, monkeypatch):
    monkeypatch.setattr(fetching, "gap", lambda host, kind: 30.0)
    answers["/other"] = plain(200, GOOD)
    looking.look(source(), DAY, NOW)
    looking.look(source("k"), DAY, NOW)
    assert [25 < nap <= 30 for nap in naps] == [True]
    assert list(Host.objects.values_list("name", flat=True)) == ["127.0.0.1"]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_nobody_waits_with_a_transaction_open(site, answers, monkeypatch):
    waited: list[bool] = []
    monkeypatch.setattr(fetching, "sleep", lambda seconds: waited.append(connection.in_atomic_block))
    monkeypatch.setattr(fetching, "gap", politeness.gap)
    answers["/feed"] = one_after_another(plain(503), plain(200, GOOD))
    assert visiting.visit(source().pk, NOW) == 1
    assert len(waited) == 2
    assert not any(waited)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_workers_that_come_at_once_get_a_turn_each():
    waits: list[float] = []

    def worker() -> None:
        try:
            waits.extend(spacing.turn("arxiv.org", 10.0) for _ in range(2))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(round(wait / 10) for wait in waits) == list(range(8))


def test_a_command_that_fetches_a_body_goes_the_same_way(site, monkeypatch):
    ways: list[Any] = []
    fetch = fetching.fetch
    monkeypatch.setattr(fetching, "fetch", lambda url, **how: ways.append(how) or fetch(url, **how))
    run("fetch", "--source", "j", "--day", "2026-11-24", "--from", site.url("/feed"), now=NOW)
    assert ways[0]["route"] == fetching.settings.FETCH_ROUTE
    assert ways[0]["user_agent"].startswith(politeness.PROGRAM)


# What an answer leaves for later


def test_an_unchanged_list_is_sent_once_and_asked_after_ever_since(site: Web, answers) -> None:
    run("source", "add", "api", "--kind", "hf", "--url", site.url("/"))
    listed = json.dumps(papers("2611.00001")).encode()
    path = huggingface.urls("http://x", DAY).removeprefix("http://x")

    sent: list[bool] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        known = handler.headers.get("If-None-Match") == '"a"'
        sent.append(not known)
        (plain(304) if known else plain(200, listed, ETag='"a"'))(handler)

    answers[path] = answer
    taken = [looking.look(source("api"), DAY, NOW + n * 60 * MINUTE).verdict for n in range(4)]
    assert taken == ["ok", "unchanged", "unchanged", "unchanged"]
    assert sent == [True, False, False, False]
    assert len({tuple(look.bodies) for look in Snapshot.objects.all()}) == 1


CHALLENGE = b"<html><head><title>Just a moment...</title></head><body>Are you human?</body></html>"


def test_a_page_that_can_not_be_read_is_kept_for_a_mended_parser(site: Web, answers) -> None:
    answers["/feed"] = plain(200, CHALLENGE)
    assert looking.look(source(), DAY, NOW).verdict == "suspect"
    assert storing.kept_bodies(Snapshot.objects.get().bodies) == [CHALLENGE]


@pytest.mark.parametrize(
    ("api", "page", "kept"),
    [
        (plain(200, b"[1]"), plain(404), b"[1]"),
        (plain(200, b"[1]"), plain(200, CHALLENGE), b"[1]"),
        (plain(404), plain(200, CHALLENGE), CHALLENGE),
    ],
)
def test_of_api_and_web_page_the_first_that_came_unreadable_is_kept(site: Web, answers, api, page, kept) -> None:
    run("source", "add", "api", "--kind", "hf", "--url", site.url("/"))
    answers[huggingface.urls("http://x", DAY).removeprefix("http://x")] = api
    answers[huggingface.page_url("http://x", DAY).removeprefix("http://x")] = page
    assert looking.look(source("api"), DAY, NOW).verdict in ("failed", "suspect")
    assert storing.kept_bodies(Snapshot.objects.get().bodies) == [kept]
