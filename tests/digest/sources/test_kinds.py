"""Three kinds of source through the whole service: what is stored of them, and what readers are told."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.management.base import CommandError
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from digest.models import Appearance, Change, Identity, Paper, Snapshot, Source
from digest.pipeline import fetching
from digest.sources import arxiv, huggingface, politeness
from tests.digest.sources.announced import api, channel, item, rss, rss_entry
from tests.digest.sources.web import plain, web
from tests.house import HF, fetch, letters, papers, reader, run, serve, told

pytestmark = pytest.mark.django_db
R = "r@example.org"
J = "http://j.example/"
TODAY = "Wed, 25 Nov 2026 06:00:00 GMT"


@pytest.fixture
def journal() -> str:
    run("source", "add", "j", "--kind", "feed", "--url", "http://j.example/rss")
    return "j"


@pytest.fixture
def cs() -> str:
    run("source", "add", "cs", "--kind", "arxiv", "--short", "arxiv", "--url", "https://rss.arxiv.org/rss/cs.AI+cs.LG")
    return "cs"


def three(guid: str = "", date: str = TODAY) -> bytes:
    titles = ("Moss one", "Moss two", "Moss three")
    return channel(*(item(guid.format(n), f"{J}{n}", date, title) for n, title in enumerate(titles, start=1)))


# Identity


def test_three_entries_are_three_papers_whatever_guids_they_get(journal):
    reader(R, now="2026-11-25 05:00")
    added = [
        len(fetch(body, "2026-11-25", f"2026-11-25 0{hour}:00", journal)["added"])
        for hour, body in ((6, three(J)), (7, three()), (8, three("x{}")), (9, three("y{}")), (9, three(J)))
    ]
    assert added == [3, 0, 0, 0, 0]
    serve("2026-11-26 08:00")
    fetch(three("z{}"), "2026-11-26", "2026-11-26 09:00", journal)
    serve("2026-11-27 08:00")
    assert Paper.objects.count() == 3
    assert len(told(R)) == 3
    assert len(letters(R)) == 1


def test_a_guid_used_again_for_another_entry_hides_nothing(journal):
    fetch(channel(item("latest", f"{J}1", TODAY, "Moss")), "2026-11-25", "2026-11-25 07:00", journal)
    again = fetch(channel(item("latest", f"{J}2", TODAY, "Fern")), "2026-11-25", "2026-11-25 08:00", journal)
    assert len(again["added"]) == 1
    revised = fetch(channel(item("latest", f"{J}2", TODAY, "Fern, revised")), "2026-11-25", "2026-11-25 09:00", journal)
    assert revised["added"] == []
    assert {paper.facts["title"] for paper in Paper.objects.all()} == {"Moss", "Fern, revised"}


def test_a_known_link_under_another_title_is_another_paper(journal):
    fetch(channel(item("g1", J, TODAY, "Moss")), "2026-11-25", "2026-11-25 07:00", journal)
    assert len(fetch(channel(item("g2", J, TODAY, "Fern")), "2026-11-25", "2026-11-25 08:00", journal)["added"]) == 1


def test_a_key_that_joins_two_papers_merges_the_younger_into_the_older(journal, cs):
    reader(R, now="2026-11-25 05:00")
    doi = "<dc:identifier>doi:10.5555/moss</dc:identifier>"
    fetch(rss(rss_entry(1)), "2026-11-24", "2026-11-24 06:00", cs)
    fetch(channel(item("g", f"{J}1", TODAY, "Moss 1", doi)), "2026-11-25", "2026-11-25 07:00", journal)
    assert Paper.objects.count() == 2
    joined = rss(rss_entry(1, more="<arxiv:DOI>10.5555/Moss</arxiv:DOI>"))
    fetch(joined, "2026-11-24", "2026-11-25 08:00", cs)
    old, young = Paper.objects.order_by("id")
    assert young.merged_into_id == old.pk
    assert set(Identity.objects.filter(paper=old).values_list("key", flat=True)) >= {
        "arxiv:2611.00001",
        "doi:10.5555/moss",
    }
    for day in (26, 27):
        serve(f"2026-11-{day} 08:00")
    assert len(told(R)) == 1


def test_a_paper_that_gets_an_arxiv_id_is_called_by_it_and_its_other_names_lead_to_it(journal, client):
    reader(R, now="2026-11-23 05:00")
    serve("2026-11-23 05:01")
    monday, tuesday = "Mon, 23 Nov 2026 06:00:00 GMT", "2026-11-24"
    fetch(channel(item("moss", f"{J}1", monday, "Moss")), "2026-11-23", "2026-11-23 10:00", journal)
    serve("2026-11-24 07:30")
    fetch(papers("2611.00001", title="Moss"), tuesday, "2026-11-24 10:00", HF)
    serve("2026-11-25 07:30")
    doi = "<dc:identifier>doi:10.5555/moss</dc:identifier>"
    fetch(channel(item("moss", f"{J}1", monday, "Moss", doi)), "2026-11-24", "2026-11-24 11:00", journal)
    assert Paper.objects.order_by("id").values_list("key", flat=True)[0] == "10.5555/moss"
    joined = item("moss", "https://arxiv.org/abs/2611.00001", monday, "Moss")
    again = fetch(channel(joined), "2026-11-25", "2026-11-25 10:00", journal)
    assert again["added"] == []
    old, young = Paper.objects.order_by("id")
    assert (young.merged_into_id, old.key, old.facts["key"]) == (old.pk, "2611.00001", "2611.00001")
    assert young.key == "10.5555/moss"
    assert told(R) == ["j:moss", "2611.00001"]  # what was said stays
    for name in ("2611.00001", "10.5555/moss", "j:moss"):
        assert b"Moss" in client.get(f"/p/{name}").content
        for day in ("2026-11-24", "2026-11-25"):
            said = run("why", R, day, "--paper", name, now="2026-11-25 12:00")
            assert said["result"] == "shown", (name, day, said)
        assert run("filter", "*", "--explain", name, now="2026-11-25 12:00")["why"] == "matches: every paper"


def test_a_merged_paper_is_listed_since_the_first_day_of_either(journal):
    fetch(papers("2611.00001", title="Moss"), "2026-11-25", "2026-11-25 06:00", HF)
    monday = "Mon, 23 Nov 2026 06:00:00 GMT"
    fetch(channel(item("moss", f"{J}1", monday, "Moss")), "2026-11-25", "2026-11-25 07:00", journal)
    joined = item("moss", "https://arxiv.org/abs/2611.00001", monday, "Moss")
    fetch(channel(joined), "2026-11-25", "2026-11-25 08:00", journal)
    old, young = Paper.objects.order_by("id")
    assert young.merged_into_id == old.pk
    assert (old.first_day, old.facts["listed"]) == (date(2026, 11, 23), "2026-11-23")


def test_a_listing_that_was_news_stays_news_when_its_paper_turns_out_to_be_an_older_one(journal):
    arxiv_link = "https://arxiv.org/abs/2611.00001"
    early, late = item("moss", f"{J}1", TODAY, "Moss"), item("fern", arxiv_link, TODAY, "Fern")
    fetch(channel(early), "2026-11-25", "2026-11-25 06:00", journal, "--backfill")
    fetch(channel(early, late), "2026-11-25", "2026-11-25 07:00", journal)
    fetch(channel(item("moss", arxiv_link, TODAY, "Moss")), "2026-11-25", "2026-11-25 08:00", journal)
    old, young = Paper.objects.order_by("id")
    assert young.merged_into_id == old.pk
    assert Appearance.objects.get().news
    run("settle", now="2026-11-29 08:00")
    assert Change.objects.get(kind="settled").news


def test_a_volumes_doi_joins_no_papers_of_different_looks(journal):
    volume = "<dc:identifier>doi:10.5555/volume</dc:identifier>"
    moss, fern = (item(name, f"{J}{name}", TODAY, name, volume) for name in ("moss", "fern"))
    fetch(channel(moss), "2026-11-25", "2026-11-25 07:00", journal)
    assert fetch(channel(fern), "2026-11-25", "2026-11-25 08:00", journal)["added"] == ["j:fern"]
    for hour, both in (("09", [fern, moss]), (10, [moss]), (11, [fern])):
        assert fetch(channel(*both), "2026-11-25", f"2026-11-25 {hour}:00", journal)["added"] == []
    papers = Paper.objects.filter(merged_into=None).order_by("id")
    assert [(paper.key, paper.facts["title"]) for paper in papers] == [("10.5555/volume", "moss"), ("j:fern", "fern")]
    assert set(Change.objects.values_list("kind", flat=True)) == {"listed"}


def test_a_new_version_beside_the_old_one_is_told_once(journal):
    reader(R, now="2026-11-25 05:00")
    serve("2026-11-25 05:10")
    posted = [item("10.5555/moss", f"{J}10.5555/moss.v{n}?rss=1", TODAY, "Moss") for n in (1, 2)]
    named = [item(f"https://arxiv.org/abs/2611.00045v{n}", "", TODAY, "Fern") for n in (1, 2)]
    fetch(channel(posted[0], named[0]), "2026-11-25", "2026-11-25 10:00", journal)
    serve("2026-11-26 07:30")
    again = fetch(channel(*posted, *named), "2026-11-26", "2026-11-26 10:00", journal)
    assert again["added"] == []
    serve("2026-11-27 07:30")
    assert sorted(told(R)) == ["10.5555/moss", "2611.00045"]


def test_two_arxiv_papers_of_one_volume_stay_two(cs, journal):
    volume = "<arxiv:DOI>10.5555/volume</arxiv:DOI>"
    fetch(rss(rss_entry(1, more=volume)), "2026-11-24", "2026-11-24 06:00", cs)
    later = rss(rss_entry(2, more=volume, date=TODAY), date=TODAY)
    assert fetch(later, "2026-11-25", "2026-11-25 06:00", cs)["added"] == ["2611.00002"]
    assert Paper.objects.filter(merged_into=None).count() == 2


# Dates


def dated(*dates: str) -> bytes:
    titles = ("From tomorrow", "No such day", "Today")
    return channel(*(item(f"g{n}", f"{J}{n}", date, titles[n - 1]) for n, date in enumerate(dates, start=1)))


def test_future_unreadable_and_renewed_dates_hide_and_repeat_nothing(journal):
    reader(R, now="2026-11-25 05:00")
    first = fetch(
        dated("Wed, 01 Dec 2027 00:00:00 GMT", "32 Foo 2026", TODAY), "2026-11-25", "2026-11-25 06:30", journal
    )
    assert len(first["added"]) == 3
    serve("2026-11-25 08:00")
    assert len(told(R)) == 3
    again = fetch(dated(*["Thu, 26 Nov 2026 06:00:00 GMT"] * 3), "2026-11-26", "2026-11-26 06:30", journal)
    assert (again["added"], again["listed_elsewhere"], again["unlisted"]) == ([], [], [])
    run("settle", now="2026-11-28 06:00")
    serve("2026-11-28 08:00")
    assert len(told(R)) == 3
    assert set(Appearance.objects.values_list("day", flat=True)) == {date(2026, 11, 25)}


def test_a_new_feed_with_200_old_entries_tells_nobody(journal):
    reader(R, now="2026-11-20 05:00")
    serve("2026-11-20 05:01")
    old = [item(f"g{n}", f"{J}{n}", "Mon, 02 Mar 2026 06:00:00 GMT", f"Moss {n}") for n in range(150)]
    old += [item(f"g{n}", f"{J}{n}", "", f"Moss {n}") for n in range(150, 200)]
    assert len(fetch(channel(*old), "2026-11-25", "2026-11-25 06:30", journal)["added"]) == 200
    serve("2026-11-26 08:00")
    assert letters(R) == []
    new = fetch(channel(item("new", f"{J}new", "", "New moss"), *old), "2026-11-26", "2026-11-26 09:00", journal)
    assert len(new["added"]) == 1
    serve("2026-11-27 08:00")
    assert told(R) == ["j:new"]


def test_what_a_feed_drops_is_not_gone(journal):
    fetch(three("g{}"), "2026-11-25", "2026-11-25 07:00", journal)
    taken = fetch(channel(item("g3", f"{J}3", TODAY, "Moss three")), "2026-11-25", "2026-11-25 08:00", journal)
    assert (taken["verdict"], taken["unlisted"]) == ("ok", [])


# arXiv


def test_an_old_batch_under_a_fresh_date_is_no_listing_yet(cs):
    monday, tuesday = "Mon, 23 Nov 2026 00:00:00 -0500", "Tue, 24 Nov 2026 00:00:00 -0500"
    batch = [rss_entry(n, date=monday) for n in range(8)]
    fetch(rss(*batch, date=monday), "2026-11-23", "2026-11-23 06:00", cs)
    fresh_entries = [entry.replace(monday, tuesday) for entry in batch]
    for stale in (rss(*batch, date=tuesday), rss(*fresh_entries, date=tuesday)):
        taken = fetch(stale, "2026-11-24", "2026-11-24 06:00", cs)
        assert (taken["verdict"], taken["listed_elsewhere"]) == ("suspect", [])
        assert taken["reason"].startswith("No listing yet")
    real = fetch(rss(rss_entry(9, date=tuesday), date=tuesday), "2026-11-24", "2026-11-24 07:00", cs)
    assert (real["verdict"], real["added"]) == ("ok", ["2611.00009"])


def test_a_day_of_replacements_tells_nobody_and_known_papers_are_revised(cs):
    reader(R, "All[revisions]=*", now="2026-11-20 05:00")
    serve("2026-11-20 05:01")
    fetch(papers("2611.00001"), "2026-11-23", "2026-11-23 06:00", HF)
    serve("2026-11-24 08:00")
    replaced = [rss_entry(n, kind="replace", version=2) for n in range(1, 60)]
    taken = fetch(rss(*replaced), "2026-11-24", "2026-11-24 09:00", cs)
    assert len(taken["added"]) == 58
    serve("2026-11-25 08:00")
    assert told(R) == ["2611.00001"]
    again = [rss_entry(1, kind="replace", version=3, date=TODAY)]
    assert fetch(rss(*again, date=TODAY), "2026-11-25", "2026-11-25 09:00", cs)["revised"] == ["2611.00001"]
    serve("2026-11-26 08:00")
    assert told(R) == ["2611.00001", "2611.00001"]


def test_a_first_version_that_is_found_later_puts_no_old_text_back(cs):
    second = rss(rss_entry(1, kind="replace", version=2, title="Moss, revised", date=TODAY), date=TODAY)
    fetch(second, "2026-11-25", "2026-11-25 06:00", cs)
    fetch(rss(rss_entry(1)), "2026-11-24", "2026-11-25 07:00", cs, "--backfill")
    fetch(papers("2611.00001", title="Moss 1"), "2026-11-25", "2026-11-25 08:00", HF)
    paper = Paper.objects.get()
    assert (paper.facts["title"], paper.facts["version"]) == ("Moss, revised", 2)


def test_one_paper_in_three_sources_is_one_paper_told_once_by_the_source_asked_for(cs, journal):
    wishes = {"all": "*", "hf": "source:hf", "arxiv": "source:arxiv", "j": "source:j"}
    for name, query in wishes.items():
        reader(f"{name}@example.org", f"T={query}", now="2026-11-23 05:00")
    serve("2026-11-23 05:01")
    fetch(rss(rss_entry(1)), "2026-11-24", "2026-11-24 06:00", cs)
    serve("2026-11-24 08:00")
    assert [name for name in wishes if told(f"{name}@example.org")] == ["all", "arxiv"]
    fetch(papers("2611.00001"), "2026-11-25", "2026-11-25 06:00", HF)
    serve("2026-11-25 08:00")
    entry = item("post-1", "https://arxiv.org/abs/2611.00001v2", "Thu, 26 Nov 2026 05:00:00 GMT", "On moss")
    assert fetch(channel(entry), "2026-11-26", "2026-11-26 06:00", journal)["listed_elsewhere"] == ["2611.00001"]
    serve("2026-11-26 08:00")
    assert (Paper.objects.count(), Appearance.objects.count()) == (1, 3)
    assert all(told(f"{name}@example.org") == ["2611.00001"] for name in wishes)


# The network


@pytest.fixture
def site():
    paths = {}
    with web(paths) as server:
        run("source", "add", "cs", "--kind", "arxiv", "--url", server.url("/rss/cs.AI+cs.LG"))
        Source.objects.filter(slug=HF).update(enabled=False)
        yield server, paths


def test_a_feed_is_looked_at_once_for_the_day_on_the_american_east_coast(site):
    server, paths = site
    paths["/rss/cs.AI+cs.LG"] = plain(200, rss(rss_entry(1)))
    looks = run("fetch", now="2026-11-25 03:00")["looks"]
    assert [(look["day"], look["verdict"], look["added"]) for look in looks] == [("2026-11-24", "ok", ["2611.00001"])]
    assert len(server.seen) == 1
    later = run("fetch", now="2026-11-25 06:00")["looks"]
    assert [(look["day"], look["verdict"]) for look in later] == [("2026-11-25", "suspect")]
    assert "No listing yet" in later[0]["reason"]


def test_a_feed_rendered_anew_is_unchanged_and_its_body_stored_once(site):
    _, paths = site
    verdicts = []
    for hour in (5, 6, 7):
        built = rss(rss_entry(1)).replace(b"04:00:18 +0000", f"0{hour}:00:00 +0000".encode())
        paths["/rss/cs.AI+cs.LG"] = plain(200, built)
        verdicts += [look["verdict"] for look in run("fetch", now=f"2026-11-24 1{hour}:00")["looks"]]
    assert verdicts == ["ok", "unchanged", "unchanged"]
    assert len({tuple(bodies) for bodies in Snapshot.objects.values_list("bodies", flat=True)}) == 1


def test_a_feed_is_asked_whether_it_has_changed(site):
    server, paths = site
    paths["/rss/cs.AI+cs.LG"] = plain(200, rss(rss_entry(1)), ETag='"a"')
    run("fetch", now="2026-11-24 10:00")
    paths["/rss/cs.AI+cs.LG"] = plain(304)
    assert [look["verdict"] for look in run("fetch", now="2026-11-24 11:00")["looks"]] == ["unchanged"]
    assert [headers.get("if-none-match") for _, headers in server.seen] == [None, '"a"']


def test_an_error_feed_under_status_400_says_why(site):
    _, paths = site
    error = rss(title="Feed error for query: http://rss.arxiv.org/rss/foo", description="Bad archive 'foo'.")
    paths["/rss/cs.AI+cs.LG"] = plain(400, error)
    (look,) = run("fetch", now="2026-11-24 10:00")["looks"]
    assert look["verdict"] == "failed"
    assert "Bad archive 'foo'" in look["reason"]
    assert "400" in look["reason"]


def test_a_weekend_is_an_empty_day_and_a_challenge_is_suspect(site):
    _, paths = site
    paths["/rss/cs.AI+cs.LG"] = plain(200, rss(date="Sat, 28 Nov 2026 00:00:00 -0500"))
    assert [look["verdict"] for look in run("fetch", now="2026-11-28 10:00")["looks"]] == ["ok"]
    paths["/rss/cs.AI+cs.LG"] = plain(200, b"<html><title>Just a moment</title></html>")
    (look,) = run("fetch", now="2026-11-28 11:00")["looks"]
    assert (look["verdict"], look["reason"].partition(":")[0]) == ("suspect", "Challenge page")


def test_past_days_are_filled_from_the_api_at_its_pace_and_are_no_news(site, monkeypatch):
    server, paths = site
    pauses = []
    monkeypatch.setattr(fetching, "sleep", pauses.append)
    monkeypatch.setattr(fetching, "gap", politeness.gap)

    def query(day: int, start: int) -> str:
        url = arxiv.query_url(["cs.AI", "cs.LG"], date(2026, 11, day), start, base=server.url())
        return url.removeprefix(server.url(""))

    paths[query(20, 0)] = plain(200, api(1, 2, total=3))
    paths[query(20, 2)] = plain(200, api(3, start=2, total=3))
    paths[query(21, 0)] = plain(200, api())
    reader(R, now="2026-11-24 05:00")
    serve("2026-11-24 05:01")
    fill = ("fetch", "--source", "cs", "--from-day", "2026-11-20", "--to-day", "2026-11-21")
    days = run(*fill, now="2026-11-24 10:00")["days"]
    assert [(day["verdict"], day["added"]) for day in days] == [("ok", 3), ("ok", 0)]
    assert len(pauses) == 2
    assert sum(pauses) > 8  # nobody slept, so the second of them waits for the first
    assert run(*fill, now="2026-11-24 11:00")["days"] == []
    serve("2026-11-25 08:00")
    assert letters(R) == []
    assert not Change.objects.filter(news=True).exists()


def test_a_feed_has_no_past_to_fill_from(journal):
    with pytest.raises(CommandError, match="no past days"):
        run("fetch", "--source", "j", "--from-day", "2026-11-20", "--to-day", "2026-11-21", now="2026-11-24 10:00")


def test_a_file_without_a_day_goes_to_the_day_that_it_says(cs, journal, tmp_path: Path):
    file = tmp_path / "feed.xml"
    file.write_bytes(rss(rss_entry(1)))
    look = run("fetch", "--source", "cs", "--from", str(file), now="2026-11-25 10:00")["looks"][0]
    assert (look["day"], look["verdict"]) == ("2026-11-24", "ok")
    file.write_text(json.dumps({"version": "https://jsonfeed.org/version/1", "items": [{"id": "1", "title": "Moss"}]}))
    look = run("fetch", "--source", "j", "--from", str(file), now="2026-11-25 10:00")["looks"][0]
    assert (look["day"], look["added"]) == ("2026-11-25", ["j:1"])


@pytest.mark.slow
def test_a_year_of_back_fill_tells_nobody_and_raises_no_doubt(site):
    server, paths = site
    run("source", "add", "old", "--kind", "hf", "--url", server.url())
    first, last = date(2025, 11, 1), date(2026, 10, 31)
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        listed = papers(*(f"{day:%y%m}.{day.day:02}{k:03}" for k in range(1 + n % 3))) if day.weekday() < 5 else []
        paths[huggingface.urls("http://x", day).removeprefix("http://x")] = plain(200, json.dumps(listed).encode())
    reader(R, "All=*", "Trending[settled]=*", now="2026-11-01 05:00")
    serve("2026-11-01 05:01")
    days = run("fetch", "--source", "old", "--from-day", str(first), "--to-day", str(last), now="2026-11-01 06:00")[
        "days"
    ]
    assert ({day["verdict"] for day in days}, len(days)) == ({"ok"}, 365)
    assert Paper.objects.count() == sum(day["added"] for day in days) > 500
    run("settle", now="2026-11-02 06:00")
    for morning in ("2026-11-02 07:01", "2026-11-03 07:01"):
        serve(morning)
    assert letters(R) == []
    assert not Change.objects.filter(news=True).exists()


# Whatever a feed does with its keys

ENTRIES = st.tuples(
    st.sampled_from(["", "g1", "g2", "g3", f"{J}1", f"{J}2", "arXiv:2611.00001", "doi:10.5555/moss"]),
    st.sampled_from(["", f"{J}1", f"{J}2/", f"{J}3?utm_source=x", "https://arxiv.org/abs/2611.00002v1"]),
    st.sampled_from(["Moss", "Fern", "Reed"]),
    st.sampled_from(["", TODAY, "Tue, 24 Nov 2026 06:00:00 GMT", "Wed, 01 Dec 2027 00:00:00 GMT"]),
)
LOOKS = st.lists(st.lists(ENTRIES, max_size=5), min_size=1, max_size=5)


# a name is not believed at one look, and another entry of the same look gives its paper the title of this one
NAME_OF_ANOTHER = [[("g1", f"{J}1", "Fern", "")], [("", f"{J}1", "Moss", ""), ("g1", "", "Moss", TODAY)]]

# one entry has the name of a paper, another its link and title
LINK_OF_ANOTHER = [[(f"{J}1", f"{J}2/", "Moss", "")], [(f"{J}1", "", "Fern", ""), ("g1", f"{J}2/", "Moss", "")]]

# one entry has the link of a paper and no name, another its name and its title
NAME_AND_TITLE = [[("g1", f"{J}1", "Fern", "")], [("", f"{J}1", "Moss", ""), ("g1", "", "Fern", "")]]


@given(looks=LOOKS)
@example(looks=NAME_OF_ANOTHER)
@example(looks=[NAME_OF_ANOTHER[0], NAME_OF_ANOTHER[1][::-1]])
@example(looks=LINK_OF_ANOTHER)
@example(looks=[LINK_OF_ANOTHER[0], LINK_OF_ANOTHER[1][::-1]])
@example(looks=NAME_AND_TITLE)
@example(looks=[NAME_AND_TITLE[0], NAME_AND_TITLE[1][::-1]])
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_look_at_a_feed_taken_twice_teaches_nothing_the_second_time(looks, journal):
    with transaction.atomic():
        for hour, entries in enumerate(looks):
            body = channel(*(item(guid, link, date, title) for guid, link, title, date in entries))
            fetch(body, "2026-11-25", f"2026-11-25 1{hour}:00", journal)
            known = Change.objects.count()
            fetch(body + b"\n", "2026-11-25", f"2026-11-25 1{hour}:30", journal)
            again = Change.objects.order_by("number")[known:]
            assert not [(change.kind, change.facts) for change in again], entries
        known = Change.objects.count()
        run("fetch", "--replay", "--source", journal, now="2026-11-26 10:00")
        assert Change.objects.count() == known
        assert not Appearance.objects.exclude(paper__merged_into=None).exists()
        transaction.set_rollback(True)
