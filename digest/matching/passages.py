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
    (`pairs`, -1 for none), the passage, and where that ends. `forms` and `keys` by number of the form, the first
    `single` of them are words; `fields` and `sets` (the columns that have it) by passage."""

    room: str
    forms: Sequence[str]
    single: int
    keys: Keys
    singles: Indexes
    pairs: Indexes
    owners: Indexes
    ends: Indexes
    fields: Indexes
    sets: Sequence[int]

    @property
    def reach(self) -> Indexes:
        """By form, of how many characters what it begins with is found anyway: of two words as one, the first."""
        behind = np.array([0 if form.isascii() else -1 for form in self.forms], dtype=np.int64)
        sizes = np.fromiter(map(len, self.forms), dtype=np.int64, count=len(self.forms))
        there = np.flatnonzero(self.pairs >= self.single)
        made, first = self.pairs[there], self.singles[there]
        shortest = np.full(behind.size, np.iinfo(np.int64).max)
        np.minimum.at(shortest, made, sizes[first])
        plain = made[behind[made] == 0]  # where words grow together, what the first one begins with may be gone
        behind[plain] = shortest[plain]
        return behind


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
        said_words = list(chain.from_iterable(one.words for one in readings))
        words = list(dict.fromkeys(said_words))
        singles = _numbered(said_words, words)
        touching = np.array([*chain.from_iterable(one.touching for one in readings)], dtype=np.bool_)
        forms, pairs = _pairs(singles, touching, words)
        sizes = np.array([len(one.words) for one in readings], dtype=np.int64)
        owners = np.repeat(np.arange(sizes.size), sizes)
        return Passages(
            room,
            forms,
            len(words),
            self.hasher.words(forms),
            singles,
            pairs,
            owners,
            np.cumsum(sizes)[owners],
            np.array([field for _, field, _ in said], dtype=np.int64),
            [group for *_, group in said],
        )

    def _stemmed(self, room: str, exact: Passages) -> Passages:
        """The same passages by their stems."""
        stemmed = stems(exact.forms)
        forms = list(dict.fromkeys(stemmed))
        stem_of = np.append(_numbered(stemmed, forms), -1)  # the last one: of no form
        rest = (exact.owners, exact.ends, exact.fields, exact.sets)
        keys = self.hasher.words(forms)
        return Passages(room, forms, len(forms), keys, stem_of[exact.singles], stem_of[exact.pairs], *rest)


def _numbered(words: Sequence[str], distinct: Iterable[str]) -> Indexes:
    """Where each word stands among the distinct ones."""
    places = {word: place for place, word in enumerate(distinct)}
    return np.fromiter(map(places.__getitem__, words), dtype=np.int64, count=len(words))


def _pairs(singles: Indexes, touching: NDArray[np.bool_], words: list[str]) -> tuple[list[str], Indexes]:
    """The words, then the forms that two of them make; and at each place the form that the word there makes with the
    next one, -1 for none. Each two are joined once."""
    places = np.flatnonzero(touching)
    codes, which = np.unique(singles[places] * len(words) + singles[places + 1], return_inverse=True)
    lefts, rights = np.divmod(codes, max(1, len(words)))
    both = zip(lefts.tolist(), rights.tolist(), strict=True)
    made = [joined(words[left], words[right]) for left, right in both]
    forms = list(dict.fromkeys([*words, *filter(None, made)]))
    pairs = np.full(singles.size, -1, dtype=np.int64)
    pairs[places] = _numbered(made, ["", *forms])[which] - 1
    return forms, pairs
