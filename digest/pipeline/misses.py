"""What came closest to a reader's topics without being for them, and what it lacked of each. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from itertools import chain
from typing import NamedTuple

from digest.editions.found import Candidate
from digest.editions.rank import boosted, score
from digest.matching.why import why_not
from digest.pipeline.window import Low, Window
from subscribers.reader import Interest

CLOSEST = 3  # misses named
LOOKED_AT = 40  # papers that somebody who wants nearly all of them is asked about
SHARED = 1_000  # sets of topics whose papers below their thresholds are remembered

ToldBy = Callable[[int], int | None]  # of a paper: the newest change by which the reader had been told of it


@dataclass(frozen=True, slots=True)
class Miss:
    """A paper that is not for the reader, and by topic what it lacked. `score`: for the topic it came nearest to."""

    candidate: Candidate
    failed: dict[str, str]
    score: int


class Judged(NamedTuple):
    """A paper that a topic's filter matched, and its score for it."""

    candidate: Candidate
    score: int


class Asked(NamedTuple):
    """What decides which papers a topic judges, and how: topics that are alike in it share the work."""

    filter: int
    boosts: tuple[str, ...]
    begins: Low
    settled: bool


class Short(NamedTuple):
    """A paper that matched a topic, told by its place among the reader's, and how much its score lacks."""

    lacking: int
    place: int
    found: Judged


class Misses:
    """The misses of one window. What failed is worked out once for a filter and a paper, whoever's topic it is."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._best = cache(partial(_ranked, window))  # per instance: readers share windows
        self._why_not = cache(partial(_failed, window))
        self._judged = cache(partial(_judged, window))
        self._short = lru_cache(SHARED)(partial(_shorts, self._judged))

    def of(
        self,
        interests: Sequence[Interest],
        low: Low,
        told: ToldBy | None = None,
        waiting: Sequence[Interest] = (),
    ) -> list[Miss]:
        """What matched but stayed below its topic's threshold, the nearest to it first; then what no topic wanted, the
        most interesting first.

        `waiting` are topics that are served another time: what they want is no miss.
        """
        mine, others = ([t for t in some if t.filter in self._window.queries] for some in (interests, waiting))
        if not mine:
            return []
        found: dict[int, Miss] = {}
        for miss in chain(self._below(mine, low, told), self._unwanted(mine, low)):
            if not self._coming(miss, others):
                found.setdefault(miss.candidate.paper, miss)
            if len(found) == CLOSEST:
                break
        return list(found.values())

    def _coming(self, miss: Miss, waiting: Sequence[Interest]) -> bool:
        return any(not self._why_not(topic.filter, miss.candidate.change) for topic in waiting)

    def _below(self, mine: Sequence[Interest], low: Low, told: ToldBy | None) -> Iterator[Miss]:
        if not any(topic.threshold for topic in mine):
            return  # nothing is below none: most readers are done here
        for short in self._short(tuple((_asked(topic, low), topic.threshold) for topic in mine)):
            nearest, best = mine[short[0].place], short[0].found
            by = told(best.candidate.paper) if told else None
            if by is None or (nearest.revisions and best.candidate.revision > by):
                yield self._miss(short, mine)

    def _miss(self, short: Sequence[Short], mine: Sequence[Interest]) -> Miss:
        best = short[0].found
        failed = {mine[one.place].name: below(one.found.score, mine[one.place].threshold) for one in short}
        others = {t.name: self._why_not(t.filter, best.candidate.change) for t in mine if t.name not in failed}
        return Miss(best.candidate, failed | {name: said for name, said in others.items() if said}, best.score)

    def judged(self, topic: Interest, low: Low) -> tuple[Judged, ...]:
        """What a topic's filter matched in its window, which for a slower one begins where it was left."""
        return self._judged(_asked(topic, low))

    def _unwanted(self, mine: Sequence[Interest], low: Low) -> Iterator[Miss]:
        for candidate in self._best(low):
            failed = {topic.name: self._why_not(topic.filter, candidate.change) for topic in mine}
            if all(failed.values()):
                yield Miss(candidate, failed, score(candidate.facts))


def below(scored: int, threshold: int) -> str:
    """What a paper lacks whose score for a topic stays below the topic's threshold."""
    return f"matches, with score {scored} of the {threshold} asked for"


def _asked(topic: Interest, low: Low) -> Asked:
    begins = low if topic.since is None else topic.since
    return Asked(topic.filter, topic.boosts, begins, topic.settled)


def _shorts(judged: Callable[[Asked], tuple[Judged, ...]], asked: tuple[tuple[Asked, int], ...]) -> list[list[Short]]:
    """By paper what each of the topics (with its threshold) that matched it finds missing, the nearest topic and paper
    first; without the papers that one of them wants."""
    near: dict[int, list[Short]] = {}
    wanted = set()
    for place, (topic, threshold) in enumerate(asked):
        for one in judged(topic):
            lacking = threshold - one.score
            if lacking > 0:
                near.setdefault(one.candidate.paper, []).append(Short(lacking, place, one))
            else:
                wanted.add(one.candidate.paper)
    found = [sorted(some, key=_nearness) for paper, some in near.items() if paper not in wanted]
    return sorted(found, key=_order)[:LOOKED_AT]


def _nearness(one: Short) -> tuple[int, int]:
    return one.lacking, one.place


def _order(some: Sequence[Short]) -> tuple[int, int, str]:
    nearest = some[0]
    return nearest.lacking, -nearest.found.score, nearest.found.candidate.facts.key


def _ranked(window: Window, low: Low) -> list[Candidate]:
    """The newest news of each paper of the window."""
    newest = {c.paper: c for c in window.inside(low) if c.kind != "settled"}
    return sorted(newest.values(), key=lambda c: (-score(c.facts), c.facts.key))[:LOOKED_AT]


def _failed(window: Window, filter_id: int, change: int) -> str:
    return why_not(window.queries[filter_id], window.facts(change))


def _judged(window: Window, asked: Asked) -> tuple[Judged, ...]:
    found = window.found(asked.filter, asked.begins, asked.settled).candidates
    return tuple(Judged(c, boosted(asked.boosts, c.facts, c.hours)) for c in found)
