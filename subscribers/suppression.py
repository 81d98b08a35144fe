"""Addresses that must not be mailed: they complained, mail to them came back, or an operator said so.

A row holds a keyed hash and no address, so that it outlives the person whom we have erased. What happened to a person's
own row (they left, they pause) is `membership`'s; who decides that an address is to be suppressed is `outbox.feedback`.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db.models import Q

from subscribers.links import address_hash
from subscribers.models import Event, Subscriber, Suppression

BOUNCES, COMPLAINT = "bounces", "complaint"  # the reasons that we give by ourselves


def suppressed(address: str, now: datetime) -> bool:
    """Whether this address, as it is compared, must not be mailed now. What has ended or was lifted doesn't count."""
    return in_force(address, now) is not None


def in_force(address: str, now: datetime) -> Suppression | None:
    """What keeps this address, as it is compared, from being mailed now."""
    lasting = Q(until=None) | Q(until__gt=now)
    return Suppression.objects.filter(lasting, address_hash=_hash(address), lifted_at=None).first()


def last_lift(address: str) -> datetime | None:
    """When a suppression of this address was lifted last: bounces from before count no more."""
    return Suppression.objects.filter(address_hash=_hash(address)).values_list("lifted_at", flat=True).first()


def suppress(person: Subscriber, reason: str, now: datetime, until: datetime | None) -> Suppression:
    """Suppress a person's address until then, None for ever. In the transaction of a caller who holds their row.

    Of two that hold at once the longer stays: bounces never shorten a complaint.
    """
    assert person.address is not None
    held = in_force(person.address, now)
    if held is not None and (held.until is None or (until is not None and held.until >= until)):
        return held
    values = {"subscriber": person, "reason": reason, "since": now, "until": until, "lifted_at": None}
    row, _ = Suppression.objects.update_or_create(address_hash=_hash(person.address), defaults=values)
    said = {"reason": reason, "until": until.isoformat() if until else "for ever"}
    Event.objects.create(kind="suppressed", at=now, subscriber=person, data=said)
    return row


def lift(row: Suppression, now: datetime, by: str) -> bool:
    """End a suppression that holds; whether it did. In the caller's transaction."""
    lasting = Q(until=None) | Q(until__gt=now)
    if not Suppression.objects.filter(lasting, pk=row.pk, lifted_at=None).update(lifted_at=now):
        return False
    said = {"reason": row.reason, "by": by}
    Event.objects.create(kind="lifted", at=now, subscriber_id=row.subscriber_id, data=said)
    return True


def part(person: Subscriber) -> None:
    """Before a person is erased: their suppression stays, and no longer says whose it is."""
    if person.address is not None:
        Suppression.objects.filter(address_hash=_hash(person.address)).update(subscriber=None)


def _hash(address: str) -> str:
    return address_hash(settings.LINK_KEY.encode(), address)
