"""Who is due, and moving due time and cursor: locked, compared, then set, so that a slot is served once."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from django.db.models import Case, Q, QuerySet, When

from subscribers.bulk import among, as_text, instant, moment, update
from subscribers.models import Subscriber, Topic
from subscribers.reader import Interest, Reader
from subscribers.schedule import Schedule, next_digest, parse_days, parse_times, too_soon

CROWD = 1_000  # from this many due readers on, each is picked up to JITTER later
JITTER = timedelta(minutes=10)
LATE = timedelta(minutes=15)  # an active reader whose due time is older is overdue
NOT_ARRIVED = ("refused", "cancelled")  # states of a letter that nobody has got

A_READ = 10_000  # rows held at once while readers are read
# the columns of a Reader, in the order of its fields; those of times are read as texts
COLUMNS = ("id", "key", "zone", "times", "days", "length", "empty_too", "cursor", "added")
TIMES = ("due", "owed_from", "first_slot", "covered", "confirmed_at")
# the columns of an Interest, in the order of its fields; its boosts are made a tuple
TOPIC_COLUMNS = (
    "id",
    "name",
    "text",
    "filter_id",
    "weight",
    "threshold",
    "cap",
    "cadence",
    "settled",
    "revisions",
    "since",
    "served_on",
)
# nobody asked for digests at this address but an operator, who vouches for the person
BY_OPERATOR = Q(confirmed_from__by="operator") & (Q(asked_at=None) | Q(asked_from__by="operator"))
ADDED = Case(When(BY_OPERATOR, then=True), default=False)


@dataclass(frozen=True, slots=True)
class Move:
    """A reader's row after a slot."""

    reader: int
    due: datetime
    cursor: int | None
    owed_from: datetime | None
    first_slot: datetime | None
    covered: datetime | None


def jitter(reader: int) -> timedelta:
    """A reader's own part of JITTER: the same each day, spread evenly (Knuth's multiplicative hash)."""
    return JITTER * ((reader * 2654435761 % 2**32) / 2**32)


def due_ids(now: datetime, first: int = 0, last: int | None = None) -> list[int]:
    """The active readers (with ids from `first` to `last`) to serve at `now`, ascending.

    In a crowd, whatever the range, each waits for their jitter.
    """
    due = Subscriber.objects.filter(state="active", due__lte=now)
    crowd = due.order_by("id")[:CROWD].count() == CROWD
    mine = due.filter(id__gte=first) if last is None else due.filter(id__range=(first, last))
    rows = mine.order_by("id").annotate(due_text=as_text("due")).values_list("id", "due_text").iterator(A_READ)
    slots = ((number, moment(slot)) for number, slot in rows)
    return [n for n, slot in slots if slot and (not crowd or slot <= now - JITTER or slot + jitter(n) <= now)]


def overdue(now: datetime) -> int:
    """How many active readers have waited too long."""
    return Subscriber.objects.filter(state="active", due__lt=now - LATE).count()


def due_readers(numbers: Sequence[int], now: datetime) -> Iterator[Reader]:
    """Those of these readers who are due still: one may have left, or paused, or been served by another publisher
    since the list was made, and whoever was served is due at their next slot, which is not to come early."""
    return _read(numbers, Subscriber.objects.filter(state="active", due__lte=now), now)


def readers(numbers: Sequence[int], otherwise: datetime) -> Iterator[Reader]:
    """Readers with their topics, ascending by id. Those who are due at no time, since they have paused, or left, or
    never confirmed, as if they were due `otherwise`."""
    return _read(numbers, Subscriber.objects.all(), otherwise)


def _read(numbers: Sequence[int], people: QuerySet[Subscriber], otherwise: datetime) -> Iterator[Reader]:
    topics = _topics(numbers)
    texts = {f"{name}_text": as_text(name) for name in TIMES}
    mine = people.filter(id__in=among(numbers)).annotate(added=ADDED, **texts).order_by("id")
    rows = mine.values_list(*COLUMNS, *texts).iterator(A_READ)
    for number, key, zone, times, days, length, empty_too, cursor, added, *moments in rows:
        due, owed_from, first_slot, covered, asked = map(moment, moments)
        yield Reader(
            number, key, zone, times, days, due or otherwise, cursor, owed_from, first_slot, covered, asked, added,
            tuple(topics.get(number, ())), length, empty_too,
        )  # fmt: skip


def _topics(numbers: Sequence[int]) -> Mapping[int, list[Interest]]:
    """By reader, in the order they were added, without the muted ones."""
    topics: dict[int, list[Interest]] = defaultdict(list)
    rows = Topic.objects.filter(subscriber__in=among(numbers), muted=False).annotate(lines=as_text("boosts"))
    for owner, *values, boosts in (
        rows.order_by("id").values_list("subscriber_id", *TOPIC_COLUMNS, "lines").iterator(A_READ)
    ):
        topics[owner].append(Interest._make((*values, _lines(boosts))))
    return topics


@lru_cache(maxsize=1_024)  # most have none
def _lines(boosts: str) -> tuple[str, ...]:
    return tuple(json.loads(boosts))


def first_digest(person: Subscriber) -> datetime | None:
    """When the first digest came, or comes; None when it never will (a silent one), or is known not to have arrived."""
    if person.first_slot is None:
        return person.due if person.cursor is None else None
    letters = person.letters.filter(kind="digest", slot=person.first_slot)
    return None if letters.filter(state__in=NOT_ARRIVED).exists() else person.first_slot


def coming(person: Subscriber) -> datetime | None:
    """The slot that a reader can next expect a digest at: their due time, unless that will be passed over.

    ValueError when the stored zone, times or days can't be read.
    """
    first = first_digest(person)
    if person.due is None or not too_soon(first, person.due):
        return person.due
    mine = Schedule(person.zone, parse_times(person.times), parse_days(person.days))
    return next_digest(mine, person.due, first)


def active() -> Iterator[tuple[int, Schedule, datetime]]:
    """Every active reader's id, schedule, and since when that schedule holds; without those that can't be read."""
    rows = Subscriber.objects.filter(state="active").order_by("id")
    for number, zone, times, days, since in rows.values_list("id", "zone", "times", "days", "scheduled_at").iterator():
        try:
            schedule = Schedule(zone, parse_times(times), parse_days(days))
        except ValueError:
            continue
        if since is not None:
            yield number, schedule, since


def hold(expected: Mapping[int, tuple[datetime, int | None]]) -> set[int]:
    """Lock the readers that are active and still have this due time and cursor; the others are somebody else's.

    Call it inside a transaction: the lock lasts until `move` has written and all is committed.
    """
    rows = Subscriber.objects.select_for_update(no_key=True).filter(id__in=expected, state="active").order_by("id")
    stored = rows.annotate(due_text=as_text("due")).values_list("id", "due_text", "cursor")
    return {number for number, due, cursor in stored if expected[number] == (moment(due), cursor)}


def move(moves: Iterable[Move]) -> None:
    """Write due time, cursor and the rest of readers that `hold` has locked."""
    rows = [
        (m.reader, instant(m.due), m.cursor, instant(m.owed_from), instant(m.first_slot), instant(m.covered))
        for m in moves
    ]
    update(Subscriber, ("due", "cursor", "owed_from", "first_slot", "covered"), rows)


class Served(NamedTuple):
    """Where the window of a topic begins next time, and on which date it was served; nothing for one that is served
    with each digest."""

    since: int | None = None
    on: date | None = None


def serve_topics(served: Mapping[int, Served]) -> None:
    """Write `since` and `served_on` of topics, by their id. Only publish calls it."""
    rows = [(topic, one.since, one.on.isoformat() if one.on else None) for topic, one in served.items()]
    update(Topic, ("since", "served_on"), rows)
