"""What readers are told is true: each filter on the page about filters is tried, and numbers are those of the code.

How the page about filters is written: a table whose first column is called Filter says what each filter reads as;
Typed, what is wrong with it, or the note it gets; Also understood, how it is written here. A block marked `filter` is
followed by the titles that it finds among the sample's papers. Every other piece of code is a filter too, or one of
PIECES.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

from digest.editions import rank
from digest.matching.columns import Columns
from digest.matching.engine import Engine
from digest.matching.oddities import MOST_A_DAY
from digest.pipeline import browsing, looking, window
from digest.sources.changes import Look, changes
from digest.sources.listing import Facts, Listing
from digest.views.handbook import written
from subscribers import housekeeping, joining, notices, schedule, topic_edits
from subscribers.forms import DEFAULTS, WEEKDAYS, query_trouble
from subscribers.query import boosts
from subscribers.query.canonical import canonical
from subscribers.query.explain import explain
from subscribers.query.fields import FIELDS, SPELLINGS, TAGS
from subscribers.query.nodes import Query
from subscribers.query.parser import parse
from subscribers.query.typed import TYPED
from tests.digest.test_sample import ALL, SECOND

DOCS = Path(__file__).resolve().parent.parent.parent / "digest" / "docs"
PAGE = BeautifulSoup(written((DOCS / "filters.md").read_text(), "/help/").html, "lxml")
PIECES = {"OR", "AND", "NOT", "-", "=", "~3", "P7D", "P2W", "2026-01", "2026", *(f"{field}:" for field in FIELDS)}


def rows(*columns: str) -> list[tuple[Tag, ...]]:
    """The rows of all tables with these columns."""
    tables = [t for t in PAGE.select("table") if [th.get_text() for th in t.select("th")] == list(columns)]
    return [tuple(row.select("td")) for table in tables for row in table.select("tbody tr")]


def said(cell: Tag) -> str:
    return " ".join(cell.get_text().split())


def codes(cell: Tag) -> list[str]:
    return [said(code) for code in cell.select("code")]


@cache
def papers() -> tuple[Facts, ...]:
    """The sample's papers with their last numbers, as they are first listed."""
    now = datetime(SECOND.year, SECOND.month, SECOND.day, 20, tzinfo=UTC)
    look = Look("hf", SECOND, now, date(2026, 11, 24))
    listed = changes({}, Listing(SECOND, tuple(ALL.values()), True), look)
    return tuple(found.facts.judged_on(SECOND) for found in listed)


def found(query: Query, among: tuple[Facts, ...]) -> list[Facts]:
    places = Engine({0: query}).match(Columns(list(enumerate(among)))).indexes(0)
    return [among[place] for place in places]


READ = rows("Filter", "Reads as")
WRONG = rows("Typed", "What is wrong", "How to mend it")
NOTED = rows("Typed", "The note")
ELSEWHERE = rows("Also understood", "Written here")
EXAMPLES = PAGE.select("div.filter")


def test_the_page_has_all_its_kinds_of_examples():
    assert len(READ) > 30
    assert len(WRONG) > 10
    assert len(NOTED) > 5
    assert len(ELSEWHERE) > 8
    assert len(EXAMPLES) > 5
    assert len(rows("Filter", "Reads as") + WRONG + NOTED + ELSEWHERE) == len(PAGE.select("tbody tr"))


@pytest.mark.parametrize(("typed", "meaning"), READ, ids=map(said, (row[0] for row in READ)))
def test_a_filter_reads_as_it_says(typed: Tag, meaning: Tag):
    assert explain(parse(said(typed)).query) == said(meaning)


@pytest.mark.parametrize(("typed", "wrong", "mend"), WRONG, ids=map(said, (row[0] for row in WRONG)))
def test_what_cant_be_read_brings_the_words_on_the_page(typed: Tag, wrong: Tag, mend: Tag):
    trouble = query_trouble(said(typed))
    assert trouble is not None
    assert (trouble["message"], trouble["hint"]) == (said(wrong), said(mend))


@pytest.mark.parametrize(("typed", "note"), NOTED, ids=map(said, (row[0] for row in NOTED)))
def test_what_is_odd_brings_the_note_on_the_page(typed: Tag, note: Tag):
    parsed = parse(said(typed))
    assert said(note) in (*parsed.notices, *parsed.warnings)


@pytest.mark.parametrize(("others", "ours"), ELSEWHERE, ids=map(said, (row[1] for row in ELSEWHERE)))
def test_a_spelling_of_elsewhere_means_ours_and_a_notice_says_so(others: Tag, ours: Tag):
    here = parse(said(ours))
    assert here.notices == ()
    for spelling in codes(others):
        there = parse(spelling)
        assert canonical(there.query) == canonical(here.query), spelling
        assert there.notices, spelling


def test_every_spelling_of_elsewhere_that_is_a_field_or_a_tag_is_on_the_page():
    shown = " ".join(code for others, _ in ELSEWHERE for code in codes(others))
    missing = {name for name in SPELLINGS if f"{name}:" not in shown.lower()} - {"ad", "organization"}
    assert not missing
    assert not {tag for tag in TAGS if f"[{tag}]" not in shown} - {"title", "abstract", "author", "affiliation"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: said(example.pre))
def test_an_example_finds_the_papers_under_it_and_no_other(example: Tag):
    parsed = parse(said(example.pre))
    assert parsed.notices == parsed.warnings == ()
    titles = [said(item) for item in example.find_next_sibling().select("li")]
    assert [facts.title for facts in found(parsed.query, papers())] == titles


def test_the_sample_is_as_large_as_the_page_says():
    assert f"On {len(papers())} invented papers" in said(PAGE)


def test_every_other_piece_of_code_is_a_filter_or_a_piece_of_one():
    tables = {id(code) for cells in WRONG for cell in cells for code in cell.select("code")}
    spans = [said(code) for code in PAGE.select("code") if id(code) not in tables]
    unread = [code for code in spans if code not in PIECES and query_trouble(code) is not None]
    assert not unread


def test_what_a_word_is_said_to_find_it_finds():
    claims = 0
    for code in PAGE.select("li code"):
        after = str(code.next_sibling or "")
        if after.startswith(" finds “"):
            for word in re.findall("“([^”]+)”", after.partition(":")[0]):
                claims += 1
                assert found(parse(said(code)).query, (Facts("x", word),)), (code, word)
    assert claims >= 6
    assert not found(parse("=train").query, (Facts("x", "trained for training"),))
    assert found(parse("μ").query, (Facts("x", "$\\mu$-batches"),))


def test_hyphens_and_gaps_find_each_other_as_the_page_says():
    for typed in ("fine-tuning", '"fine tuning"', "finetuning"):
        for title in ("fine-tuning", "fine tuning", "finetuning"):
            assert found(parse(typed).query, (Facts("x", title),)), (typed, title)
    assert found(parse("fine tuning").query, (Facts("x", "tuning that is fine"),))


def test_the_limits_on_the_page_are_those_of_the_parser():
    limits = f"at most {TYPED.length:,} characters, {TYPED.terms} terms, and brackets {TYPED.depth} deep"
    assert limits in said(PAGE)


def test_the_numbers_that_readers_are_told_are_those_of_the_code():
    """The words of the page, what the code does, what the words mean: who changes one must change the others."""
    words = " ".join((DOCS / "readers.md").read_text().split())
    for told, does, meant in (
        ("Open it within three days", joining.VALID, timedelta(days=3)),
        ("at most once in 24 hours", notices.MOST[0], (timedelta(hours=24), 1)),
        ("and three times in 7 days", notices.MOST[1], (timedelta(days=7), 3)),
        ("with the papers of the last 7 days, if any", window.RECENT, timedelta(days=7)),
        ("would have found in the last 7 days", browsing.PREVIEWED, timedelta(days=7)),
        ("from Monday to Friday at 07:30 UTC", DEFAULTS, {"zone": "UTC", "at": "07:30", "days": WEEKDAYS}),
        ("less than twelve hours after your first digest", schedule.TOO_SOON, timedelta(hours=12)),
        ("the papers of the last 90 days", browsing.SEARCHED, timedelta(days=90)),
        ("up to 30 of them", topic_edits.MOST, 30),
        ("from -5 to +5 for a word", boosts.STRONGEST, 5),
        ("half of 100 is about 25 votes", rank.score(Facts("1", "x", upvotes=25)), 50),
        ("each point of a boost is 8", rank.POINT, 8),
        ("How many to expect a week is told from the last 90 days", browsing.SEARCHED, timedelta(days=90)),
        ("whoever never confirms is erased after a week", housekeeping.PENDING_KEPT, timedelta(days=7)),
    ):
        assert told in words
        assert does == meant, told
    assert f"the papers of the last {browsing.SEARCHED.days} days, which of its words" in said(PAGE)
    assert f"more than {MOST_A_DAY} papers a day" in said(PAGE)
    assert "looked at once more three days later" in said(PAGE)
    assert looking.AGAIN_AFTER.days == 3
