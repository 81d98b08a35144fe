"""What is news in the whole service: what no list ever brought as news stays untold, whatever becomes of it."""

from datetime import timedelta
from email.utils import format_datetime

import pytest

from digest.models import Change, Paper, Source
from tests.digest.sources.announced import channel, rss, rss_entry
from tests.digest.sources.announced import item as feed_item
from tests.house import at, copies, fetch, item, papers, publish, reader, run, serve, told

pytestmark = pytest.mark.django_db
R = "r@example.org"
OLD = range(1, 15)  # numbers of papers that nobody was told of


def midnight(day: str) -> str:
    """The date of arXiv's batch of a day."""
    return format_datetime(at(f"{day} 05:00"))


def batch(day: str, kind: str, version: int, numbers=OLD) -> bytes:
    date = midnight(day)
    return rss(*(rss_entry(n, kind=kind, version=version, date=date) for n in numbers), date=date)


def announced(day: str, kind: str, version: int, numbers=OLD, *more: str) -> dict:
    """A look at the batch of a day, early that day."""
    taken = fetch(batch(day, kind, version, numbers), day, f"{day} 06:00", "cs", *more)
    assert taken["verdict"] == "ok", taken["reason"]
    return taken


def news(kind: str) -> set[bool]:
    return set(Change.objects.filter(kind=kind).values_list("news", flat=True))


@pytest.fixture
def cs() -> str:
    """A source that runs since Friday, with a reader of everything who has been told all of it."""
    run("source", "add", "cs", "--kind", "arxiv", "--url", "https://rss.arxiv.org/rss/cs.AI")
    announced("2026-11-20", "new", 1, [900])
    reader(R, now="2026-11-20 06:30")
    serve("2026-11-20 06:31")
    return "cs"


@pytest.mark.parametrize("known_by", ["--backfill", "replace"])
def test_a_revision_of_a_paper_whose_listing_was_no_news_is_none(cs, known_by):
    if known_by == "replace":
        announced("2026-11-23", "replace", 2)
    else:
        announced("2026-11-23", "new", 2, OLD, "--backfill")
    assert len(announced("2026-11-24", "replace", 3)["revised"]) == len(OLD)
    serve("2026-11-25 07:01")
    assert told(R) == ["2611.00900"]
    assert news("revised") == {False}


def test_a_revision_of_a_paper_that_was_listed_as_news_is_news_however_old(cs):
    reader("v@example.org", "All[revisions]=*", now="2026-11-20 06:30")
    serve("2026-11-20 06:31")
    announced("2027-01-20", "replace", 2, [900])
    serve("2027-01-21 07:01")
    assert told("v@example.org") == ["2611.00900"] * 2
    assert told(R) == ["2611.00900"]


def test_an_abstract_that_a_replacement_brings_is_no_news_where_no_listing_was(cs):
    run("source", "add", "j", "--kind", "feed", "--url", "http://j.example/rss")
    entries = [
        feed_item(f"g{n}", f"https://arxiv.org/abs/2611.{n:05}", midnight("2026-11-10"), f"Moss {n}") for n in OLD
    ]
    assert len(fetch(channel(*entries), "2026-11-23", "2026-11-23 06:00", "j")["added"]) == len(OLD)
    assert len(announced("2026-11-24", "replace", 2)["enriched"]) == len(OLD)
    serve("2026-11-25 07:01")
    assert told(R) == ["2611.00900"]
    assert news("enriched") == {False}


def test_a_rise_is_news_for_14_days_after_the_first_listing_that_was(cs):
    announced("2026-10-01", "new", 1, [1, 2], "--backfill")
    reader("loved@example.org", "Loved=upvotes:>=20", now="2026-11-20 06:30")
    serve("2026-11-20 06:31")
    day = at("2026-11-23 08:00")
    fetch(papers("2611.00001", upvotes=3), "2026-11-23", day)
    for after, votes in ((14, 25), (15, 50)):
        fetch(papers("2611.00001", upvotes=votes), "2026-11-23", day + timedelta(days=after))
    assert list(Change.objects.filter(kind="rose").order_by("number").values_list("news", flat=True)) == [
        True, True, False,
    ]  # fmt: skip
    serve("2026-12-09 07:01")
    assert told("loved@example.org") == ["2611.00001"]


@pytest.mark.parametrize("body", [b"<rss><chan", b"<html><title>Just a moment...</title></html>"])
def test_the_first_look_is_one_that_was_believed(cs, body):
    """What stood in a list while we could not read it is no news once we can."""
    run("source", "add", "j", "--kind", "feed", "--url", "http://j.example/rss")
    assert fetch(body, "2026-11-01", "2026-11-01 06:00", "j")["verdict"] in ("failed", "suspect")
    assert Source.objects.get(slug="j").first_look is None
    dates = [midnight(day) for day in ("2026-11-23", "2026-11-22", "2026-11-21", "2026-11-02")]
    entries = [feed_item(f"g{n}", f"http://j.example/{n}", date, f"Fern {n}") for n, date in enumerate([*dates, ""])]
    assert len(fetch(channel(*entries), "2026-11-23", "2026-11-23 06:00", "j")["added"]) == 5
    serve("2026-11-24 07:01")
    assert sorted(told(R)) == ["2611.00900", "j:g0", "j:g1"]


def test_a_feed_that_was_only_filled_in_has_had_no_first_look(cs):
    run("source", "add", "j", "--kind", "feed", "--url", "http://j.example/rss")
    undated = [feed_item(f"g{n}", f"http://j.example/{n}", "", f"Fern {n}") for n in range(5)]
    fetch(channel(*undated[:2]), "2026-11-22", "2026-11-22 06:00", "j", "--backfill")
    assert len(fetch(channel(*undated), "2026-11-23", "2026-11-23 06:00", "j")["added"]) == 3
    serve("2026-11-24 07:01")
    assert told(R) == ["2611.00900"]


def test_a_summary_makes_no_change_and_is_frozen_in_those_that_are_made_for_another_reason():
    summaries = ("", "Moss grows.", "Moss grows slowly.", "")
    for hour, summary in enumerate(summaries, 6):
        taken = fetch([item("2603.00001", ai_summary=summary)], "2026-03-02", f"2026-03-02 {hour:02}:00")
        assert len(taken["added"]) == (hour == 6)
    assert [change.facts.get("summary") for change in Change.objects.all()] == [None]
    assert Paper.objects.get().facts["summary"] == "Moss grows slowly."
    fetch([item("2603.00001", upvotes=5)], "2026-03-02", "2026-03-02 11:00")
    run("settle", now="2026-03-03 06:00")
    rows = Change.objects.order_by("number").values_list("kind", "facts__summary")
    assert list(rows) == [("listed", None), ("rose", "Moss grows slowly."), ("settled", "Moss grows slowly.")]


def test_a_source_that_has_always_failed_and_is_looked_at_no_more_is_no_quiet_day():
    reader(R, now="2026-11-20 06:30")
    serve("2026-11-20 06:31")
    fetch(b"<html>", "2026-11-20", "2026-11-20 08:00")
    publish("2026-11-22 07:01")
    assert copies(R)[-1] == ("silent", "source failed")


def test_a_paper_that_arxiv_only_replaced_is_told_by_its_source_once_another_list_brings_it(cs):
    for name, query in (("cs", "source:cs"), ("new", "source:cs -is:revised"), ("hf", "source:hf")):
        reader(f"{name}@example.org", f"T={query}", now="2026-11-20 06:30")
    serve("2026-11-20 06:31")
    announced("2026-11-23", "replace", 2, [1])
    serve("2026-11-24 07:01")
    assert told("cs@example.org") == told("new@example.org") == ["2611.00900"]
    fetch(papers("2611.00001"), "2026-11-24", "2026-11-24 08:00")
    serve("2026-11-25 07:01")
    assert told("cs@example.org") == ["2611.00900", "2611.00001"]
    assert told("new@example.org") == ["2611.00900"]
    assert told("hf@example.org") == ["2611.00001"]
