"""The texts and names of columns, read and keyed once, whatever looks in them. Pure.

A passage is one text or one name; its places are its words. Each distinct form is keyed and stemmed once for all
passages of a room, since a thousand papers share most of their words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from digest.matching.columns import Columns, Groups
from digest.matching.hashing import Hasher, Keys
from digest.matching.part import ABSTRACT, FIELDS, TITLE
from digest.matching.particulars import ASKED, label
from digest.matching.paths import EXACT, JOURNAL, ORG, STEM, TAG, VALUES
from digest.matching.reading import Reading, name_words, read
from subscribers.query.words import joined, stems

Indexes = NDArray[np.int64]
BOTH = TITLE | ABSTRACT


@dataclass(frozen=True)
class Passages:
    """Passages of one room. Place by place: the form there (`singles`), the form that it makes with the next
    (`pairs`, -1 for none), the passage, and where that ends. `forms` and `keys` by number of the form; `fields` and
    `sets` (the columns that have it) by passage."""

    room: str
    forms: Sequence[str]
    keys: Keys
    singles: Indexes
    pairs: Indexes
    owners: Indexes
    ends: Indexes
    fields: Indexes
    sets: Sequence[int]


@dataclass(frozen=True)
class Named:
    """Whole values in rooms of their own, and the authors' names; `sets` and `author_sets` by value and name."""

    keys: Keys
    sets: Sequence[int]
    names: Sequence[tuple[str, ...]]
    name_sets: Sequence[int]


class Seen:
    """What many columns say, ready to be looked up in any number of parts."""

    def __init__(self, columns: Columns, hasher: Hasher) -> None:
        self.columns = columns
        self.hasher = hasher

    @cached_property
    def texts(self) -> tuple[Passages, Passages]:
        """Titles and abstracts: by their folded words, by their stems."""
        said = [
            (read(text), FIELDS[field], group)
            for field, groups in self.columns.texts.items()
            for text, group in groups.items()
        ]
        exact = self._passages(EXACT, said)
        return exact, self._stemmed(STEM, exact)

    @cached_property
    def labels(self) -> list[Passages]:
        """Organisations, journals and keywords."""
        orgs, journals, tags = self.columns.orgs, self.columns.journals, self.columns.keywords
        plain = [
            self._passages(ORG, [(read(name), BOTH, group) for name, group in orgs.items()]),
            self._passages(JOURNAL, [(label(name), BOTH, group) for name, group in journals.items()]),
        ]
        return [*plain, self._stemmed(TAG, self._passages(TAG, [(label(t), BOTH, group) for t, group in tags.items()]))]

    @cached_property
    def named(self) -> Named:
        """Sources, categories and whatever else is asked for by its whole name."""
        values: list[tuple[str, str, int]] = [("all", "", self.columns.all)]
        values += [("has", flag, group) for flag, group in self.columns.flags.items()]
        values += [
            (field, name, group)
            for field, groups in self.columns.names.items()
            for value, group in groups.items()
            for name in ASKED[field](value)
        ]
        rooms = {room: self.hasher.root(room) for room in VALUES}
        roots = np.concatenate([rooms[room] for room, _, _ in values], axis=1)
        authors: Groups = self.columns.authors
        return Named(
            self.hasher.then(roots, self.hasher.words([name for _, name, _ in values])),
            [group for *_, group in values],
            [name_words(name) for name in authors],
            list(authors.values()),
        )

    def _passages(self, room: str, said: Sequence[tuple[Reading, int, int]]) -> Passages:
        readings = [reading for reading, _, _ in said]
        forms: dict[str, int] = {}
        singles = _numbered(chain.from_iterable(one.words for one in readings), forms)
        touching = np.array([*chain.from_iterable(one.touching for one in readings)], dtype=np.bool_)
        pairs = _pairs(singles, touching, forms)
        sizes = np.array([len(one.words) for one in readings], dtype=np.int64)
        owners = np.repeat(np.arange(sizes.size), sizes)
        return Passages(
            room,
            list(forms),
            self.hasher.words(list(forms)),
            singles,
            pairs,
            owners,
            np.cumsum(sizes)[owners],
            np.array([field for _, field, _ in said], dtype=np.int64),
            [group for *_, group in said],
        )

    def _stemmed(self, room: str, exact: Passages) -> Passages:
        """The same passages by their stems."""
        forms: dict[str, int] = {}
        stem_of = np.append(_numbered(stems(exact.forms), forms), -1)  # the last one: of no form
        keys = self.hasher.words(list(forms))
        rest = (exact.owners, exact.ends, exact.fields, exact.sets)
        return Passages(room, list(forms), keys, stem_of[exact.singles], stem_of[exact.pairs], *rest)


def _numbered(words: Iterable[str], numbers: dict[str, int]) -> Indexes:
    """The number of each word, -1 for none; new ones get the next."""
    return np.array([numbers.setdefault(word, len(numbers)) if word else -1 for word in words], dtype=np.int64)


def _pairs(singles: Indexes, touching: NDArray[np.bool_], forms: dict[str, int]) -> Indexes:
    """At each place the form that the word there makes with the next one, -1 for none; each two are joined once."""
    pairs = np.full(singles.size, -1, dtype=np.int64)
    places = np.flatnonzero(touching)
    words = list(forms)
    codes, which = np.unique(singles[places] * len(words) + singles[places + 1], return_inverse=True)
    lefts, rights = np.divmod(codes, max(1, len(words)))
    both = zip(lefts.tolist(), rights.tolist(), strict=True)
    pairs[places] = _numbered((joined(words[left], words[right]) for left, right in both), forms)[which]
    return pairs
