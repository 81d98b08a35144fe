"""People's use cases: sign up, confirm, topics, schedule, leave, forget. Each is one transaction.

A person's state changes here and in `pausing` alone. Leaving cancels undotted letters in the same transaction and marks
those under way, so that nothing is dotted after it has committed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.db.models import QuerySet

from subscribers import asked, notices
from subscribers.models import Event, Letter, Subscriber, Topic
from subscribers.outbox import journal, queue
from subscribers.query.parser import parse
from subscribers.schedule import Schedule, beginning, next_slot, parse_days, parse_times, zone_of
from subscribers.suppression import in_force, part, suppressed
from subscribers.topics import TopicWish, save

UNDOTTED = ("waiting", "deferred")
NEVER_AGAIN = ("dotted", "unknown", "refused")  # under way, or refused for what may turn out to be our trouble


class NotPossible(Exception):
    """A use case that doesn't fit the person's state, in words for whoever asked."""


def find(address: str) -> Subscriber | None:
    """The person with this address (as compared), if we know one."""
    return Subscriber.objects.filter(address=address).first()


def schedule_of(person: Subscriber) -> Schedule:
    """The person's schedule; ValueError when zone, times or days can't be read."""
    return Schedule(person.zone, parse_times(person.times), parse_days(person.days))


def _locked(number: int) -> Subscriber:
    return Subscriber.objects.select_for_update(no_key=True).get(pk=number)


def _event(person: Subscriber, kind: str, now: datetime, **data: object) -> None:
    Event.objects.create(kind=kind, at=now, subscriber=person, data=data)


@transaction.atomic
def sign_up(
    mailed: str,
    address: str,
    wishes: Sequence[TopicWish],
    now: datetime,
    *,
    site_host: str,
    schedule: Mapping[str, str] | None = None,
    asked_from: Mapping[str, str] | None = None,
) -> Subscriber:
    """Somebody asks for digests: a pending person and a letter that asks them to confirm.

    One who has left stays `left` until they confirm this new request: it revives nothing by itself.
    `schedule` has zone, times and days; topics that they have already stay as they are. NotPossible for an address
    that must not be mailed.
    """
    _must_be_mailable(address, now)
    defaults = {"email": mailed, "asked_at": now, **(schedule or {})}
    person, new = Subscriber.objects.get_or_create(address=address, defaults=defaults)
    person = _locked(person.pk)
    if person.state in ("active", "paused"):
        return person
    add_topics(person, wishes)
    request(person, now, site_host=site_host, asked_from=asked_from or {}, new=new)
    return person


def request(
    person: Subscriber, now: datetime, *, site_host: str, asked_from: Mapping[str, object], new: bool = False
) -> None:
    """A new request of a person whose row is locked, and the letter that asks to confirm it. The last one is void.

    `asked_from` is where it came from and, for an address that we know, what waits with it (see `asked`).
    """
    person.asked_at = now.replace(microsecond=0)
    person.asked_from = dict(asked_from)
    person.save(update_fields=["asked_at", "asked_from"])
    _event(person, "asked", now, new=new)
    notices.post(person, "confirm", person.asked_at, now, site_host=site_host)


def _must_be_mailable(address: str, now: datetime) -> None:
    if suppressed(address, now):
        raise NotPossible("this address must not be mailed: whoever reads there has complained, or an operator said so")


def add_topics(person: Subscriber, wishes: Sequence[TopicWish]) -> list[Topic]:
    """The topics among these that the person lacks, by name. Raises QueryError; then nothing is added."""
    for wish in wishes:
        parse(wish.text)  # also of topics that are there already: a wrong filter is never passed over in silence
    names = set(person.topics.values_list("name", flat=True))
    with transaction.atomic():
        return [save(person, wish) for wish in wishes if wish.name not in names]


@transaction.atomic
def edit_topics(person: Subscriber, wishes: Sequence[TopicWish], now: datetime) -> None:
    """Make these the person's topics: same names are replaced, others go. Raises QueryError."""
    _locked(person.pk)
    person.topics.exclude(name__in=[wish.name for wish in wishes]).delete()
    for wish in wishes:
        save(person, wish)
    _event(person, "topics", now, topics=[wish.name for wish in wishes])


@transaction.atomic
def enrol(
    mailed: str, address: str, wishes: Sequence[TopicWish], now: datetime, *, reason: str, schedule: Mapping[str, str]
) -> Subscriber:
    """An operator adds a person without a mail round trip, for a recorded reason.

    A known person only gets the topics they lack: nobody who left, bounced or complained comes back this way, nor
    (NotPossible) one who was erased after a complaint.
    """
    _must_be_mailable(address, now)
    person, new = Subscriber.objects.get_or_create(address=address, defaults={"email": mailed, **schedule})
    add_topics(person, wishes)
    if new:
        _activate(person, now, {"by": "operator"}, reason)
    return person


@transaction.atomic
def confirm(number: int, now: datetime, *, confirmed_from: Mapping[str, str], consent: str) -> Subscriber:
    """The person (or an operator who has their word) confirms. Twice is the same as once.

    NotPossible for one who left and has not asked again since, and for one who was erased.
    """
    person = _locked(number)
    if person.state in ("active", "paused"):
        return person
    if person.state == "forgotten" or (person.left_at is not None and person.asked_at is None):
        raise NotPossible("this person left; they come back by asking again and confirming that")
    asked.take(person)
    _activate(person, now, confirmed_from, consent)
    return person


def _activate(person: Subscriber, now: datetime, confirmed_from: Mapping[str, str], consent: str) -> None:
    """New or returned: no cursor (the first digest is the last 7 days), due at once, nothing owed from before.

    Due at a whole second, as every slot is: a digest's Message-ID and its page are named by the second of its slot.
    A goodbye that has not gone out by now would say what is no longer true.
    """
    person.state = Subscriber.State.ACTIVE
    person.confirmed_at, person.confirmed_from, person.consent = now, dict(confirmed_from), consent[:300]
    person.due, person.cursor, person.scheduled_at = now.replace(microsecond=0), None, now
    person.first_slot = person.owed_from = person.covered = person.left_at = None
    person.save()
    person.topics.update(since=None)
    _stop(person.letters.filter(kind="goodbye"), now, "came back")
    _event(person, "confirmed", now, consent=consent)


@transaction.atomic
def reschedule(number: int, now: datetime, *, zone: str, times: str, days: str) -> Subscriber:
    """A new schedule, from its first slot after now. ValueError when zone, times or days can't be read."""
    person = _locked(number)
    until = _paused_until(person, zone, now)
    person.zone, person.times, person.days, person.paused_until = zone, times, days, until
    schedule = schedule_of(person)
    first_is_due = person.cursor is None and person.first_slot is None and person.due is not None and person.due <= now
    if person.state == "active" and not first_is_due:
        person.due, person.scheduled_at = next_slot(schedule, now), now
    person.save()
    _event(person, "schedule", now, zone=zone, times=times, days=days)
    return person


def _paused_until(person: Subscriber, zone: str, now: datetime) -> datetime | None:
    """The end of a pause that a reader chose: the beginning of the same day by the clocks of their new zone."""
    until = person.paused_until
    if until is None or in_force(person.address or "", now) is not None:
        return until
    try:
        there = zone_of(person.zone)
    except (ValueError, OSError):  # what is stored can't be read: the new one mends it
        return until
    return beginning(zone, until.astimezone(there).date())


@transaction.atomic
def choose_shape(number: int, now: datetime, *, length: str, empty_too: bool) -> Subscriber:
    """How much digests say of each paper; a short mail, or none, when there is nothing to tell.

    ValueError for a length that is none.
    """
    person = _locked(number)
    person.length, person.empty_too = Subscriber.Length(length), empty_too
    person.save(update_fields=["length", "empty_too"])
    _event(person, "shape", now, length=length, empty_too=empty_too)
    return person


@transaction.atomic
def leave(number: int, now: datetime, *, how: str, journal_file: Path, spared: str = "") -> Subscriber:
    """Leaving wins: undotted letters are cancelled with it, those under way are never sent again.

    `spared` is a kind of letter that may still go: one who presses the button twice gets the goodbye of the first.
    The letters are found by a statement after the person's row is locked, so that those posted just before are seen.
    """
    person = _locked(number)
    letters = person.letters.exclude(kind=spared)
    if person.state in ("left", "forgotten"):
        # one who asked again and changed their mind: that request must not revive them
        person.asked_at = None
        asked.forget(person)
        person.save(update_fields=["asked_at", "asked_from"])
        _stop(letters, now, "left")
        return person
    person.state, person.left_at = Subscriber.State.LEFT, now
    person.due = person.cursor = person.owed_from = person.first_slot = person.paused_until = None
    person.asked_at = None  # only a request made after this can be confirmed
    asked.forget(person)
    person.save()
    person.topics.update(since=None)
    _stop(letters, now, "left")
    _event(person, "left", now, how=how)
    journal.write(journal_file, "left", person.key, now)
    return person


def _stop(letters: QuerySet[Letter], now: datetime, reason: str) -> None:
    """Cancel the undotted among these letters; what becomes of the others, they are never sent again.

    Marked first: a refusal that turns out to be trouble of our own is undone, or is not, before or after, but not in
    between.
    """
    letters.filter(state__in=(*UNDOTTED, *NEVER_AGAIN)).update(last=True)
    queue.move(letters, UNDOTTED, "cancelled", decided_at=now, reason=reason)


@transaction.atomic
def forget(number: int, now: datetime, *, journal_file: Path) -> Subscriber:
    """Erase a person. Their copies and letters stay, blanked, so that the books of the past stay right."""
    person = leave(number, now, how="forgotten", journal_file=journal_file)
    part(person)
    person.state, person.email, person.address = Subscriber.State.FORGOTTEN, "", None
    person.zone, person.times, person.days, person.consent = "UTC", "07:30", "daily", ""
    person.asked_from, person.confirmed_from, person.feed_key = {}, {}, None
    person.save()
    person.topics.all().delete()
    person.letters.update(content={}, reply="")
    person.events.update(data={})
    _event(person, "forgotten", now)
    return person
