"""Kept bodies read again by a mended parser: also those of looks that could not be read."""

import json
from dataclasses import replace
from datetime import date

import pytest

from digest.models import Appearance, Body, Change, Paper, Snapshot, Source, SourceDay
from digest.pipeline import visiting
from digest.sources import huggingface, reader
from digest.sources.untrusted import UnreadableListing
from tests.digest.sources.announced import channel, rss, rss_entry
from tests.digest.sources.announced import item as feed_item
from tests.digest.sources.announced import item as listed
from tests.digest.sources.web import plain, web
from tests.house import at, fetch, item, letters, papers, run, serve
from tests.house import reader as subscribe

pytestmark = pytest.mark.django_db
R = "r@example.org"
DAY = "2026-03-02"


def unreadable(bodies, day, source, kind):
    what = "none of its 2 items is a paper (item 1 has no id)"
    raise UnreadableListing(what, f"the listing of {day}", "Report it", "format")


@pytest.fixture
def mend(monkeypatch):
    """A parser that reads nothing, until it is mended."""
    read = reader.read
    monkeypatch.setattr(reader, "read", unreadable)
    return lambda: monkeypatch.setattr(reader, "read", read)


def replay(now: str = "2026-03-05 10:00", day: str = DAY) -> dict:
    return run("fetch", "--replay", "--source", "hf", "--day", day, now=now)


def test_papers_of_a_look_that_could_not_be_read_are_known_after_a_replay_and_told_to_nobody(mend):
    subscribe(R, now="2026-03-01 05:00")
    serve("2026-03-01 05:01")
    assert fetch(papers("2603.00001", "2603.00002"), DAY, "2026-03-02 10:00")["verdict"] == "suspect"
    assert replay()["verdict"] == "failed"
    mend()
    taken = replay()
    assert (taken["verdict"], taken["added"]) == ("ok", ["2603.00001", "2603.00002"])
    assert set(Change.objects.values_list("kind", "news")) == {("listed", False)}
    serve("2026-03-05 12:00")
    assert letters(R) == []
    assert SourceDay.objects.get(day=DAY).alert is None


def test_a_replay_is_repeated_harmlessly(mend):
    fetch(papers("2603.00001"), DAY, "2026-03-02 10:00")
    mend()
    replay()
    changes, looks = Change.objects.count(), Snapshot.objects.count()
    again = replay()
    assert (again["added"], again["corrected"]) == ([], [])
    assert (Change.objects.count(), Snapshot.objects.count()) == (changes, looks)


def test_a_look_taken_up_stands_at_its_own_time_so_a_back_fill_still_looks_at_the_day(mend):
    fetch(papers("2603.00001"), DAY, "2026-03-02 10:00")
    mend()
    replay()
    newest = Snapshot.objects.latest("id")
    assert (newest.verdict, newest.at) == ("ok", at("2026-03-02 10:00"))


def test_a_replay_takes_nothing_away(monkeypatch):
    fetch(papers(*(f"2603.{n:05}" for n in range(10))), DAY, "2026-03-02 08:00")
    with monkeypatch.context() as broken:
        broken.setattr(reader, "read", unreadable)
        fetch(papers(*(f"2603.{n:05}" for n in range(1, 11))), DAY, "2026-03-02 10:00")
    taken = replay()
    assert (taken["verdict"], taken["added"], taken["unlisted"]) == ("ok", ["2603.00010"], [])
    assert Appearance.objects.filter(gone_at=None).count() == 11


@pytest.fixture
def journal() -> str:
    run("source", "add", "j", "--kind", "feed", "--url", "http://j.example/rss")
    return "j"


def corrected(source: str, day: str = "") -> list[str]:
    """The papers that a replay corrects; what nothing of it may be is seen to."""
    only = ("--day", day) if day else ()
    taken = run("fetch", "--replay", "--source", source, *only, now="2026-12-01 10:00")
    assert not Change.objects.filter(kind="corrected", news=True).exists()
    return [key for look in taken.get("looks", [taken]) for key in look["corrected"]]


def texts() -> list[tuple[str, str]]:
    return [(paper.facts["title"], paper.facts.get("code", "")) for paper in Paper.objects.order_by("id")]


MONDAY = "Mon, 02 Mar 2026 06:00:00 GMT"
A, B = "https://code.example.org/a", "https://code.example.org/b"


def moved() -> str:
    """A paper that moves to another day, its code with it."""
    fetch([item("2603.00001", githubRepo=A)], DAY, "2026-03-02 10:00")
    fetch([item("2603.00001", githubRepo=B)], "2026-03-04", "2026-03-04 10:00")
    return "hf"


def both_at_once() -> str:
    """Two days of one visit, both of which show the paper."""
    for day, code in ((DAY, A), ("2026-03-03", B)):
        fetch([item("2603.00001", githubRepo=code)], day, "2026-03-03 10:00")
    return "hf"


def retitled() -> str:
    for day, title in ((DAY, "Moss"), ("2026-03-03", "Moss, corrected")):
        fetch(channel(listed("g", "http://j.example/1", MONDAY, title)), day, f"{day} 10:00", "j")
    return "j"


def guid_used_again() -> str:
    for day, title in ((DAY, "Moss"), ("2026-03-03", "Fern")):
        fetch(channel(listed("g", f"http://j.example/{title}", MONDAY, title)), day, f"{day} 10:00", "j")
    return "j"


def spelled_otherwise() -> str:
    """Another source shows another title, and a newer version's."""
    run("source", "add", "cs", "--kind", "arxiv", "--url", "https://rss.arxiv.org/rss/cs.AI")
    fetch([item("2611.00001", title="Moss!")], "2026-11-24", "2026-11-24 05:00")
    for version, kind in ((1, "new"), (2, "replace")):
        fetch(rss(rss_entry(1, version=version, kind=kind)), "2026-11-24", f"2026-11-24 1{version}:00", "cs")
    return "hf"


def merged() -> str:
    """A paper without a text is the older of two that turn out to be one."""
    link, other = "http://j.example/1", "https://arxiv.org/abs/2603.00001"
    fetch(channel(listed("g", link, MONDAY, "Moss")), DAY, "2026-03-02 10:00", "j")
    fetch([item("2603.00001", title="Moss!", githubRepo=A)], DAY, "2026-03-02 11:00")
    fetch(channel(listed("g", other, MONDAY, "Moss")), DAY, "2026-03-02 12:00", "j")
    assert Paper.objects.filter(merged_into=None).count() == 1
    return "hf"


@pytest.mark.parametrize(
    "story",
    [moved, both_at_once, retitled, guid_used_again, spelled_otherwise, merged],
    ids=lambda story: story.__name__,
)
def test_a_replay_by_the_same_parser_writes_nothing(story, journal):
    source = story()
    before, head = texts(), Change.objects.count()
    days = [f"{day}" for day in Snapshot.objects.filter(source__short=source).values_list("day", flat=True)]
    for day in ("", *days, ""):
        assert corrected(source, day) == []
    assert (texts(), Change.objects.count()) == (before, head)


def test_a_mended_parser_corrects_each_paper_once_by_the_last_look_that_showed_it(monkeypatch, journal):
    bodies = {
        DAY: [
            listed("g1", "http://j.example/1", MONDAY, "Moss &#38; rain"),
            listed("g2", "", MONDAY, "Fern &#38; rain"),
        ],
        "2026-03-03": [listed("g1", "http://j.example/1", MONDAY, "Moss &#38; sun")],
    }
    read = reader.read

    def broken(*arguments):
        listing = read(*arguments)
        return replace(listing, entries=tuple(replace(e, title=e.title.replace("&", "?")) for e in listing.entries))

    with monkeypatch.context() as patched:
        patched.setattr(reader, "read", broken)
        for day, items in bodies.items():
            fetch(channel(*items), day, f"{day} 10:00", journal)
    assert [title for title, _ in texts()] == ["Moss ? sun", "Fern ? rain"]
    assert corrected(journal) == ["j:g2", "j:g1"]
    assert [title for title, _ in texts()] == ["Moss & sun", "Fern & rain"]
    assert corrected(journal) == corrected(journal, DAY) == []


def test_a_replay_fills_in_the_summaries_that_an_older_parser_left_out_and_makes_no_change(monkeypatch):
    read = reader.read

    def older(*arguments):
        listing = read(*arguments)
        return replace(listing, entries=tuple(replace(entry, summary="") for entry in listing.entries))

    with monkeypatch.context() as patched:
        patched.setattr(reader, "read", older)
        fetch([item("2603.00001", ai_summary="Moss grows.")], DAY, "2026-03-02 10:00")
    head = Change.objects.count()
    for _ in range(2):
        assert corrected("hf") == []
        assert Paper.objects.get().facts["summary"] == "Moss grows."
    assert Change.objects.count() == head


def test_a_look_that_was_followed_by_one_that_could_be_read_is_left_alone(mend):
    fetch(papers("2603.00001", "2603.00009"), DAY, "2026-03-02 10:00")
    mend()
    fetch(papers("2603.00001"), DAY, "2026-03-02 11:00")
    assert (replay()["added"], Paper.objects.count()) == ([], 1)


def test_a_doubted_look_that_could_be_read_waits_for_an_operator_and_not_for_a_replay():
    fetch(papers(*(f"2603.{n:05}" for n in range(30))), DAY, "2026-03-02 10:00")
    assert fetch(papers("2603.00001", "2603.99999"), DAY, "2026-03-02 11:00")["verdict"] == "suspect"
    taken = replay()
    assert (taken["entries"], taken["added"], taken["corrected"]) == (30, [], [])


def test_what_is_doubted_when_it_can_be_read_changes_nothing_and_waits_for_an_operator(monkeypatch):
    fetch(papers(*(f"2603.{n:05}" for n in range(30))), DAY, "2026-03-02 08:00")
    with monkeypatch.context() as broken:
        broken.setattr(reader, "read", unreadable)
        fetch(papers("2603.00001", "2603.99999"), DAY, "2026-03-02 10:00")
    changes = Change.objects.count()
    taken = replay()
    assert (taken["verdict"], taken["added"], Change.objects.count()) == ("suspect", [], changes)
    looks = Snapshot.objects.count()
    assert (replay()["corrected"], Snapshot.objects.count()) == ([], looks)


def test_a_body_that_is_no_longer_kept_says_so(mend):
    fetch(papers("2603.00001"), DAY, "2026-03-02 10:00")
    mend()
    Body.objects.all().delete()
    assert replay()["reason"] == "its bodies are no longer kept"


def test_what_a_parser_stumbled_over_is_kept_and_read_when_it_is_mended(monkeypatch):
    path = huggingface.urls("http://x", date(2026, 3, 2)).removeprefix("http://x")
    listed = json.dumps([item("2603.00001", title="Moss")]).encode()
    with web({path: plain(200, listed)}) as server:
        run("source", "add", "local", "--kind", "hf", "--url", server.url("/"))
        here = Source.objects.get(slug="local")
        parse = huggingface.parse
        monkeypatch.setattr(huggingface, "parse", lambda *a: 1 // 0)
        monkeypatch.setattr(visiting, "due_days", lambda source, now: [date(2026, 3, 2)])
        assert [taken.verdict for taken in visiting.looks(here, at("2026-03-02 10:00"))] == ["failed"]
    assert "ZeroDivisionError" in Snapshot.objects.get().reason
    monkeypatch.setattr(huggingface, "parse", parse)
    taken = run("fetch", "--replay", "--source", "local", "--day", DAY, now="2026-03-05 10:00")
    assert (taken["verdict"], taken["added"]) == ("ok", ["2603.00001"])


def test_a_replay_knows_an_entry_whose_guid_was_given_to_another():
    run("source", "add", "j", "--kind", "feed", "--url", "http://j.example/rss")
    for hour, (link, title) in enumerate((("1", "Moss"), ("2", "Fern"))):
        body = channel(feed_item("latest", f"http://j.example/{link}", "", title))
        fetch(body, "2026-11-25", f"2026-11-25 0{hour}:00", "j")
    titles = ["Moss", "Fern"]
    assert [paper.facts["title"] for paper in Paper.objects.order_by("id")] == titles
    taken = run("fetch", "--replay", "--source", "j", "--day", "2026-11-25", now="2026-11-26 10:00")
    assert taken["corrected"] == []
    assert [paper.facts["title"] for paper in Paper.objects.order_by("id")] == titles
