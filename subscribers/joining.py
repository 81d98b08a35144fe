"""Asking for digests and confirming it, as the pages do: at most so many mails an address, links that end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum

from django.db import transaction

from subscribers import membership, notices, roll
from subscribers.asked import form, waiting
from subscribers.models import Subscriber
from subscribers.schedule import describe, next_digest, zone_of
from subscribers.suppression import suppressed
from subscribers.topics import TopicWish

VALID = timedelta(hours=72)  # how long a confirmation can be used


class Standing(Enum):
    """What a confirmation's link can still do."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"  # too old, or asked for again since
    LEFT = "left"
    GONE = "gone"  # purged or erased


def standing(person: Subscriber | None, asked: datetime, now: datetime) -> Standing:
    """Of a link that was signed for this person and the time they asked."""
    if person is None or person.state == "forgotten":
        return Standing.GONE
    if person.state in ("active", "paused"):
        return Standing.CONFIRMED
    if person.asked_at is None:
        return Standing.LEFT
    return Standing.OPEN if person.asked_at == asked and now - asked <= VALID else Standing.EXPIRED


@transaction.atomic
def ask(
    mailed: str,
    address: str,
    wishes: Sequence[TopicWish],
    now: datetime,
    *,
    site_host: str,
    schedule: Mapping[str, str],
    asked_from: Mapping[str, str],
) -> None:
    """Somebody asks for digests at this address: a confirmation, unless the address has had its share of them.

    What the last confirmation asked stays as it is then, so that its link goes on working. A reader is told that
    they are one, and nothing of theirs changes. An address that must not be mailed gets nothing, and no row. At an
    address that we know otherwise, what the form held waits until this request is confirmed.
    """
    if suppressed(address, now):
        return
    defaults = {"email": mailed, "asked_at": now, **schedule}
    # made and locked before letters are counted: of two requests at once the second sees the first one's letter
    found, new = Subscriber.objects.get_or_create(address=address, defaults=defaults)
    person = Subscriber.objects.select_for_update(no_key=True).get(pk=found.pk)
    if person.address is None:  # erased between the two: whoever asks reads the same, and can ask again
        return
    if person.state in ("active", "paused"):
        _remind(person, now, site_host)
    elif new:
        membership.add_topics(person, wishes)
        membership.request(person, now, site_host=site_host, asked_from=asked_from, new=True)
    elif not notices.had_enough(person, "confirm", now):
        membership.request(person, now, site_host=site_host, asked_from={**asked_from, **form(wishes, schedule)})


def _remind(person: Subscriber, now: datetime, site_host: str) -> None:
    """Says that they are a reader already. What the form held is no part of it: anybody can have filled it in."""
    if not notices.had_enough(person, "known", now):
        paused = person.state == "paused"
        content = {"paused": paused, **_when(person, now, silent=paused)}
        notices.post(person, "known", now, now, site_host=site_host, content=content)


@transaction.atomic
def ask_again(
    number: int, now: datetime, *, site_host: str, asked_from: Mapping[str, str], ended: datetime | None = None
) -> None:
    """One whose link has ended, or who left, wants a new one; their topics are as they were.

    `ended` is when they asked for the link that has ended: what waited with that request waits with the new one.
    Confirmations from before they last confirmed don't count against coming back: whoever used one has not had too
    many. Strangers can't make us send more by it, since this needs a signed link, and each use of one the mailbox.
    """
    person = Subscriber.objects.select_for_update(no_key=True).get(pk=number)
    if person.address is None or person.state in ("active", "paused") or suppressed(person.address, now):
        return
    if notices.had_enough(person, "confirm", now, since=person.confirmed_at):
        return
    kept = waiting(person) if ended is not None and ended == person.asked_at else {}
    membership.request(person, now, site_host=site_host, asked_from={**asked_from, **kept})


@transaction.atomic
def confirm(
    number: int,
    asked: datetime,
    now: datetime,
    *,
    site_host: str,
    confirmed_from: Mapping[str, str],
    consent: str,
) -> Standing:
    """The button behind a confirmation's link was pressed; what the link could do. Harmless twice.

    The welcome is posted in the same transaction, so it waits, in people's lane, before there is a first digest.
    """
    person = Subscriber.objects.select_for_update(no_key=True).get(pk=number)
    found = standing(person, asked, now)
    if found is Standing.OPEN:
        person = membership.confirm(number, now, confirmed_from=confirmed_from, consent=consent)
        notices.post(person, "welcome", now, now, site_host=site_host, content=_promised(person, now))
    return found


def _promised(person: Subscriber, now: datetime) -> dict[str, object]:
    """What they will get and when, as it is now: a mail that is sent again says the same."""
    topics = person.topics.filter(muted=False).order_by("id").values("name", "text", "cadence")
    return {"topics": list(topics), **_when(person, now)}


def _when(person: Subscriber, now: datetime, *, silent: bool = False) -> dict[str, str]:
    """The schedule in words, and the next slot not passed over, in the reader's zone: "" while there is none."""
    try:
        schedule = membership.schedule_of(person)
    except ValueError:  # an operator has put something there that can't be read: that stops nobody from joining
        return {"schedule": "", "next": ""}
    upcoming = next_digest(schedule, now, roll.first_digest(person)).astimezone(zone_of(person.zone))
    return {"schedule": describe(schedule), "next": "" if silent else upcoming.isoformat()}
