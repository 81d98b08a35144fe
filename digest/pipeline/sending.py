"""Sending what the outbox owes, worded by this house."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings

from digest.pipeline import alerting, books, holding
from digest.pipeline.rendering import Renderer
from digest.pipeline.signing import rendered
from digest.pipeline.sweeps import few_sweeps
from subscribers.outbox import channel, pending
from subscribers.outbox.delivery import Clock, Run, deliver
from subscribers.outbox.fleet import open_fleet

TICK = timedelta(minutes=1)  # between two of `tasks.tick`


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
    holding.label_held()
    connect = partial(open_fleet, settings.MAIL_TARGET, settings.HELO_NAME)
    with few_sweeps():
        done = deliver(connect, rendered(Renderer()), clock, until_empty=until_empty, stop=stop)
    books.reopen(done.revived)
    done.counts["alerts"] += alerts
    return done


def deliver_in(now: datetime, at_once: int) -> float | None:
    """Seconds until a deliverer more would find something to do, alerts included; None when there is nothing.

    Of a channel that rests, when its rest is over: waiting for the tick behind that would cost up to a minute more. A
    rest that ends only after the next tick is that one's to name.
    """
    over = channel.rests_until(now)
    if over is None:
        return pending.deliver_in(now, at_once, more=alerting.owed(now))
    if over - now > TICK:
        return None
    then = pending.deliver_in(over, at_once, more=alerting.owed(over))
    return None if then is None else (over - now).total_seconds() + then
