"""Slots found by looking at the clock on the wall, each quarter of an hour: no zone's clock is set, and none of the
readers asks, at a finer time. Nothing here comes from `subscribers.schedule`.

A time that is shown twice is a slot the first time; one that a change of clocks skips is as long after the change as
it lies behind the last time that was shown.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

MINUTE, QUARTER = timedelta(minutes=1), timedelta(minutes=15)
DAYS = {"daily": range(7), "weekdays": range(5), "mon,thu": (0, 3), "sat,sun": (5, 6), "wed": (2,)}


class Clocks:
    """What the clocks of all zones show from one instant to another."""

    def __init__(self, begin: datetime, end: datetime, times: Iterable[str]) -> None:
        self.begin, self.end = begin, end
        self.wanted = {time.fromisoformat(one) for some in times for one in some.split(",")}
        assert not any(one.minute % 15 for one in self.wanted)
        self.slots = cache(self._slots)
        self._shown = cache(self._showing)

    def _showing(self, zone: str) -> dict[datetime, datetime]:
        """For each reading of the clock with a wanted time of day: when it is shown first, or would have been."""
        clock, found = ZoneInfo(zone), dict[datetime, datetime]()
        moment, following = self.begin, self.begin.astimezone(clock).replace(tzinfo=None)
        while moment < self.end:
            here = moment.astimezone(clock).replace(tzinfo=None)
            behind = moment
            while following < here:  # skipped
                self._note(found, following, behind)
                following, behind = following + QUARTER, behind + QUARTER
            self._note(found, here, moment)
            following, moment = here + QUARTER, moment + QUARTER
        return found

    def _note(self, found: dict[datetime, datetime], shown: datetime, at: datetime) -> None:
        if shown.time() in self.wanted:
            found.setdefault(shown, at)

    def _slots(self, zone: str, times: str, days: str) -> list[datetime]:
        """All slots of a schedule, in UTC, in order."""
        wanted = {time.fromisoformat(one) for one in times.split(",")}
        shown = self._shown(zone)
        return sorted({at for on, at in shown.items() if on.time() in wanted and on.weekday() in DAYS[days]})


def local(zone: str, at: datetime) -> datetime:
    """What the clock on the wall shows."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def midnight(zone: str, day: datetime) -> datetime:
    """The first instant at which the wall shows this day or a later one, in UTC."""
    at = day.replace(tzinfo=UTC) - timedelta(hours=16)
    while local(zone, at) < day:
        at += MINUTE
    return at
