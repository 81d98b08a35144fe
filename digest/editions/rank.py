"""How interesting a paper is to a topic, from 0 to 100, and in which order papers stand. Pure and deterministic.

    attention = upvotes + 2 * comments + 6 * upvotes / max(6, hours since it was listed)
    score     = 100 * attention / (attention + 25)
              + 3, 2 or 1 for a paper listed on the day it is judged, the day before, or the day before that
              + 8 for each point of the topic's boosts that it has (from -5 to 5 a boost)

rounded down and kept within 0 and 100; 100 for a paper by a pinned author or organisation. So a paper that nobody has
looked at has 3 on its day and 0 later, one with 25 votes 50 in the long run and 66 in its first hours, one with 100
votes 80. The facts are those of the change, so the same digest has the same scores for ever. Ties go by the paper's
key. A topic's weight is not in the score: it says which topic comes first and shows a paper that several match.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from functools import lru_cache

from digest.matching.why import is_true
from digest.sources.listing import Facts
from subscribers.query.boosts import Boost, read_boosts

HALF = 25  # the attention that makes a score of 50
COMMENT = 2  # upvotes that a comment is worth
QUICK = 6  # hours in which every vote counts twice; later votes an hour count as much as they do then
FRESH = 3  # points on the day of listing, one less a day
POINT = 8  # what one point of a boost adds
MOST = 100  # of a score
AN_AGE = 24 * 365.0  # hours, where nobody says when


def score(facts: Facts, *, hours: float = AN_AGE, boost: int = 0) -> int:
    """0 to 100. `hours` since it was listed (see `hours_listed`); `boost` the points of the boosts that it has."""
    attention = facts.upvotes * (1 + QUICK / max(QUICK, hours)) + COMMENT * facts.comments
    fresh = max(0, FRESH - int(hours // 24))
    return max(0, min(MOST, int(MOST * attention / (attention + HALF)) + fresh + POINT * boost))


def boosted(lines: tuple[str, ...], facts: Facts, hours: float) -> int:
    """The score for a topic with these boosts, as it keeps them. ValueError when one can't be read."""
    held = [boost for boost in _boosts(lines) if is_true(boost.clause, facts)]
    if any(boost.pinned for boost in held):
        return MOST
    return score(facts, hours=hours, boost=sum(boost.points for boost in held))


@lru_cache(maxsize=4_096)
def _boosts(lines: tuple[str, ...]) -> Iterable[Boost]:
    return read_boosts(lines)


def hours_listed(facts: Facts, at: datetime) -> float:
    """Hours from the beginning (00:00 UTC) of the day of the first listing to the change that is judged, not below 0.

    `AN_AGE` for a paper that no listing has dated.
    """
    try:
        listed = datetime.combine(date.fromisoformat(facts.listed), time(), UTC)
    except ValueError:
        return AN_AGE
    return max(0.0, (at - listed).total_seconds() / 3600)
