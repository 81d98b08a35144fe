"""What a provider's webhook says, once it is verified, as a report about a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from subscribers.address import check_address
from subscribers.models import Subscriber
from subscribers.outbox import feedback, reports
from subscribers.outbox.feedback import Kind, Result, Word
from subscribers.outbox.message import read_message_id

NUMBER_MOST = 200  # characters
# What is worth a row. That mail was sent, delivered or opened is not: the ledger knows the first, the last is spying.
KINDS: dict[str, Kind] = {
    "bounced": "bounced",
    "rejected": "bounced",
    "deferred": "delayed",
    "complained": "complained",
    "unsubscribed": "unsubscribed",
}
REJECTED_FOR = ("bounced", "invalid")  # the other reasons for not even trying are about us


@dataclass(frozen=True, slots=True)
class Told:
    """An event as django-anymail normalises it (its kinds and reasons), as plain values that nobody has checked.

    `names` may hold our Message-ID, `said` the mail server's reply; "" or None: it doesn't say.
    """

    kind: str
    number: str
    at: datetime | None
    recipient: str
    names: tuple[str, ...] = ()
    reason: str = ""
    said: tuple[str, ...] = ()


def take(provider: str, told: Told, now: datetime, journal_file: Path) -> Result:
    """Record an event, once, and draw the consequence; one transaction. What is about nobody of ours leaves nothing."""
    kind = KINDS.get(told.kind)
    if kind is None or (told.kind == "rejected" and told.reason not in REJECTED_FOR):
        return "nothing"
    named = next(filter(None, map(_ours, told.names)), None)
    person = _recipient(told.recipient) or _keyed(named[1] if named else "")
    if person is None:
        return "unknown"
    status = next(filter(None, map(reports.status_in, told.said)), "")
    word = Word(
        provider=provider,
        number=_number(told),
        kind=kind,
        about=min(named[2] if named else told.at or now, now),
        hard=told.kind == "bounced" and reports.hard(status),
        status=status,
        said=reports.one_line(next(filter(None, told.said), "")),
        letter=feedback.letter_of(person, named[2]) if named else None,
    )
    return feedback.take(person, word, now, journal_file)


def _ours(name: str) -> tuple[str, str, datetime] | None:
    """What a Message-ID of ours names; None for others, and for one that only looks like ours."""
    try:
        return read_message_id(name)
    except ValueError:  # no such day
        return None


def _recipient(address: str) -> int | None:
    try:
        compared = check_address(address)[1]
    except ValueError:
        return None
    return Subscriber.objects.filter(address=compared).values_list("pk", flat=True).first()


def _keyed(key: str) -> int | None:
    return Subscriber.objects.filter(key=key).values_list("pk", flat=True).first() if key else None


def _number(told: Told) -> str:
    """The provider's number; of an event without a fit one, what tells it from others."""
    if told.number and len(told.number) <= NUMBER_MOST and told.number.isprintable():
        return told.number
    parts = (told.kind, told.number, told.recipient, *told.names, told.at.isoformat() if told.at else "")
    return sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
