"""The operator's word on a letter: it arrived, it did not, or it shall not go."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from subscribers.models import Event, Letter
from subscribers.outbox import queue

# what each word makes of which states, and the reason it leaves behind
WORDS = {
    "delivered": (("unknown",), "accepted", ""),
    "not-delivered": (("unknown",), "cancelled", "not delivered"),
    "cancel": (("waiting", "deferred"), "cancelled", "operator"),
}


class NotPossible(Exception):
    """The word doesn't fit the letter's state, in words for the operator."""


@transaction.atomic
def say(kind: str, key: str, slot: datetime, word: str, now: datetime) -> Letter:
    """Apply the word to the letter of (kind, subscriber's key, slot). Said twice, it is the same as once.

    NotPossible when there is no such letter, or when it is in a state about which the word says nothing.
    """
    letter = Letter.objects.select_for_update().filter(subscriber__key=key, kind=kind, slot=slot).first()
    if letter is None:
        raise NotPossible("there is no such letter; `ledger --letters` lists them")
    before, after, reason = WORDS[word]
    if (letter.state, letter.reason) == (after, reason) or (letter.state == after and not reason):
        return letter
    moved = queue.move(Letter.objects.filter(pk=letter.pk), before, after, decided_at=now, reason=reason)
    if not moved:
        raise NotPossible(f"the letter is {letter.state}; {word!r} is for letters that are {' or '.join(before)}")
    Event.objects.create(kind=f"word: {word}"[:20], at=now, subscriber_id=letter.subscriber_id, letter=letter)
    letter.refresh_from_db()
    return letter
