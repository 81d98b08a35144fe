"""Looks that can't be believed, in the whole service: nothing is drawn from them, one alert, an operator's word."""

import json
from datetime import date, timedelta
from email.utils import format_datetime

import pytest
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from digest.models import Appearance, Change, Snapshot, Source, SourceDay
from digest.pipeline import front_panel, publish
from digest.sources import huggingface
from subscribers.models import Event
from tests.digest.sources.announced import api, channel, item, rss, rss_entry
from tests.digest.sources.web import plain, web
from tests.house import HF, at, copies, fetch, letters, papers, reader, run, serve

pytestmark = pytest.mark.django_db
R = "r@example.org"
CHALLENGE = b"<html><title>Just a moment...</title></html>"
OLD = "2025-11-01T00:00:00.000Z"


def keys(number: int, month: str = "2603", first: int = 0) -> list[str]:
    return [f"{month}.{first + n:05}" for n in range(number)]


def weekdays(first: str, count: int) -> list[date]:
    days = (date.fromisoformat(first) + timedelta(days=n) for n in range(count * 2))
    return [day for day in days if day.weekday() < 5][:count]


def listed(count: int, number: int = 5, hour: int = 4) -> list[date]:
    """So many weekdays of so many papers, seen first at an hour; from Monday, 2 March 2026, on."""
    days = weekdays("2026-03-02", count)
    for n, day in enumerate(days):
        fetch(papers(*keys(number, first=n * 100)), day, f"{day} {hour:02}:00")
    return days


def alerts() -> list[dict]:
    return [event.data for event in Event.objects.filter(kind="alert").order_by("id")]


def trouble(now: str) -> list[str]:
    return [one.day.isoformat() for row in front_panel.panel(at(now)).sources for one in row.trouble]


@pytest.fixture
def site():
    """A source on loopback that lists nothing but what is put into it."""
    paths = {}
    with web(paths) as server:
        run("source", "add", "local", "--kind", "hf", "--url", server.url())
        Source.objects.filter(slug=HF).update(enabled=False)
        yield server, paths


# Lists that are not like the source's own


def test_a_list_three_times_as_long_as_ever_is_doubted_and_told_to_nobody():
    listed(10)
    reader(R, now="2026-03-14 05:00")
    serve("2026-03-14 05:01")
    day = "2026-03-16"
    long = papers(*keys(16, first=5000))
    taken = fetch(long, day, f"{day} 05:00")
    assert (taken["verdict"], taken["added"]) == ("suspect", [])
    assert "more than three times as many as ever" in taken["reason"]
    serve("2026-03-17 07:01")
    assert [letter for letter in letters(R) if letter["slot"] > "2026-03-15"] == []
    assert copies(R)[-1] == ("silent", "source failed")
    assert fetch(long[:15], day, "2026-03-17 08:00")["verdict"] == "ok"


def test_the_same_list_is_believed_when_it_grows_within_the_day_or_is_filled_in():
    listed(10)
    assert fetch(papers(*keys(16, first=5000)), "2026-03-01", "2026-03-16 05:00", HF, "--backfill")["verdict"] == "ok"
    assert fetch(papers(*keys(1, first=6000)), "2026-03-16", "2026-03-16 01:00")["verdict"] == "ok"
    assert fetch(papers(*keys(40, first=6000)), "2026-03-16", "2026-03-16 05:00")["verdict"] == "ok"


def test_a_list_of_papers_nobody_knows_and_months_old_is_doubted():
    fetch(papers(*keys(6, "2510", 9), publishedAt=OLD), "2026-03-02", "2026-03-02 05:00")  # a first look may be so
    known = papers(*keys(6, "2510", 9), publishedAt=OLD)
    assert fetch(known, "2026-03-03", "2026-03-03 05:00")["verdict"] == "ok"
    strange = papers(*keys(5, "2511"), publishedAt=OLD)
    taken = fetch([*strange, *papers(*keys(4))], "2026-03-04", "2026-03-04 05:00")
    assert (taken["verdict"], taken["added"]) == ("suspect", [])
    assert "5 of them are unknown and more than 14 days old" in taken["reason"]
    assert fetch([*strange, *papers(*keys(5))], "2026-03-04", "2026-03-04 06:00")["verdict"] == "ok"


def test_a_feed_that_shows_its_archive_one_day_is_doubted():
    run("source", "add", "j", "--kind", "feed", "--url", "http://j.example/rss")
    new = item("g0", "http://j.example/0", "Wed, 25 Nov 2026 06:00:00 GMT", "Moss")
    archive = [item(f"a{n}", f"http://j.example/a{n}", "Mon, 02 Mar 2026 06:00:00 GMT", f"Fern {n}") for n in range(30)]
    assert fetch(channel(new), "2026-11-25", "2026-11-25 07:00", "j")["verdict"] == "ok"
    assert fetch(channel(new, *archive), "2026-11-25", "2026-11-25 08:00", "j")["verdict"] == "suspect"


# Lists that have not come


def test_an_empty_weekday_is_doubted_after_the_sources_usual_hour_and_quiet_when_it_is_over():
    listed(10, hour=6)
    friday, monday = "2026-03-13", "2026-03-16"
    assert fetch([], "2026-03-14", "2026-03-14 20:00")["verdict"] == "ok"  # Saturday
    assert fetch([], monday, f"{monday} 06:00")["verdict"] == "ok"
    late = fetch([], monday, f"{monday} 06:10")
    assert late["verdict"] == "suspect"
    assert late["reason"] == (
        f"No listing yet: the list for {monday} is empty, and its last 10 weekdays all had papers by 06:00 UTC."
    )
    assert Source.objects.get().next_look == at(f"{monday} 06:40")
    assert trouble(f"{monday} 06:20") == [monday]
    assert fetch([], monday, "2026-03-17 05:00")["verdict"] == "ok"
    assert trouble("2026-03-17 05:10") == []
    assert friday in {str(day) for day in Appearance.objects.values_list("day", flat=True)}


def test_the_usual_hour_is_learned_from_days_that_were_looked_at_and_not_from_filled_in_ones():
    for day in weekdays("2026-02-02", 10):
        fetch(papers(*keys(3, first=day.day * 100)), day, "2026-03-01 08:00", HF, "--backfill")
    listed(9)
    assert fetch([], "2026-03-13", "2026-03-13 20:00")["verdict"] == "ok"


@pytest.fixture
def cs() -> str:
    Source.objects.update(enabled=False)
    run("source", "add", "cs", "--kind", "arxiv", "--short", "arxiv", "--url", "https://rss.arxiv.org/rss/cs.AI")
    return "cs"


MONDAY, TUESDAY = "Mon, 23 Nov 2026 00:00:00 -0500", "Tue, 24 Nov 2026 00:00:00 -0500"


def test_an_old_batch_is_looked_at_again_within_the_hour_and_readers_hear_that_there_was_no_listing(cs):
    Source.objects.filter(slug=cs).update(every=24 * 60)
    reader(R, "Reeds=reeds", now="2026-11-22 05:00")
    serve("2026-11-22 05:01")
    old = rss(*(rss_entry(n, date=MONDAY) for n in range(3)), date=MONDAY)
    fetch(old, "2026-11-23", "2026-11-23 06:00", cs)
    assert fetch(old, "2026-11-24", "2026-11-24 06:00", cs)["verdict"] == "suspect"
    assert Source.objects.get(slug=cs).next_look - at("2026-11-24 06:00") <= timedelta(hours=1)
    serve("2026-11-24 07:01")
    assert copies(R)[-1] == ("silent", "source had no listing")
    assert run("preview", R, now="2026-11-24 07:30")["papers"] == []


@pytest.mark.parametrize("today_first", [True, False])
def test_it_is_the_list_of_the_latest_day_that_is_late_whichever_was_looked_at_last(cs, today_first):
    reader(R, "Reeds=reeds", now="2026-11-23 05:00")
    serve("2026-11-23 05:01")
    old = rss(*(rss_entry(n, date=MONDAY) for n in range(3)), date=MONDAY)
    fetch(old, "2026-11-23", "2026-11-23 06:00", cs)
    for day in ("2026-11-24", "2026-11-23") if today_first else ("2026-11-23", "2026-11-24"):
        fetch(old, day, "2026-11-24 06:00", cs)
    assert publish.quiet_reason(at("2026-11-24 07:01")) == "source had no listing"


def batch(day: str, kinds: dict[int, str], version: int = 1) -> dict:
    """A look at a batch of announcements, by number."""
    date = format_datetime(at(f"{day} 05:00"))
    entries = (rss_entry(n, kind=kind, version=version, date=date) for n, kind in kinds.items())
    return fetch(rss(*entries, date=date), day, f"{day} 06:00", "cs")


@pytest.mark.parametrize("again", [range(9), range(1, 4), range(11, 19), [15]])
def test_a_part_of_any_recent_batch_is_an_old_one_too(cs, again):
    batch("2026-11-20", dict.fromkeys(range(10), "new"))
    batch("2026-11-23", dict.fromkeys(range(10, 20), "new"))
    batch("2026-11-24", {20: "new", 12: "cross", 13: "replace"}, 2)
    stale = batch("2026-11-25", dict.fromkeys(again, "new"))
    day = "2026-11-20" if min(again) < 10 else "2026-11-23"
    assert stale["reason"] == (
        f"No listing yet: asked for 2026-11-25, the source shows the entries of {day} under a fresh date."
    )
    assert batch("2026-11-25", {**dict.fromkeys(again, "new"), 30: "new"})["verdict"] == "ok"


def test_a_small_day_of_cross_lists_and_replacements_is_a_day(cs):
    batch("2026-11-23", dict.fromkeys(range(10), "new"))
    assert batch("2026-11-24", {1: "cross", 2: "cross"})["verdict"] == "ok"
    assert batch("2026-11-25", {1: "cross", 2: "cross"})["reason"].startswith("No listing yet")
    assert batch("2026-11-25", {1: "cross"})["verdict"] == "ok"
    assert batch("2026-11-26", {1: "replace", 2: "replace-cross"}, 2)["verdict"] == "ok"


def test_what_a_back_fill_knew_before_it_was_announced_is_no_old_batch(cs):
    batch("2026-11-20", {0: "new"})
    fetch(api(1, 2, 3), "2026-11-23", "2026-11-24 04:00", "cs", "--backfill")
    assert len(batch("2026-11-24", dict.fromkeys((1, 2, 3), "new"))["listed_elsewhere"]) == 3


def test_a_late_source_is_no_quiet_day_though_another_one_listed_what_nobody_asked_for(cs):
    Source.objects.update(enabled=True)
    fetch(papers("2611.00009"), "2026-11-22", "2026-11-22 04:00")
    reader(R, "Reeds=reeds", now="2026-11-22 05:00")
    serve("2026-11-22 05:01")
    old = rss(*(rss_entry(n, date=MONDAY) for n in range(3)), date=MONDAY)
    fetch(old, "2026-11-23", "2026-11-23 06:00", cs)
    fetch(papers("2611.00010"), "2026-11-23", "2026-11-23 06:00")
    serve("2026-11-23 07:01")
    assert copies(R)[-1] == ("silent", "nothing matched")
    fetch(papers("2611.00011"), "2026-11-24", "2026-11-24 06:00")
    fetch(old, "2026-11-24", "2026-11-24 06:00", cs)
    serve("2026-11-24 07:01")
    assert copies(R)[-1] == ("silent", "source had no listing")


def test_a_source_that_says_304_on_an_empty_weekday_is_late_too(site):
    _, paths = site
    for n, day in enumerate(weekdays("2026-03-02", 10)):
        fetch(papers(*keys(5, first=n * 100)), day, f"{day} 05:00", "local")
    paths[huggingface.urls("http://x", date(2026, 3, 16)).removeprefix("http://x")] = plain(200, b"[]", ETag='"a"')
    assert run("fetch", "--source", "local", "--day", "2026-03-16", now="2026-03-16 04:00")["verdict"] == "ok"
    paths[huggingface.urls("http://x", date(2026, 3, 16)).removeprefix("http://x")] = plain(304)
    look = run("fetch", "--source", "local", "--day", "2026-03-16", now="2026-03-16 05:30")
    assert (look["verdict"], look["reason"].partition(":")[0]) == ("suspect", "No listing yet")


# One alert, until it clears


def test_a_doubted_look_alerts_once_with_its_evidence_and_again_only_after_it_had_cleared():
    day, whole = "2026-03-02", papers(*keys(30))
    fetch(whole, day, f"{day} 05:00")
    for hour in ("06", "07", "08"):
        fetch(papers("2603.00001", title="Moss <b>"), day, f"{day} {hour}:00")
    (alert,) = alerts()
    assert alert["what"] == f"{HF}, {day}: a look that can't be believed"
    assert (alert["seen"], alert["known"], alert["titles"]) == (1, 30, ["Moss <b>"])
    assert "less than half of the 30 known before" in alert["error"]
    assert trouble(f"{day} 08:30") == [day]
    fetch(whole, day, f"{day} 09:00")
    assert trouble(f"{day} 09:30") == []
    assert SourceDay.objects.get().alert is None
    fetch([], day, f"{day} 10:00")
    assert len(alerts()) == 2


def test_a_challenge_met_on_seven_days_is_one_alert():
    for n in range(7):
        fetch(CHALLENGE, date(2026, 3, 2 + n), "2026-03-08 05:00")
    assert len(alerts()) == 1
    assert len(trouble("2026-03-08 06:00")) == 7
    for n in range(7):
        fetch(papers(f"2603.0000{n}"), date(2026, 3, 2 + n), "2026-03-08 06:00")
    assert trouble("2026-03-08 07:00") == []


def test_a_back_fill_raises_no_alert():
    fetch(papers(*keys(30)), "2026-03-02", "2026-03-02 05:00")
    assert fetch([], "2026-03-02", "2026-03-09 05:00", HF, "--backfill")["verdict"] == "suspect"
    assert alerts() == []


def test_a_source_that_fails_for_a_day_alerts_once_and_is_calm_when_it_answers():
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 05:00")
    for hours in range(0, 49, 8):
        when = at("2026-03-02 06:00") + timedelta(hours=hours)
        fetch(b"<html>down</html>", when.date(), when)
        assert len(alerts()) == (hours >= 24)
    (alert,) = alerts()
    assert alert["what"] == f"{HF} has failed since 2026-03-02 06:00 UTC"
    (row,) = front_panel.panel(at("2026-03-05 06:00")).sources
    assert row.failing.what == alert["what"]
    fetch(papers("2603.00002"), "2026-03-05", "2026-03-05 07:00")
    (row,) = front_panel.panel(at("2026-03-05 08:00")).sources
    assert (row.failing, Source.objects.get().failing_since) == (None, None)


def test_a_source_that_shows_its_newest_only_leaves_yesterdays_trouble_behind(cs):
    old = rss(rss_entry(1, date=MONDAY), date=MONDAY)
    fetch(old, "2026-11-23", "2026-11-23 06:00", cs)
    fetch(old, "2026-11-24", "2026-11-24 06:00", cs)
    assert trouble("2026-11-24 07:00") == ["2026-11-24"]
    today = "Wed, 25 Nov 2026 00:00:00 -0500"
    fetch(rss(rss_entry(2, date=today), date=today), "2026-11-25", "2026-11-25 06:00", cs)
    assert trouble("2026-11-25 07:00") == []


# An operator's word


def shows(paths: dict, day: str, items: list | bytes | None) -> None:
    path = huggingface.urls("http://x", date.fromisoformat(day)).removeprefix("http://x")
    body = items if isinstance(items, bytes) else huggingface_body(items or [])
    paths[path] = plain(503, b"down") if items is None else plain(200, body)


def huggingface_body(items: list) -> bytes:
    return json.dumps(items).encode()


DAY = "2026-03-02"


def doubted(source: str = "local") -> None:
    """A day of 30 papers of which a later look shows 10, three of them new."""
    fetch(papers(*keys(30)), DAY, f"{DAY} 05:00", source)
    taken = fetch(papers(*keys(7), *keys(3, first=500)), DAY, f"{DAY} 06:00", source)
    assert taken["verdict"] == "suspect"


def test_an_accepted_day_is_looked_at_again_and_believed(site):
    _, paths = site
    doubted()
    shows(paths, DAY, papers(*keys(8), *keys(3, first=500)))
    said = run("source", "accept", "local", DAY, now=f"{DAY} 07:00")
    assert (said["verdict"], said["entries"], said["day"]) == ("ok", 11, DAY)
    assert said["changes"]["listed"] == keys(3, first=500)
    assert len(said["changes"]["unlisted"]) == 22
    assert trouble(f"{DAY} 08:00") == []
    shows(paths, DAY, [])
    again = run("fetch", "--source", "local", "--day", DAY, now=f"{DAY} 09:00")
    assert again["verdict"] == "ok"


def test_when_the_source_is_away_the_kept_body_is_believed_and_twice_is_harmless(site):
    _, paths = site
    doubted()
    shows(paths, DAY, None)
    said = run("source", "accept", "local", DAY, now=f"{DAY} 07:00")
    assert (said["verdict"], said["changes"]["listed"]) == ("ok", keys(3, first=500))
    known = Change.objects.count()
    assert run("source", "accept", "local", DAY, now=f"{DAY} 08:00")["verdict"] == "unchanged"
    assert Change.objects.count() == known


def test_the_guard_is_lowered_for_that_day_alone(site):
    _, paths = site
    doubted()
    shows(paths, DAY, papers(*keys(7)))
    run("source", "accept", "local", DAY, now=f"{DAY} 07:00")
    fetch(papers(*keys(30, first=1000)), "2026-03-03", "2026-03-03 05:00", "local")
    assert fetch(papers(*keys(3, first=1000)), "2026-03-03", "2026-03-03 06:00", "local")["verdict"] == "suspect"


def test_a_past_batch_is_taken_from_its_kept_body_and_never_from_todays(cs):
    old = rss(*(rss_entry(n, date=MONDAY) for n in range(3)), date=MONDAY)
    fetch(old, "2026-11-23", "2026-11-23 06:00", cs)
    fetch(rss(*(rss_entry(n, date=TUESDAY) for n in range(3)), date=TUESDAY), "2026-11-24", "2026-11-24 06:00", cs)
    said = run("source", "accept", cs, "2026-11-24", now="2026-11-26 07:00")
    assert (said["verdict"], len(said["changes"]["listed elsewhere"])) == ("ok", 3)


def test_what_was_never_doubted_cannot_be_accepted():
    fetch(papers("2603.00001"), DAY, f"{DAY} 05:00")
    with pytest.raises(CommandError, match="nothing to accept"):
        run("source", "accept", "hf", DAY, now=f"{DAY} 06:00")
    with pytest.raises(CommandError, match="needs a slug and a day"):
        run("source", "accept", "hf", now=f"{DAY} 06:00")
    assert Snapshot.objects.count() == 1
    assert SourceDay.objects.get().accepted_at is None


# Votes over time


def test_votes_are_kept_as_a_few_points_and_a_look_without_new_ones_writes_none():
    for hour, votes in enumerate((1, 3, 3, 9)):
        fetch(papers("2603.00001", upvotes=votes), DAY, f"{DAY} 0{hour}:00")
    row = Appearance.objects.get()
    assert [votes for _, votes, _ in row.points] == [1, 3, 9]
    with CaptureQueriesContext(connection) as queries:
        again = fetch(papers("2603.00001", upvotes=9), DAY, f"{DAY} 05:00")
    assert again["verdict"] == "unchanged"
    written = [query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert [sql.split('"')[1] for sql in written] == ["digest_source", "digest_snapshot"]
    assert Appearance.objects.get().points == row.points
