"""The clauses of many filters, each once, looked up in columns: which clause is true of which change. Pure.

The work follows the columns, not the clauses: a text is walked once, whatever the number of clauses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from digest.matching.columns import PLANE, Columns, words
from digest.matching.phrases import Phrases
from digest.matching.reading import Reading, is_named, name_words, read, together
from subscribers.query.nodes import (
    Author,
    Clause,
    Everything,
    Has,
    Near,
    Number,
    Org,
    Phrase,
    Prefix,
    Source,
    Word,
)
from subscribers.query.words import stems

Rows = NDArray[np.uint64]  # [plane, row]: 64 columns a word
CHUNK = 4_096  # number clauses compared at once: bounds the memory


class _TextClauses:
    """The clauses that look in one text: title and abstract each have one, holding those of both fields."""

    def __init__(self) -> None:
        self.stems = Phrases(exact=False)
        self.exacts = Phrases(exact=True)
        self.prefixes: dict[str, list[int]] = defaultdict(list)
        self.near: dict[tuple[bool, str], list[tuple[int, Near, tuple[str, ...]]]] = defaultdict(list)
        self.lengths: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self.stems or self.exacts or self.prefixes or self.near)

    def add(self, row: int, clause: Word | Prefix | Phrase | Near) -> None:
        match clause:
            case Word():
                (self.exacts if clause.exact else self.stems).add((clause.text,), row)
            case Phrase():
                (self.exacts if clause.exact else self.stems).add(clause.words, row)
            case Prefix():
                self.prefixes[clause.text].append(row)
                self.lengths.add(len(clause.text))
            case Near():
                forms = clause.words if clause.exact else tuple(stems(clause.words))
                self.near[clause.exact, forms[0]].append((row, clause, forms))

    def found(self, reading: Reading) -> set[int]:
        rows: set[int] = set()
        for phrases in (self.stems, self.exacts):
            if phrases:
                rows |= phrases.found(*reading.forms(exact=phrases.exact))
        rows.update(self._prefixed(reading))
        rows.update(self._near(reading))
        return rows

    def _prefixed(self, reading: Reading) -> Iterator[int]:
        for form in {*reading.words, *reading.joins} if self.prefixes else ():
            for length in self.lengths:
                if length <= len(form):
                    yield from self.prefixes.get(form[:length], ())

    def _near(self, reading: Reading) -> Iterator[int]:
        for exact in (True, False) if self.near else ():
            for first in set(chain(*reading.forms(exact=exact))):
                for row, clause, wanted in self.near.get((exact, first), ()):
                    tokens = [reading.at(form, exact=exact) for form in wanted]
                    if all(tokens) and together(tokens, clause.within):
                        yield row


class Leaves:
    """Clauses by row number."""

    def __init__(self, clauses: Iterable[tuple[int, Clause]]) -> None:
        self._texts = {"title": _TextClauses(), "abstract": _TextClauses()}
        self._orgs = Phrases(exact=True)
        self._authors: dict[str, list[tuple[int, tuple[str, ...]]]] = defaultdict(list)
        self._sources: dict[str, int] = {}
        self._numbers: dict[str, list[tuple[int, Number]]] = defaultdict(list)
        self._flags: dict[str, int] = {}
        self._everything: list[int] = []
        for row, clause in clauses:
            self._add(row, clause)

    def _add(self, row: int, clause: Clause) -> None:
        match clause:
            case Author():
                self._authors[clause.words[-1]].append((row, clause.words))
            case Org():
                self._orgs.add(clause.words, row)
            case Source():
                self._sources[clause.name] = row
            case Number():
                self._numbers[clause.field].append((row, clause))
            case Has():
                self._flags[clause.what] = row
            case Everything():
                self._everything.append(row)
            case _:
                for field in (clause.field,) if clause.field else self._texts:
                    self._texts[field].add(row, clause)

    def fill(self, rows: Rows, columns: Columns) -> None:
        """Sets, in the row of each clause, the bits of the columns of which it is true."""
        for found, group in self._found(columns):
            listed = np.fromiter(found, dtype=np.intp)
            for plane, word in enumerate(words(group, columns.planes)):
                if word and listed.size:
                    rows[plane, listed] |= np.uint64(word)
        for field, clauses in self._numbers.items():
            _fill_numbers(rows, clauses, columns.counts[field])

    def _found(self, columns: Columns) -> Iterator[tuple[Iterable[int], int]]:
        """Rows, and the set of columns of which they are all true."""
        for field, groups in columns.texts.items():
            for text, group in groups.items() if self._texts[field] else ():
                yield self._texts[field].found(read(text)), group
        for name, group in columns.orgs.items() if self._orgs else ():
            yield self._orgs.found(*read(name).forms(exact=True)), group
        for name, group in columns.authors.items() if self._authors else ():
            yield set(self._named(name_words(name))), group
        for source, group in columns.sources.items():
            yield [self._sources[name] for name in source_names(source) if name in self._sources], group
        for flag, row in self._flags.items():
            yield (row,), columns.flags[flag]
        yield self._everything, columns.all

    def _named(self, name: Sequence[str]) -> Iterator[int]:
        for word in set(name):
            for row, wanted in self._authors.get(word, ()):
                if is_named(wanted, name):
                    yield row


def source_names(short: str) -> list[str]:
    """The names that `source:` may use for a source: its short name, and each part of it up to a hyphen."""
    name = short.lower()
    return [name] + [name[:place] for place, sign in enumerate(name) if sign == "-" and place]


def _fill_numbers(rows: Rows, clauses: Sequence[tuple[int, Number]], counts: NDArray[np.int64]) -> None:
    unbounded = np.iinfo(np.int64).max
    padded = -(-counts.size // PLANE) * PLANE
    for first in range(0, len(clauses), CHUNK):
        some = clauses[first : first + CHUNK]
        low = np.array([number.low for _, number in some], dtype=np.int64)[:, None]
        high = np.array([unbounded if n.high is None else n.high for _, n in some], dtype=np.int64)[:, None]
        true = np.zeros((len(some), padded), dtype=np.bool_)
        true[:, : counts.size] = (low <= counts) & (counts <= high)
        packed = np.packbits(true, axis=1, bitorder="little").view(np.dtype("<u8"))
        rows[:, [row for row, _ in some]] = packed.T.astype(np.uint64)
