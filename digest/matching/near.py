"""Words near each other, for all near clauses and all passages at once. Pure.

The events of a clause in a passage (this word of it stands here) are taken in order of their places; where the latest
of each word lie close enough together, the clause is true.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digest.matching.hashing import Hasher
from digest.matching.part import MOST_WORDS, Part
from digest.matching.passages import Indexes, Passages
from digest.matching.paths import EXACT, NEAR_EXACT, NEAR_STEM
from digest.matching.table import spread

MOST_NOTED = 1 << 26  # pairs of passage and clause: 128 MB
LONG_AGO = -(1 << 62)
APART = 1 << 33  # between two pairs of clause and passage: more than any reach


def near(part: Part, passages: Passages, hasher: Hasher) -> tuple[Indexes, Indexes]:
    """Passages and the rows of the near clauses that are true of them."""
    owners, clauses, words, places = _events(part, passages, hasher)
    pairs = owners * len(part.near) + clauses
    hopeful = _hopeful(pairs, words, len(passages.sets) * len(part.near))
    owners, clauses, words, places = (one[hopeful] for one in (owners, clauses, words, places))
    _, pair = np.unique(pairs[hopeful], return_inverse=True)
    order = np.lexsort((places, pair))
    owners, clauses, words = owners[order], clauses[order], words[order]
    position = pair[order] * APART + places[order]
    needed, earliest = part.near[clauses, 2], position.copy()
    for word in range(int(needed.max(initial=0))):
        latest = np.maximum.accumulate(np.where(words == word, position, LONG_AGO))
        earliest = np.where(needed > word, np.minimum(earliest, latest), earliest)
    close = position - earliest <= part.near[clauses, 1] + needed - 1
    return owners[close], part.near[clauses[close], 0].astype(np.int64)


def _hopeful(pairs: Indexes, words: Indexes, count: int) -> NDArray[np.bool_]:
    """The events of those pairs of passage and clause (of so many) where the first two words of the clause stand: far
    fewer than all. Too many to be noted down are all hopeful."""
    if count > MOST_NOTED:
        return np.ones(pairs.size, dtype=np.bool_)
    there = np.zeros((2, count), dtype=np.bool_)
    for word in range(2):
        there[word, pairs[words == word]] = True
    hopeful: NDArray[np.bool_] = there[0, pairs] & there[1, pairs]
    return hopeful


def _events(part: Part, passages: Passages, hasher: Hasher) -> tuple[Indexes, Indexes, Indexes, Indexes]:
    """Passage, clause, which of its words, and the place within the passage."""
    room = NEAR_EXACT if passages.room == EXACT else NEAR_STEM
    forms, values = part.nears.find(hasher.then(hasher.root(room), passages.keys))
    order = np.argsort(forms, kind="stable")
    forms, values = forms[order], values[order]
    first = np.searchsorted(forms, np.arange(len(passages.forms) + 1))
    starts, counts = np.append(first[:-1], 0), np.append(np.diff(first), 0)  # the last one: of no form
    both = np.concatenate((passages.singles, passages.pairs))
    which, entries = spread(starts[both], counts[both])
    places, values = which % max(1, passages.singles.size), values[entries]
    clauses, owners = values // MOST_WORDS, passages.owners[places]
    fitting = (part.near[clauses, 3] & passages.fields[owners]) != 0
    columns = (owners, clauses, values % MOST_WORDS, places)
    owner, clause, word, place = (column[fitting] for column in columns)
    return owner, clause, word, place
