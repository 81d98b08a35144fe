"""Days and times in the words of a mail, always English (never the machine's locale). Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@lru_cache(maxsize=4096)
def weekday(day: str) -> str:
    """2026-11-25 (or an instant of it): Wednesday 25 November."""
    return _weekday(_day(day))


@lru_cache(maxsize=4096)
def short(day: str) -> str:
    """2026-11-25: 25 Nov 2026. "" stays "", and what is no date stays as it is."""
    try:
        found = _day(day)
    except ValueError:
        return day
    return f"{found.day} {MONTHS[found.month - 1][:3]} {found.year}"


@lru_cache(maxsize=4096)
def long(day: str) -> str:
    """2026-04-09: 9 April 2026."""
    found = _day(day)
    return f"{found.day} {MONTHS[found.month - 1]} {found.year}"


@lru_cache(maxsize=4096)
def without_year(day: str) -> str:
    """2026-04-09: 9 April."""
    found = _day(day)
    return f"{found.day} {MONTHS[found.month - 1]}"


@lru_cache(maxsize=4096)
def moment(instant: str) -> str:
    """2026-11-25T07:30+01:00: Wednesday 25 November 2026, 07:30, by the offset it is given in."""
    found = datetime.fromisoformat(instant)
    return f"{_weekday(found.date())} {found.year}, {found:%H:%M}"


@lru_cache(maxsize=4096)
def clock(instant: str) -> str:
    """2026-11-25T07:30+01:00: 07:30."""
    return f"{datetime.fromisoformat(instant):%H:%M}"


@lru_cache(maxsize=4096)
def since(instant: str, day: str) -> str:
    """The beginning of a period, seen from a day: since yesterday, 07:30."""
    begin = datetime.fromisoformat(instant)
    ago = _day(day) - begin.date()
    near = {timedelta(0): "today", timedelta(days=1): "yesterday"}
    return f"since {near.get(ago, _weekday(begin.date()))}, {begin:%H:%M}"


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])


def _weekday(day: date) -> str:
    return f"{DAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]}"
