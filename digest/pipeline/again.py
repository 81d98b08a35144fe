"""A slot that was served, looked at again: what it covered, by the topics that its reader has now. Reads only.

Topics have no history. Where they were changed since, what is said holds for what they are now, and `changed` says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from digest.models import Copy
from digest.pipeline.planning import lows
from digest.pipeline.window import Low, Window
from subscribers import roll
from subscribers.models import Event, Subscriber
from subscribers.reader import Interest, Reader
from subscribers.schedule import INSTANT

A_PERIOD = timedelta(days=40)  # within it every topic was served once
TOO_SOON = "too soon after the first"


class Again:
    """A reader's slot with its window. `served` and `waiting` are the topics whose turn it was, and was not."""

    def __init__(self, person: Subscriber, copy: Copy) -> None:
        self.low: Low = copy.low
        (now,) = roll.readers([person.pk], copy.slot)
        slots = _slots(person, copy)
        topics = [_left(topic, now, slots) for topic in now.topics]
        begins = _begins(now, topics, slots[-2:])
        self.served = [topic for topic in topics if topic.id in begins]
        self.waiting = [topic for topic in topics if topic.id not in begins]
        self.window = Window(copy.high, {copy.low, *begins.values()}, (topic.filter for topic in topics), copy.at)
        self.changed = _changed(person, copy.at)


def _slots(person: Subscriber, copy: Copy) -> Sequence[Copy]:
    """The slots that matched anything, this one last."""
    mine = Copy.objects.filter(subscriber=person, slot__lte=copy.slot, slot__gt=copy.slot - A_PERIOD)
    matched = mine.exclude(result=Copy.Result.FAILED).exclude(reason=TOO_SOON)
    return list(matched.select_related("edition").order_by("slot"))


def _left(topic: Interest, reader: Reader, slots: Sequence[Copy]) -> Interest:
    """A topic as the slots before the last one left it: a slower one keeps where its window begins."""
    then = topic._replace(since=None, served_on=None)
    if topic.cadence == "slot":
        return then
    for place, copy in enumerate(slots[:-1]):
        if _begins(reader, [then], slots[max(0, place - 1) : place + 1]):
            then = then._replace(since=copy.high, served_on=copy.edition.date)
        elif then.since is None:
            then = then._replace(since=copy.low)
    return then


def _begins(reader: Reader, topics: Sequence[Interest], slots: Sequence[Copy]) -> Mapping[int, Low]:
    """Where the windows began of those topics that the last of these slots served, by topic; if there is one before
    it, what passed in between was missed."""
    *before, copy = slots
    due = before[0].slot + INSTANT if before else copy.slot
    try:
        return lows(reader._replace(due=due, cursor=copy.low, topics=tuple(topics)), copy.slot)
    except ValueError:  # their schedule can't be read, which says when slower topics have their turn
        return {topic.id: copy.low for topic in topics if topic.cadence == "slot"}


def _changed(person: Subscriber, at: datetime) -> datetime | None:
    """When the reader last changed their topics, if that was after a moment."""
    changes = Event.objects.filter(subscriber=person, kind="topics", at__gt=at).order_by("-at")
    return changes.values_list("at", flat=True).first()
