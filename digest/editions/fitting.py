"""Keeping a mail under the size at which mail readers clip. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from digest.editions.carrying import Part
from digest.editions.draft import Draft, Hit, Section

MOST_BYTES = 90_000  # of HTML, decoded: mail readers clip a little above


class Sizes(NamedTuple):
    """Decoded bytes of HTML."""

    roof: Callable[[int], int]  # an upper bound for any card of a change: quickest
    most: Callable[[Hit], int]  # an upper bound: quick
    exact: Callable[[Hit], int]
    part: Callable[[Part], int]  # an upper bound for this section without its cards


class Frame(NamedTuple):
    """Upper bounds of decoded bytes of HTML: head and foot, and a section without its cards."""

    whole: int
    section: int

    def room(self, sections: int) -> int:
        """The bytes left for cards in a mail of so many sections, whatever is said of them."""
        return MOST_BYTES - self.whole - sections * self.section


def refit(draft: Draft, frame: Frame, sizes: Sizes) -> Draft:
    """A draft whose wording has changed since it was made: what doesn't fit any more goes behind "more"."""
    parts = [Part(s.topic, s.name, s.query, s.hits, s.more) for s in draft.sections]
    fit(parts, frame, sizes)
    carried = sum(1 for part in parts for hit in part.hits if hit.carried)
    return replace(
        draft,
        sections=tuple(Section(p.topic, p.name, p.query, tuple(p.hits), tuple(p.more)) for p in parts),
        carried=carried,
        carried_more=draft.carried_more + draft.carried - carried,
    )


def fit(parts: Sequence[Part], frame: Frame, sizes: Sizes) -> None:
    """Keep the cards of a mail within what its frame leaves: what doesn't fit goes behind "more".

    Carried papers have the first claim; then each section's best paper, each section's second, and so on, so
    that a topic with few papers is not crowded out by one with many.
    """
    roof = sum([sizes.roof(hit.change) for part in parts for hit in part.hits])
    if roof <= frame.room(len(parts)):
        return
    room = MOST_BYTES - frame.whole - sum(map(sizes.part, parts))  # many sections take half of what they might
    if roof <= room:
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
