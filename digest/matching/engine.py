"""Many filters and many changes, as bits. Pure.

Filters are compiled to parts (see `part`); each distinct sub-expression of a part is one row, one bit a change.
Clauses are filled from the columns (see `leaves`); AND, OR and NOT run level by level over whole arrays, so a filter
more costs a few words of memory traffic and no Python. New filters make a part of their own, which is joined to the
one before when it has grown: a filter is moved a few times in all, and parts stay few.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digest.matching.columns import Columns, words
from digest.matching.compiler import Compiler
from digest.matching.hashing import Hasher, Keys
from digest.matching.leaves import Block, Leaves
from digest.matching.part import AND, NOT, Part
from digest.matching.passages import Seen
from digest.matching.table import Index, Ints, Numbers, Places
from subscribers.query.canonical import normal
from subscribers.query.nodes import Query

Rows = NDArray[np.uint64]  # [filter, plane]: 64 columns a word
UNSALTED = b"one engine, one process"  # for filters that are compiled, used and forgotten
GROWTH = 4  # a part is joined to the one before when it has a fourth of its filters
PLANES = 8  # at once: a row of them is a line of the processor's cache
TOGETHER = 1 << 13  # targets at once: what they are made of stays in it


@dataclass(frozen=True)
class Bits:
    """Which filter matches which change: one row of bits a filter, 64 columns a word."""

    columns: Columns
    rows: Rows
    ids: Numbers  # of the filters, ascending

    @cached_property
    def _index(self) -> Index:
        return Index(self.ids)

    def places(self, filter_ids: Numbers) -> Ints:
        """Where the filters stand among `ids`. KeyError when one is not there."""
        places = self._index.find(filter_ids)
        if (places < 0).any():
            raise KeyError(int(filter_ids[places < 0][0]))
        return places

    def row(self, filter_id: int) -> NDArray[np.uint64]:
        """The filter's bits: column i is bit i % 64 of word i // 64."""
        bits: NDArray[np.uint64] = self.rows[self.places(np.array([filter_id]))[0]]
        return bits

    def union(self, filter_ids: Iterable[int]) -> NDArray[np.uint64]:
        """The bits of all changes that any of the filters matches: a reader is the OR of their filters."""
        places = self.places(np.array(list(filter_ids), dtype=np.int64))
        bits: NDArray[np.uint64] = np.bitwise_or.reduce(self.rows[places], axis=0)
        return bits

    def indexes(self, filter_id: int) -> list[int]:
        """The columns that the filter matches, in order."""
        return indexes(self.row(filter_id))

    def changes(self, filter_id: int) -> list[int]:
        """The numbers of the changes that the filter matches, in the order of the columns."""
        return [self.columns.numbers[place] for place in self.indexes(filter_id)]

    def matched(self) -> list[int]:
        """The filters that match any change, ascending."""
        used = self.rows.any(axis=1)
        found: list[int] = self.ids[used].tolist()
        return found


def picked(rows: Rows, places: NDArray[np.integer[Any]]) -> Rows:
    """Some rows, in this order. Of a single plane numpy takes numbers several times as fast as rows of one."""
    if rows.shape[1] == 1:
        return np.take(rows[:, 0], places)[:, None]
    return np.take(rows, places, axis=0)


def indexes(row: NDArray[np.uint64]) -> list[int]:
    """The places of the set bits of a row."""
    found: list[int] = np.flatnonzero(np.unpackbits(row.astype("<u8").view(np.uint8), bitorder="little")).tolist()
    return found


class Engine:
    """Compiled filters, called by their numbers. Filters that mean the same share a row."""

    def __init__(self, queries: Mapping[int, Query], salt: bytes = UNSALTED) -> None:
        self._hasher = Hasher(salt)
        self.parts: list[Part] = []
        self._rows: list[tuple[Places, Numbers]] | None = None
        self._ids, self._keys = np.empty(0, dtype=np.int64), np.empty((2, 0), dtype=np.uint64)
        numbers = np.array(list(queries), dtype=np.int64)
        self.add([*map(normal, queries.values())], numbers, self._hasher.words([*map(str, queries)]))

    @classmethod
    def of(cls, parts: Iterable[Part], salt: bytes) -> Engine:
        """Parts that were compiled under this salt. No filter has a number before it is `named`."""
        engine = cls({}, salt)
        engine.parts = sorted(parts, key=len, reverse=True)
        return engine

    def __len__(self) -> int:
        """Distinct sub-expressions, those of each part counted apart."""
        return sum(part.size for part in self.parts)

    def name(self, ids: Numbers, keys: Keys) -> NDArray[np.bool_]:
        """Give numbers to compiled filters, known by keys ([lane, filter]: 16 evenly spread bytes for each meaning).
        Which of them are not compiled: `add` those."""
        found = [part.filters.find(keys) for part in self.parts]
        known = np.zeros(ids.size, dtype=np.bool_)
        for which, _ in found:
            known[which] = True
        first = not self._ids.size and known.all() and (np.diff(ids) > 0).all()
        self._call(ids[known], keys[:, known])
        if first:
            self._rows = found  # as `_found` would find them again
        return ~known

    def add(self, queries: Sequence[Query], ids: Numbers, keys: Keys) -> None:
        """More filters in normal form, with their numbers and keys."""
        if not queries:
            return
        compiler = Compiler()
        for query in queries:
            compiler.add(query)
        self.parts.append(compiler.part(self._hasher, keys))
        while len(self.parts) > 1 and len(self.parts[-1]) * GROWTH >= len(self.parts[-2]):
            *self.parts, one, other = self.parts
            self.parts.append(one.joined(other))
        self._call(ids, keys)

    def _call(self, ids: Numbers, keys: Keys) -> None:
        ids, keys = np.concatenate((self._ids, ids)), np.concatenate((self._keys, keys), axis=1)
        order = np.argsort(ids, kind="stable")
        self._ids, self._keys, self._rows = ids[order], keys[:, order], None

    def _found(self) -> list[tuple[Places, Numbers]]:
        """For each part which of our filters it has, and their rows there; looked up again when either changes."""
        if self._rows is None:
            self._rows = [part.filters.find(self._keys) for part in self.parts]
        return self._rows

    def match(self, columns: Columns) -> Bits:
        """Every filter that has a number on every change."""
        seen = Seen(columns, self._hasher)
        rows = np.zeros((self._ids.size, columns.planes), dtype=np.uint64)
        for part, (which, places) in zip(self.parts, self._found(), strict=True):
            mine = slice(None) if which.size == self._ids.size else which
            for planes, block in _blocks(part, seen):
                rows[mine, planes] = picked(block, places)
        return Bits(columns, rows, self._ids)


def _blocks(part: Part, seen: Seen) -> Iterator[tuple[slice, Block]]:
    """Every sub-expression on some planes after the others."""
    leaves, planes = Leaves(part, seen), words(seen.columns.all, seen.columns.planes)
    for first in range(0, len(planes), PLANES):
        whole = np.array(planes[first : first + PLANES], dtype=np.uint64)
        block = np.zeros((part.size, whole.size), dtype=np.uint64)
        leaves.fill(block, first)
        for (_, operation, _), targets, children in part.walk():
            for start in range(0, targets.size, TOGETHER):
                some = slice(start, start + TOGETHER)
                block[targets[some]] = _applied(operation, block, children[:, some], whole)
        yield slice(first, first + whole.size), block


def _applied(operation: int, block: Block, children: Ints, whole: NDArray[np.uint64]) -> Block:
    """What becomes of the rows of the children, [child, target]."""
    parts = (picked(block, some) for some in children)
    if operation == NOT:
        negated: Block = ~next(parts) & whole
        return negated
    joint: Block = reduce(np.bitwise_and if operation == AND else np.bitwise_or, parts)
    return joint
