"""Looks over the network, against a little server on loopback: paging, the page in place of the API, bad days."""

import io
import json
import socket
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.core.management import call_command

from digest.models import Appearance, Body, Change, Paper, Snapshot, Source
from digest.sources import huggingface
from tests.digest.sources.web import Web, plain, web
from tests.house import HF, dated, fetch, item, letters, papers, reader, run, serve, told

pytestmark = pytest.mark.django_db
R = "r@example.org"


class Listing:
    """The source's side: what it lists by day; pages of 100, as the real one."""

    def __init__(self) -> None:
        self.days: dict[str, list[dict[str, Any]]] = {}
        self.paths: dict[str, Any] = {}

    def lists(self, day: str, items: list[dict[str, Any]]) -> None:
        self.days[day] = items = dated(items, day)
        for page in range(len(items) // 100 + 2):
            url = huggingface.urls("http://x", date.fromisoformat(day), page)
            self.paths[url.removeprefix("http://x")] = plain(
                200, json.dumps(items[page * 100 : page * 100 + 100]).encode()
            )


@pytest.fixture
def site() -> Iterator[tuple[Web, Listing]]:
    listing = Listing()
    with web(listing.paths) as server:
        for day in range(20, 32):
            listing.lists(f"2026-03-{day:02}", [])
        run("source", "add", "local", "--kind", "hf", "--url", server.url())
        Source.objects.filter(slug=HF).update(enabled=False)
        yield server, listing


def test_a_source_is_looked_at_page_by_page_until_a_short_one(site):
    server, listing = site
    listing.lists("2026-03-31", papers(*(f"2603.{n:05}" for n in range(250))))
    taken = run("fetch", "--source", "local", "--day", "2026-03-31", now="2026-03-31 10:00")
    assert (taken["verdict"], taken["entries"], len(taken["added"])) == ("ok", 250, 250)
    assert sum("date=2026-03-31" in path for path, _ in server.seen) == 3


def test_what_is_due_is_looked_at_and_then_not_before_its_time(site):
    _, listing = site
    listing.lists("2026-03-30", papers("2603.00001"))
    listing.lists("2026-03-31", papers("2603.00002"))
    looks = run("fetch", now="2026-03-31 10:00")["looks"]
    assert [look["day"] for look in looks] == [f"2026-03-{day}" for day in range(25, 32)]
    assert [key for look in looks for key in look["added"]] == ["2603.00001", "2603.00002"]
    assert run("fetch", now="2026-03-31 10:30")["looks"] == []
    assert {look["verdict"] for look in run("fetch", now="2026-03-31 11:00")["looks"]} == {"unchanged"}


def test_a_day_is_looked_at_once_more_three_days_later_and_what_is_new_is_told_once(site):
    _, listing = site
    listing.lists("2026-03-24", papers("2603.00001", "2603.00002"))
    reader(R, now="2026-03-24 05:00")
    serve("2026-03-24 05:01")
    run("fetch", now="2026-03-24 06:00")
    assert run("settle", now="2026-03-25 06:00")["days"][-1] == "2026-03-24"
    serve("2026-03-25 07:01")
    listing.lists("2026-03-24", papers("2603.00001", "2603.00002", "2603.00003"))
    again = run("fetch", now="2026-03-27 12:00")["looks"]
    late = next(look for look in again if look["day"] == "2026-03-24")
    assert late["added"] == ["2603.00003"]
    assert Appearance.objects.get(paper__key="2603.00003").settled is not None
    serve("2026-03-28 07:01")
    run("fetch", now="2026-03-28 12:00")
    assert "2026-03-24" not in [look["day"] for look in run("fetch", now="2026-03-29 12:00")["looks"]]
    serve("2026-03-29 07:01")
    assert sorted(told(R)) == ["2603.00001", "2603.00002", "2603.00003"]


def test_when_the_api_fails_the_page_is_read_and_only_adds(site):
    _server, listing = site
    card = (
        '<article><h3><a href="/papers/2603.00009">Moss on cards</a></h3>'
        '<a href="/login?next=x"><div class="leading-none">7</div></a></article>'
    )
    page = f'<html><body><main><div data-target="DailyPapers">{card}</div></main></body></html>'.encode()
    listing.lists("2026-03-31", papers("2603.00001"))
    run("fetch", "--source", "local", "--day", "2026-03-31", now="2026-03-31 10:00")
    for path in [path for path in listing.paths if "2026-03-31" in path]:
        listing.paths[path] = plain(500, b"down")
    listing.paths["/papers/date/2026-03-31"] = plain(200, page)
    taken = run("fetch", "--source", "local", "--day", "2026-03-31", now="2026-03-31 11:00")
    assert (taken["verdict"], taken["added"], taken["unlisted"]) == ("partial", ["2603.00009"], [])
    assert Paper.objects.get(key="2603.00009").facts["upvotes"] == 7
    listing.lists("2026-03-31", papers("2603.00001", "2603.00009"))
    seen = run("fetch", "--source", "local", "--day", "2026-03-31", now="2026-03-31 12:00")
    assert seen["enriched"] == ["2603.00009"]


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_a_failed_look_is_marked_and_changes_nothing(site, status):
    _, listing = site
    listing.lists("2026-03-31", papers("2603.00001"))
    run("fetch", "--source", "local", "--day", "2026-03-31", now="2026-03-31 10:00")
    for path in [path for path in listing.paths if "2026-03-31" in path]:
        listing.paths[path] = plain(status, b"no")
    taken = run("fetch", "--source", "local", "--day", "2026-03-31", now="2026-03-31 11:00")
    assert (taken["verdict"], taken["entries"]) == ("failed", 0)
    assert str(status) in taken["reason"]
    assert Change.objects.count() == 1


def test_a_private_address_that_nobody_typed_is_refused(site):
    server, _listing = site
    Source.objects.filter(slug="local").update(allow="")
    taken = run("fetch", "--source", "local", "--day", "2026-03-31", now="2026-03-31 10:00")
    assert taken["verdict"] == "failed"
    assert server.seen == []


def test_a_private_name_is_allowed_when_it_is_typed_and_any_other_with_a_word_more(site, monkeypatch):
    server, _listing = site
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *args, **kwargs: real("127.0.0.1", *args, **kwargs))

    def verdict(slug: str, host: str, *more: str) -> str:
        run("source", "add", slug, "--kind", "hf", "--url", f"http://{host}:{server.port}/", *more)
        return run("fetch", "--source", slug, "--day", "2026-03-31", now="2026-03-31 10:00")["verdict"]

    assert verdict("vm", "vm") == verdict("nas", "nas.lan") == "ok"
    assert verdict("far", "far.example") == "failed"
    assert "--private" in Snapshot.objects.latest("id").reason
    assert verdict("far", "far.example", "--private") == "ok"
    assert Source.objects.get(slug="far").allow == f"far.example:{server.port}"


def test_a_host_is_allowed_at_the_port_that_was_typed():
    run("source", "add", "here", "--kind", "feed", "--url", "http://localhost/feed")
    assert Source.objects.get(slug="here").allow == "localhost:80"


def test_a_tenth_of_an_earlier_look_is_suspect_and_takes_nothing_away():
    fetch(papers(*(f"2603.{n:05}" for n in range(30))), "2026-03-02", "2026-03-02 10:00")
    taken = fetch(papers("2603.00001", "2603.99999"), "2026-03-02", "2026-03-02 11:00")
    assert (taken["verdict"], taken["added"], taken["unlisted"]) == ("suspect", [], [])
    grown = fetch(papers(*(f"2603.{n:05}" for n in range(31))), "2026-03-02", "2026-03-02 12:00")
    assert (grown["verdict"], grown["added"]) == ("ok", ["2603.00030"])


def test_a_b_a_tells_nothing_twice():
    a, b = papers("2603.00001", "2603.00002"), papers("2603.00001", "2603.00002", "2603.00003")
    seen = [fetch(items, "2026-03-02", f"2026-03-02 1{n}:00") for n, items in enumerate((a, b, a, b, a))]
    assert [one["added"] for one in seen] == [["2603.00001", "2603.00002"], ["2603.00003"], [], [], []]
    assert [one["unlisted"] for one in seen] == [[], [], ["2603.00003"], [], ["2603.00003"]]


def test_a_body_is_stored_once_and_parsed_again_by_a_replay(monkeypatch):
    fetch([item("2603.00001", title="Moss")], "2026-03-02", "2026-03-02 10:00")
    fetch([item("2603.00001", title="Moss")], "2026-03-02", "2026-03-02 11:00")
    assert (Body.objects.count(), Snapshot.objects.count()) == (1, 2)
    assert run("fetch", "--replay", "--source", "hf", "--day", "2026-03-02")["corrected"] == []
    facts = Paper.objects.get().facts
    Paper.objects.update(facts={**facts, "title": "M0ss"})  # what a parser now mended had made of it
    replayed = run("fetch", "--replay", "--source", "hf", "--day", "2026-03-02", now="2026-03-05 10:00")
    assert replayed["corrected"] == ["2603.00001"]
    newest = Change.objects.order_by("-number")[0]
    assert (newest.kind, newest.news, newest.facts["title"]) == ("corrected", False, "Moss")


def test_a_back_fill_is_resumed_where_it_stopped_and_is_no_news(site):
    server, listing = site
    for day in (24, 25, 26):
        listing.lists(f"2026-03-{day}", papers(f"2603.000{day}"))
    reader(R, now="2026-03-01 05:00")
    serve("2026-03-01 05:01")
    filled = run(
        "fetch", "--source", "local", "--from-day", "2026-03-24", "--to-day", "2026-03-26", now="2026-03-31 10:00"
    )
    assert [(one["day"], one["added"]) for one in filled["days"]] == [
        ("2026-03-24", 1),
        ("2026-03-25", 1),
        ("2026-03-26", 1),
    ]
    asked = len(server.seen)
    again = run(
        "fetch", "--source", "local", "--from-day", "2026-03-24", "--to-day", "2026-03-26", now="2026-03-31 11:00"
    )
    assert (again["days"], len(server.seen)) == ([], asked)
    serve("2026-03-31 12:00")
    assert letters(R) == []


def test_a_back_fill_leaves_a_day_that_is_not_over_to_the_usual_looks(site):
    server, listing = site
    for day in (29, 30, 31):
        listing.lists(f"2026-03-{day}", papers(f"2603.000{day}"))
    run("fetch", "--source", "local", "--day", "2026-03-28", now="2026-03-28 10:00")
    reader(R, now="2026-03-28 05:00")
    serve("2026-03-28 05:01")
    fill = ("--source", "local", "--from-day", "2026-03-29", "--to-day", "2026-03-31")
    filled = run("fetch", *fill, now="2026-03-31 04:00")  # Hugging Face's days are over at 05:00
    assert [one["day"] for one in filled["days"]] == ["2026-03-29"]
    assert filled["open"] == ["2026-03-30", "2026-03-31"]
    assert not any("2026-03-31" in path for path, _ in server.seen)
    assert [key for look in run("fetch", now="2026-03-31 06:00")["looks"] for key in look["added"]] == [
        "2603.00030",
        "2603.00031",
    ]
    serve("2026-03-31 07:01")
    assert sorted(told(R)) == ["2603.00030", "2603.00031"]


def test_an_open_day_that_is_filled_in_by_its_name_is_no_news_and_the_operator_is_told_so():
    reader(R, now="2026-03-02 05:00")
    serve("2026-03-02 05:01")
    said = io.StringIO()
    arguments = ("--source", HF, "--day", "2026-03-02", "--from", "digest/sample/day-2.json", "--backfill")
    call_command("fetch", *arguments, "--now", "2026-03-02T08:00Z", stdout=io.StringIO(), stderr=said)
    assert "2026-03-02 is not over: what this look finds of it is told to nobody" in said.getvalue()
    serve("2026-03-03 07:01")
    assert told(R) == []
