"""How fast votes rise: the counts of one listing of a paper as a small series of points, and its speed. Pure.

A point is kept when a count has changed by a step, and of many points those that tell most: so a series costs a
write only when something moved, and never grows beyond a handful.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

Point = tuple[int, int, int]  # minutes since 1970 (UTC), votes, comments: what a look showed then, and until the next
MOST = 8  # points of one listing
STEP = 50  # a fiftieth of the votes, at least one, is worth a point
SPAN = timedelta(hours=6)  # over which the speed is measured
LEAST = timedelta(hours=1)  # votes of a few minutes are no speed
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def grown(points: Sequence[Point], at: datetime, upvotes: int | None, comments: int | None) -> tuple[Point, ...]:
    """The series with what a look at `at` showed; the same series when that is nothing new, or came too late.

    A source that counts neither votes nor comments has no series. A count that a look leaves out stands.
    """
    before = points[-1] if points else None
    minute = (at - EPOCH) // timedelta(minutes=1)
    if (upvotes is None and comments is None) or (before is not None and minute <= before[0]):
        return tuple(points)
    old = before[1:] if before is not None else (0, 0)
    new = (old[0] if upvotes is None else upvotes, old[1] if comments is None else comments)
    if before is not None and not _steps(old, new):
        return tuple(points)
    return _thinned((*points, (minute, *new)))


def rising(points: Sequence[Point], now: datetime) -> float:
    """Votes an hour at `now`: over the last six hours, or as long as the listing is known, one hour at least.

    Rough, as its points are. Never below nothing, and nothing for a listing that was seen once: how it came to its
    first votes nobody saw.
    """
    if not points:
        return 0.0
    minute = (now - EPOCH) // timedelta(minutes=1)
    begin = max(points[0][0], minute - SPAN // timedelta(minutes=1))
    hours = max(minute - begin, LEAST // timedelta(minutes=1)) / 60
    return max(0.0, (_votes(points, minute) - _votes(points, begin)) / hours)


def _steps(old: tuple[int, int], new: tuple[int, int]) -> bool:
    """Whether votes or comments differ by a step."""
    return any(abs(b - a) >= max(1, a // STEP) for a, b in zip(old, new, strict=True))


def _votes(points: Sequence[Point], minute: int) -> int:
    """The votes that stood at a minute; before the first point those of the first."""
    standing = [votes for at, votes, _ in points if at <= minute]
    return standing[-1] if standing else points[0][1]


def _thinned(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """At most so many: the first and the last stay, and that one goes which, for its age, lies closest between its
    neighbours; so the last hours are told more finely than the first.
    """
    if len(points) <= MOST:
        return points
    newest = points[-1][0]
    least = min(
        range(1, len(points) - 1), key=lambda n: (points[n + 1][0] - points[n - 1][0]) / (newest - points[n][0])
    )
    return points[:least] + points[least + 1 :]
