"""Everything that a listing's server can do wrong, each through a whole look at a real server on loopback.

ROWS is the table: what the server does, the verdict, and what its reason says. Nothing of what is known changes by any
of them, a reader of everything gets no mail, and the next good look brings everything, once.
"""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from digest.models import Appearance, Change, Identity, Paper, Snapshot, Source
from digest.pipeline.looking import look
from digest.pipeline.snapshots import Taken
from digest.sources import huggingface
from tests.digest.sources import misbehaving as bad
from tests.digest.sources.announced import channel, rss, rss_entry
from tests.digest.sources.announced import item as feed_item
from tests.digest.sources.listed import new_item
from tests.digest.sources.listed import page as hf_page
from tests.digest.sources.web import Answer, Web, plain, web
from tests.house import HF, at, letters, papers, reader, run, serve, told

pytestmark = pytest.mark.django_db
R = "r@example.org"
DAY = date(2026, 11, 24)
KINDS = ("hf", "arxiv", "feed")
PATHS = {"hf": huggingface.urls("http://x", DAY).removeprefix("http://x"), "arxiv": "/rss/cs.LG", "feed": "/feed"}
MIDNIGHT, MORNING = "Tue, 24 Nov 2026 00:00:00 -0500", "Tue, 24 Nov 2026 06:00:00 GMT"
KNOWN = range(1, 11)  # ten papers are known when the bad day comes


def key(kind: str, number: int) -> str:
    return f"feed:g{number}" if kind == "feed" else f"2611.{number:05}"


def listing(kind: str, numbers: Any = KNOWN, title: str = "Moss {}") -> bytes:
    """An honest body of the kind with these papers."""
    if kind == "hf":
        return json.dumps([one for n in numbers for one in papers(key(kind, n), title=title.format(n))]).encode()
    if kind == "arxiv":
        return rss(*(rss_entry(n, title=title.format(n), date=MIDNIGHT) for n in numbers), date=MIDNIGHT)
    return channel(*(feed_item(f"g{n}", f"http://j.example/{n}", MORNING, title.format(n)) for n in numbers))


@dataclass
class Place:
    """A source of one kind, its server, and what that answers."""

    kind: str
    server: Web
    answers: dict[str, Answer]

    @property
    def source(self) -> Source:
        return Source.objects.get(slug=self.kind)

    def answers_with(self, answer: Answer) -> None:
        self.answers[PATHS[self.kind]] = answer

    def look(self, now: datetime | str) -> Taken:
        return look(self.source, DAY, at(now) if isinstance(now, str) else now)


@pytest.fixture
def place(request: pytest.FixtureRequest, settings: Any) -> Iterator[Place]:
    """A source that has been looked at once, with ten papers on that day. What a look may cost is little."""
    settings.FETCH_BYTES, settings.FETCH_SECONDS = 200_000, 20.0
    kind, answers = request.param, dict[str, Answer]()
    with web(answers) as server:
        path = "/" if kind == "hf" else PATHS[kind]
        run("source", "add", kind, "--kind", kind, "--url", server.url(path), "--short", f"local-{kind}")
        Source.objects.filter(slug=HF).update(enabled=False)
        here = Place(kind, server, answers)
        here.answers_with(plain(200, listing(kind), ETag='"ten"'))
        assert here.look("2026-11-24 06:30").keys == {"listed": [key(kind, n) for n in KNOWN]}
        yield here


def state() -> tuple[Any, ...]:
    """All that is known of papers."""
    return (
        list(Change.objects.order_by("number").values_list()),
        list(Paper.objects.order_by("pk").values_list()),
        list(Identity.objects.order_by("pk").values_list()),
        list(Appearance.objects.order_by("pk").values_list("paper", "day", "gone_at", "upvotes", "comments")),
    )


def changed_markup(place: Place) -> bytes:
    """Well formed, and with other names for everything."""
    if place.kind == "hf":
        return b'[{"item": {"key": "2611.00001", "name": "Moss"}}]'
    name = "cs updates on arXiv.org" if place.kind == "arxiv" else "Journal"
    return f"<rss><channel><title>{name}</title><piece><name>Moss</name></piece></channel></rss>".encode()


@dataclass(frozen=True)
class Row:
    """What the server answers; the verdict, and what its reason says; and where a kind of source differs, that."""

    answer: Callable[[Place], Answer]
    verdict: str
    reason: str
    arxiv: tuple[str, str] | None = None
    feed: tuple[str, str] | None = None

    def expected(self, kind: str) -> tuple[str, str]:
        return {"arxiv": self.arxiv, "feed": self.feed}.get(kind) or (self.verdict, self.reason)


def sends(body: Callable[[Place], bytes], status: int = 200, **headers: str) -> Callable[[Place], Answer]:
    return lambda place: plain(status, body(place), **headers)


def half(place: Place) -> bytes:
    return listing(place.kind)[: len(listing(place.kind)) // 2]


def says(status: int, **headers: str) -> Callable[[Place], Answer]:
    return sends(lambda place: b"", status, **headers)


NO_FEED, LESS = ("failed", "this is no feed"), "less than half of the 10 known before"
EMPTIED = "is empty, but it had 10 papers before"
BREAKS_OFF = ("partial", "The XML breaks off")
# fmt: off
ROWS = {
    "empty 200": Row(sends(lambda p: b""), "failed", "the body is empty"),
    "error page as 200": Row(sends(lambda p: bad.ERROR_PAGE), "failed", "this is another page", NO_FEED, NO_FEED),
    "challenge page": Row(sends(lambda p: bad.CHALLENGE), "suspect", "Challenge page"),
    "challenge page as 403": Row(sends(lambda p: bad.CHALLENGE, 403), "failed", "it answered 403 Forbidden"),
    "half a page": Row(sends(half), "failed", "the JSON cannot be read", ("suspect", LESS), BREAKS_OFF),
    "huge": Row(lambda p: bad.endless(p.server.stopping), "failed", "it sent more than 200,000 bytes"),
    "compressed bomb": Row(lambda p: bad.bomb(), "failed", "it sent more than 200,000 bytes"),
    "one byte after another": Row(lambda p: bad.dripping(p.server.stopping), "failed", "it took longer than"),
    "silence": Row(lambda p: bad.silent(p.server.stopping), "failed", "it took longer than"),
    "hangs up": Row(lambda p: bad.dead, "failed", "the connection failed"),
    "redirect loop": Row(lambda p: plain(302, Location=PATHS[p.kind]), "failed", "it redirects more than 5 times"),
    "redirect to a private address": Row(says(302, Location="http://169.254.169.254/"), "failed", "a private or"),
    "changed markup": Row(sends(changed_markup), "suspect", "Markup changed"),
    "nothing listed": Row(sends(lambda p: listing(p.kind, [])), "suspect", EMPTIED),
    "four of ten": Row(sends(lambda p: listing(p.kind, range(1, 5))), "suspect", LESS, feed=("ok", "4 papers")),
    "a tenth": Row(sends(lambda p: listing(p.kind, [1])), "suspect", LESS, feed=("ok", "1 paper")),
    "duplicates": Row(sends(lambda p: listing(p.kind, [*KNOWN, *KNOWN])), "ok", "counted once: 10", feed=("ok", "10")),
    "wrong charset": Row(sends(lambda p: listing(p.kind), Content_Type="text/xml; charset=utf-16"), "unchanged", ""),
    "said to be longer": Row(lambda p: bad.longer_than_it_is(listing(p.kind)), "failed", "the connection failed"),
    "said to be shorter": Row(lambda p: bad.shorter_than_it_is(listing(p.kind)), "failed", "the JSON cannot be read",
                              BREAKS_OFF, BREAKS_OFF),
    "truncated": Row(lambda p: bad.cut_off(listing(p.kind)), "failed", "the connection failed"),
    "truncated gzip": Row(lambda p: bad.cut_off_gzip(listing(p.kind)), "failed", "damaged or cut off"),
    "304": Row(says(304), "unchanged", "nothing has changed"),
    "404": Row(says(404), "failed", "it answered 404 Not Found"),
    "429 with Retry-After": Row(says(429, Retry_After="120"), "failed", "it answered 429 Too Many Requests"),
    "500": Row(says(500), "failed", "it answered 500 Internal Server Error"),
    "503 with Retry-After": Row(says(503, Retry_After="120"), "failed", "it answered 503 Service Unavailable"),
}
# fmt: on
DAWDLING = ("one byte after another", "silence")
every_kind = pytest.mark.parametrize("place", KINDS, indirect=True)


@every_kind
@pytest.mark.parametrize("row", ROWS)
def test_a_bad_look_has_its_verdict_and_changes_nothing(place: Place, row: str, settings: Any) -> None:
    place.answers_with(ROWS[row].answer(place))
    settings.FETCH_SECONDS = 0.4 if row in DAWDLING else settings.FETCH_SECONDS
    before = state()
    taken = place.look("2026-11-24 08:00")
    verdict, reason = ROWS[row].expected(place.kind)
    assert (taken.verdict, taken.keys) == (verdict, {})
    assert reason in taken.reason
    assert state() == before
    snapshot = Snapshot.objects.latest("id")
    assert (snapshot.verdict, snapshot.reason) == (taken.verdict, taken.reason[:500])


@every_kind
def test_after_all_these_looks_no_mail_has_gone_and_a_good_one_brings_everything_once(place, settings) -> None:
    reader(R, now="2026-11-24 06:45")
    serve("2026-11-24 06:46")
    assert sorted(told(R)) == sorted(key(place.kind, n) for n in KNOWN)
    for minutes, (name, row) in enumerate(ROWS.items()):
        place.answers_with(row.answer(place))
        settings.FETCH_SECONDS = 0.4 if name in DAWDLING else 20.0
        place.look(at("2026-11-24 08:00") + timedelta(minutes=minutes))
    for now in ("2026-11-24 19:00", "2026-11-25 07:01", "2026-11-26 07:01"):
        serve(now)
    assert len(letters(R)) == 1
    place.answers_with(plain(200, listing(place.kind, [*KNOWN, 11])))
    taken = place.look("2026-11-26 12:00")
    assert (taken.verdict, taken.keys) == ("ok", {"listed": [key(place.kind, 11)]})
    serve("2026-11-27 07:01")
    serve("2026-11-28 07:01")
    assert sorted(told(R)) == sorted(key(place.kind, n) for n in (*KNOWN, 11))


@every_kind
@pytest.mark.parametrize("row", ["huge", "compressed bomb"])
def test_what_is_too_big_is_not_held_in_memory(place: Place, row: str) -> None:
    place.answers_with(ROWS[row].answer(place))
    tracemalloc.start()
    try:
        place.look("2026-11-24 08:00")
        assert tracemalloc.get_traced_memory()[1] < 3_000_000  # 50 MB are sent, or more; 0.2 are allowed
    finally:
        tracemalloc.stop()


@every_kind
def test_a_host_that_is_not_found(place: Place) -> None:
    Source.objects.filter(slug=place.kind).update(url="http://nobody.invalid/feed")
    before = state()
    taken = place.look("2026-11-24 08:00")
    assert (taken.verdict, state()) == ("failed", before)
    assert "the host nobody.invalid is not found" in taken.reason


@pytest.mark.parametrize("place", ["hf", "arxiv"], indirect=True)
def test_the_list_of_an_earlier_day_in_the_place_of_todays_is_no_listing_yet(place: Place) -> None:
    monday = listing(place.kind).replace(MIDNIGHT.encode(), b"Mon, 23 Nov 2026 00:00:00 -0500")
    place.answers_with(plain(200, monday))
    if place.kind == "hf":  # the API does not say which day it shows; the page does
        place.answers_with(plain(500))
        page = hf_page([new_item(n) for n in KNOWN], heading="2026-11-23", props={"dailyPapers": []})
        place.answers["/papers/date/2026-11-24"] = plain(200, page)
    before = state()
    taken = place.look("2026-11-24 08:00")
    assert (taken.verdict, taken.keys, state()) == ("suspect", {}, before)
    assert taken.reason.startswith("No listing yet")
    assert taken.reason.endswith("asked for 2026-11-24, the source shows 2026-11-23.")


@every_kind
def test_a_b_a_tells_nothing_twice(place: Place) -> None:
    reader(R, now="2026-11-24 06:45")
    serve("2026-11-24 06:46")
    bodies = listing(place.kind), listing(place.kind, [*KNOWN, 11])
    for hour in range(8, 14):
        place.answers_with(plain(200, bodies[hour % 2]))
        assert place.look(f"2026-11-24 {hour:02}:00").verdict in ("ok", "unchanged")
    serve("2026-11-25 07:01")
    serve("2026-11-26 07:01")
    assert sorted(told(R)) == sorted(key(place.kind, n) for n in (*KNOWN, 11))


@every_kind
def test_names_in_another_charset_than_the_one_that_is_said_are_read(place: Place) -> None:
    body = listing(place.kind, [*KNOWN, 11]).replace(b"Moss 11", "Möss 11".encode("cp1252"))
    place.answers_with(plain(200, body, Content_Type="text/xml; charset=utf-8"))
    assert place.look("2026-11-24 08:00").keys == {"listed": [key(place.kind, 11)]}
    assert Paper.objects.get(key=key(place.kind, 11)).facts["title"] == "Möss 11"


@every_kind
def test_half_a_page_with_a_validator_is_asked_for_again_in_full(place: Place) -> None:
    whole, seen = listing(place.kind, [*KNOWN, 11]), len(place.server.seen)
    place.answers_with(plain(200, whole[: -len(whole) // 6], ETag='"eleven"'))
    place.look("2026-11-24 08:00")
    place.answers_with(plain(200, whole, ETag='"eleven"'))
    place.look("2026-11-24 09:00")
    assert '"eleven"' not in [headers.get("if-none-match") for _, headers in place.server.seen[seen:]]
    assert Appearance.objects.filter(gone_at=None).count() == 11


# First looks


def first_look(kind: str, body: bytes) -> Taken:
    with web({PATHS[kind]: plain(200, body)}) as server:
        run("source", "add", kind, "--kind", kind, "--url", server.url(PATHS[kind]), "--short", f"local-{kind}")
        return look(Source.objects.get(slug=kind), DAY, at("2026-11-24 07:00"))


@pytest.fixture
def served() -> None:
    """A reader of everything, who has been told that there is nothing."""
    reader(R, now="2026-11-20 06:00")
    serve("2026-11-20 06:01")


def test_a_feeds_first_look_at_200_old_entries_tells_nobody(served: None) -> None:
    old = [
        feed_item(f"g{n}", f"http://j.example/{n}", "Mon, 02 Mar 2026 06:00:00 GMT", f"Moss {n}") for n in range(200)
    ]
    taken = first_look("feed", channel(*old))
    assert (taken.verdict, len(taken.keys["listed"])) == ("ok", 200)
    serve("2026-11-25 07:01")
    assert letters(R) == []


def test_replacements_of_papers_never_seen_tell_nobody(served: None) -> None:
    replaced = [rss_entry(n, kind="replace", version=2, date=MIDNIGHT) for n in range(1, 60)]
    taken = first_look("arxiv", rss(*replaced, date=MIDNIGHT))
    assert (taken.verdict, len(taken.keys["listed"])) == ("ok", 59)
    serve("2026-11-25 07:01")
    assert letters(R) == []
