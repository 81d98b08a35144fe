"""What filters ask beside words, from a source's listing to the mail: categories, dates, announcements."""

from __future__ import annotations

import pytest

from digest.models import Change, Paper
from subscribers.models import Subscriber
from tests.digest.sources.announced import rss, rss_entry
from tests.house import fetch, item, reader, run, serve, told

pytestmark = pytest.mark.django_db
FEED = "https://rss.arxiv.org/rss/cs.AI+cs.LG"


def announce(day: int, *entries: str) -> None:
    """What arXiv announces on a day of November 2026."""
    pages = rss(*entries).replace(b"24 Nov 2026", f"{day} Nov 2026".encode())
    fetch(pages, f"2026-11-{day}", f"2026-11-{day} 06:00", "cs")


@pytest.fixture(autouse=True)
def _arxiv() -> None:
    run("source", "add", "cs", "--kind", "arxiv", "--url", FEED, now="2026-11-23 06:00")
    announce(23)


def test_a_revision_is_told_again_to_who_asks_for_revisions():
    reader("new@example.org", "A=is:new cat:cs.lg", now="2026-11-23 08:00")
    reader("revised@example.org", "A=is:revised primary:cs.*", now="2026-11-23 08:00")
    reader("cross@example.org", "A=is:cross", now="2026-11-23 08:00")
    people = ("new@example.org", "revised@example.org", "cross@example.org")
    serve("2026-11-23 09:00")
    announce(24, rss_entry(1), rss_entry(2, kind="cross"))
    serve("2026-11-24 09:00")
    assert [told(who) for who in people] == [["2611.00001"], [], ["2611.00002"]]
    for version in (2, 3):
        announce(23 + version, rss_entry(1, kind="replace", version=version))
        serve(f"2026-11-{23 + version} 09:00")
    assert [told(who) for who in people] == [["2611.00001"], ["2611.00001", "2611.00001"], ["2611.00002"]]
    assert Subscriber.objects.get(email="revised@example.org").topics.get().revisions


def test_the_last_days_count_from_the_change_not_from_the_digest():
    """Published on the 1st of March: a week old when it is listed, older when its votes rise."""
    reader("ada@example.org", "A=published:P7D", now="2026-03-06 08:00")
    serve("2026-03-06 09:00")
    fetch([item("2603.00001"), item("2602.00002", publishedAt="2026-02-27T00:00:00.000Z")], "2026-03-08",
          "2026-03-08 06:00")  # fmt: skip
    serve("2026-03-12 09:00")
    assert told("ada@example.org") == ["2603.00001"]
    said = [run("filter", "published:P7D", now=f"2026-03-{day:02} 12:00")["matches"] for day in (8, 9)]
    assert said == [["2603.00001"], []]


def test_why_a_paper_is_not_there_is_said_by_the_day_of_its_change():
    reader("ada@example.org", "A=published:P7D", now="2026-03-06 08:00")
    serve("2026-03-06 09:00")
    fetch([item("2602.00002", publishedAt="2026-02-27T00:00:00.000Z")], "2026-03-08", "2026-03-08 06:00")
    serve("2026-03-09 09:00")
    said = run("why", "ada@example.org", "2026-03-09", "--paper", "2602.00002", now="2026-03-20 09:00")
    assert said["reason"] == "topic A: was published on 2026-02-27, not in the last 7 days"


def test_facts_keep_how_arxiv_announced_and_where_it_belongs_but_not_the_day_of_judging():
    announce(24, rss_entry(1, kind="new"))
    facts = Paper.objects.get().facts
    assert (facts["announce"], facts["primary"], facts["published"]) == ("new", "cs.LG", "2026-11-24")
    assert "judged" not in facts
    assert Change.objects.get(kind="listed").facts == facts
