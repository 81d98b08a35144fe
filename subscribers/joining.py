"""Asking for digests and confirming it, as the pages do: at most so many mails an address, links that end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum

from django.db import transaction

from subscribers import membership
from subscribers.models import Letter, Subscriber
from subscribers.topics import TopicWish

VALID = timedelta(hours=72)  # how long a confirmation can be used
MOST = ((timedelta(hours=24), 1), (timedelta(days=7), 3))  # confirmations an address gets


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

    What the last confirmation asked stays as it is then, so that its link goes on working.
    """
    defaults = {"email": mailed, "asked_at": now, **schedule}
    # made and locked before letters are counted: of two requests at once the second sees the first one's letter
    Subscriber.objects.get_or_create(address=address, defaults=defaults)
    person = Subscriber.objects.select_for_update().get(address=address)
    if not had_enough(person, now):
        membership.sign_up(
            mailed, address, wishes, now, site_host=site_host, schedule=schedule, asked_from=asked_from
        )  # fmt: skip


@transaction.atomic
def ask_again(number: int, now: datetime, *, site_host: str, asked_from: Mapping[str, str]) -> None:
    """One whose link has ended, or who left, wants a new one; their topics are as they were."""
    person = Subscriber.objects.select_for_update().get(pk=number)
    if person.address is not None and not had_enough(person, now):
        membership.sign_up(person.email, person.address, [], now, site_host=site_host, asked_from=asked_from)


def had_enough(person: Subscriber, now: datetime) -> bool:
    """Whether this person has had as many confirmations as an address gets."""
    letters = Letter.objects.filter(subscriber=person, kind="confirm")
    return any(letters.filter(slot__gt=now - span).count() >= most for span, most in MOST)


@transaction.atomic
def confirm(
    number: int, asked: datetime, now: datetime, *, confirmed_from: Mapping[str, str], consent: str
) -> Standing:
    """The button behind a confirmation's link was pressed; what the link could do. Harmless twice."""
    person = Subscriber.objects.select_for_update().get(pk=number)
    found = standing(person, asked, now)
    if found is Standing.OPEN:
        membership.confirm(number, now, confirmed_from=confirmed_from, consent=consent)
    return found
