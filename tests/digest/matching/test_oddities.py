from __future__ import annotations

from dataclasses import replace

import pytest

from digest.matching.columns import Columns
from digest.matching.engine import Engine
from digest.matching.oddities import MOST_A_DAY, crowd, sought, unseen
from digest.sources.listing import Facts
from subscribers.query.canonical import clause_text
from subscribers.query.parser import parse

MOSS = Facts("1", "Moss and ferns", "On robots.", authors=("Ada Moss",), listed="2026-11-24", published="2026-11-20")


def warnings(text: str, *papers: Facts) -> tuple[str, ...]:
    query = parse(text).query
    parts = dict(enumerate(sought(query)))
    bits = Engine(parts).match(Columns(list(enumerate(papers))))
    return unseen(query, papers, [len(bits.indexes(number)) for number in parts], f"these papers ({len(papers)})")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mosss fern", ["none of these papers (1) has “mosss” in title or abstract"]),
        ("moss robot* -lichen upvotes:>=99 is:revised published:2026-12-01..", []),
        ("fern OR lichen", ["none of these papers (1) has “lichen” in title or abstract"]),
        ("author:moss author:bee", ["none of these papers (1) has an author “bee”"]),
        ("org:fen org:moor", ["none of these papers (1) names an organisation: org: finds nothing so far"]),
        (
            "cat:cs.LG primary:cs.CL journal:x #y",
            [
                f"none of these papers (1) names {what}: {field}: finds nothing so far"
                for field, what in (
                    ("cat", "a category"), ("journal", "a journal"), ("primary", "a category"), ("tag", "keywords")
                )
            ],
        ),
        ("-org:fen", []),
    ],
)  # fmt: skip
def test_what_no_paper_has_is_warned_of(text: str, said: list[str]) -> None:
    assert list(warnings(text, MOSS)) == said


def test_a_field_that_some_paper_has_is_not_empty() -> None:
    papers = (MOSS, replace(MOSS, categories=("cs.LG",)))
    assert warnings("cat:cs.*", *papers) == ()
    assert warnings("cat:cs.ML", *papers) == ("none of these papers (2) has the category cs.ML",)
    assert warnings("published:P7D", replace(MOSS, published="")) == (
        "none of these papers (1) names a date of publication: published: finds nothing so far",
    )


def test_without_papers_nothing_is_said() -> None:
    assert warnings("moss org:fen") == ()
    assert crowd((), 0) == ()


def test_sought_are_the_words_that_are_asked_for_once() -> None:
    query = parse("moss (fern OR moss -lichen) has:code * upvotes:>=2 cat:cs.LG").query
    assert [clause_text(clause) for clause in sought(query)] == ["moss", "fern", "cat:cs.LG"]


def test_more_than_anybody_reads_is_counted_by_days_of_listing() -> None:
    papers = [replace(MOSS, listed=f"2026-11-{24 + place % 2}") for place in range(100)]
    assert crowd(papers, 2 * MOST_A_DAY) == ()
    assert crowd(papers, 2 * MOST_A_DAY + 1) == (
        "this brings about 30 papers a day; another word, or a cap, makes it fewer",
    )
