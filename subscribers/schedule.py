"""When a reader's digests are due: slots by the wall clock of an IANA time zone. Pure.

A slot is an instant, in UTC. Each wanted day has one for each wanted time of day, where the reader lives:

- A time that a change of clocks skips (02:30 when 02:00 becomes 03:00) is shifted by the gap: 03:30 that day.
- A time that comes twice counts once, the first time.
- Two times that a gap brings to the same instant are one slot.

So no day loses its digest and none gets it twice. Zone data comes from the tzdata package, so that machines
with the same lock agree. The calendar day, week and month of a slot are those of its local date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
TOO_SOON = timedelta(hours=12)  # a slot so close behind the first digest brings none
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAILY, WEEKDAYS = frozenset(range(7)), frozenset(range(5))
NAMED_DAYS = {"daily": DAILY, "weekdays": WEEKDAYS}
CLOCK = re.compile(r"(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9])")
NOT_PLACES = frozenset({"Factory"})  # in the zone data, but means "nobody has set this yet"


@dataclass(frozen=True, slots=True)
class Schedule:
    """The local times of day and the days (0 = Monday) at which a reader wants digests.

    ValueError when it could never have a slot, or its zone is none.
    """

    zone: str
    times: tuple[time, ...]
    days: frozenset[int] = DAILY

    def __post_init__(self) -> None:
        check_zone(self.zone)
        if not self.times or not self.days:
            raise ValueError("a schedule needs at least one time of day and one day of the week")
        if not self.days <= DAILY:
            raise ValueError(f"days are 0 (Monday) to 6 (Sunday), not {sorted(self.days - DAILY)}")
        if any(when.tzinfo or when.second or when.microsecond for when in self.times):
            raise ValueError("times of day are whole minutes without a zone, such as 07:30")


def next_slot(schedule: Schedule, after: datetime) -> datetime:
    """The first slot strictly after an aware instant."""
    return _next(schedule, _utc(after))


def too_soon(first: datetime | None, slot: datetime) -> bool:
    """Whether a slot is passed over: the first digest came at another time of day, and just before it."""
    return first is not None and timedelta(0) < slot - first < TOO_SOON


def next_digest(schedule: Schedule, after: datetime, first: datetime | None) -> datetime:
    """The first slot strictly after an aware instant that is not passed over.

    `first` is when the first digest came or comes; None where it passes over nothing.
    """
    slot = next_slot(schedule, after)
    while too_soon(first, slot):
        slot = next_slot(schedule, slot)
    return slot


def newest_slot(schedule: Schedule, start: datetime, now: datetime) -> datetime | None:
    """The newest slot with start <= slot <= now, both aware; None when there is none."""
    slot = _newest(schedule, _utc(now))
    return slot if slot >= _utc(start) else None


def slots(schedule: Schedule, start: datetime, end: datetime) -> Iterator[datetime]:
    """Every slot with start <= slot <= end, both aware, oldest first."""
    end = _utc(end)
    slot = next_slot(schedule, _utc(start) - INSTANT)
    while slot <= end:
        yield slot
        slot = next_slot(schedule, slot)


def local_date(schedule: Schedule, slot: datetime) -> date:
    """The reader's calendar date at an aware instant."""
    return _utc(slot).astimezone(zone_of(schedule.zone)).date()


def beginning(zone: str, day: date) -> datetime:
    """When a calendar day begins where the clocks are those of a zone, in UTC. ValueError for no such zone."""
    return datetime.combine(day, time(), zone_of(check_zone(zone))).astimezone(UTC)


def week(day: date) -> tuple[int, int]:
    """The ISO week of a date, with its year."""
    year, number, _ = day.isocalendar()
    return year, number


def month(day: date) -> tuple[int, int]:
    """The month of a date, with its year."""
    return day.year, day.month


def first_of_week(schedule: Schedule, slot: datetime) -> bool:
    """Whether no slot of this schedule comes earlier in the ISO week (by local dates) of this one."""
    return _begins(week, schedule, slot)


def first_of_month(schedule: Schedule, slot: datetime) -> bool:
    """Whether no slot of this schedule comes earlier in the local month of this one."""
    return _begins(month, schedule, slot)


def describe(schedule: Schedule) -> str:
    """In words: "Monday to Friday, 07:30, Europe/Berlin"."""
    times = _listed([f"{when:%H:%M}" for when in sorted(set(schedule.times))])
    return f"{_days_in_words(schedule.days)}, {times}, {schedule.zone}"


def parse_days(text: str) -> frozenset[int]:
    """Days from "daily", "weekdays" or "mon,thu"; ValueError says which word is no day."""
    word = text.strip().lower()
    if word in NAMED_DAYS:
        return NAMED_DAYS[word]
    return frozenset(_day(part.strip()) for part in word.split(","))


def parse_times(text: str) -> tuple[time, ...]:
    """Times of day, in order and each once, from "07:30,18:00"; ValueError says which is no time."""
    return tuple(sorted({_time(part.strip()) for part in text.split(",")}))


def check_zone(name: str) -> str:
    """The name of a time zone as it stands; ValueError with the nearest name when there is no such zone."""
    if name in _zone_names():
        return name
    near = _nearest_zone(name)
    mend = f"did you mean {near}?" if near else "write one such as Europe/Berlin, America/New_York or UTC"
    raise ValueError(f"{name!r} is no time zone: {mend}")


# A publish run asks the same few hundred schedules about the same `now`, once for each of its readers.
@lru_cache(maxsize=4096)
def _next(schedule: Schedule, after: datetime) -> datetime:
    # A gap can push a slot into the next date (Samoa left out a whole day): so the day before is asked too,
    # and a day is asked together with the one after it.
    first = local_date(schedule, after) - DAY
    for number in range(9):
        day = first + number * DAY
        later = [slot for slot in _of_days(schedule, day, day + DAY) if slot > after]
        if later:
            return min(later)
    raise AssertionError("a week without a wanted day")


@lru_cache(maxsize=4096)
def _newest(schedule: Schedule, until: datetime) -> datetime:
    # Clocks put back over midnight leave a slot of tomorrow's date behind: so tomorrow is asked too.
    last = local_date(schedule, until) + DAY
    for number in range(10):
        day = last - number * DAY
        earlier = [slot for slot in _of_days(schedule, day - DAY, day) if slot <= until]
        if earlier:
            return max(earlier)
    raise AssertionError("a week without a wanted day")


def _before(schedule: Schedule, slot: datetime) -> datetime:
    return _newest(schedule, _utc(slot) - INSTANT)


def _of_days(schedule: Schedule, *days: date) -> list[datetime]:
    """The slots that belong to these local dates, in no order.

    With fold = 0 a time in a gap is read by the offset before it, which shifts it by the gap, and a time that
    comes twice as the first of the two (PEP 495): just what we want.
    """
    zone = zone_of(schedule.zone)
    return [
        datetime.combine(day, when, zone).astimezone(UTC)
        for day in days
        if day.weekday() in schedule.days
        for when in schedule.times
    ]


def _begins(period: Callable[[date], tuple[int, int]], schedule: Schedule, slot: datetime) -> bool:
    return period(local_date(schedule, slot)) != period(local_date(schedule, _before(schedule, slot)))


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone: slots need an aware instant")
    return instant.astimezone(UTC)


@cache
def zone_of(name: str) -> ZoneInfo:
    # Not ZoneInfo(name): that would prefer the machine's own files, whatever their age.
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def _zone_names() -> frozenset[str]:
    text = files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return frozenset(text.split()) - NOT_PLACES


def _nearest_zone(name: str) -> str:
    """The zone whose whole name, or whose city, looks most like this one; "" when none does."""
    # Abbreviations (EST, MET) are zones too, but no mend for somebody who wrote another one.
    spoken = {"utc": "UTC"}
    for zone in sorted(name for name in _zone_names() if "/" in name):
        spoken.setdefault(zone.rpartition("/")[2].lower(), zone)
        spoken[zone.lower()] = zone
    near = get_close_matches(name.strip().lower().replace(" ", "_"), spoken, n=1, cutoff=0.8)
    return spoken[near[0]] if near else ""


def _day(word: str) -> int:
    for number, name in enumerate(DAY_NAMES):
        if word in (name.lower(), name[:3].lower()):
            return number
    raise ValueError(
        f"{word!r} is no day: write daily, weekdays, or days such as mon,thu (mon tue wed thu fri sat sun)"
    )


def _time(word: str) -> time:
    found = CLOCK.fullmatch(word)
    if found is None:
        raise ValueError(f"{word!r} is no time of day: write hours and minutes from 00:00 to 23:59, such as 07:30")
    return time(int(found["hour"]), int(found["minute"]))


def _days_in_words(days: frozenset[int]) -> str:
    wanted = sorted(days)
    if len(wanted) == 7:
        return "Every day"
    if len(wanted) > 2 and wanted[-1] - wanted[0] == len(wanted) - 1:
        return f"{DAY_NAMES[wanted[0]]} to {DAY_NAMES[wanted[-1]]}"
    return _listed([DAY_NAMES[day] for day in wanted])


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
