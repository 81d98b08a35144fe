"""The operator's word on a letter: it arrived, it did not, it shall not go, or it shall go now."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from subscribers import suppression
from subscribers.models import Event, Letter, Subscriber
from subscribers.outbox import queue, retries
from subscribers.outbox.policy import DIGEST

# what each word makes of which states, and the reason it leaves behind
WORDS = {
    "delivered": (("unknown",), "accepted", ""),
    "not-delivered": (("unknown",), "cancelled", "not delivered"),
    "cancel": (("waiting", "deferred"), "cancelled", "operator"),
    "retry": (("deferred",), "deferred", ""),  # now, instead of when its time comes
    "again": (("unknown",), "waiting", ""),  # under the same Message-ID: it may arrive twice
}
GOES = ("retry", "again")


class NotPossible(Exception):
    """The word doesn't fit the letter's state, in words for the operator."""


def named(kind: str, key: str, slot: datetime) -> QuerySet[Letter]:
    """The letter that a Message-ID names: a first digest's slot is an instant, and the Message-ID says the second."""
    second = {"slot__gte": slot, "slot__lt": slot + timedelta(seconds=1)}
    return Letter.objects.filter(kind=kind, subscriber__key=key, **second)


@transaction.atomic
def say(kind: str, key: str, slot: datetime, word: str, now: datetime) -> Letter:
    """Apply the word to the letter of (kind, subscriber's key, slot). Said twice, it is the same as once.

    NotPossible when there is no such letter, or when it is in a state about which the word says nothing.
    """
    # the reader's row before the letter's, as leaving and pausing lock them
    person = Subscriber.objects.select_for_update(no_key=True).filter(key=key).first()
    letter = named(kind, key, slot).select_for_update().first()
    if person is None or letter is None:
        raise NotPossible("there is no such letter; `ledger --letters` lists them")
    before, after, reason = WORDS[word]
    if word != "retry" and letter.state == after and (not reason or letter.reason == reason):
        return letter
    if letter.state not in before:
        raise NotPossible(f"the letter is {letter.state}; {word!r} is for letters that are {' or '.join(before)}")
    if word in GOES and (why := _not_to(person, letter, now)):
        raise NotPossible(why)
    _apply(letter, word, now)
    Event.objects.create(kind=f"word: {word}"[:20], at=now, subscriber_id=letter.subscriber_id, letter=letter)
    letter.refresh_from_db()
    return letter


def _not_to(person: Subscriber, letter: Letter, now: datetime) -> str:
    """Why this letter is not to be sent to its reader now, or "". A goodbye goes to who has left, so that its mark
    counts and not their state; who pauses gets no digests, but what they ask for."""
    if person.state == "forgotten" or person.address is None:
        return "its reader was erased: there is no address any more"
    if letter.last or (person.state == "left" and letter.kind == DIGEST):
        return "its reader left: nothing is sent to them any more"
    held = suppression.in_force(person.address, now)
    if held is not None:
        until = f"until {held.until:%Y-%m-%d}" if held.until else "for ever"
        return f"its reader's address must not be mailed {until} ({held.reason}); `reader lift` ends that"
    if person.state == "paused" and letter.kind == DIGEST:
        return "its reader has paused; `reader resume` ends that"
    return ""


def _apply(letter: Letter, word: str, now: datetime) -> None:
    """The letter's row is locked, and its state is one that the word is for."""
    before, after, reason = WORDS[word]
    mine = Letter.objects.filter(pk=letter.pk)
    if word == "retry":
        mine.update(retry_at=now)
        retries.note_retry(letter.batch_id, now)
    elif word == "again":
        retries.post_again(letter, before, now)
    else:
        # one in doubt since a backup was put back has no time of its dot any more
        dotted = {"dotted_at": now} if after == "accepted" and letter.dotted_at is None else {}
        queue.move(mine, before, after, decided_at=now, reason=reason, **dotted)
