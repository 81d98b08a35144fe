"""What came closest to a reader's topics without matching any, and which clause of each failed. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice

from digest.editions.found import Candidate
from digest.editions.rank import score
from digest.matching.why import why_not
from digest.pipeline.window import Window
from subscribers.reader import Interest

CLOSEST = 3  # misses named
LOOKED_AT = 40  # papers that somebody who wants nearly all of them is asked about


@dataclass(frozen=True, slots=True)
class Miss:
    """A paper that no topic wanted, and by topic the clause that failed."""

    candidate: Candidate
    failed: dict[str, str]


class Misses:
    """The misses of one window. What failed is worked out once for a filter and a paper, whoever's topic it is."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._best = cache(partial(_ranked, window))  # per instance: readers share windows
        self._why_not = cache(partial(_failed, window))

    def of(self, interests: Sequence[Interest], low: int | None) -> list[Miss]:
        """The most interesting first."""
        mine = [topic for topic in interests if topic.filter in self._window.queries]
        return list(islice(self._unwanted(mine, low), CLOSEST))

    def _unwanted(self, mine: Sequence[Interest], low: int | None) -> Iterator[Miss]:
        for candidate in self._best(low):
            failed = {topic.name: self._why_not(topic.filter, candidate.change) for topic in mine}
            if all(failed.values()):
                yield Miss(candidate, failed)


def _ranked(window: Window, low: int | None) -> list[Candidate]:
    """The newest news of each paper of the window."""
    newest = {c.paper: c for c in window.inside(low) if c.kind != "settled"}
    return sorted(newest.values(), key=lambda c: (-score(c.facts), c.facts.key))[:LOOKED_AT]


def _failed(window: Window, filter_id: int, change: int) -> str:
    return why_not(window.queries[filter_id], window.facts(change))
