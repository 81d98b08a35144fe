"""From queries to a part: distinct sub-expressions numbered once (hash-consing), clauses as what makes them true. Pure.

A query more costs some ten microseconds; all that is done by whole arrays is done at the end, in `part`.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from digest.matching.hashing import Hasher, Keys
from digest.matching.part import AND, EITHER, FIELDS, MOST_WORDS, NOT, OR, Part, flat_steps
from digest.matching.particulars import asks, days
from digest.matching.paths import (
    AUTHOR,
    BEGINNING,
    EXACT,
    INITIAL,
    JOURNAL,
    NEAR_EXACT,
    NEAR_STEM,
    ORG,
    STEM,
    TAG,
    Paths,
)
from digest.matching.table import Ints, Table
from subscribers.query.nodes import (
    And,
    Announced,
    Author,
    Category,
    Clause,
    Everything,
    Has,
    Journal,
    Key,
    Near,
    Not,
    Number,
    Or,
    Org,
    Phrase,
    Prefix,
    Published,
    Query,
    Recent,
    Source,
    Tag,
    TextClause,
    Word,
)
from subscribers.query.words import spellings, stems

COUNTS = ("upvotes", "comments", "published", "age")  # what ranges compare
LEAST, MOST = np.iinfo(np.int64).min, np.iinfo(np.int64).max
BOTH = FIELDS[""]
FAR = np.iinfo(np.int32).max  # words; no passage has so many


class Compiler:
    """Takes queries in normal form, one by one."""

    def __init__(self) -> None:
        self._rows: dict[Clause | tuple[int, ...], int] = {}  # a clause, or an operation and the rows of its parts
        self._levels: list[int] = []  # by row
        self._steps: dict[tuple[int, int, int], tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        self._filters: list[int] = []  # rows
        self._words: tuple[list[str], list[int]] = ([], [])  # the commonest clause: stemmed, all at once
        self._plain, self._stemmed = Paths(), Paths()  # of forms as they are, and of stems
        self._nears, self._initials = Paths(), Paths()
        self._near: list[tuple[int, int, int, int]] = []
        self._authors: list[tuple[int, int, int]] = []
        self._letters = bytearray()
        self._ranges: list[tuple[int, int, int, int]] = []
        self._lengths: set[int] = set()

    def add(self, query: Query) -> None:
        """A filter; its query is in normal form."""
        self._filters.append(self._place(query))

    def _place(self, query: Query) -> int:
        """The row of a sub-expression; its parts get theirs before it."""
        match query:
            case And():
                return self._joint(AND, tuple(map(self._place, query.parts)))
            case Or():
                return self._joint(OR, tuple(map(self._place, query.parts)))
            case Not():
                return self._joint(NOT, (self._place(query.part),))
        row = self._rows.get(query)
        if row is None:
            row = self._rows[query] = len(self._levels)
            self._levels.append(0)
            self._leaf(query, row)
        return row

    def _joint(self, operation: int, parts: tuple[int, ...]) -> int:
        key = (operation, *parts)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = len(self._levels)
            level = 1 + max(map(self._levels.__getitem__, parts))
            self._levels.append(level)
            targets, children = self._steps[level, operation, len(parts)]
            targets.append(row)
            children.extend(parts)
        return row

    def _leaf(self, clause: Clause, row: int) -> None:
        match clause:
            case Word() | Phrase() | Prefix() | Near():
                self._text(clause, row)
            case Author():
                self._author(clause.words, row)
            case Org():
                self._spelled(self._plain, ORG, clause.words, row * EITHER + BOTH)
            case Journal():
                self._spelled(self._plain, JOURNAL, clause.words, row * EITHER + BOTH)
            case Tag():
                self._spelled(self._stemmed, TAG, clause.words, row * EITHER + BOTH)
            case Source() | Category() | Key() | Announced():
                field, name = asks(clause)
                self._plain.add(field, (name,), row * EITHER + BOTH)
            case Number() | Published() | Recent():
                self._ranges.append(_range(clause, row))
            case Has():
                self._plain.add("has", (clause.what,), row * EITHER + BOTH)
            case Everything():
                self._plain.add("all", ("",), row * EITHER + BOTH)

    def _text(self, clause: TextClause, row: int) -> None:
        value = row * EITHER + FIELDS[clause.field]
        match clause:
            case Word(exact=False):
                self._words[0].append(clause.text)
                self._words[1].append(value)
            case Word():
                self._plain.add(EXACT, (clause.text,), value)
            case Phrase():
                room, paths = (EXACT, self._plain) if clause.exact else (STEM, self._stemmed)
                self._spelled(paths, room, clause.words, value)
            case Prefix():
                self._plain.add(BEGINNING, (clause.text,), value)
                self._lengths.add(len(clause.text))
            case Near():
                forms = clause.words if clause.exact else stems(clause.words)
                for place, form in enumerate(forms):
                    room = NEAR_EXACT if clause.exact else NEAR_STEM
                    self._nears.add(room, (form,), len(self._near) * MOST_WORDS + place)
                self._near.append((row, min(clause.within, FAR), len(forms), FIELDS[clause.field]))

    def _spelled(self, paths: Paths, room: str, words: tuple[str, ...], value: int) -> None:
        for spelling in spellings(words) if len(words) > 1 else (words,):
            paths.add(room, spelling, value)

    def _author(self, words: tuple[str, ...], row: int) -> None:
        """One with given names is looked for by the first letter of the first, and tried where that is found."""
        if len(words) == 1:
            self._plain.add(AUTHOR, words, row * EITHER + BOTH)
            return
        self._initials.add(INITIAL, (f"{words[0][0]} {words[-1]}",), len(self._authors))
        first = len(self._letters)
        self._letters += " ".join(words).encode()
        self._authors.append((row, first, len(self._letters)))

    def part(self, hasher: Hasher, keys: Keys) -> Part:
        """All that was added, once; with the key of each filter in the order in which they came."""
        self._stemmed.extend([STEM] * len(self._words[0]), *self._words)
        (ends, inner), (more_ends, more_inner) = self._plain.tables(hasher), self._stemmed.tables(hasher, stems)
        steps, targets, children = flat_steps((step, *_step(step, *rows)) for step, rows in self._steps.items())
        return Part(
            size=len(self._levels),
            filters=Table.of(keys, np.array(self._filters, dtype=np.int64)),
            steps=steps,
            targets=targets,
            children=children,
            ends=ends.joined(more_ends),
            inner=inner.joined(more_inner).without_repetitions(),
            nears=self._nears.tables(hasher)[0],
            near=np.array(self._near, dtype=np.int32).reshape(-1, 4),
            initials=self._initials.tables(hasher)[0],
            authors=np.array(self._authors, dtype=np.int32).reshape(-1, 3),
            letters=np.frombuffer(bytes(self._letters), dtype=np.uint8),
            ranges=np.array(self._ranges, dtype=np.int64).reshape(-1, 4),
            prefixes=np.array(sorted(self._lengths), dtype=np.int32),
        )


def _step(step: tuple[int, int, int], targets: list[int], children: list[int]) -> tuple[Ints, Ints]:
    below = np.array(children, dtype=np.int32).reshape(len(targets), step[2])
    return np.array(targets, dtype=np.int32), np.ascontiguousarray(below.T)


def _range(clause: Number | Published | Recent, row: int) -> tuple[int, int, int, int]:
    """Which count the clause compares, its row, and the bounds that it gives."""
    match clause:
        case Number():
            return COUNTS.index(clause.field), row, clause.low, MOST if clause.high is None else clause.high
        case Published():
            return COUNTS.index("published"), row, *days(clause)
        case Recent():
            return COUNTS.index("age"), row, LEAST, clause.days
