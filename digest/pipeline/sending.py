"""Sending what the outbox owes, worded by this house."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from django.conf import settings

from digest.pipeline import alerting, books
from digest.pipeline.rendering import Renderer
from digest.pipeline.signing import rendered
from subscribers.outbox import pending
from subscribers.outbox.delivery import Clock, Run, deliver
from subscribers.outbox.fleet import open_fleet


def never() -> bool:
    """Nobody asks to stop."""
    return False


def send(clock: Clock, *, until_empty: bool = False, stop: Callable[[], bool] = never) -> Run:
    """What the operators are owed, then a minute of letters (or until nothing may be claimed).

    Once `stop` holds, what is under way ends and nothing else begins.

    Alerts go first, since they are a mail or two and a queue may be long. Editions that a late reply changes are
    open again.
    """
    alerts = alerting.tell(clock)
    connect = partial(open_fleet, settings.MAIL_TARGET, settings.HELO_NAME)
    with few_sweeps():
        done = deliver(connect, rendered(Renderer()), clock, until_empty=until_empty, stop=stop)
    books.reopen(done.revived)
    done.counts["alerts"] += alerts
    return done


@contextmanager
def few_sweeps() -> Iterator[None]:
    """A run makes and drops millions of small objects, none of them in circles. Looking for circles among all objects
    of the service each time took a quarter of it.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def deliver_in(now: datetime, at_once: int) -> float | None:
    """Seconds until a deliverer more would find something to do, alerts included; None when there is nothing."""
    return pending.deliver_in(now, at_once, more=alerting.owed(now))
