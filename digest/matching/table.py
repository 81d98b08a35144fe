"""A table from keys to numbers, as sorted arrays: made at once, joined at once, looked up by thousands. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digest.matching.hashing import Keys

Numbers = NDArray[np.int64]
Places = NDArray[np.intp]
Ints = NDArray[np.int32]
BUCKETS = 22  # bits at most: 16 MB
SPARSE = 8  # ids that spread over more than so many times their number are searched instead of looked up


@dataclass(frozen=True)
class Table:
    """`keys` [lane, entry] ascending by the first lane, the number of each in `values`. A key may stand many times."""

    keys: Keys
    values: Numbers

    @classmethod
    def of(cls, keys: Keys, values: Numbers) -> Table:
        """Entries in any order."""
        order = np.argsort(keys[0], kind="stable")
        return cls(np.ascontiguousarray(keys[:, order]), values[order])

    def __len__(self) -> int:
        return int(self.values.size)

    def joined(self, other: Table, moved: int = 0) -> Table:
        """Both tables as one; the other's values are moved up."""
        keys = np.concatenate((self.keys, other.keys), axis=1)
        return Table.of(keys, np.concatenate((self.values, other.values + moved)))

    def without_repetitions(self) -> Table:
        """Each key once."""
        again = (self.keys[:, 1:] == self.keys[:, :-1]).all(axis=0)
        kept = np.append(True, ~again)[: len(self)]
        return Table(np.ascontiguousarray(self.keys[:, kept]), self.values[kept])

    @cached_property
    def _shift(self) -> np.uint64:
        return np.uint64(64 - min(BUCKETS, max(8, len(self).bit_length())))

    @cached_property
    def _buckets(self) -> Ints:
        """Where the keys begin that begin with these bits. Keys are spread evenly: a bucket has one or two."""
        highest = (self.keys[0] >> self._shift).astype(np.intp)
        counts = np.bincount(highest, minlength=1 << (64 - int(self._shift)))
        return np.concatenate(([0], np.cumsum(counts))).astype(np.int32)

    def find(self, keys: Keys) -> tuple[Places, Numbers]:
        """Every entry of every key that is there: the place of the key among those asked, and the number."""
        bucket = (keys[0] >> self._shift).astype(np.intp)
        first = self._buckets[bucket]
        asked, entries = spread(first, self._buckets[bucket + 1] - first)
        same = np.flatnonzero(self.keys[0, entries] == keys[0, asked])
        asked, entries = asked[same], entries[same]
        same = np.flatnonzero(self.keys[1, entries] == keys[1, asked])
        return asked[same], self.values[entries[same]]

    def has(self, keys: Keys) -> NDArray[np.bool_]:
        """Which of the keys are there."""
        there = np.zeros(keys.shape[1], dtype=np.bool_)
        there[self.find(keys)[0]] = True
        return there


def spread(starts: NDArray[np.integer[Any]], counts: NDArray[np.integer[Any]]) -> tuple[Places, Places]:
    """Ranges written out: of each place the range it is in, and the place: (2, 7), (2, 1) gives (0, 0, 1), (2, 3, 7)
    for starts 2 and 7 and counts 2 and 1."""
    owners = np.repeat(np.arange(counts.size), counts)
    begins = np.cumsum(counts) - counts
    return owners, np.arange(owners.size) - begins[owners] + starts[owners]


class Index:
    """Where ids stand in an ascending row of them."""

    def __init__(self, ids: Numbers) -> None:
        self._ids = ids
        self._first = int(ids[0]) if ids.size else 0
        self._span = int(ids[-1]) - self._first + 1 if ids.size else 0

    @cached_property
    def _places(self) -> Ints:
        """By distance from the first id; the last one, -1, is that of all who are outside."""
        places = np.full(self._span + 1, -1, dtype=np.int32)
        places[self._ids - self._first] = np.arange(self._ids.size, dtype=np.int32)
        return places

    def find(self, ids: Numbers) -> Ints:
        """The place of each, -1 where it is not there."""
        if self._span > SPARSE * self._ids.size:
            places = np.searchsorted(self._ids, ids).astype(np.int32)
            places[self._ids[np.minimum(places, self._ids.size - 1)] != ids] = -1
            return places
        far = ids - self._first
        outside = (far < 0) | (far >= self._span)
        return self._places[np.where(outside, self._span, far) if outside.any() else far]
