"""Down to readers: which changes each of very many matches, in windows of their own, told before or not. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digest.matching.columns import words
from digest.matching.engine import Bits, Rows, picked
from digest.matching.table import Index, Ints, Numbers

WIDE = 3  # planes: from here on a topic's are fetched together
TOGETHER = 1 << 13  # readers at once: what their topics match stays in the processor's cache


@dataclass(frozen=True)
class Interests:
    """The topics of readers, those of each side by side.

    `readers`: their ids, ascending; every one has a topic. `starts`: the first topic of each. By topic: the number of
    its filter (`filters`) and of its window (`windows`).
    """

    readers: Numbers
    starts: Numbers
    filters: NDArray[np.integer[Any]]
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
        begin, end = interests.starts[first], ends[some][-1]
        mine = Interests(
            interests.readers[some], interests.starts[some] - begin, places[begin:end], interests.windows[begin:end]
        )
        joint = _by_planes if bits.rows.shape[1] < WIDE else _by_topics
        result[some] = joint(bits.rows, mine, windows)
    return result


def _by_planes(rows: Rows, mine: Interests, windows: Rows) -> Rows:
    """Plane after plane: the OR of what each topic matches, which lie side by side for a reader."""
    planes = []
    for row, window in zip(rows.T, windows.T, strict=True):
        found = np.take(row, mine.filters)
        if len(window) > 1:
            found &= np.take(window, mine.windows)
        joint = np.bitwise_or.reduceat(found, mine.starts)
        planes.append(joint if len(window) > 1 else joint & window)
    return np.stack(planes, axis=1) if planes else np.empty((mine.readers.size, 0), dtype=np.uint64)


def _by_topics(rows: Rows, mine: Interests, windows: Rows) -> Rows:
    """All planes at once: everybody's first topic, then the second of those who have one, and so on."""
    counts = np.append(mine.starts[1:], mine.filters.size) - mine.starts
    order = np.argsort(-counts, kind="stable")  # most topics first
    starts, fewer = mine.starts[order], -counts[order]
    joint = np.zeros((order.size, rows.shape[1]), dtype=np.uint64)
    for turn in range(int(counts.max())):
        topics = starts[: np.searchsorted(fewer, -turn)] + turn
        found = picked(rows, mine.filters[topics])
        if len(windows) > 1:
            found &= picked(windows, mine.windows[topics])
        joint[: topics.size] |= found
    result = np.empty_like(joint)
    result[order] = joint if len(windows) > 1 else joint & windows
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
