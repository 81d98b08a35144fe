"""A shelf means by every filter what the definition and the engine mean, whatever was added, changed and dropped."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.matching.columns import Columns
from digest.matching.engine import Engine
from digest.matching.shelf import Shelf
from digest.sources.listing import Facts
from subscribers.query.nodes import Query
from subscribers.query.parser import parse
from tests.digest.matching.brute import matches
from tests.digest.matching.captured import captured_facts
from tests.digest.matching.invented import facts
from tests.listings import need_listings
from tests.subscribers.query.invented import queries

REAL = (
    'robot*', '"kv cache" OR quantiz*', "model -survey", "=training", "finetuning", '"fine tuning"', "multimod*",
    '"pre-trained model"', '"language model"~10', 'title:reasoning OR "chain of thought"~5', "information*",
    'author:"Y Wang"', "author:Müller", 'org:"University"', "upvotes:>=20 has:code", "-(agent OR agents)", "source:hf",
    '"large language models" comments:2..', "abstract:=state", "of", '"out of distribution"', "3d", "gpt-4*", "*",
    'tag:"large language model"', "#rlhf", "published:P7D -has:code", "published:2026-03-01..2026-03-15",
    "is:new model*", "tag:agents OR agentic", "published:<2026",
)  # fmt: skip


def on_a_shelf(query: Query, shelf: Shelf) -> list[int]:
    return [place for place, true in enumerate(shelf.matching(query).tolist()) if true]


@settings(deadline=None, max_examples=100)
@given(st.lists(queries, min_size=1, max_size=6), st.lists(facts, max_size=8), st.lists(facts, max_size=4), st.data())
def test_a_shelf_equals_the_definition(some: list[Query], first: list[Facts], then: list[Facts], data) -> None:
    shelf = Shelf()
    shelf.add(first)
    kept = [data.draw(st.booleans()) for _ in first]
    shelf.keep(kept)
    shelf.add(then)
    papers = [one for one, there in zip(first, kept, strict=True) if there] + then
    assert shelf.facts == papers
    for query in some:
        assert on_a_shelf(query, shelf) == [place for place, one in enumerate(papers) if matches(query, one)]


def test_a_phrase_never_reaches_into_the_next_paper() -> None:
    shelf = Shelf()
    shelf.add([Facts("1", "a kv", "kv"), Facts("2", "cache", "cache")])
    for text in ('"kv cache"', "kvcache", '"kv cache"~9', "kvca*"):
        assert on_a_shelf(parse(text).query, shelf) == []


def test_other_votes_leave_the_texts_as_they_were_read() -> None:
    shelf = Shelf()
    paper = Facts("1", "Robots", "fold shirts", upvotes=1)
    shelf.add([paper])
    assert shelf.renew(0, replace(paper, upvotes=20))
    assert on_a_shelf(parse("robot upvotes:20").query, shelf) == [0]
    assert not shelf.renew(0, replace(paper, title="Ferns"))


def test_the_last_days_are_those_before_today() -> None:
    shelf = Shelf()
    shelf.add([Facts("1", "x", published=day) for day in ("2026-11-17", "2026-11-18", "", "2026-11-26")])
    query = parse("published:P7D -moss").query
    assert shelf.matching(query, date(2026, 11, 25)).tolist() == [False, True, False, True]
    assert shelf.matching(query, date(2026, 11, 24)).tolist() == [True, True, False, True]
    assert not shelf.matching(query).any()


@pytest.mark.parametrize(
    "name", ["Jos\u00e9 Wang", "Jos\u00e9 Wa\u00adng", "Wa\x01ng", r"J. {\"W}ang", "J.~Wang", "O’Wang", "Wang's"]
)
def test_a_name_is_found_however_it_is_written(name: str) -> None:
    shelf = Shelf()
    shelf.add([Facts("1", "x", authors=("Ada Moss", name)), Facts("2", "x", authors=(name,)), Facts("3", "x")])
    for text in ("author:wang", "author:owang"):
        query = parse(text).query
        assert on_a_shelf(query, shelf) == [place for place, one in enumerate(shelf.facts) if matches(query, one)]


@pytest.mark.slow
@pytest.mark.listings
def test_on_real_papers_a_shelf_equals_the_engine() -> None:
    papers = captured_facts(need_listings(), days=60)
    shelf = Shelf()
    shelf.add(papers)
    bits = Engine({number: parse(text).query for number, text in enumerate(REAL)}).match(Columns([*enumerate(papers)]))
    for number, text in enumerate(REAL):
        assert on_a_shelf(parse(text).query, shelf) == bits.indexes(number), text
        assert bits.indexes(number) or text == "author:Müller", f"{text} proves nothing"
