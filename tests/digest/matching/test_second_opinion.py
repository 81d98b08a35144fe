"""Where the languages overlap, what a filter finds is what PostgreSQL's English full-text search finds.

On the captured papers, so nothing here is invented. Each difference has a cause that is seen in the paper itself;
docs/filters.md ("Beside PostgreSQL") says what the causes are. `OPINIONS=2500` draws more.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any

import pytest
from django.db import connection

from digest.matching.columns import Columns
from digest.matching.engine import Engine
from subscribers.query.nodes import And, Not, Or, Phrase, Query, Word
from tests.digest.matching.captured import captured_facts
from tests.digest.matching.second_opinion import PostgreSQL, causes, phrase_causes
from tests.listings import need_listings

DRAWN = int(os.environ.get("OPINIONS", "200"))  # words, combinations and phrases, each
pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
Verdicts = dict[str, tuple[set[int], set[int]]]


@pytest.fixture
def theirs() -> Any:
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL (TEST_DATABASE=postgres)")
    facts = captured_facts(need_listings(), 40)
    with connection.cursor() as cursor:
        yield PostgreSQL(cursor, list({one.key: one for one in facts}.values()))


def ours(queries: dict[int, Query], papers: list[Any]) -> dict[int, set[int]]:
    bits = Engine(queries).match(Columns(list(enumerate(papers))))
    return {number: set(bits.indexes(number)) for number in queries}


def test_words_their_combinations_and_phrases_find_the_same(theirs: PostgreSQL) -> None:
    draw = random.Random(20261126)
    verdicts = _words(theirs, draw)
    _combinations(theirs, draw, verdicts)
    _phrases(theirs, draw)


def _words(theirs: PostgreSQL, draw: random.Random) -> Verdicts:
    vocabulary = sorted({token.exact for paper in theirs.papers for token in paper.words})
    words = draw.sample(vocabulary, min(DRAWN, len(vocabulary)))
    mine = ours({n: Word(word) for n, word in enumerate(words)}, theirs.facts)
    verdicts = {word: (mine[n], theirs.found(f'"{word}"')) for n, word in enumerate(words)}
    why: Counter[str] = Counter()
    for word, (here, there) in verdicts.items():
        for number in here ^ there:
            cause = next(causes(word, theirs.lexeme(word), theirs.papers[number]), "")
            assert cause, (word, theirs.facts[number].key)
            why[cause] += 1
    _say("words", verdicts.values(), why)
    return verdicts


def _combinations(theirs: PostgreSQL, draw: random.Random, verdicts: Verdicts) -> None:
    """AND, OR and NOT of words: the same in every paper about whose words the two agree, without exception."""
    common = [word for word, (here, there) in verdicts.items() if 1 < len(here & there) < len(theirs.papers)]
    queries: dict[int, Query] = {}
    typed: list[tuple[str, tuple[str, ...]]] = []
    for _ in range(DRAWN):
        a, b, c = draw.sample(common, 3)
        x, y, z = Word(a), Word(b), Word(c)
        for text, query in (
            (f"{a} {b}", And((x, y))),
            (f"{a} or {b}", Or((x, y))),
            (f"{a} -{b}", And((x, Not(y)))),
            (f"{a} {b} or {c} -{b}", Or((And((x, y)), And((z, Not(y)))))),
        ):
            queries[len(typed)] = query
            typed.append((text, (a, b, c)))
    for number, found in ours(queries, theirs.facts).items():
        text, words = typed[number]
        doubted = set().union(*(verdicts[word][0] ^ verdicts[word][1] for word in words))
        assert found - doubted == theirs.found(text) - doubted, text


def _phrases(theirs: PostgreSQL, draw: random.Random) -> None:
    phrases: list[tuple[str, ...]] = []
    while len(phrases) < DRAWN:
        words = draw.choice(theirs.papers).words
        start, length = draw.randrange(len(words)), draw.choice((2, 2, 3))
        phrase = tuple(token.exact for token in words[start : start + length])
        if len(phrase) > 1 and all(map(theirs.lexeme, phrase)):
            phrases.append(phrase)
    mine = ours({n: Phrase(phrase) for n, phrase in enumerate(phrases)}, theirs.facts)
    verdicts = [(mine[n], theirs.found(" ".join(phrase), "phraseto_tsquery")) for n, phrase in enumerate(phrases)]
    why: Counter[str] = Counter()
    for phrase, (here, there) in zip(phrases, verdicts, strict=True):
        for number in here ^ there:
            lexemes = [theirs.lexeme(word) for word in phrase]
            cause = next(phrase_causes(phrase, lexemes, theirs.papers[number]), "")
            assert cause, (phrase, theirs.facts[number].key)
            why[cause] += 1
    _say("phrases", verdicts, why)


def _say(what: str, verdicts: Any, why: Counter[str]) -> None:
    """For `pytest -s`: how much of it is alike."""
    same = sum(len(here & there) for here, there in verdicts)
    print(f"{what}: {same:,} matches alike, {why.total():,} differ: {dict(why.most_common())}")
