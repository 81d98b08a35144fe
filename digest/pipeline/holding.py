"""An operator stops an edition's letters, lets them go on, or takes back those that have not left.

A batch is labelled with the date of the edition that its letters are of when it is posted. One that was posted before
labels were may be of two dates, where zones meet: it is held with whichever of them is held first.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q

from digest.models import Copy
from subscribers.models import Batch, Event, Letter
from subscribers.outbox import holds, queue

UNDOTTED = ("waiting", "deferred")
OPEN = Q(done_at=None) | Q(retry_at__isnull=False)


def hold(day: date, by: str, now: datetime) -> bool:
    """Stop an edition: its batches are not claimed, and those that are in hand go back; whether that is new."""
    new = holds.hold(day.isoformat(), by, now)
    label([day])
    return new


def let_go(day: date, by: str, now: datetime) -> bool:
    """Let an edition's letters go on; whether they were held."""
    return holds.let_go(day.isoformat(), by, now)


def label_held() -> None:
    """Label the batches of editions that are held and have been added to since."""
    label(date.fromisoformat(name) for name in holds.labels() - {holds.EVERYTHING})


def label(days: Iterable[date]) -> None:
    """Label the open batches of these editions that have no label yet."""
    for day in days:
        mine = Letter.objects.filter(copies__edition__date=day).values("batch")
        Batch.objects.filter(OPEN, label="", pk__in=mine).update(label=day.isoformat())


def cancel(day: date, by: str, now: datetime) -> int:
    """Take back the letters of an edition that have not left; how many. The next digest carries their papers.

    One commit a batch: killed in between, it goes on where it was when it is said again.
    """
    mine = Copy.objects.filter(edition__date=day, letter__isnull=False).values("letter")
    open_batches = Batch.objects.filter(OPEN, letters__in=mine).distinct().order_by("pk")
    count = sum(_cancel(batch, mine, now) for batch in list(open_batches.values_list("pk", flat=True)))
    if count:
        said = {"did": "cancel", "of": day.isoformat(), "letters": count, "by": by}
        Event.objects.create(kind="sending", at=now, data=said)
    return count


@transaction.atomic
def _cancel(batch: int, mine: object, now: datetime) -> int:
    locked = Letter.objects.select_for_update().filter(batch=batch, pk__in=mine, state__in=UNDOTTED).order_by("pk")
    letters = Letter.objects.filter(pk__in=list(locked.values_list("pk", flat=True)))
    return queue.move(letters, UNDOTTED, "cancelled", reason="operator", decided_at=now, retry_at=None)
