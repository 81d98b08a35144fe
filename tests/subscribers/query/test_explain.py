from __future__ import annotations

import pytest
from hypothesis import given, settings

from subscribers.query.canonical import canonical
from subscribers.query.explain import explain
from subscribers.query.nodes import Query
from subscribers.query.parser import parse
from tests.subscribers.query.invented import queries


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("*", "every paper"),
        ("-*", "no paper at all"),
        (
            '("kv cache" OR "long context") upvotes:>=10',
            "papers with “kv cache” or “long context” in title or abstract, and at least 10 upvotes",
        ),
        ("diffusion policy", "papers with “diffusion” and “policy” in title or abstract"),
        ("title:a abstract:b", "papers with “a” in the title, and “b” in the abstract"),
        (
            "robot* -survey",
            "papers with a word beginning “robot” in title or abstract, but without “survey” in title or abstract",
        ),
        ("-a -title:b", "everything except papers with “a” in title or abstract or “b” in the title"),
        ("=training", "papers with exactly “training” in title or abstract"),
        (
            '"cache eviction"~1',
            "papers with “cache” and “eviction” with at most 1 word between them in title or abstract",
        ),
        ('"a b"~0', "papers with “a” and “b” with no word between them in title or abstract"),
        ('author:"y lecun"', "papers with an author “y lecun”"),
        ("org:fen source:hf", "papers with an organisation “fen”, and a listing by hf"),
        ("has:code OR has:project", "papers with code or a project page"),
        ("cat:cs.LG", "papers with the category cs.LG"),
        ("primary:cs.* -cat:hep-th", "papers with a primary category of cs, but without the category hep-th"),
        ('tag:"kv cache" OR journal:nature', "papers with a journal “nature” or a keyword “kv cache”"),
        ("id:2401.01234", "papers with the id 2401.01234"),
        ("published:P7D", "papers with a date of publication in the last 7 days"),
        ("published:P1D", "papers with a date of publication in the last day"),
        ("published:2026-01-01..", "papers with a date of publication from 2026-01-01 on"),
        ("published:..2026-01-01", "papers with a date of publication until 2026-01-01"),
        ("published:2026-01", "papers with a date of publication from 2026-01-01 to 2026-01-31"),
        ("published:2026-01-01", "papers with a date of publication of 2026-01-01"),
        ("is:new -is:cross", "papers with an announcement as new, but without an announcement as cross-listed"),
        ("upvotes:1", "papers with exactly 1 upvote"),
        ("comments:..50", "papers with at most 50 comments"),
        ("comments:1000..2000", "papers with 1,000 to 2,000 comments"),
        ("a (b OR has:code)", "papers with “a” in title or abstract, and either “b” in title or abstract or code"),
        ("has:code OR (a b)", "papers with (“a” and “b” in title or abstract) or code"),
        ("has:code OR -a", "papers with code or no “a” in title or abstract"),
    ],
)
def test_a_query_in_plain_words(text: str, said: str) -> None:
    assert explain(parse(text).query) == said


@settings(deadline=None, max_examples=80)
@given(queries)
def test_queries_that_mean_the_same_are_said_the_same(query: Query) -> None:
    assert explain(query) == explain(parse(canonical(query), stored=True).query)


@settings(deadline=None, max_examples=80)
@given(queries)
def test_an_explanation_holds_no_sign_of_the_language(query: Query) -> None:
    said = explain(query)
    assert not any(sign in said for sign in ('"', "~", ":", ">=", "*"))
