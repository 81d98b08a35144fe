"""A million readers and what they ask for, invented: the same for the same seed.

**Words.** 20,000 of them; how often a word stands in a text falls with its rank as in Zipf and Mandelbrot's law,
1 / (rank + 2.7); the first ranks are function words. An abstract has 200 words, about 110 of them different.

**Filters** are drawn by shape (SHAPES, in per cent), each word log-uniformly by rank from those that are no function
words: people ask for common and rare words alike. In the sparse mix the words are those that stand, in whatever form,
in at most 3 of 1,000 papers (at most three are joined by OR), and votes and flags are not asked for.

**Topics.** Four a reader. A fifth of them are the first to ask for their filter; which filter the others take falls
with its rank as 1 / (rank + 10): some interests are shared by thousands, most by few.
"""

import random
from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from digest.matching.reading import read
from digest.sources.listing import Facts
from subscribers.query.nodes import And, Author, Has, Near, Not, Number, Or, Phrase, Prefix, Query, Word
from subscribers.query.words import stem
from tests.bench.inventing import WORDS, vocabulary

FUNCTION_WORDS = "the of and to a in we for that is with on this by are as an from can".split()  # noqa: SIM905
KNOWN = 20_000
TOPICS = 4  # a reader
DISTINCT = 0.2  # of the topics
FAMILIES = [f"{a}{b}" for a in ("mo", "fe", "li", "ba", "ro", "ta", "we", "ki") for b in WORDS]
MOST_PAPERS = 3  # of 1,000, for a word of the sparse mix
SHAPES = {
    "word": 2, "two": 27, "three": 15, "four": 5, "phrase": 25, "or": 9, "or and not": 6, "title": 4,
    "upvotes": 4, "code": 1, "prefix": 0.5, "near": 0.5, "author": 1,
}  # fmt: skip


def known() -> list[str]:
    """The words, the commonest first."""
    return list(dict.fromkeys([*FUNCTION_WORDS, *vocabulary(KNOWN + 100, random.Random(7))]))[:KNOWN]


def listed(count: int, seed: int = 11) -> list[Facts]:
    """Papers of one day with different facts."""
    chance, words = np.random.default_rng(seed), np.array(known())
    chances = 1 / (np.arange(KNOWN) + 2.7)
    drawn = words[chance.choice(KNOWN, size=(count, 210), p=chances / chances.sum())]
    votes, names = chance.pareto(0.9, count), chance.integers(0, 8 * len(FAMILIES), (count, 5))
    return [
        Facts(
            key=f"2611.{number:05}",
            title=" ".join(row[:10]).capitalize(),
            abstract=" ".join(row[10:]).capitalize() + ".",
            authors=tuple(f"{'ABCDEFGH'[name % 8]}da {FAMILIES[name // 8].capitalize()}" for name in names[number]),
            upvotes=int(votes[number]),
            sources=("hf",),
            arxiv=f"2611.{number:05}",
            code="x" if number % 5 < 2 else "",
            published="2026-11-24",
            judged="2026-11-25",
        )
        for number, row in enumerate(drawn.tolist())
    ]


def rare() -> list[str]:
    """The words of the sparse mix."""
    found: Counter[str] = Counter()
    for facts in listed(1_000):
        for text in (read(facts.title), read(facts.abstract)):
            found.update({*text.stems, *text.join_stems})
    return [word for word in known() if found[stem(word)] <= MOST_PAPERS]


def wishes(count: int, *, sparse: bool, seed: int = 12) -> list[Query]:
    """So many distinct filters."""
    chance, words = random.Random(seed), rare() if sparse else known()[len(FUNCTION_WORDS) :]
    shapes = {name: share for name, share in SHAPES.items() if not sparse or name not in ("upvotes", "code")}
    first = len(words) if sparse else len(FUNCTION_WORDS)  # the rank of the first: rare ones are as rare as each other
    span = (first + len(words)) / first

    def word() -> Word:
        return Word(words[min(len(words) - 1, int(first * span ** chance.random()) - first)])

    made: dict[Query, None] = {}
    while len(made) < count:
        for shape in chance.choices(list(shapes), list(shapes.values()), k=1_000):
            made[_SHAPED[shape](word, chance)] = None
    return list(made)[:count]


def _words(word: Callable[[], Word], count: int) -> tuple[Word, ...]:
    found: dict[Word, None] = {}
    while len(found) < count:
        found[word()] = None
    return tuple(sorted(found, key=lambda one: one.text))


_SHAPED: dict[str, Callable[[Callable[[], Word], random.Random], Query]] = {
    "word": lambda word, _: word(),
    "two": lambda word, _: And(_words(word, 2)),
    "three": lambda word, _: And(_words(word, 3)),
    "four": lambda word, _: And(_words(word, 4)),
    "phrase": lambda word, chance: Phrase(tuple(word().text for _ in range(chance.choice((2, 2, 2, 3))))),
    "or": lambda word, chance: Or(_words(word, chance.choice((2, 3)))),
    "or and not": lambda word, _: And((Or(_words(word, 2)), word(), Not(word()))),
    "title": lambda word, _: And((Word(word().text, "title"), word())),
    "upvotes": lambda word, chance: And((word(), Number("upvotes", chance.choice((5, 10, 20, 50))))),
    "code": lambda word, _: And((word(), Has("code"))),
    "prefix": lambda word, _: And((Prefix(word().text[:6]), word())),
    "near": lambda word, chance: Near(tuple(one.text for one in _words(word, 2)), chance.choice((3, 5, 10))),
    "author": lambda _, chance: Author((chance.choice("abcdefgh"), chance.choice(FAMILIES))),
}


def topics(readers: int, seed: int = 13) -> tuple[NDArray[np.int64], int]:
    """The filter of each topic, four a reader side by side, and how many filters there are."""
    chance = np.random.default_rng(seed)
    filters = max(1, int(readers * TOPICS * DISTINCT))
    ranks = np.exp(chance.random(readers * TOPICS - filters) * np.log(filters / 10 + 1)) * 10 - 10
    chosen = np.concatenate((np.arange(filters), np.minimum(ranks.astype(np.int64), filters - 1)))
    chance.shuffle(chosen)
    return chosen, filters
