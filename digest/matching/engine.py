"""Many filters and many changes, as bits. Pure.

Filters are taken in normal form; each distinct sub-expression is one row, numbered once, one bit a change.
Clauses are filled from the columns (see `leaves`); AND, OR and NOT run level by level over whole arrays, so
a filter more costs a few words of memory traffic and no Python.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digest.matching.columns import Columns, words
from digest.matching.leaves import Leaves, Rows
from subscribers.query.canonical import normal
from subscribers.query.nodes import And, Clause, Not, Or, Query

Places = NDArray[np.intp]
Operation = type[And] | type[Or] | type[Not]


@dataclass(frozen=True)
class Bits:
    """Which filter matches which change: one row of bits a filter, 64 columns a word."""

    columns: Columns
    _rows: Rows  # [plane, row]
    _places: Mapping[int, int]  # filter to row

    def row(self, filter_id: int) -> NDArray[np.uint64]:
        """The filter's bits: column i is bit i % 64 of word i // 64."""
        bits: NDArray[np.uint64] = self._rows[:, self._places[filter_id]]
        return bits

    def union(self, filter_ids: Iterable[int]) -> NDArray[np.uint64]:
        """The bits of all changes that any of the filters matches: a reader is the OR of their filters."""
        places = [self._places[filter_id] for filter_id in filter_ids]
        bits: NDArray[np.uint64] = np.bitwise_or.reduce(self._rows[:, places], axis=1)
        return bits

    def indexes(self, filter_id: int) -> list[int]:
        """The columns that the filter matches, in order."""
        return indexes(self.row(filter_id))

    def changes(self, filter_id: int) -> list[int]:
        """The numbers of the changes that the filter matches, in the order of the columns."""
        return [self.columns.numbers[place] for place in self.indexes(filter_id)]

    def matched(self) -> list[int]:
        """The filters that match any change."""
        used = np.bitwise_or.reduce(self._rows, axis=0) != 0
        return [filter_id for filter_id, place in self._places.items() if used[place]]


def indexes(row: NDArray[np.uint64]) -> list[int]:
    """The places of the set bits of a row."""
    found: list[int] = np.flatnonzero(np.unpackbits(row.astype("<u8").view(np.uint8), bitorder="little")).tolist()
    return found


@dataclass(frozen=True)
class _Step:
    """One operation over many rows: `targets[k]` becomes the AND (or OR) of its children, from `starts[k]`
    in `children` up to the next start; for NOT each target has one child."""

    operation: Operation
    targets: Places
    children: Places
    starts: Places


class Engine:
    """Compiled filters. Filters that mean the same share a row; adding filters is compiling again.

    Compiling costs some hundred times what matching does; a compiled engine may be pickled and kept.
    """

    def __init__(self, queries: Mapping[int, Query]) -> None:
        compiler = _Compiler()
        self._places = {filter_id: compiler.place(normal(query)) for filter_id, query in queries.items()}
        self._leaves = Leaves(compiler.leaves())
        self._steps = compiler.steps()
        self._size = len(compiler.rows)

    def __len__(self) -> int:
        """Distinct sub-expressions."""
        return self._size

    def match(self, columns: Columns) -> Bits:
        """Every filter on every change."""
        rows = np.zeros((columns.planes, self._size), dtype=np.uint64)
        self._leaves.fill(rows, columns)
        whole = words(columns.all, columns.planes)
        for step in self._steps:
            for plane, full in zip(rows, whole, strict=True):
                _apply(step, plane, np.uint64(full))
        return Bits(columns, rows, self._places)


def _apply(step: _Step, plane: NDArray[np.uint64], full: np.uint64) -> None:
    if step.operation is Not:
        plane[step.targets] = ~plane[step.children] & full
        return
    operation = np.bitwise_and if step.operation is And else np.bitwise_or
    plane[step.targets] = operation.reduceat(plane[step.children], step.starts)


class _Compiler:
    """Numbers distinct sub-expressions (hash-consing) and sorts them by level."""

    def __init__(self) -> None:
        self.rows: dict[Query, int] = {}
        self._levels: list[int] = []  # by row
        self._children: dict[int, list[int]] = {}

    def place(self, query: Query) -> int:
        """The row of a sub-expression; its parts get theirs before it."""
        known = self.rows.get(query)
        if known is not None:
            return known
        parts = query.parts if isinstance(query, And | Or) else (query.part,) if isinstance(query, Not) else ()
        children = [self.place(part) for part in parts]
        row = self.rows[query] = len(self.rows)
        self._levels.append(1 + max((self._levels[child] for child in children), default=-1))
        if children:
            self._children[row] = children
        return row

    def leaves(self) -> list[tuple[int, Clause]]:
        return [(row, query) for query, row in self.rows.items() if not isinstance(query, And | Or | Not)]

    def steps(self) -> list[_Step]:
        """The operations in an order in which every child is ready."""
        groups: dict[tuple[int, Operation], list[int]] = defaultdict(list)
        for query, row in self.rows.items():
            if isinstance(query, And | Or | Not):
                groups[self._levels[row], type(query)].append(row)
        ordered = sorted(groups.items(), key=lambda item: item[0][0])
        return [self._step(operation, rows) for (_, operation), rows in ordered]

    def _step(self, operation: Operation, rows: list[int]) -> _Step:
        children = [self._children[row] for row in rows]
        starts = np.cumsum([0] + [len(some) for some in children[:-1]], dtype=np.intp)
        flat = np.array([child for some in children for child in some], dtype=np.intp)
        return _Step(operation, np.array(rows, dtype=np.intp), flat, starts)
