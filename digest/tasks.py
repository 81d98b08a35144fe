"""Celery's doors: each reads the clock, calls one use case and returns a count. Any may run twice, or never.

Arguments are ids only. `deliver` has no time limit: it stops claiming after a minute, or when the worker is asked
to end, and ends when the last reply is in, since a letter between its dot and the reply must not be cut off.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError

from digest.celery import EXPIRES, app, stopping
from digest.pipeline import agenda, housekeeping, sending, visiting
from digest.pipeline import publish as publishing
from subscribers import housekeeping as people
from subscribers import pausing
from subscribers.outbox import returns
from subscribers.outbox.mailbox import Unreachable

log = logging.getLogger(__name__)
HARD = 120
SOFT = 90
BOUNCES_EVERY = 5  # minutes
# A database that was lost: again after 2, 4, 8, 16, 20 s ..., and if that is not enough, with the next tick.
AGAIN: Mapping[str, Any] = {
    "autoretry_for": (OperationalError, InterfaceError),
    "retry_backoff": 2,
    "retry_backoff_max": 20,
    "retry_jitter": False,
    "max_retries": 6,
}
DELIVERERS = 2 if settings.EMBEDDED else 16  # at work at once; fewer than a worker has places


def clock() -> datetime:
    """Now."""
    return datetime.now(UTC)


@app.task(soft_time_limit=SOFT, time_limit=HARD, expires=EXPIRES, **AGAIN)
def tick() -> int:
    """Each minute: end the pauses that are over, hand out what is due."""
    now = clock()
    pausing.end_pauses(now)
    due = agenda.due(now, DELIVERERS)
    for source in due.sources:
        look.delay(source)
    for first, last in due.ranges:
        publish.delay(first, last)
    if due.deliver_in is not None:
        deliver.apply_async(countdown=due.deliver_in)
    if settings.BOUNCES is not None and now.minute % BOUNCES_EVERY == 0:
        bounces.delay()
    return len(due.sources) + len(due.ranges)


@app.task(soft_time_limit=SOFT, time_limit=HARD, expires=EXPIRES)
def look(source: int) -> int:
    """The days of one source that are due."""
    return visiting.visit(source, clock())


@app.task(time_limit=HARD, expires=EXPIRES)  # no soft limit: it is an exception, and would be taken for a reader's
def publish(first: int, last: int) -> int:
    """Copies and letters for the due readers of a range, and a hint that there is mail."""
    served = publishing.publish_range(first, last, clock(), settings.SITE_HOST).served
    if served:
        deliver.delay()
    return served


@app.task(expires=EXPIRES, **AGAIN)
def deliver() -> int:
    """Alerts to operators, then a minute of letters; when there is more, another minute."""
    accepted = sending.send(clock, stop=stopping).counts["accepted"]
    if sending.deliver_in(clock(), DELIVERERS) == 0:
        deliver.delay()
    return accepted


@app.task(soft_time_limit=SOFT, time_limit=HARD, expires=EXPIRES)
def bounces() -> int:
    """The mails that came back; how many. A mailbox that is away is asked again in a while."""
    if settings.BOUNCES is None:
        return 0
    try:
        return returns.collect(settings.BOUNCES, clock(), settings.JOURNAL).total() // 2  # each counts by two names
    except Unreachable as away:
        log.error("BOUNCES_URL: %s", away)
        return 0


@app.task(soft_time_limit=SOFT, time_limit=HARD)
def nightly() -> int:
    """Close editions, forget requests that were never confirmed, drop old bodies."""
    now = clock()
    people.keep_house(now, settings.JOURNAL)
    return housekeeping.keep_house(now)
