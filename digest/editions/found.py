"""What a filter found in a window, ranked and cut once for all readers who ask so. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from operator import neg
from typing import NamedTuple

from digest.editions.draft import Hit
from digest.editions.rank import AN_AGE
from digest.matching.mark import Mark
from digest.sources.listing import Facts
from subscribers.reader import Interest


@dataclass(frozen=True, slots=True)
class Candidate:
    """A change that a reader may hear of: its paper (merged ones as one) and the facts as they were."""

    change: int
    paper: int
    kind: str
    facts: Facts
    hours: float = AN_AGE  # since it was listed, when this change came
    revision: int = 0  # the newest `revised` change of the paper that the topic matched in its window, or 0


Score = Callable[[Interest, Candidate], int]  # of the paper for this topic, 0 to 100
Why = Callable[[int, int], tuple[Mark, ...]]  # (filter, change): the words that matched


class Cut(NamedTuple):
    """What is shown of a section, and the changes behind "more"."""

    hits: tuple[Hit, ...]
    more: tuple[int, ...]


class Ranked:
    """The papers that topics with one filter and the same boosts find, best first; ties go by the paper's key."""

    def __init__(self, filter_id: int, candidates: list[Candidate], scores: list[int], why: Why) -> None:
        self.candidates, self.scores = candidates, scores
        self._filter, self._why = filter_id, why
        self._hits: dict[int, Hit] = {}
        self._cuts: dict[tuple[int, int | None], Cut] = {}

    def hit(self, place: int) -> Hit:
        """The hit at this place, for readers of whom no other topic finds the paper."""
        hit = self._hits.get(place)
        if hit is None:
            change = self.candidates[place].change
            hit = self._hits[place] = Hit(change, self.scores[place], self._why(self._filter, change))
        return hit

    def passing(self, threshold: int) -> int:
        """How many reach the threshold: the first ones."""
        return bisect_right(self.scores, -threshold, key=neg)

    def cut(self, threshold: int, cap: int | None) -> Cut:
        """What a topic shows that finds these and nothing else."""
        cut = self._cuts.get((threshold, cap))
        if cut is None:
            shown = len(range(self.passing(threshold))[:cap])
            more = tuple(c.change for c in self.candidates[shown:])
            cut = self._cuts[threshold, cap] = Cut(tuple(map(self.hit, range(shown))), more)
        return cut


class Found:
    """The newest matching change of each paper, told before or not, that one filter finds in one window."""

    def __init__(self, candidates: tuple[Candidate, ...] = ()) -> None:
        self.candidates = candidates
        self.papers = frozenset(c.paper for c in candidates)
        self._ranked: dict[tuple[str, ...], Ranked] = {}

    def ranked(self, interest: Interest, score: Score, why: Why) -> Ranked:
        """As this topic ranks them. Topics of one filter with the same boosts rank alike."""
        ranked = self._ranked.get(interest.boosts)
        if ranked is None:
            scored = [(-score(interest, c), c.facts.key, place) for place, c in enumerate(self.candidates)]
            scored.sort()
            best = [self.candidates[place] for _, _, place in scored]
            ranked = Ranked(interest.filter, best, [-low for low, _, _ in scored], why)
            self._ranked[interest.boosts] = ranked
        return ranked


NOTHING = Found()
