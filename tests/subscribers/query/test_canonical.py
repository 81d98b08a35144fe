from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from subscribers.query.canonical import canonical, normal
from subscribers.query.nodes import And, Everything, Not, Or, Query, Word
from subscribers.query.parser import parse
from tests.subscribers.query.invented import queries, said_otherwise


def form(text: str) -> str:
    return canonical(parse(text).query)


@settings(deadline=None, max_examples=120)
@given(queries)
def test_the_canonical_form_reads_back_to_itself(query: Query) -> None:
    text = canonical(query)
    again = parse(text, stored=True).query
    assert canonical(again) == text
    assert normal(again) == normal(query)


@settings(deadline=None, max_examples=120)
@given(queries, st.data())
def test_equal_meaning_by_the_laws_of_logic_is_one_text(query: Query, data: DataObject) -> None:
    assert canonical(data.draw(said_otherwise(query))) == canonical(query)


@settings(deadline=None, max_examples=100)
@given(queries)
def test_the_normal_form_is_its_own(query: Query) -> None:
    assert normal(normal(query)) == normal(query)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("b a", "a AND b"),
        ("a OR (b OR c)", "c | b | a"),
        ("a a b", "b a"),
        ("-(a b)", "-a OR NOT b"),
        ("-(a OR -b)", "b -a"),
        ("NOT NOT a", "a"),
        ("Fine-Tuning", '"fine tuning"'),
        ("chain-of-thought −survey", "chain-of-thought -survey"),
        ("“kv cache” –survey", '"kv cache" -survey'),
        ('"b a"~2', '"a b"~2'),
        ("Café", "cafe"),
        ("upvotes:>19", "upvotes:>=20"),
        ("* a", "a"),
        ("* OR a", "*"),
        ("-* OR a", "a"),
        ("-* a", "-*"),
        ("title:(a OR b)", "title:b OR title:a"),
        ("multi-agent*", "multiagent*"),
        ("cat:CS.lg", "category:cs.LG"),
        ("cat:cs", "cat:cs.*"),
        ("#RLHF", "tag:rlhf"),
        ("arxiv:2401.01234v3", "2401.01234"),
        ("published:P2W", "published:P14D"),
        ("published:2026-01", "published:2026-01-01..2026-01-31"),
        ("submittedDate:[20260101 TO *]", "published:>=2026"),
    ],
)
def test_spellings_of_one_meaning_share_one_form(one: str, other: str) -> None:
    assert form(one) == form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("fine-tuning", "fine tuning"),
        ("=training", "training"),
        ("title:a", "a"),
        ('"a b"', '"b a"'),
        ('"a b"~1', '"a b"~2'),
        ("a (b OR c)", "a b OR c"),
        ("robot", "robots"),
        ("cat:cs.LG", "primary:cs.LG"),
        ("cat:hep-th", "cat:hep-th.*"),
        ("tag:model", "tag:models"),
        ("published:P7D", "published:P8D"),
    ],
)
def test_different_meanings_stay_apart(one: str, other: str) -> None:
    assert form(one) != form(other)


def test_the_form_is_bracketed_sorted_and_readable() -> None:
    typed = 'upvotes:>=10 -survey attention ("kv cache" OR evikt* OR "cache eviction"~5)'
    assert form(typed) == '("cache eviction"~5 OR "kv cache" OR evikt*) attention upvotes:>=10 -survey'
    assert form("a b OR c d") == "(a b) OR (c d)"


def test_a_word_that_looks_like_an_operator_is_quoted() -> None:
    assert form('"or" "NOT"') == '"not" "or"'


def test_an_empty_group_of_nodes_is_neutral() -> None:
    nothing = Not(Everything())
    assert normal(And((Everything(), Everything()))) == Everything()
    assert normal(Or((nothing, Word("a")))) == Word("a")


def test_what_may_be_typed_can_be_stored_though_it_grows() -> None:
    """Folding lengthens: one sign may stand for eighteen letters; the form is bracketed deeper than the text."""
    long = " OR ".join(f'-("{"ﷺ" * 18} {number}" b)' for number in range(30))
    deep = "(a OR b " * 16 + "c" + ")" * 16
    for text in (long, deep, " ".join(f"-(a{number} title:b)" for number in range(32))):
        stored = form(text)
        assert len(stored) > len(text)
        assert canonical(parse(stored, stored=True).query) == stored
