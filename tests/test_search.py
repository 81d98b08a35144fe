"""A search finds what `filter` finds, on whatever is stored by now."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from digest import sample
from digest.matching.why import reason
from digest.models import Change, Paper
from digest.pipeline import browsing, kept
from subscribers.query.parser import parse
from tests.house import fetch, item, run
from tests.listings import need_listings

pytestmark = pytest.mark.django_db
QUERIES = (
    "*", "robot*", "model", "* -model", "models OR agents -survey", '"language model"~5', '=training', "finetuning",
    "multi-modal", "title:learn*", 'author:"Y Wang"', "org:university", "has:code upvotes:>=5", "source:hf",
    "comments:..1", "published:P7D", "#robotics OR tag:evaluation", "is:new -published:2026-03", "cat:cs.*",
    '"large language models"', "nothingofthekind",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a new process."""
    monkeypatch.setattr(kept, "_shelved", kept._Shelved())


def found(text: str, today: date, days: int = 90) -> list[str]:
    result = browsing.search(parse(text).query, today, within=timedelta(days=days), most=10_000)
    assert result.kept == len(result.best)
    return [one.facts.key for one in result.best]


def filtered(text: str, today: date, *more: str) -> dict[str, Any]:
    return run("filter", text, *more, now=f"{today} 12:00")


def agree(today: date, explained: int) -> None:
    """Every query finds what the command finds, and marks what it explains."""
    for text in QUERIES:
        assert sorted(found(text, today)) == sorted(filtered(text, today)["matches"]), text
        best = browsing.search(parse(text).query, today, most=explained).best
        for one in best:
            said = filtered(text, today, "--explain", one.facts.key)["why"]
            assert said == f"matches: {reason(one.marks)}", (text, one.facts.key)
    for days in (1, 7, 30):
        assert sorted(found("*", today, days)) == sorted(filtered("*", today, "--days", str(days))["matches"])


def test_on_the_sample_a_search_finds_what_the_filter_command_finds():
    folder = Path(sample.__file__).parent
    for file, day in (("day-1-morning", "24"), ("day-1-evening", "24"), ("day-2", "25")):
        fetch((folder / f"{file}.json").read_bytes(), f"2026-11-{day}", f"2026-11-{day} 20:00")
        agree(date(2026, 11, 25), explained=1)


@pytest.mark.slow
@pytest.mark.listings
def test_on_real_listings_a_search_finds_what_the_filter_command_finds():
    for file in sorted((need_listings() / "huggingface" / "api").glob("2026-0[34]-*.json"))[-8:]:
        fetch(file.read_bytes(), file.stem, f"{file.stem} 13:00")
    agree(date(2026, 4, 30), explained=1)


def test_votes_that_make_no_change_are_seen_at_once():
    today = date(2026, 3, 2)
    fetch([item("2603.00001", "Robots", upvotes=21)], today, f"{today} 08:00")
    assert found("upvotes:>=23", today) == []
    changes = Change.objects.count()
    fetch([item("2603.00001", "Robots", upvotes=23)], today, f"{today} 09:00")
    assert Change.objects.count() == changes
    assert found("upvotes:>=23 robot", today) == ["2603.00001"]


def test_another_title_and_a_paper_that_is_merged_into_another_are_seen_at_once():
    today = date(2026, 3, 2)
    fetch([item("2603.00001", "Robots"), item("2603.00002", "Moss"), item("2603.00003", "Ferns")], today,
          f"{today} 08:00")  # fmt: skip
    assert sorted(found("robot OR moss", today)) == ["2603.00001", "2603.00002"]
    fetch([item("2603.00001", "Lichens"), item("2603.00002", "Moss"), item("2603.00003", "Ferns")], today,
          f"{today} 09:00")  # fmt: skip
    assert found("robot OR moss", today) == ["2603.00002"]
    assert found("lichen", today) == ["2603.00001"]
    Paper.objects.filter(key="2603.00002").update(merged_into=Paper.objects.get(key="2603.00003"))
    assert sorted(found("*", today)) == ["2603.00001", "2603.00003"]
    assert found("moss", today) == []


def test_of_more_papers_than_are_kept_the_newest_are_searched_and_what_was_searched_is_said(monkeypatch):
    monkeypatch.setattr(kept, "MOST", 10)
    for day in range(1, 29):
        fetch([item(f"2602.{day:02}{n:03}", f"Robot {day} {n}") for n in range(4)], f"2026-02-{day:02}",
              f"2026-02-{day:02} 08:00")  # fmt: skip
        today = date(2026, 2, day)
        result = browsing.search(parse("robot").query, today, most=99)
        assert result.of == result.kept == min(4 * day, 10)
        newest = Paper.objects.order_by("-first_day", "-pk")[:10]
        assert {one.facts.key for one in result.best} == {paper.key for paper in newest}
        assert result.since == min(paper.first_day for paper in newest).isoformat()
        assert len(kept._shelved._shelf) <= 10
        week = browsing.search(parse("robot").query, today, within=timedelta(days=1), most=99)
        assert week.of == 4
    assert len(kept._shelved._shelf._lexicon) < 80


def test_what_stops_half_way_is_begun_anew(monkeypatch):
    today = date(2026, 3, 2)
    fetch([item("2603.00001", "Robots"), item("2603.00002", "Moss")], today, f"{today} 08:00")

    def stopped(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr("digest.matching.lines.Lines.add", stopped)
        with pytest.raises(MemoryError):
            found("robot", today)
    assert found("robot", today) == ["2603.00001"]
