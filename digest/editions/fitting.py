"""Keeping a mail under the size at which mail readers clip. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from digest.editions.carrying import Part
from digest.editions.draft import Hit

MOST_BYTES = 90_000  # of HTML, decoded: mail readers clip a little above


class Sizes(NamedTuple):
    """Decoded bytes of HTML."""

    roof: Callable[[int], int]  # an upper bound for any card of a change: quickest
    most: Callable[[Hit], int]  # an upper bound: quick
    exact: Callable[[Hit], int]


def fit(parts: Sequence[Part], room: int, sizes: Sizes) -> None:
    """Keep the cards of a mail within so many bytes: what doesn't fit goes behind "more".

    Carried papers have the first claim; then each section's best paper, each section's second, and so on, so
    that a topic with few papers is not crowded out by one with many.
    """
    if sum([sizes.roof(hit.change) for part in parts for hit in part.hits]) <= room:
        return
    most = sum([sizes.most(hit) for part in parts for hit in part.hits])
    if most <= room:
        return
    ordered = sorted((not hit.carried, j, -hit.score, i) for i, p in enumerate(parts) for j, hit in enumerate(p.hits))
    over: set[tuple[int, int]] = set()
    for _, j, _, i in ordered:
        if room >= 0:  # once it is full, no size matters any more
            hit = parts[i].hits[j]
            most -= sizes.most(hit)
            room -= sizes.exact(hit)
        if room < 0:
            over.add((i, j))
        elif most <= room:  # the others fit, whatever their sizes
            break
    for i, part in enumerate(parts):
        cut = [hit.change for j, hit in enumerate(part.hits) if (i, j) in over]
        part.hits = [hit for j, hit in enumerate(part.hits) if (i, j) not in over]
        part.more = [*cut, *part.more]
