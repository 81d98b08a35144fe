"""What to do for one due reader: which slot, which window, what it brings. Reads, but writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from digest.editions.compose import Desk, Match, Occasion, Silence, compose, nothing
from digest.editions.draft import Draft, Near
from digest.editions.found import NOTHING
from digest.pipeline.misses import Misses
from digest.pipeline.owing import Earlier, owed, untouched
from digest.pipeline.window import RECENT, Window
from subscribers import schedule
from subscribers.reader import Interest, Reader, schedule_of
from subscribers.roll import NOT_ARRIVED, Served
from subscribers.schedule import Schedule

LATE = timedelta(hours=1)  # a slot served later than this was missed, and the digest says so
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Plan(NamedTuple):
    """One reader's copy before it is written."""

    reader: Reader
    date: date
    slot: datetime
    next: datetime
    result: Draft | Silence
    earlier: tuple[Earlier, ...] = ()
    served: Mapping[int, Served] = MappingProxyType({})  # by topic
    keeps_cursor: bool = False
    first: bool = False
    failed: str = ""


def lows(reader: Reader, now: datetime) -> dict[int, int | None]:
    """Where the window of each topic that is served now begins, by topic id."""
    return {
        topic.id: reader.cursor if topic.since is None else topic.since
        for topic in reader.topics
        if reader.cursor is None or _served(topic, reader, now)
    }


def _served(topic: Interest, reader: Reader, now: datetime) -> bool:
    """Weekly and monthly topics are served at the first slot of their week or month, also when it was missed.

    Which one that is the date says on which the topic was served last, since the schedule may have been another one
    then; of a topic that was not yet, or not at this pace, the schedule says it.
    """
    if topic.cadence == "slot":
        return True
    mine, last = reader.schedule(), topic.served_on
    passed = schedule.slots(mine, reader.due, now)
    if last is None:
        begins = schedule.first_of_week if topic.cadence == "weekly" else schedule.first_of_month
        return any(begins(mine, slot) for slot in passed)
    period = schedule.week if topic.cadence == "weekly" else schedule.month
    return any(period(schedule.local_date(mine, slot)) > period(last) for slot in passed)


class Clock(NamedTuple):
    """What one schedule says at one time: worked out once for all readers who have it."""

    schedule: Schedule
    newest: datetime | None  # slot, before or at that time
    upcoming: datetime  # the first slot after it
    words: str


@lru_cache(maxsize=4_096)
def _clock(zone: str, times: str, days: str, now: datetime) -> Clock:
    mine = schedule_of(zone, times, days)
    newest = schedule.newest_slot(mine, BEGINNING, now)
    return Clock(mine, newest, schedule.next_slot(mine, now), schedule.describe(mine).replace("Every day", "every day"))


@lru_cache(maxsize=16_384)
def _local(when: datetime, zone: str) -> str:
    """An instant as ISO text where the reader lives: its date is that of the first 10 characters."""
    return when.astimezone(schedule.zone_of(zone)).isoformat()


def plan(
    reader: Reader,
    window: Window,
    told: Mapping[int, int],
    earlier: tuple[Earlier, ...],
    desk: Desk,
    now: datetime,
    quiet: str,
    misses: Misses,
    *,
    reached: bool = True,
) -> Plan:
    """What this reader gets. `quiet` says what is wrong with the sources (or ""): see `publish.quiet_reason`.
    Not `reached`: it is known that no topic matches anything, see `reach`.

    Raises what the reader's data raises: an unreadable schedule, a broken filter.
    """
    clock = _clock(reader.zone, reader.times, reader.days, now)
    first = reader.cursor is None and reader.first_slot is None
    slot = reader.due if first or clock.newest is None else max(clock.newest, reader.due)
    on = date.fromisoformat(_local(slot, reader.zone)[:10])
    begins, begun = lows(reader, now), slot if first else _begun(reader, earlier)
    if reader.cursor is not None and schedule.too_soon(begun, slot):
        soon = Silence("too soon after the first")
        return Plan(reader, on, slot, clock.upcoming, soon, untouched(earlier), keeps_cursor=True)
    served = [topic for topic in reader.topics if topic.id in begins]
    matches = [Match(t, window.found(t.filter, begins[t.id], t.settled) if reached else NOTHING) for t in served]
    listed = window.listed(frozenset([(begins[t.id], t.settled) for t in served]))
    when = _occasion(reader, slot, clock, begun, listed, first, now, matches)
    result = compose(when, matches, told, owed(earlier), desk)
    if isinstance(result, Silence):
        if quiet and result.reason in ("source had no listing", _hidden_by(quiet)):
            result = replace(result, reason=quiet)
        if reader.empty_too and served:
            result = nothing(when, result, _near(misses, reader, served, told), owed(earlier), desk)
        else:
            earlier = untouched(earlier)
    served_now = _topics(reader, begins, window.head, on)
    return Plan(reader, on, slot, clock.upcoming, result, earlier, served_now, first=first)


def _near(misses: Misses, reader: Reader, served: Sequence[Interest], told: Mapping[int, int]) -> list[Near]:
    """What came closest, and what it lacks of each topic."""
    waiting = [topic for topic in reader.topics if topic not in served]
    found = misses.of(served, reader.cursor, told.get, waiting)
    return [Near(one.candidate.change, _lacks(one.failed)) for one in found]


def _lacks(failed: Mapping[str, str]) -> str:
    if len(failed) == 1:
        return "".join(failed.values())
    return " · ".join(f"{topic}: {said}" for topic, said in failed.items())


def _hidden_by(quiet: str) -> str:
    """A list that has not come yet is no quiet day: what it would have had nobody has seen."""
    return "nothing matched" if quiet == "source had no listing" else ""


def _begun(reader: Reader, earlier: Sequence[Earlier]) -> datetime | None:
    """When the first digest came; None when it is known that it did not: then no slot is too soon after it."""
    failed = any(e.slot == reader.first_slot and e.state in NOT_ARRIVED for e in earlier)
    return None if failed else reader.first_slot


def _occasion(
    reader: Reader,
    slot: datetime,
    clock: Clock,
    begun: datetime | None,
    listed: int,
    first: bool,
    now: datetime,
    matches: Sequence[Match],
) -> Occasion:
    upcoming, zone = clock.upcoming, reader.zone
    if schedule.too_soon(begun, upcoming):
        upcoming = schedule.next_digest(clock.schedule, now, begun)
    local = _local(slot, zone)
    return Occasion(
        date=local[:10],
        slot=local,
        since=_local(_covers_from(reader, slot, matches), zone),
        next=_local(upcoming, zone),
        zone=zone,
        listed=listed,
        late=not first and now - slot > LATE,
        first=first,
        asked=_local(reader.asked, zone)[:10] if reader.asked else "",
        added=reader.added,
        topics=len(reader.topics),
        schedule=clock.words,
        length=reader.length,
    )


def _covers_from(reader: Reader, slot: datetime, matches: Sequence[Match]) -> datetime:
    """Where the period covered begins: where the last digest's ended; for slower topics on the day that brought them
    last, or a week, a month back."""
    if reader.cursor is None:
        return slot - RECENT
    ended = reader.covered or slot - timedelta(days=1)
    return min([ended, *(_left(match.interest, reader, slot) for match in matches if match.interest.cadence != "slot")])


def _left(topic: Interest, reader: Reader, slot: datetime) -> datetime:
    """When a slower topic came last, or would have."""
    if topic.served_on is None:
        return slot - timedelta(days=31 if topic.cadence == "monthly" else 7)
    there = slot.astimezone(schedule.zone_of(reader.zone))
    return datetime.combine(topic.served_on, there.time(), there.tzinfo).astimezone(UTC)


def _topics(reader: Reader, begins: Mapping[int, int | None], head: int, on: date) -> dict[int, Served]:
    """Of slower topics where the next window begins: moved when served, filled with this one's start when empty.

    A topic that was slower until now is served from where it was left, once.
    """
    changed: dict[int, Served] = {}
    for topic in reader.topics:
        if topic.cadence == "slot":
            if topic.since is not None:
                changed[topic.id] = Served()
        elif topic.id in begins:
            changed[topic.id] = Served(head, on)
        elif topic.since is None and reader.cursor is not None:
            changed[topic.id] = Served(reader.cursor, topic.served_on)
    return changed


def failed(reader: Reader, error: Exception, now: datetime) -> Plan:
    """A reader who raises gets a copy that says so: the due time moves, the cursor stays."""
    said = f"{type(error).__name__}: {error}"[:300]
    try:
        mine = reader.schedule()
        slot = schedule.newest_slot(mine, reader.due, now) or reader.due
        on, upcoming = schedule.local_date(mine, slot), schedule.next_slot(mine, now)
    except ValueError:
        slot, on, upcoming = reader.due, reader.due.date(), now + timedelta(days=1)
    return Plan(reader, on, slot, upcoming, Silence("failed"), keeps_cursor=True, failed=said)
