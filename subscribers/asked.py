"""What somebody typed at a sign-up for an address that we know: it waits with the request, and counts once confirmed.

Anybody can type anybody's address. So nothing of a form goes into the row of one who left, or has not confirmed an
earlier request, before this very request is confirmed. A newer request, or leaving, forgets it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from subscribers.models import Subscriber
from subscribers.query.parser import parse
from subscribers.topics import MOST, TopicWish, save

FORM = "form"  # its place in Subscriber.asked_from, which each request writes anew


def form(wishes: Sequence[TopicWish], schedule: Mapping[str, str]) -> dict[str, Any]:
    """A form as `asked_from` keeps it: schedule as zone, times, days. Raises QueryError."""
    for wish in wishes:
        parse(wish.text)
    return {FORM: {"schedule": dict(schedule), "topics": [asdict(wish) for wish in wishes]}}


def waiting(person: Subscriber) -> dict[str, Any]:
    """What waits with the newest request, as `form` made it; empty when nothing does."""
    return {FORM: person.asked_from[FORM]} if FORM in person.asked_from else {}


def forget(person: Subscriber) -> None:
    """Without what waits. Doesn't save the row."""
    person.asked_from = {name: value for name, value in person.asked_from.items() if name != FORM}


def take(person: Subscriber) -> None:
    """The request is confirmed: its schedule and topics are the person's. Saves topics, but not the row.

    One who never confirmed gets these topics alone: the others were typed for a request that nobody confirmed. One who
    comes back keeps theirs too, up to as many as anybody has.
    """
    typed = person.asked_from.get(FORM)
    if not typed:
        return
    for name, value in typed["schedule"].items():
        setattr(person, name, value)
    wishes = [TopicWish(**topic) for topic in typed["topics"]]
    if person.confirmed_at is None and wishes:
        person.topics.all().delete()
    names = set(person.topics.values_list("name", flat=True))
    for wish in wishes:
        if wish.name in names or len(names) < MOST:
            save(person, wish)
            names.add(wish.name)
    forget(person)
