"""What makes clauses true, as sequences of words to be found: collected one by one, keyed all at once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from digest.matching.hashing import Hasher, Keys
from digest.matching.table import Places, Table

# The rooms in which sequences are looked for: words of texts and names, then whole values.
STEM, EXACT, ORG, JOURNAL, TAG, BEGINNING = "stem", "exact", "org", "journal", "tag", "beginning"
NEAR_STEM, NEAR_EXACT, AUTHOR, INITIAL = "near stem", "near exact", "author", "initial"
VALUES = ("source", "cat", "primary", "id", "is", "has", "all")
ROOMS = (STEM, EXACT, ORG, JOURNAL, TAG, BEGINNING, NEAR_STEM, NEAR_EXACT, AUTHOR, INITIAL, *VALUES)
_NUMBER = {room: number for number, room in enumerate(ROOMS)}


class Paths:
    """Sequences of forms, each in a room, with a number. Lists side by side: objects would take most of the time."""

    def __init__(self) -> None:
        self._rooms: list[int] = []
        self._sizes: list[int] = []
        self._forms: list[str] = []
        self._values: list[int] = []

    def add(self, room: str, forms: Sequence[str], value: int) -> None:
        """One more sequence."""
        self._rooms.append(_NUMBER[room])
        self._sizes.append(len(forms))
        self._forms.extend(forms)
        self._values.append(value)

    def extend(self, rooms: Iterable[str], forms: Iterable[str], values: Iterable[int]) -> None:
        """Sequences of one form each."""
        before = len(self._values)
        self._rooms.extend(_NUMBER[room] for room in rooms)
        self._forms.extend(forms)
        self._values.extend(values)
        self._sizes.extend([1] * (len(self._values) - before))

    def tables(self, hasher: Hasher, formed: Callable[[list[str]], list[str]] = list) -> tuple[Table, Table]:
        """Where the sequences end, with their numbers; and where they go on. `formed` makes stems of words."""
        keys, which = _distinct(self._forms, hasher, formed)
        sizes = np.array(self._sizes, dtype=np.intp)
        starts = np.cumsum(sizes) - sizes
        roots = np.concatenate([hasher.root(room) for room in ROOMS], axis=1)
        nodes = roots[:, np.array(self._rooms, dtype=np.intp)]
        longer, inner, depth = np.arange(sizes.size), [np.empty((2, 0), dtype=np.uint64)], 0
        while longer.size:
            nodes[:, longer] = hasher.then(nodes[:, longer], keys[:, which[starts[longer] + depth]])
            depth += 1
            longer = longer[sizes[longer] > depth]
            inner.append(nodes[:, longer])
        return Table.of(nodes, np.array(self._values, dtype=np.int64)), _set(np.concatenate(inner, axis=1))


def _distinct(words: Sequence[str], hasher: Hasher, formed: Callable[[list[str]], list[str]]) -> tuple[Keys, Places]:
    """The keys of the forms of the distinct words, and which of them each word has."""
    places: dict[str, int] = {}
    which = np.fromiter((places.setdefault(word, len(places)) for word in words), dtype=np.intp, count=len(words))
    return hasher.words(formed(list(places))), which


def _set(keys: Keys) -> Table:
    return Table.of(keys, np.zeros(keys.shape[1], dtype=np.int64)).without_repetitions()
