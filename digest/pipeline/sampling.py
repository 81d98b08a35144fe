"""The invented sample: what a new installation shows before any source has been reached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources import files

from digest import sample
from digest.models import Source
from digest.pipeline.looking import look_at
from digest.pipeline.publish import publish
from digest.pipeline.sending import send
from subscribers import membership
from subscribers.models import Subscriber
from subscribers.outbox.delivery import Clock
from subscribers.topics import read_topic

FIRST = date(2026, 11, 24)  # the first of the two days that the sample was written for
LOOKS = (("day-1-morning.json", 0), ("day-1-evening.json", 0), ("day-2.json", 1))
DATE = re.compile(rb'(?<=")(\d{4}-\d{2}-\d{2})(?=T)')
READER = "reader@example.org"
TOPICS = ("Robots=robot* OR manipulation", 'Long context="long context" OR cache', "Trending[settled,cap=5]=*")
SCHEDULE = {"zone": "Europe/Berlin", "times": "07:30", "days": "daily"}


def moved(body: bytes, days: int) -> bytes:
    """The sample's listing as it would read so many days later."""

    def later(found: re.Match[bytes]) -> bytes:
        return (date.fromisoformat(found[1].decode()) + timedelta(days=days)).isoformat().encode()

    return DATE.sub(later, body)


def looks(today: date) -> Iterator[tuple[date, bytes]]:
    """The sample's looks as if it had been written for yesterday and today."""
    yesterday = today - timedelta(days=1)
    for name, after in LOOKS:
        body = files(sample).joinpath(name).read_bytes()
        yield yesterday + timedelta(days=after), moved(body, (yesterday - FIRST).days)


def add_sample(clock: Clock, site_host: str) -> bool:
    """Where nobody subscribes yet: the sample source, a reader with three topics, and their first digest, sent.

    Killed in the middle it starts over: the reader comes last. False when there are people already.
    """
    if Subscriber.objects.exists():
        return False
    now = clock()
    # never enabled: there is nothing to fetch at its address
    source, _ = Source.objects.get_or_create(
        slug="sample",
        defaults={"short": "sample", "kind": "hf", "url": "https://sample.invalid/", "enabled": False},
    )
    for day, body in looks(now.date()):
        look_at(source, day, [body], now)
    wishes = [read_topic(text) for text in TOPICS]
    membership.enrol(READER, READER, wishes, now, reason="the sample reader", schedule=SCHEDULE)
    publish(clock(), site_host)
    send(clock, until_empty=True)
    return True
