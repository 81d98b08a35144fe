"""When mail that comes back counts against an address, and when it is enough. Pure.

A day counts once, by its worst report: a mail server that is wrong for an hour says so many times. Whoever has had no
mail returned for a week starts anew. Days are UTC days of when we heard of it, never of what a report says of itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

HARD, SOFT = 1.0, 0.5
MOST = 5.0  # above it the address is disabled
QUIET = 7  # whole days between two bounces without another: what was before is forgotten
SPAN = timedelta(days=100)  # no bounce that is older can still count: 11 soft ones, each 8 days after the last


def score(bounces: Iterable[tuple[date, bool]], today: date) -> float:
    """The score on a day, from (day, hard) of each bounce in any order; what is later than the day does not count."""
    days: dict[date, float] = {}
    for day, hard in bounces:
        if day <= today:
            days[day] = max(days.get(day, 0.0), HARD if hard else SOFT)
    total, last = 0.0, None
    for day in sorted(days):
        total = days[day] + (0.0 if last is None or _forgotten(last, day) else total)
        last = day
    return 0.0 if last is None or _forgotten(last, today) else total


def too_much(number: float) -> bool:
    """Whether an address with this score is to be disabled."""
    return number > MOST


def _forgotten(last: date, day: date) -> bool:
    return (day - last).days > QUIET
