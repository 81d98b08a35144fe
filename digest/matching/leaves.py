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
from digest.matching.particulars import ASKED, asks, days, label
from digest.matching.phrases import Phrases
from digest.matching.reading import Reading, is_named, name_words, read, together
from subscribers.query.nodes import (
    Announced,
    Author,
    Category,
    Clause,
    Everything,
    Has,
    Journal,
    Key,
    Near,
    Number,
    Org,
    Phrase,
    Prefix,
    Published,
    Recent,
    Source,
    Tag,
    Word,
)
from subscribers.query.words import stems

Rows = NDArray[np.uint64]  # [plane, row]: 64 columns a word
Range = tuple[str, int, int]  # of these counts from one to another, both included
CHUNK = 4_096  # ranges compared at once: bounds the memory
LEAST, MOST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


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
        self._journals = Phrases(exact=True)
        self._tags = Phrases(exact=False)
        self._authors: dict[str, list[tuple[int, tuple[str, ...]]]] = defaultdict(list)
        self._names: dict[str, dict[str, int]] = {field: {} for field in ASKED}
        self._ranges: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
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
            case Journal():
                self._journals.add(clause.words, row)
            case Tag():
                self._tags.add(clause.words, row)
            case Source() | Category() | Key() | Announced():
                field, name = asks(clause)
                self._names[field][name] = row
            case Number() | Published() | Recent():
                field, first, last = _range(clause)
                self._ranges[field].append((row, first, last))
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
        for field, ranges in self._ranges.items():
            _fill_ranges(rows, ranges, columns.counts[field])

    def _found(self, columns: Columns) -> Iterator[tuple[Iterable[int], int]]:
        """Rows, and the set of columns of which they are all true."""
        for field, groups in columns.texts.items():
            for text, group in groups.items() if self._texts[field] else ():
                yield self._texts[field].found(read(text)), group
        named = ((self._orgs, columns.orgs, read), (self._journals, columns.journals, label))
        for phrases, groups, reading in (*named, (self._tags, columns.keywords, label)):
            for name, group in groups.items() if phrases else ():
                yield phrases.found(*reading(name).forms(exact=phrases.exact)), group
        for name, group in columns.authors.items() if self._authors else ():
            yield set(self._named(name_words(name))), group
        for field, wanted in self._names.items():
            for value, group in columns.names[field].items() if wanted else ():
                yield [wanted[name] for name in ASKED[field](value) if name in wanted], group
        for flag, row in self._flags.items():
            yield (row,), columns.flags[flag]
        yield self._everything, columns.all

    def _named(self, name: Sequence[str]) -> Iterator[int]:
        for word in set(name):
            for row, wanted in self._authors.get(word, ()):
                if is_named(wanted, name):
                    yield row


def _range(clause: Number | Published | Recent) -> Range:
    """The counts that the clause compares, and the bounds that it gives them."""
    match clause:
        case Number():
            return clause.field, clause.low, MOST if clause.high is None else clause.high
        case Published():
            return "published", *days(clause)
        case Recent():
            return "age", LEAST, clause.days


def _fill_ranges(rows: Rows, ranges: Sequence[tuple[int, int, int]], counts: NDArray[np.int64]) -> None:
    padded = -(-counts.size // PLANE) * PLANE
    for first in range(0, len(ranges), CHUNK):
        some = np.array(ranges[first : first + CHUNK], dtype=np.int64)
        true = np.zeros((len(some), padded), dtype=np.bool_)
        true[:, : counts.size] = (some[:, 1, None] <= counts) & (counts <= some[:, 2, None])
        packed = np.packbits(true, axis=1, bitorder="little").view(np.dtype("<u8"))
        rows[:, some[:, 0]] = packed.T.astype(np.uint64)
