"""Changes as columns: what the matching engine reads, each distinct text and name once. Pure.

A set of changes is an integer whose bit i stands for column i; `words` turns it into uint64, 64 columns a
word (a plane).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from digest.matching.particulars import VALUES, labels, ordinal
from digest.sources.listing import Facts

PLANE = 64
_WORD = (1 << PLANE) - 1
AGELESS = np.iinfo(np.int64).max  # the age of a paper whose day of publication or of judging nobody said

Groups = dict[str, int]  # a text, a name: the set of columns that have it


class Columns:
    """The facts of changes, by change number; the columns keep the order in which they were given.

    Changes of one paper mostly share their texts, so texts and names of any kind are kept by their columns. `counts`
    has, beside votes and comments, the day of publication (its ordinal, 0 for unknown) and the age in days at which
    the change is judged.
    """

    def __init__(self, facts_by_change: Sequence[tuple[int, Facts]]) -> None:
        facts = [one for _, one in facts_by_change]
        self.numbers = tuple(number for number, _ in facts_by_change)
        self.texts: dict[str, Groups] = {
            "title": _grouped((one.title,) for one in facts),
            "abstract": _grouped((one.abstract,) for one in facts),
        }
        self.authors = _grouped(one.authors for one in facts)
        self.orgs = _grouped(one.organisations for one in facts)
        self.keywords = _grouped(labels(one) for one in facts)
        self.journals = _grouped((one.journal,) if one.journal else () for one in facts)
        self.names = {field: _grouped(map(values, facts)) for field, values in VALUES.items()}
        published = np.array([ordinal(one.published) for one in facts], dtype=np.int64)
        judged = np.array([ordinal(one.judged) for one in facts], dtype=np.int64)
        self.counts: dict[str, NDArray[np.int64]] = {
            "upvotes": np.array([one.upvotes for one in facts], dtype=np.int64),
            "comments": np.array([one.comments for one in facts], dtype=np.int64),
            "published": published,
            "age": np.where((published > 0) & (judged > 0), judged - published, AGELESS),
        }
        self.flags = {
            "code": _set(place for place, one in enumerate(facts) if one.code),
            "project": _set(place for place, one in enumerate(facts) if one.project),
        }

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def planes(self) -> int:
        """How many uint64 words hold one bit a column."""
        return -(-len(self.numbers) // PLANE)

    @property
    def all(self) -> int:
        """The set of all columns."""
        return (1 << len(self.numbers)) - 1


def words(columns: int, planes: int) -> list[int]:
    """A set of columns as unsigned 64-bit words, column 0 in the lowest bit of the first."""
    return [(columns >> (PLANE * plane)) & _WORD for plane in range(planes)]


def _set(places: Iterable[int]) -> int:
    columns = 0
    for place in places:
        columns |= 1 << place
    return columns


def _grouped(values: Iterable[Iterable[str]]) -> Groups:
    groups: Groups = {}
    for place, some in enumerate(values):
        for value in some:
            groups[value] = groups.get(value, 0) | 1 << place
    return groups
