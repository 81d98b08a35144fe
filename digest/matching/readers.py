"""Down to readers: which changes each of very many matches, in windows of their own, told before or not. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digest.matching.columns import words
from digest.matching.engine import Bits, Rows, picked
from digest.matching.table import Index, Ints, Numbers

TOGETHER = 1 << 12  # readers at once: what their topics match stays in the processor's cache


@dataclass(frozen=True)
class Interests:
    """The topics of readers, those of each side by side.

    `readers`: their ids, ascending; every one has a topic. `starts`: the first topic of each. By topic: the number of
    its filter (`filters`) and of its window (`windows`).
    """

    readers: Numbers
    starts: Numbers
    filters: Numbers
    windows: NDArray[np.uint16]


def windowed(sets: Iterable[int], planes: int) -> Rows:
    """Windows, each a set of columns, as [window, plane]."""
    listed = [words(one, planes) for one in sets]
    return np.array(listed, dtype=np.uint64).reshape(len(listed), planes)


def matched(bits: Bits, places: Ints, interests: Interests, windows: Rows) -> Rows:
    """[reader, plane]: the columns that any topic of the reader matches in the topic's own window.

    `places`: where each topic's filter stands in the bits, see `Bits.places`. `windows`: [window, plane].
    """
    result = np.empty((interests.readers.size, bits.rows.shape[1]), dtype=np.uint64)
    ends = np.append(interests.starts[1:], places.size)
    for first in range(0, interests.readers.size, TOGETHER):
        some = slice(first, first + TOGETHER)
        order = np.argsort(interests.starts[some] - ends[some], kind="stable")  # most topics first
        starts, counts = interests.starts[some][order], (ends - interests.starts)[some][order]
        mine = np.zeros((order.size, bits.rows.shape[1]), dtype=np.uint64)
        for turn in range(int(counts.max())):
            topics = starts[: np.searchsorted(-counts, -turn)] + turn  # those who have so many
            found = picked(bits.rows, places[topics])
            if len(windows) > 1:
                found &= picked(windows, interests.windows[topics])
            mine[: topics.size] |= found
        result[some][order] = mine if len(windows) > 1 else mine & windows
    return result


def told(readers: Numbers, had: Iterable[tuple[int, Numbers]], planes: int) -> Rows:
    """[reader, plane]: the columns of papers that the reader has had. `readers` ascending; `had` has, for each time
    that a paper was told, the set of its columns and the ids of those who were told."""
    result = np.zeros((readers.size, planes), dtype=np.uint64)
    index = Index(readers)
    for columns, ids in had:
        places = index.find(ids)
        places = places[places >= 0]
        for plane, word in enumerate(words(columns, planes)):
            if word:
                result[places, plane] |= np.uint64(word)
    return result
