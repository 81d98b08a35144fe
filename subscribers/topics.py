"""A topic as somebody asks for it: `Name[weekly,cap=10]=QUERY`. Pure but for `save`, which writes the row."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from subscribers.models import Filter, Milestone, ReadyTopic, Subscriber, Topic
from subscribers.naming import may_stand, one_line
from subscribers.query.boosts import read_boosts
from subscribers.query.canonical import canonical, normal
from subscribers.query.nodes import Announced, Query, asked, numbers
from subscribers.query.parser import parse

SHAPE = re.compile(r"(?P<name>[^\[\]=]{1,100}?)\s*(?:\[(?P<options>[^\]]*)\])?\s*=\s*(?P<query>.+)", re.DOTALL)
EXAMPLE = 'for example: "Robots[weekly,cap=10]=robot* OR manipulation"'
MOST = 30  # topics a person has
FLAGS = ("weekly", "monthly", "settled", "revisions")
NUMBERS = {"cap": (1, 1000), "threshold": (0, 100), "weight": (-100, 100)}


@dataclass(frozen=True, slots=True)
class TopicWish:
    """A topic before it is saved. `cap` None: no cap."""

    name: str
    text: str
    cadence: str = "slot"
    settled: bool = False
    revisions: bool = False
    cap: int | None = None
    threshold: int = 0
    weight: int = 1
    boosts: tuple[str, ...] = ()  # a line each, see `query.boosts`
    note: str = ""
    ready: int | None = None  # the ready-made topic that it follows, as long as it says the same
    muted: bool = False


def read_topic(text: str) -> TopicWish:
    """The wish that `Name[options]=QUERY` states; ValueError says what is wrong with it.

    The query is not parsed here: `save` does, and raises QueryError.
    """
    if not all(map(may_stand, text)):
        raise ValueError(f"topic {text!a} holds a line break or another character that can't be shown; {EXAMPLE}")
    found = SHAPE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a topic: write Name=QUERY or Name[options]=QUERY, {EXAMPLE}")
    words = [word.strip() for word in (found["options"] or "").split(",") if word.strip()]
    flags = {word for word in words if "=" not in word}
    unknown = flags - set(FLAGS)
    if unknown or {"weekly", "monthly"} <= flags:
        wrong = f"{', '.join(sorted(unknown))} unknown" if unknown else "weekly and monthly exclude each other"
        raise ValueError(f"topic {found['name']!r}: {wrong}; options are {', '.join((*FLAGS, *NUMBERS))}, {EXAMPLE}")
    values = dict(_number(found["name"], *word.split("=", 1)) for word in words if "=" in word)
    return TopicWish(
        name=one_line(found["name"]),
        text=found["query"].strip(),
        cadence="weekly" if "weekly" in flags else "monthly" if "monthly" in flags else "slot",
        settled="settled" in flags,
        revisions="revisions" in flags,
        cap=values.get("cap"),
        threshold=values.get("threshold", 0),
        weight=values.get("weight", 1),
    )


def _number(topic: str, name: str, value: str) -> tuple[str, int]:
    name, low_high = name.strip(), NUMBERS.get(name.strip())
    if low_high is None:
        raise ValueError(f"topic {topic!r}: option {name} unknown; numbers are {', '.join(NUMBERS)}, {EXAMPLE}")
    low, high = low_high
    if not re.fullmatch(r"-?\d{1,4}", value.strip()) or not low <= int(value) <= high:
        raise ValueError(f"topic {topic!r}: {name}={value} is not a whole number from {low} to {high}")
    return name, int(value)


def save(subscriber: Subscriber, wish: TopicWish) -> Topic:
    """Write the topic, its filter and the numbers that the filter names. Call it inside a transaction.

    Raises QueryError; ValueError for a boost.

    A text that newly asks for revisions ticks "also send revisions"; saved again as it is, the box decides. A topic
    that says something else than the ready-made one it followed is its reader's own.
    """
    query = parse(wish.text).query
    old = Topic.objects.filter(subscriber=subscriber, name=wish.name).first()
    topic = old or Topic(subscriber=subscriber, name=wish.name)
    unmuted = topic.muted and not wish.muted
    if unmuted:
        topic.since = None  # its window begins anew, at the reader's next slot
    if unmuted or topic.cadence != wish.cadence:
        topic.served_on = None  # of the new pace; what waited under the old one is still to come
    newly = topic.text != wish.text and wants_revisions(query)
    topic.text, topic.filter = wish.text, shared_filter(query)
    for name in ("cadence", "settled", "revisions", "cap", "threshold", "weight", "note", "muted"):
        setattr(topic, name, getattr(wish, name))
    topic.boosts = [boost.line for boost in read_boosts(wish.boosts)]
    # locked: whoever changes the ready-made one meanwhile waits for this follower, or we see the change
    topic.ready = ReadyTopic.objects.select_for_update().filter(pk=wish.ready).first() if wish.ready else None
    if topic.ready is None or not _says_the_same(topic, topic.ready):
        topic.ready, topic.revisions = None, topic.revisions or newly
    topic.save()
    return topic


def _says_the_same(topic: Topic, ready: ReadyTopic) -> bool:
    same = ("filter_id", "settled", "revisions", "threshold", "boosts")
    return all(getattr(topic, name) == getattr(ready, name) for name in same)


def wants_revisions(query: Query) -> bool:
    """Does the query ask for `is:revised`, not only leave it out?"""
    return Announced("revised") in asked(normal(query))


def shared_filter(query: Query) -> Filter:
    """The one row of all queries that mean the same."""
    text = canonical(query)
    for field, number in numbers(query):
        Milestone.objects.get_or_create(field=field, number=number)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Filter.objects.get_or_create(digest=digest, defaults={"canonical": text})[0]
