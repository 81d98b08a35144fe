"""Which readers of a range match anything at all: worked out by arrays, before any of them is looked at one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from digest.matching.readers import Interests, matched
from digest.pipeline.window import Low, Window
from subscribers.reader import Reader

Begins = Mapping[int, Low]  # where the window of each topic that is served now begins, by topic id


def reached(window: Window, readers: Sequence[Reader], begins: Mapping[int, Begins]) -> set[int]:
    """The readers whom some served topic matches a change for in its window, told before or not; `begins` by reader.

    Those who are not in `begins`, and those who have a filter that can't be read, count as reached: what is wrong with
    them is met when they are served.
    """
    unsure = {reader.id for reader in readers if reader.id not in begins or _is_broken(reader, window, begins)}
    asking = [(r, served) for r in readers if r.id not in unsure and (served := _served(r, begins[r.id]))]
    if not window.candidates or not asking:
        return unsure
    codes: dict[tuple[Low, bool], int] = {}
    topics = [(filter_id, codes.setdefault(scope, len(codes))) for _, served in asking for filter_id, scope in served]
    sizes = np.array([len(served) for _, served in asking], dtype=np.int64)
    numbers = np.array([reader.id for reader, _ in asking], dtype=np.int64)
    filters, windows = np.array(topics, dtype=np.int64).T
    interests = Interests(numbers, np.cumsum(sizes) - sizes, filters, windows)
    scopes = np.stack([window.columns(low, settled) for low, settled in codes])
    rows = matched(window.bits, window.bits.places(filters), interests, scopes)
    return unsure | set(numbers[rows.any(axis=1)].tolist())


def _served(reader: Reader, begins: Begins) -> list[tuple[int, tuple[Low, bool]]]:
    """The filter and the window of each topic that is served."""
    return [(topic.filter, (begins[topic.id], topic.settled)) for topic in reader.topics if topic.id in begins]


def _is_broken(reader: Reader, window: Window, begins: Mapping[int, Begins]) -> bool:
    return bool(window.broken) and any(number in window.broken for number, _ in _served(reader, begins[reader.id]))
