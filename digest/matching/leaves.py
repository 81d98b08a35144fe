"""Which clause of a part is true of which columns. Pure.

The work follows the columns, not the clauses: what stands in the texts is looked up in sorted arrays, whatever the
number of clauses; sequences are followed from every place at once, word by word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digest.matching.columns import PLANE, words
from digest.matching.compiler import COUNTS
from digest.matching.near import near
from digest.matching.part import EITHER, Part
from digest.matching.passages import Indexes, Passages, Seen
from digest.matching.paths import AUTHOR, BEGINNING, EXACT, INITIAL
from digest.matching.reading import is_named
from digest.matching.table import spread

Block = NDArray[np.uint64]  # [row, plane]: some planes of every row
CHUNK = 4_096  # ranges compared at once: bounds the memory


@dataclass(frozen=True)
class Found:
    """Rows that are true of a set of columns."""

    columns: int
    rows: Indexes


class Leaves:
    """The clauses of a part that are true of some of the columns."""

    def __init__(self, part: Part, seen: Seen) -> None:
        self._ranges, self._columns = part.ranges, seen.columns
        self._by_plane: list[list[tuple[Indexes, np.uint64]]] = [[] for _ in range(seen.columns.planes)]
        for found in _found(part, seen):
            for plane, word in enumerate(words(found.columns, seen.columns.planes)):
                if word:
                    self._by_plane[plane].append((found.rows, np.uint64(word)))

    def fill(self, block: Block, first: int) -> None:
        """Sets the bits of planes from the first on, where all is zero."""
        for plane, row in enumerate(block.T, first):
            for rows, word in self._by_plane[plane]:
                row[rows] |= word
            inside = slice(plane * PLANE, (plane + 1) * PLANE)
            for number, name in enumerate(COUNTS):
                _fill_ranges(row, self._ranges[self._ranges[:, 0] == number, 1:], self._columns.counts[name][inside])


def _found(part: Part, seen: Seen) -> Iterator[Found]:
    named = seen.named
    which, values = part.ends.find(named.keys)
    yield from _grouped(which, values // EITHER, named.sets)
    for passages in (*seen.texts, *seen.labels):
        places, values = _in_passages(part, passages, seen)
        yield from _grouped(passages.owners[places], values // EITHER, passages.sets)
    for passages in seen.texts if len(part.nears) else ():
        yield from _grouped(*near(part, passages, seen.hasher), passages.sets)
    yield from _grouped(*_authors(part, seen), named.name_sets)


def _grouped(owners: Indexes, rows: Indexes, sets: Sequence[int]) -> Iterator[Found]:
    """What was found, by the set of columns that it is true of."""
    order = np.argsort(owners.astype(np.uint16 if len(sets) < 1 << 16 else np.int64), kind="stable")
    owners, rows = owners[order], rows[order]
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), owners.size], strict=False):
        yield Found(sets[int(owners[start])], rows[start:end])


def _in_passages(part: Part, passages: Passages, seen: Seen) -> tuple[Indexes, Indexes]:
    """Where sequences begin that are found, as places, and their values in `part.ends`."""
    nodes = seen.hasher.then(seen.hasher.root(passages.room), passages.keys)
    forms, values = part.ends.find(nodes)
    if passages.room == EXACT and part.prefixes.size:
        more, more_values = _beginnings(part, passages, seen)
        forms, values = np.concatenate((forms, more)), np.concatenate((values, more_values))
    order = np.argsort(forms, kind="stable")
    forms, values = forms[order], values[order]
    found = [(_nowhere(), _nowhere())]
    goes_on = np.append(part.inner.has(nodes), False)  # the last one: of no form
    for width, here in ((1, passages.singles), (2, passages.pairs)):
        first = np.searchsorted(forms, np.arange(len(passages.forms) + 1))
        counts = np.append(np.diff(first), 0)
        places, entries = spread(np.append(first[:-1], 0)[here], counts[here])
        found.append((places, values[entries]))
        start = np.flatnonzero(goes_on[here])
        found += _followed(part, passages, seen, start, nodes[:, here[start]], start + width)
    places, values = (np.concatenate(some) for some in zip(*found, strict=True))
    fitting = (values % EITHER & passages.fields[passages.owners[places]]) != 0
    return places[fitting], values[fitting]


def _followed(
    part: Part, passages: Passages, seen: Seen, starts: Indexes, nodes: NDArray[np.uint64], after: Indexes
) -> list[tuple[Indexes, Indexes]]:
    """The sequences that go on from nodes, which were reached from `starts` and go on with the places `after`."""
    found = []
    while starts.size:
        inside = after < passages.ends[starts]
        starts, nodes, after = starts[inside], nodes[:, inside], after[inside]
        ahead = []
        for width, here in ((1, passages.singles[after]), (2, passages.pairs[after])):
            there = np.flatnonzero(here >= 0)
            reached = seen.hasher.then(nodes[:, there], passages.keys[:, here[there]])
            which, values = part.ends.find(reached)
            found.append((starts[there[which]], values))
            on = np.flatnonzero(part.inner.has(reached))
            ahead.append((starts[there[on]], reached[:, on], after[there[on]] + width))
        starts, after = (np.concatenate([one[k] for one in ahead]) for k in (0, 2))
        nodes = np.concatenate([one[1] for one in ahead], axis=1)
    return found


def _beginnings(part: Part, passages: Passages, seen: Seen) -> tuple[Indexes, Indexes]:
    """The forms that begin as a prefix says, and the values of those."""
    keys, owners = seen.hasher.beginnings(passages.forms, part.prefixes.tolist(), passages.reach)
    which, values = part.ends.find(seen.hasher.then(seen.hasher.root(BEGINNING), keys))
    return owners[which], values


def _authors(part: Part, seen: Seen) -> tuple[Indexes, Indexes]:
    """Names and the rows of those author clauses that are true of them."""
    names, hasher = seen.named.names, seen.hasher
    families = [(number, word) for number, name in enumerate(names) for word in set(name)]
    keys = hasher.then(hasher.root(AUTHOR), hasher.words([word for _, word in families]))
    which, values = part.ends.find(keys)
    rows = (values // EITHER).tolist()
    found = [(families[place][0], row) for place, row in zip(which.tolist(), rows, strict=True)]
    if len(part.initials):
        found += _full_names(part, seen)
    return np.array([n for n, _ in found], dtype=np.int64), np.array([row for _, row in found], dtype=np.int64)


def _full_names(part: Part, seen: Seen) -> list[tuple[int, int]]:
    names, hasher = seen.named.names, seen.hasher
    asked = [(number, key) for number, name in enumerate(names) for key in _initials(name)]
    which, clauses = part.initials.find(hasher.then(hasher.root(INITIAL), hasher.words([key for _, key in asked])))
    found, letters = [], part.letters.tobytes()
    for place, (row, first, last) in zip(which.tolist(), part.authors[clauses].tolist(), strict=True):
        number = asked[place][0]
        if is_named(letters[first:last].decode().split(" "), names[number]):
            found.append((number, row))
    return found


def _initials(name: Sequence[str]) -> set[str]:
    """What a clause of several words may be looked up by that names this author."""
    return {f"{given[0]} {family}" for last, family in enumerate(name) for given in name[:last]}


def _fill_ranges(row: NDArray[np.uint64], ranges: Indexes, counts: Indexes) -> None:
    for first in range(0, len(ranges), CHUNK):
        some = ranges[first : first + CHUNK]
        true = np.zeros((len(some), PLANE), dtype=np.bool_)
        true[:, : counts.size] = (some[:, 1, None] <= counts) & (counts <= some[:, 2, None])
        row[some[:, 0]] = np.packbits(true, axis=1, bitorder="little").view(np.dtype("<u8"))[:, 0]


def _nowhere() -> Indexes:
    return np.empty(0, dtype=np.int64)
