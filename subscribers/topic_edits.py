"""One topic at a time, as a person's own page does it: add, change, mute, remove."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from subscribers.membership import NotPossible
from subscribers.models import Event, ReadyTopic, Subscriber, Topic
from subscribers.topic_merge import Merged, as_it_is, merged
from subscribers.topics import MOST, TopicWish, save

GONE = "this topic is gone; it was removed a moment ago"
OVERTAKEN = "this topic was changed meanwhile; here is what is stored now"


class Gone(NotPossible):
    """The topic is none of theirs, or not any more."""


class Overtaken(NotPossible):
    """The topic was changed since its form was opened, and in something that the form changes too."""

    def __init__(self, found: Merged, stored: TopicWish) -> None:
        super().__init__(OVERTAKEN)
        self.found, self.stored = found, stored


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
def change(number: int, topic: int, wish: TopicWish, now: datetime, *, opened: str = "") -> None:
    """Whatever the wish says instead; of what was shown with the marks `opened` and not touched, what is stored stays.

    Overtaken when one thing was changed by the wish and meanwhile in the topic too. Gone when it is; NotPossible when
    the name is taken. Raises QueryError; for a boost ValueError.
    """
    person = _locked(number)
    stored = as_it_is(_held(person, topic))
    found = merged(opened, wish, stored)
    if found.clashes:
        raise Overtaken(found, stored)
    _free(person, found.wish.name, topic)
    person.topics.filter(pk=topic).update(name=found.wish.name)  # `save` finds it by its name
    save(person, found.wish)
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
    person = Subscriber.objects.select_for_update(no_key=True).get(pk=number)
    if person.state not in ("active", "paused"):
        raise NotPossible("only a reader can change topics, and you are none any more")
    return person


def _held(person: Subscriber, number: int) -> Topic:
    """The topic, which nobody changes until we are done.

    The ready-made one that it follows is locked before it, as an operator's change of that one goes on to its
    followers: so such a change is either read here, or finds what was saved.
    """
    followed = person.topics.filter(pk=number).values_list("ready", flat=True).first()
    if followed is not None:
        ReadyTopic.objects.select_for_update(no_key=True).filter(pk=followed).first()
    topic = person.topics.select_for_update().filter(pk=number).first()
    if topic is None:
        raise Gone(GONE)
    return topic


def _free(person: Subscriber, name: str, topic: int | None) -> None:
    if person.topics.filter(name=name).exclude(pk=topic or 0).exists():
        raise NotPossible(f"there is a topic “{name}” already; give this one another name")


def _noted(person: Subscriber, now: datetime) -> None:
    names = list(person.topics.order_by("id").values_list("name", flat=True))
    Event.objects.create(kind="topics", at=now, subscriber=person, data={"topics": names})
