"""When a deliverer would find something to do. Reads only."""

from __future__ import annotations

from datetime import datetime

from subscribers.models import Batch
from subscribers.outbox import channel, holds, queue, retries

DISAGREE = 60.0  # seconds: what clocks that disagree each take for due is not tried in a circle


def deliver_in(now: datetime, at_once: int, *, more: bool = False) -> float | None:
    """Seconds until a deliverer more would find something to do; None when there is nothing to wait for.

    `more`: there is something to send that is in no batch.

    While `at_once` are at work, or all batches are claimed, that is when the first lease runs out: should its holder
    be dead, somebody is there. A channel that rests needs nobody, and neither does what operators hold.
    """
    stopped = holds.labels()
    if channel.rests_until(now) is not None:
        return None
    if holds.EVERYTHING in stopped:
        return 0 if more else None
    batches = Batch.objects.exclude(label__in=stopped) if stopped else Batch.objects.all()
    leases = list(batches.filter(done_at=None).values_list("lease", flat=True))
    claimed = [lease for lease in leases if lease is not None and now <= lease <= now + 2 * queue.LEASE]
    free = more or len(claimed) < len(leases) or batches.filter(retry_at__lte=now).exists()
    if free and len(claimed) < at_once:
        return 0
    if claimed:
        return (min(claimed) - now).total_seconds() + 1
    return DISAGREE if batches.filter(retries.due_again(now)).exists() else None
