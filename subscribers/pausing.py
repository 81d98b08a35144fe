"""Pausing and going on: for as long as the reader likes, or until a day they choose. Each is one transaction."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta

from django.db import transaction

from subscribers.membership import NotPossible, schedule_of
from subscribers.models import Event, Subscriber
from subscribers.outbox import queue
from subscribers.schedule import INSTANT, beginning, next_slot
from subscribers.suppression import BOUNCES, in_force, lift

UNDOTTED = ("waiting", "deferred")
LONGEST = timedelta(days=366)
TRIED_AGAIN = timedelta(days=1)  # a reader whose schedule can't be read
log = logging.getLogger(__name__)


@transaction.atomic
def pause(number: int, now: datetime, until: datetime | None = None) -> Subscriber:
    """No digests until `until`, or until they go on. The cursor is emptied: afterwards they get the last 7 days, not
    all of it. One who has paused already stays as they are.

    Digests that wait are cancelled with it. Their papers count as told, so the first digest afterwards carries them.
    """
    person = _locked(number)
    if person.state == "paused":
        return person
    if person.state != "active":
        raise NotPossible(f"only an active reader can pause; this one is {person.state}")
    person.state, person.due, person.cursor = Subscriber.State.PAUSED, None, None
    person.paused_until = until
    person.save()
    person.topics.update(since=None)
    queue.move(person.letters.filter(kind="digest"), UNDOTTED, "cancelled", decided_at=now, reason="paused")
    _event(person, "paused", now, until)
    return person


@transaction.atomic
def pause_until(number: int, day: date | None, now: datetime) -> Subscriber:
    """The reader's own pause: until a day begins where they live, or (None) until they go on. A pause that is under
    way takes the new end, except one that began because mail came back: that one ends with its cause.

    NotPossible for a day that is not ahead, or too far.
    """
    person = _locked(number)
    until = None if day is None else _ahead(person, day, now)
    if person.state != "paused":
        return pause(number, now, until)
    if in_force(person.address or "", now) is None and person.paused_until != until:
        person.paused_until = until
        person.save(update_fields=["paused_until"])
        _event(person, "paused", now, until)
    return person


def _ahead(person: Subscriber, day: date, now: datetime) -> datetime:
    until = beginning(person.zone, day)
    if not now < until <= now + LONGEST:
        raise NotPossible(f"{day:%Y-%m-%d} is no day to pause until: choose one after today and within a year")
    return until


@transaction.atomic
def resume(number: int, now: datetime, since: datetime | None = None) -> Subscriber:
    """Back from a pause, from the first slot after now, or not before `since`. Also from a pause that began because
    mail came back.

    Whoever resumes says that mail arrives again: they hold a link that we mailed, or are an operator.
    """
    person = _locked(number)
    if person.state == "active":
        return person
    if person.state != "paused":
        raise NotPossible(f"only a paused reader can resume; this one is {person.state}")
    held = in_force(person.address or "", now)
    if held is not None and held.reason != BOUNCES:
        raise NotPossible(f"this address must not be mailed ({held.reason}); an operator can lift that")
    if held is not None:
        lift(held, now, by="resumed")
    person.state, person.paused_until = Subscriber.State.ACTIVE, None
    person.due = next_slot(schedule_of(person), now if since is None else since - INSTANT)
    person.scheduled_at = now if since is None else since
    person.save()
    _event(person, "resumed", now)
    return person


def end_pauses(now: datetime) -> int:
    """Resume the readers whose pause is over, from their first slot since; how many. A slot missed meanwhile is served
    late. One who can't resume stops only themselves, and stays paused: as long as nothing may be mailed to them."""
    over = Subscriber.objects.filter(state="paused", paused_until__lte=now).order_by("pk")
    return sum(_end(number, now) for number in list(over.values_list("pk", flat=True)))


@transaction.atomic
def _end(number: int, now: datetime) -> bool:
    """Asked again under the lock: they may have gone on, or prolonged it, since they were listed."""
    person = _locked(number)
    if person.state != "paused" or person.paused_until is None or person.paused_until > now:
        return False
    held = in_force(person.address or "", now)
    try:
        if held is None:
            resume(number, now, person.paused_until)
            return True
        log.error("reader %d stays paused: this address must not be mailed (%s)", number, held.reason)
        person.paused_until = held.until
    except ValueError as reason:
        log.error("reader %d stays paused: %s", number, reason)
        person.paused_until = now + TRIED_AGAIN
    person.save(update_fields=["paused_until"])
    return False


def _locked(number: int) -> Subscriber:
    return Subscriber.objects.select_for_update(no_key=True).get(pk=number)


def _event(person: Subscriber, kind: str, now: datetime, until: datetime | None = None) -> None:
    data = {"until": until.isoformat()} if until else {}
    Event.objects.create(kind=kind, at=now, subscriber=person, data=data)
