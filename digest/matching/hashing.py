"""Words and sequences of words as 128-bit keys, many at once. Pure.

A key stands for its text in sorted arrays, so that compiled filters need no dictionary of strings and no loading.
The sum of a word's characters, each times a number drawn for its place, is universal hashing (Carter and Wegman 1979,
"multilinear"): two different words meet with a chance of at most 2**-43 in each of the two lanes, whoever chose them,
as long as the numbers stay secret. They are drawn from a salt by SHAKE-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]  # [lane, key]: two lanes
CHUNK = 16_384  # words hashed at once: bounds the memory
SHORTEST = 8  # characters: the words up to 8, 16, 32 ... of them are hashed together
STEPS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))  # the finaliser of SplitMix64 (Steele, Lea, Flood 2014)


class Hasher:
    """Keys under one salt."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt
        drawn = _drawn(salt + b"paths", 2)
        self._steps, self._lengths = drawn[:, :1] | np.uint64(1), drawn[:, 1:2]

    def words(self, words: Sequence[str]) -> Keys:
        """The key of each word, [lane, word]."""
        keys = np.empty((2, len(words)), dtype=np.uint64)
        for places, sizes, signs in _spelled(words):
            keys[:, places] = self._summed(signs, sizes)
        return keys

    def beginnings(
        self, words: Sequence[str], lengths: Sequence[int], behind: NDArray[np.int64]
    ) -> tuple[Keys, NDArray[np.intp]]:
        """The keys of what each word begins with, in each of the lengths (characters) that it has and that are greater
        than its number in `behind`; and whose each is, by place among the words."""
        keys, owners = [np.empty((2, 0), dtype=np.uint64)], [np.empty(0, dtype=np.intp)]
        for places, sizes, signs in _spelled(words):
            for length in lengths:
                long = np.flatnonzero((sizes >= length) & (behind[places] < length))
                keys.append(self._summed(signs[long, :length], np.full(long.size, length)))
                owners.append(places[long])
        return np.concatenate(keys, axis=1), np.concatenate(owners)

    def _summed(self, signs: NDArray[np.uint64], sizes: NDArray[np.intp]) -> Keys:
        numbers = _drawn(self._salt, signs.shape[1])[:, : signs.shape[1]]
        sums = np.stack([signs @ lane for lane in numbers])
        return _mixed(sums + self._lengths * sizes.astype(np.uint64))

    def then(self, before: Keys, word: Keys) -> Keys:
        """The key of a sequence that goes on by a word."""
        return _mixed(before * self._steps + word)

    def root(self, kind: str) -> Keys:
        """The key of the empty sequence in a room of its own, [lane, 1]."""
        return self.words((f"\0{kind}",))


def _spelled(words: Sequence[str]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.uint64]]]:
    """The words, those of about one length together: their places, their lengths, and [word, place] the characters,
    zeros behind the last."""
    sizes = np.fromiter(map(len, words), dtype=np.intp, count=len(words))
    width, below = SHORTEST, -1
    while below < sizes.max(initial=-1):
        alike = np.flatnonzero((sizes > below) & (sizes <= width))
        for first in range(0, alike.size, CHUNK):
            places = alike[first : first + CHUNK]
            signs = np.array([words[place] for place in places.tolist()], dtype=f"U{width}")
            yield places, sizes[places], signs.view(np.uint32).reshape(-1, width).astype(np.uint64)
        below, width = width, 2 * width


@lru_cache(maxsize=64)
def _drawn(salt: bytes, count: int) -> Keys:
    """So many numbers for each lane; more for the same salt begin with the same."""
    drawn = np.frombuffer(hashlib.shake_256(salt).digest(16 * count), dtype="<u8").astype(np.uint64)
    return np.ascontiguousarray(drawn.reshape(-1, 2).T)


def _mixed(keys: Keys) -> Keys:
    """Each bit of the result hangs on each bit of the key."""
    for shift, factor in STEPS:
        keys = (keys ^ (keys >> np.uint64(shift))) * np.uint64(factor)
    return keys ^ (keys >> np.uint64(31))
