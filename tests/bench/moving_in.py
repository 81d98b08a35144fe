"""A crowd moves into the database of the environment: readers, topics and filters of `crowd`, by COPY.

Everybody has had a first digest long ago, and is due once more; their clocks, zones and orders differ as they do among
readers. The filters are compiled and lie in their folder, as they do where a service has run for a day.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np
from django.core.management import call_command
from django.db import connection

from digest.matching.engine import Engine
from digest.matching.hashing import Keys
from digest.models import Source
from digest.pipeline import compiled, numbers
from digest.pipeline.looking import look_at
from subscribers.bulk import insert, instant, reserved
from subscribers.models import Filter, Subscriber, Topic
from subscribers.query.canonical import canonical, normal
from tests.bench import crowd
from tests.house import item

YESTERDAY, DAY = date(2026, 11, 23), date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
PAPERS = 60
AT_ONCE = 50_000
# zone, local time of the slot; all were due in the last hours
CLOCKS = [
    ("Europe/Berlin", "07:30"), ("UTC", "07:00"), ("Europe/London", "07:30"), ("America/New_York", "03:00"),
    ("Asia/Kolkata", "12:30"), ("Asia/Tokyo", "17:00"), ("Europe/Paris", "08:00"), ("Asia/Shanghai", "16:00"),
]  # fmt: skip
CAPS = (5, None)  # of every second topic
DAYS = ["daily", "daily", "daily", "weekdays"]


def move_in(readers: int) -> datetime:
    """Papers of yesterday and today, and so many readers of today's; the time at which all are due."""
    call_command("migrate", verbosity=0)
    _listing(YESTERDAY, seed=21)
    head = numbers.head()
    _listing(DAY, seed=22)
    topics, count = crowd.topics(readers)
    filters = _filters(count)
    for start in range(0, readers, AT_ONCE):
        some = range(start, min(readers, start + AT_ONCE))
        reserved(Subscriber, len(some))  # ids from 1 on, as written
        insert(Subscriber, list(next(_people(some[:1], head))), (list(one.values()) for one in _people(some, head)))
        _topics(topics, some, filters)
    _tidy()
    return NOW


def _listing(day: date, seed: int) -> None:
    found = [
        item(f.key.replace("2611", f"26{seed}"), f.title, f.abstract, f.upvotes, 0,
             authors=[{"name": name} for name in f.authors], publishedAt=f"{day}T00:00:00.000Z",
             **({"githubRepo": "https://github.com/example/x"} if f.code else {}))
        for f in crowd.listed(PAPERS, seed)
    ]  # fmt: skip
    at = datetime(day.year, day.month, day.day, 5, tzinfo=UTC)
    look_at(Source.objects.get(slug="huggingface"), day, [json.dumps(found).encode()], at)


def _filters(count: int) -> list[tuple[int, str]]:
    """Written and compiled; their numbers and canonical texts."""
    asked = crowd.wishes(count, sparse=False)
    texts = [canonical(query) for query in asked]
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    ids = reserved(Filter, count)
    insert(Filter, ("id", "canonical", "digest"), zip(ids, texts, digests, strict=True))
    engine = Engine({}, compiled._salt())
    engine.add([normal(query) for query in asked], np.array(ids), _keys(digests))
    folder = compiled.Folder(compiled.settings.DIGEST_HOME / "filters", compiled._stamp())
    folder.parts()
    folder.keep(engine.parts)
    return list(zip(ids, texts, strict=True))


def _keys(digests: list[str]) -> Keys:
    return compiled._keys(digests)


def _people(some: range, head: int) -> Iterator[dict[str, str | int | bool | None]]:
    for n in some:
        chance = random.Random(n)
        joined = instant(NOW - timedelta(days=chance.randrange(100, 1_000), seconds=chance.randrange(86_400)))
        zone, clock = chance.choice(CLOCKS)
        due = _due(zone, clock)
        yield {
            "id": n + 1, "email": f"r{n}@example.org", "address": f"r{n}@example.org",
            "key": f"{chance.getrandbits(128):032x}", "state": "active",
            "zone": zone, "times": clock, "days": chance.choice(DAYS), "due": instant(due),
            "cursor": head, "covered": instant(due - timedelta(days=1)), "owed_from": None,
            "first_slot": joined, "scheduled_at": joined, "asked_at": joined, "asked_from": "{}",
            "confirmed_at": joined, "confirmed_from": "{}", "consent": "2026-01",
        }  # fmt: skip


def _due(zone: str, clock: str) -> datetime:
    from subscribers.schedule import zone_of

    hour, minute = map(int, clock.split(":"))
    return datetime(DAY.year, DAY.month, DAY.day, hour, minute, tzinfo=zone_of(zone)).astimezone(UTC)


def _topics(topics: np.ndarray, some: range, filters: list[tuple[int, str]]) -> None:
    def rows() -> Iterator[tuple[object, ...]]:
        for n in some:
            for k in range(crowd.TOPICS):
                number, text = filters[topics[n * crowd.TOPICS + k]]
                yield (
                    n + 1,
                    f"Topic {number % 97} {k}",
                    text,
                    number,
                    1,
                    0,
                    None,
                    "slot",
                    False,
                    False,
                    False,
                    "[]",
                    "",
                )

    columns = ("subscriber_id", "name", "text", "filter_id", "weight", "threshold", "cap", "cadence", "settled",
               "revisions", "muted", "boosts", "note")  # fmt: skip
    insert(Topic, columns, rows())


def _tidy() -> None:
    """As autovacuum leaves it."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("CHECKPOINT")
