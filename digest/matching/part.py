"""Filters compiled into arrays, and two such parts joined into one. Pure.

Every distinct sub-expression is a row; rows of clauses are found through the tables, the others by steps over whole
arrays. A part knows no text of any filter: it can be mapped from a file and used as it lies there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from digest.matching.table import Ints, Numbers, Table

AND, OR, NOT = 0, 1, 2
TITLE, ABSTRACT = 1, 2
FIELDS = {"": TITLE | ABSTRACT, "title": TITLE, "abstract": ABSTRACT}
EITHER = 4  # a value of `ends` is row * EITHER + fields
MOST_WORDS = 1 << 16  # of a near clause: a value of `nears` is clause * MOST_WORDS + which of its words


@dataclass(frozen=True)
class Part:
    """Compiled filters.

    `filters`: the row of each filter, by a key of 16 bytes that stands for its meaning. `steps` [step, 4]: level,
    operation, number of children, number of targets; the targets and the children [child, target] of all steps lie
    one after the other. `ends`: where a word or a sequence ends that makes a clause true; `inner`: where a longer one
    goes on. `nears` leads to near clauses (row, words between, words, fields), `initials` to authors with given names
    (row, first and last byte of their words in `letters`). `ranges` [range, 4]: which count, row, least, most.
    """

    size: int  # rows
    filters: Table
    steps: Ints
    targets: Ints
    children: Ints
    ends: Table
    inner: Table
    nears: Table
    near: Ints  # [clause, 4]
    initials: Table
    authors: Ints  # [clause, 3]
    letters: NDArray[np.uint8]
    ranges: Numbers
    prefixes: Ints  # the lengths of beginnings, characters

    def __len__(self) -> int:
        """Filters."""
        return len(self.filters)

    def joined(self, other: Part) -> Part:
        """Both as one. Of a filter that both have the other's rows stay, unused."""
        moved = np.int32(self.size)
        steps, targets, children = _steps(self, other)
        return Part(
            self.size + other.size,
            filters=self.filters.joined(other.filters, self.size).without_repetitions(),
            steps=steps,
            targets=targets,
            children=children,
            ends=self.ends.joined(other.ends, self.size * EITHER),
            inner=self.inner.joined(other.inner).without_repetitions(),
            nears=self.nears.joined(other.nears, len(self.near) * MOST_WORDS),
            near=np.concatenate((self.near, other.near + np.array((moved, 0, 0, 0), dtype=np.int32))),
            initials=self.initials.joined(other.initials, len(self.authors)),
            authors=np.concatenate((self.authors, other.authors + _behind(self))),
            letters=np.concatenate((self.letters, other.letters)),
            ranges=np.concatenate((self.ranges, other.ranges + np.array((0, moved, 0, 0), dtype=np.int64))),
            prefixes=np.union1d(self.prefixes, other.prefixes).astype(np.int32),
        )

    def walk(self) -> Iterator[tuple[tuple[int, int, int], Ints, Ints]]:
        """The steps in an order in which every child is ready: (level, operation, children), targets, and children
        [child, target]."""
        target = child = 0
        for level, operation, many, count in self.steps.tolist():
            below = self.children[child : child + many * count].reshape(many, count)
            yield (level, operation, many), self.targets[target : target + count], below
            target, child = target + count, child + many * count

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All that it is made of, by name; `from_arrays` is the inverse."""
        found: dict[str, NDArray[np.generic]] = {"size": np.array([self.size], dtype=np.int64)}
        for one in fields(self)[1:]:
            value = getattr(self, one.name)
            if isinstance(value, Table):
                found[f"{one.name}.keys"], found[f"{one.name}.values"] = value.keys, value.values
            else:
                found[one.name] = value
        return found

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Part:
        """The part that `arrays` took apart. KeyError when one is missing."""
        tables = {name.partition(".")[0] for name in arrays if "." in name}
        values: dict[str, object] = {
            one.name: Table(arrays[f"{one.name}.keys"], arrays[f"{one.name}.values"])  # type: ignore[arg-type]
            if one.name in tables
            else arrays[one.name]
            for one in fields(cls)[1:]
        }
        return cls(int(arrays["size"][0]), **values)  # type: ignore[arg-type]


def _behind(part: Part) -> Ints:
    """What is added to the authors of a part that comes behind this one."""
    return np.array((part.size, part.letters.size, part.letters.size), dtype=np.int32)


def _steps(one: Part, other: Part) -> tuple[Ints, Ints, Ints]:
    """The steps of both, by level; those that do the same become one."""
    alike: dict[tuple[int, ...], list[tuple[Ints, Ints]]] = defaultdict(list)
    for part, moved in ((one, 0), (other, one.size)):
        for step, targets, children in part.walk():
            alike[step].append((targets + np.int32(moved), children + np.int32(moved)))
    return flat_steps(
        (step, np.concatenate([targets for targets, _ in some]), np.concatenate([below for _, below in some], axis=1))
        for step, some in alike.items()
    )


def flat_steps(steps: Iterable[tuple[tuple[int, ...], Ints, Ints]]) -> tuple[Ints, Ints, Ints]:
    """`steps`, `targets` and `children` of a part, from (level, operation, children), targets and children
    [child, target] of each step."""
    ordered = sorted(steps, key=lambda step: step[0])
    none = np.empty(0, dtype=np.int32)
    return (
        np.array([(*step, targets.size) for step, targets, _ in ordered], dtype=np.int32).reshape(-1, 4),
        np.concatenate([none, *(targets for _, targets, _ in ordered)]),
        np.concatenate([none, *(below.ravel() for _, _, below in ordered)]),
    )
