"""Mails to one person: confirm, known, welcome, goodbye. Each is posted inside the caller's transaction.

What differs per person is frozen in the letter here; how it reads is the wording's matter. `known` is the answer
to a sign-up at the address of a reader, as `confirm` is to one at any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from subscribers.models import Batch, Letter, Subscriber
from subscribers.outbox import queue
from subscribers.outbox.message import message_id

MOST = ((timedelta(hours=24), 1), (timedelta(days=7), 3))  # mails of a kind that others can make us send an address


def post(
    person: Subscriber,
    kind: str,
    asked: datetime,
    now: datetime,
    *,
    site_host: str,
    content: Mapping[str, object] | None = None,
) -> None:
    """A letter of people's lane, named by the second in which it was asked for; twice in one, it is posted once."""
    slot = asked.replace(microsecond=0)
    if Letter.objects.filter(subscriber=person, kind=kind, slot=slot).exists():
        return
    name = message_id(kind, person.key, slot, site_host)
    letter = Letter(kind=kind, subscriber=person, slot=slot, message_id=name, content=dict(content or {}))
    queue.post([letter], Batch.Lane.PEOPLE, slot, now)


def had_enough(person: Subscriber, kind: str, now: datetime, *, since: datetime | None = None) -> bool:
    """Whether this person has had as many mails of this kind as an address gets.

    Each kind counts for itself: what leads from `known` to `confirm` is that the reader left, and then they must
    be able to come back the same day; from `confirm` to `known`, that they confirmed. With `since`, only those
    asked for after it count.
    """
    letters = Letter.objects.filter(subscriber=person, kind=kind)
    if since is not None:
        letters = letters.filter(slot__gt=since)
    return any(letters.filter(slot__gt=now - span).count() >= most for span, most in MOST)
