"""A filter tried as a topic on the stored papers: what it would have brought, what it would not, and by which clause.

Reads only. Every clause is looked up once in the papers that are kept ready (see `kept`); all counts come from that.
Closely read are only the papers that are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from digest.editions import rank
from digest.matching.mark import Mark
from digest.matching.oddities import crowd, sought, unseen
from digest.matching.why import why
from digest.matching.widening import widened
from digest.pipeline import browsing, kept
from digest.pipeline.nearness import Counts, Rows, failed, miss, unwanted_marks, wanted_marks
from digest.pipeline.spelling import spellings
from digest.sources.listing import Facts
from subscribers.query.boosts import Boost
from subscribers.query.canonical import normal
from subscribers.query.nodes import Clause, Near, Phrase, Query, Word, clauses

MONTH = 30  # days of the chart
SPANS = (1, browsing.PREVIEWED.days, MONTH)  # days that are counted, today included
BEST, BEHIND, CLOSEST = 8, 4, 8  # papers shown: in the mail, behind its "more", and of those that are not wanted
SPELLED = 3  # clauses that are spelled anew
WORKING_DAYS = 5
BELOW, BEYOND = "below the threshold", "beyond the cap"


@dataclass(frozen=True, slots=True)
class Ranking:
    """What a topic ranks and cuts its papers by."""

    boosts: tuple[Boost, ...] = ()
    threshold: int = 0
    cap: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A paper that it would have brought. `behind` says why it would not have been in the mail itself, "" when it
    would."""

    facts: Facts
    marks: tuple[Mark, ...]
    score: int
    behind: str = ""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A paper that it would not have brought: what it has of what is asked for, and which clause fails, in words."""

    facts: Facts
    wanted: tuple[Mark, ...]
    unwanted: tuple[Mark, ...]
    failed: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something odd about it and, where there is a mend, what to put in the place of what; `papers` that have what is
    new, where none has what is old."""

    words: str
    old: Clause | None = None
    new: Clause | None = None
    papers: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """`listed` = `kept` + the dropped ones, of the last 7 days; `kept` = `mailed` + those behind "more"."""

    counts: tuple[tuple[int, int], ...]  # (days, papers that match), for each of SPANS
    daily: tuple[tuple[date, int], ...]  # the last 30 days, the oldest first
    a_week: float  # papers to expect, from the last 90 days
    of: int  # papers of the last 90 days
    listed: int
    kept: int
    mailed: int
    best: tuple[Kept, ...]
    closest: tuple[Dropped, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class _Looked:
    """The papers of the last 90 days, and by paper what is true of them."""

    papers: tuple[Facts, ...]
    ages: NDArray[np.intp]  # days since the listing; 0: today
    true: Mapping[Query, Rows]
    failed: Counts
    respelled: Mapping[Clause, tuple[Clause, int]]  # a clause of no paper, one spelled nearly so, and its papers

    @property
    def matched(self) -> Rows:
        rows: Rows = self.failed == 0
        return rows

    def rows(self, wanted: Rows) -> list[int]:
        found: list[int] = np.flatnonzero(wanted).tolist()
        return found


def tried(query: Query, ranking: Ranking, now: datetime) -> Trial:
    """This filter, as a topic that ranks so, on what is stored by now."""
    meant, today = normal(query), now.astimezone(UTC).date()
    looked = _look(meant, ranking, today)
    week = looked.ages < browsing.PREVIEWED.days
    scores = _scores(looked, looked.rows(week), ranking.boosts, now)
    best, mailed = _best(looked, scores, ranking)
    matched = looked.ages[looked.matched]
    return Trial(
        counts=tuple((days, int((matched < days).sum())) for days in SPANS),
        daily=_daily(matched, today),
        a_week=a_week(looked.papers, len(matched)),
        of=len(looked.papers),
        listed=len(scores),
        kept=int((week & looked.matched).sum()),
        mailed=mailed,
        best=tuple(_kept(query, one, today) for one in best),
        closest=tuple(_dropped(meant, facts.judged_on(today)) for facts in _closest(looked, scores)),
        notes=tuple(_notes(meant, looked, [one.facts for one in best])),
    )


def a_week(papers: Sequence[Facts], matched: int) -> float:
    """Papers a week to expect: what so many matches are by the weeks in which these papers were listed.

    Where nothing was listed at weekends five days make a week; else the calendar's weeks count, from the first day to
    the last. Less than a week counts as a whole one.
    """
    days = sorted({date.fromisoformat(facts.listed) for facts in papers if facts.listed})
    if any(day.weekday() >= WORKING_DAYS for day in days):
        weeks = ((days[-1] - days[0]).days + 1) / 7
    else:
        weeks = len(days) / WORKING_DAYS
    return matched / max(1.0, weeks)


def _look(meant: Query, ranking: Ranking, today: date) -> _Looked:
    leaves = dict.fromkeys((*clauses(meant), *(boost.clause for boost in ranking.boosts)))
    with kept.opened(today - browsing.SEARCHED, today) as shelf:
        true: dict[Query, Rows] = {clause: shelf.true(clause) for clause in leaves}
        missing = [clause for clause in sought(meant) if not true[clause].any()] if shelf.papers else []
        respelled = {clause: _respelled(clause, shelf) for clause in missing[:SPELLED]}
    ages = np.array([_age(facts, today) for facts in shelf.papers], dtype=np.intp)
    known = {clause: found for clause, found in respelled.items() if found}
    return _Looked(shelf.papers, ages, true, failed(meant, true), known)


def _respelled(clause: Clause, shelf: kept.Opened) -> tuple[Clause, int] | None:
    """Of the nearest spellings the one that most papers have."""
    counted = ((int(shelf.true(one).sum()), one) for one in spellings(clause, shelf.words))
    count, best = max(counted, key=lambda pair: pair[0], default=(0, clause))
    return (best, count) if count else None


def _age(facts: Facts, today: date) -> int:
    """Days since it was listed; one that is listed for tomorrow counts as of today."""
    return max(0, (today - date.fromisoformat(facts.listed)).days) if facts.listed else browsing.SEARCHED.days


def _scores(looked: _Looked, rows: list[int], boosts: Sequence[Boost], now: datetime) -> dict[int, int]:
    """The score of each of these papers for the topic, the best paper first, ties by key; as `rank.boosted` has it."""
    points = np.zeros(len(looked.papers), dtype=np.intp)
    pinned = np.zeros(len(looked.papers), dtype=np.bool_)
    for boost in boosts:
        points += boost.points * looked.true[boost.clause]
        pinned |= boost.pinned & looked.true[boost.clause]
    scores = {}
    for row in rows:
        facts = looked.papers[row]
        hours = rank.hours_listed(facts, now)
        scores[row] = rank.MOST if pinned[row] else rank.score(facts, hours=hours, boost=int(points[row]))
    return dict(sorted(scores.items(), key=lambda item: (-item[1], looked.papers[item[0]].key)))


def _best(looked: _Looked, scores: Mapping[int, int], ranking: Ranking) -> tuple[list[Kept], int]:
    """The papers to show, those behind "more" last, and how many a mail would have."""
    matched = looked.matched
    ranked = [(looked.papers[row], score) for row, score in scores.items() if matched[row]]
    passing = [one for one in ranked if one[1] >= ranking.threshold]
    mailed = passing[: ranking.cap]
    behind = [(*one, BEYOND) for one in passing[len(mailed) :]] + [(*one, BELOW) for one in ranked[len(passing) :]]
    shown = [*((*one, "") for one in mailed[:BEST]), *behind[:BEHIND]]
    return [Kept(facts, (), score, why_behind) for facts, score, why_behind in shown], len(mailed)


def _kept(query: Query, one: Kept, today: date) -> Kept:
    return replace(one, marks=why(query, one.facts.judged_on(today)))


def _closest(looked: _Looked, scores: Mapping[int, int]) -> list[Facts]:
    """Of the papers that don't match those that fail the fewest clauses, of these the best."""
    dropped = [row for row in scores if looked.failed[row]]
    return [looked.papers[row] for row in sorted(dropped, key=lambda row: int(looked.failed[row]))[:CLOSEST]]


def _dropped(meant: Query, facts: Facts) -> Dropped:
    return Dropped(facts, wanted_marks(meant, facts), unwanted_marks(meant, facts), miss(meant, facts))


def _daily(ages: NDArray[np.intp], today: date) -> tuple[tuple[date, int], ...]:
    counts = np.bincount(ages[ages < MONTH], minlength=MONTH)
    return tuple((today - timedelta(days=age), int(counts[age])) for age in reversed(range(MONTH)))


def _notes(meant: Query, looked: _Looked, shown: Sequence[Facts]) -> Iterator[Note]:
    """What is asked for in vain, whether it brings too many, and what counts by its stem alone."""
    among = f"the papers of the last {browsing.SEARCHED.days} days ({len(looked.papers):,})"
    said = set()
    for clause in sought(meant):
        for words in unseen(clause, looked.papers, [int(looked.true[clause].sum())], among):
            if words not in said:
                said.add(words)
                yield Note(words, clause, *looked.respelled.get(clause, (None, 0)))
    for words in crowd(looked.papers, int(looked.matched.sum())):
        yield Note(words)
    for clause in dict.fromkeys(clauses(meant)):
        for words in widened(clause, shown):
            yield Note(words, clause, replace(clause, exact=True) if isinstance(clause, Word | Phrase | Near) else None)
