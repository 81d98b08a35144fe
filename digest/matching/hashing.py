"""Words and sequences of words as 128-bit keys, many at once. Pure.

A key stands for its text in sorted arrays, so that compiled filters need no dictionary of strings and no loading.
The sum of a word's bytes, each times a number drawn for its place, is universal hashing (Carter and Wegman 1979,
"multilinear"): two different words meet with a chance of about 2**-57 in each of the two lanes, whoever chose them, as
long as the numbers stay secret. They are drawn from a salt by SHAKE-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]  # [lane, key]: two lanes
CHUNK = 65_536  # words hashed at once: bounds the memory
SHORTEST = 256  # places for which numbers are drawn at first
STEPS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))  # the finaliser of SplitMix64 (Steele, Lea, Flood 2014)


class Hasher:
    """Keys under one salt."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt
        drawn = _drawn(salt + b"paths", 4)
        self._steps, self._lengths = drawn[:, :1] | np.uint64(1), drawn[:, 1:2]

    def words(self, words: Sequence[str]) -> Keys:
        """The key of each word, [lane, word]."""
        parts = [self._some(words[first : first + CHUNK]) for first in range(0, len(words), CHUNK)]
        return np.concatenate(parts, axis=1) if parts else np.empty((2, 0), dtype=np.uint64)

    def _some(self, words: Sequence[str]) -> Keys:
        sums, starts, ends = self._sums(words)
        return _mixed(sums[:, ends] - sums[:, starts] + self._lengths * (ends - starts).astype(np.uint64))

    def beginnings(self, words: Sequence[str], lengths: Sequence[int]) -> tuple[Keys, NDArray[np.intp]]:
        """The keys of what each word begins with, in each of the lengths (bytes of UTF-8) that it has, and whose each
        is, by place among the words."""
        sums, starts, ends = self._sums(words)
        keys, owners = [np.empty((2, 0), dtype=np.uint64)], [np.empty(0, dtype=np.intp)]
        for length in lengths:
            long = np.flatnonzero(ends - starts >= length)
            first = starts[long]
            keys.append(_mixed(sums[:, first + length] - sums[:, first] + self._lengths * np.uint64(length)))
            owners.append(long)
        return np.concatenate(keys, axis=1), np.concatenate(owners)

    def _sums(self, words: Sequence[str]) -> tuple[Keys, NDArray[np.intp], NDArray[np.intp]]:
        """Sums up to each byte of the words in a row, and where each word starts and ends."""
        encoded = [word.encode("utf-8", "surrogatepass") for word in words]
        sizes = np.fromiter(map(len, encoded), dtype=np.intp, count=len(encoded))
        ends = np.cumsum(sizes)
        starts = ends - sizes
        signs = np.frombuffer(b"".join(encoded), dtype=np.uint8).astype(np.uint64) + np.uint64(1)
        places = np.arange(signs.size) - np.repeat(starts, sizes)
        numbers = self._numbers(int(sizes.max(initial=0)))
        sums = np.zeros((2, signs.size + 1), dtype=np.uint64)
        for lane in range(2):
            np.cumsum(signs * numbers[lane][places], out=sums[lane, 1:])
        return sums, starts, ends

    def _numbers(self, places: int) -> Keys:
        """A number for each place and lane; more are drawn when a word is longer than any before."""
        return _drawn(self._salt, max(SHORTEST, 1 << max(0, places - 1).bit_length()))

    def then(self, before: Keys, word: Keys) -> Keys:
        """The key of a sequence that goes on by a word."""
        return _mixed(before * self._steps + word)

    def root(self, kind: str) -> Keys:
        """The key of the empty sequence in a room of its own, [lane, 1]."""
        return self.words((f"\0{kind}",))


@lru_cache(maxsize=8)
def _drawn(salt: bytes, count: int) -> Keys:
    """So many numbers for each lane; more for the same salt begin with the same."""
    drawn = np.frombuffer(hashlib.shake_256(salt).digest(16 * count), dtype="<u8").astype(np.uint64)
    return np.ascontiguousarray(drawn.reshape(-1, 2).T)


def _mixed(keys: Keys) -> Keys:
    """Each bit of the result hangs on each bit of the key."""
    for shift, factor in STEPS:
        keys = (keys ^ (keys >> np.uint64(shift))) * np.uint64(factor)
    return keys ^ (keys >> np.uint64(31))
