"""How fast letters may leave: one bucket for all and one for each channel, as rows that all senders share.

A sender takes a tenth of a second's letters at a time, or one: so the rate is exact however many senders there are,
and a change of it is felt within a second. The time is the database's, one clock for all machines.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import DateTimeField, Min
from django.db.models.functions import Now

from subscribers.models import Event, Rate

ALL = "all"
CHANNELS = ("smtp", "folder", "provider")  # as fleets name theirs
SLOWEST, FASTEST = 0.001, 1_000_000  # letters a second that can be set
MOST = 1_000  # letters taken at once
PART = 0.1  # seconds' worth of letters that are taken at once
LATE = timedelta(seconds=1)  # who comes later than that has lost what they could have had before
AHEAD = timedelta(days=1)  # a bucket given away for longer isn't believed: the clock was set back
LOOK_UP = 1.0  # seconds between two looks whether there is a rate


def take(names: Sequence[str], most: int, *, now_or_never: bool = False) -> tuple[int, float] | None:
    """How many letters, `most` at most, may leave in how many seconds; (0, seconds) for who should ask again then.

    None: there is no rate. `now_or_never`: all of them leave now, and what comes behind them waits for longer.
    """
    with transaction.atomic():
        rows = Rate.objects.select_for_update().filter(name__in=names).order_by("name")
        buckets = [(row, *_next_free(row)) for row in rows.annotate(clock=Now(output_field=DateTimeField()))]
        if not buckets:
            return None
        wait = max(wait for _, _, wait in buckets)
        if wait > PART and not now_or_never:
            return 0, wait
        slowest = min(row.per_second for row, _, _ in buckets)
        count = most if now_or_never else min(most, max(1, int(slowest * PART)))
        for row, begin, _ in buckets:
            row.free_at = begin + timedelta(seconds=count / row.per_second)
            row.save(update_fields=["free_at"])
    return count, max(0.0, wait)


def _next_free(row: Rate) -> tuple[datetime, float]:
    """From when on a bucket has something to give, and in how many seconds that is."""
    clock: datetime = row.clock  # type: ignore[attr-defined]
    free = row.free_at if row.free_at < clock + AHEAD else clock
    begin = max(free, clock - LATE)
    return begin, (begin - clock).total_seconds()


@transaction.atomic
def limit(name: str, per_second: float | None, by: str, now: datetime) -> None:
    """Set the rate of a channel, or of all; None: no limit. Who has waited for the old one's turn waits no longer."""
    if per_second is None:
        Rate.objects.filter(name=name).delete()
    else:
        values = {"per_second": per_second, "free_at": Now()}
        Rate.objects.update_or_create(name=name, defaults=values)
    Event.objects.create(kind="sending", at=now, data={"did": "rate", "of": name, "a second": per_second, "by": by})


def seconds_for(letters: int) -> int | None:
    """How long so many letters take at the slowest of the rates that are set; None without one."""
    slowest: float | None = Rate.objects.aggregate(least=Min("per_second"))["least"]
    return None if slowest is None else math.ceil(letters / slowest)


class Pace:
    """When one sender may let its next letter go."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._left = 0  # letters that may go, from `_begin` on
        self._begin = 0.0  # on the monotonic clock, as the others
        self._ask = 0.0  # not before
        self._free_until = 0.0  # there was no rate when we looked

    def ready(self) -> bool:
        """Whether a letter may go now."""
        now = time.monotonic()
        if now < self._free_until:
            return True
        if self._left == 0 and now >= self._ask:
            self._take(now)
            return (self._left > 0 and now >= self._begin) or now < self._free_until
        return self._left > 0 and now >= self._begin

    def limited(self) -> bool:
        """Whether there is a rate."""
        return not (self.ready() and self._left == 0)

    def spend(self) -> None:
        """One goes that was ready."""
        self._left = max(0, self._left - 1)

    def regain(self) -> None:
        """One that went came back: it never had its turn, so another may have it."""
        if time.monotonic() >= self._free_until:
            self._left += 1

    def overdraw(self, count: int) -> None:
        """So many go whatever the rate says: people wait for them."""
        if time.monotonic() >= self._free_until:
            take(self._names, count, now_or_never=True)

    def wait(self) -> float:
        """Seconds until it is worth asking again; 0: at once."""
        return max(0.0, (self._begin if self._left else self._ask) - time.monotonic())

    def _take(self, now: float) -> None:
        given = take(self._names, MOST)
        if given is None:
            self._free_until = now + LOOK_UP
            return
        self._left, wait = given
        self._begin = now + wait
        self._ask = now + min(wait, LOOK_UP) if self._left == 0 else now
