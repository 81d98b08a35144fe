"""One topic at a time, as a person's own page does it: add, change, mute, remove."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from subscribers.membership import NotPossible
from subscribers.models import Event, Subscriber, Topic
from subscribers.topics import MOST, TopicWish, save

GONE = "this topic is gone; it was removed a moment ago"


class Gone(NotPossible):
    """The topic is none of theirs, or not any more."""


@transaction.atomic
def add(number: int, wish: TopicWish, now: datetime) -> Topic:
    """A new topic. NotPossible when there are too many, or one has this name. Raises QueryError; for a boost
    ValueError."""
    person = _locked(number)
    if person.topics.count() >= MOST:
        raise NotPossible(f"there are {MOST} topics already; remove one first")
    _free(person, wish.name, None)
    topic = save(person, wish)
    _noted(person, now)
    return topic


@transaction.atomic
def change(number: int, topic: int, wish: TopicWish, now: datetime) -> None:
    """Whatever the wish says instead. Gone when it is; NotPossible when the name is taken. Raises QueryError;
    for a boost ValueError."""
    person = _locked(number)
    _free(person, wish.name, topic)
    if not person.topics.filter(pk=topic).update(name=wish.name):  # `save` finds it by its name
        raise Gone(GONE)
    save(person, wish)
    _noted(person, now)


@transaction.atomic
def remove(number: int, topic: int, now: datetime) -> None:
    """Without this topic. Gone when it is; NotPossible for one who is no reader any more."""
    person = _locked(number)
    if not person.topics.filter(pk=topic).delete()[0]:
        raise Gone(GONE)
    _noted(person, now)


@transaction.atomic
def mute(number: int, topic: int, now: datetime, *, muted: bool) -> None:
    """Bring nothing of it for a while, or again: then its window begins anew, at the reader's next slot. Gone when it
    is."""
    person = _locked(number)
    again = {} if muted else {"since": None}
    if not person.topics.filter(pk=topic).update(muted=muted, **again):
        raise Gone(GONE)
    _noted(person, now)


def _locked(number: int) -> Subscriber:
    """The person, who may have left or been erased since their page was opened: then nothing more is stored."""
    person = Subscriber.objects.select_for_update().get(pk=number)
    if person.state not in ("active", "paused"):
        raise NotPossible("only a reader can change topics, and you are none any more")
    return person


def _free(person: Subscriber, name: str, topic: int | None) -> None:
    if person.topics.filter(name=name).exclude(pk=topic or 0).exists():
        raise NotPossible(f"there is a topic “{name}” already; give this one another name")


def _noted(person: Subscriber, now: datetime) -> None:
    names = list(person.topics.order_by("id").values_list("name", flat=True))
    Event.objects.create(kind="topics", at=now, subscriber=person, data={"topics": names})
