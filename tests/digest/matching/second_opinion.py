"""PostgreSQL's English full-text search as a second opinion on our matching, and why the two differ where they do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from itertools import pairwise
from typing import Any, NamedTuple

from digest.sources.listing import Facts
from subscribers.query.tex import readable
from subscribers.query.words import analyse, joined, joins, stem

BETWEEN = "zqbetweenqz"  # a word between title and abstract, so that no phrase reaches over
# types of PostgreSQL's tokens (see `ts_token_type('default')`)
HYPHENATED = frozenset({15, 16, 17})  # whole; its parts follow, each at a position of its own
NUMBERS = frozenset({7, 8, 20, 21, 22})
UNLIKE = {3: "word with digits", 4: "address", 5: "URL", 6: "host", 7: "number", 8: "version", 9: "word with digits",
          13: "tag", 14: "protocol", 15: "word with digits", 18: "URL", 19: "path", 20: "number", 21: "number",
          22: "number", 23: "entity"}  # fmt: skip


class Theirs(NamedTuple):
    """A token as PostgreSQL cuts it: its type, its text, its lexeme ("" for a stop word), and our stems in it."""

    kind: int
    text: str
    lexeme: str
    stems: tuple[str, ...]


class Paper:
    """A paper as both read it."""

    def __init__(self, facts: Facts) -> None:
        texts = [readable(facts.title), readable(facts.abstract)]
        self.text = f" {BETWEEN} ".join(texts)
        self.words = [token for text in texts for token in analyse(text)]
        self.pairs = [pair for text in texts for pair in joins(text, analyse(text)) if pair]
        self.tokens: list[Theirs] = []

    @cached_property
    def joined(self) -> set[str]:
        """Stems that stand here only as two words."""
        return {pair.stem for pair in self.pairs} - {word.stem for word in self.words}

    @cached_property
    def lettered(self) -> set[str]:
        """Stems of words with an apostrophe inside, or other letters than those of English."""
        odd = [run for run in self.text.split() if not run.isascii() or "'" in run]
        return {word.stem for run in odd for word in analyse(run)}

    @cached_property
    def units(self) -> list[tuple[tuple[str, ...], str]]:
        """Numbers with what follows them at once, as we read both together, and PostgreSQL's lexeme of the latter."""
        near = [(a, b) for a, b in pairwise(self.tokens) if a.kind in NUMBERS and f"{a.text}{b.text}" in self.text]
        return [(tuple(one.stem for one in analyse(a.text + b.text)), b.lexeme) for a, b in near]


class PostgreSQL:
    """Papers in a table, asked by `websearch_to_tsquery` and `phraseto_tsquery`."""

    def __init__(self, cursor: Any, papers: Sequence[Facts]) -> None:
        self.cursor = cursor
        self.facts = list(papers)
        self.papers = [Paper(facts) for facts in papers]
        cursor.execute("CREATE TEMPORARY TABLE opinion (id int PRIMARY KEY, body tsvector)")
        for number, paper in enumerate(self.papers):
            cursor.execute("INSERT INTO opinion VALUES (%s, to_tsvector('english', %s))", [number, paper.text])
            cursor.execute(
                "SELECT tokid, token, coalesce((ts_lexize('english_stem', lower(token)))[1], '') "
                "FROM ts_parse('default', %s) WHERE tokid <> 12",
                [paper.text],
            )
            rows = cursor.fetchall()
            paper.tokens = [Theirs(*row, tuple(one.stem for one in analyse(row[1]))) for row in rows]

    def found(self, text: str, function: str = "websearch_to_tsquery") -> set[int]:
        """The papers that it finds, by their places."""
        self.cursor.execute(f"SELECT id FROM opinion WHERE body @@ {function}('english', %s)", [text])
        return {number for (number,) in self.cursor.fetchall()}

    @cache  # noqa: B019 - lives as long as one test
    def lexeme(self, word: str) -> str:
        """What it makes of a word; "" for a stop word."""
        self.cursor.execute("SELECT coalesce((ts_lexize('english_stem', %s))[1], '')", [word])
        return str(self.cursor.fetchone()[0])


def causes(word: str, lexeme: str, paper: Paper) -> Iterator[str]:
    """Why the two may differ about a word in a paper; each is seen in the paper itself."""
    mine = stem(word)
    if not lexeme:
        yield "stop word"
    if mine in paper.joined:
        yield "two words as one"
    for token in paper.tokens:
        if token.kind in UNLIKE and (mine in token.stems or lexeme in token.stems):
            yield UNLIKE[token.kind]
    if any(mine in stems or theirs == lexeme for stems, theirs in paper.units):
        yield "number"
    if mine in paper.lettered:
        yield "letters"
    for token in paper.tokens:
        if (token.lexeme == lexeme) != (mine in token.stems):
            yield "stemmer" if token.text.isascii() and "'" not in token.text else "letters"


def phrase_causes(words: Sequence[str], lexemes: Sequence[str], paper: Paper) -> Iterator[str]:
    """Why the two may differ about a phrase in a paper whose words they agree about, or don't."""
    wanted = {stem(word) for word in words}
    written = {word.stem for word in paper.words} | {pair.stem for pair in paper.pairs}
    if any(stem(joined(*pair)) in written for pair in pairwise(words) if joined(*pair)):
        yield "two words as one"
    here = [token for token in paper.tokens if wanted.intersection(token.stems)]
    if any(token.kind in HYPHENATED for token in here):
        yield "hyphen"  # PostgreSQL counts a hyphenated word as one more than it has parts
    if any(f"{token.text}{sign}s" in paper.text for token in here for sign in "'’"):
        yield "letters"  # and an s behind an apostrophe as a word
    for word, lexeme in zip(words, lexemes, strict=True):
        yield from causes(word, lexeme, paper)
