"""Letters that are sent again: those whose retry is due, and those that people decide on, in batches of their own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Min, Q, QuerySet

from subscribers.models import Batch, Letter
from subscribers.outbox import queue
from subscribers.outbox.policy import LONGEST

READERS = ("active", "paused")  # states of a person who gets digests, or will


def due_again(now: datetime) -> Q:
    """Whose retry is due, of batches and letters. One that is further away than any was written by a clock ahead."""
    return Q(retry_at__lte=now) | Q(retry_at__gt=now + LONGEST)


def gather(now: datetime) -> int:
    """Put deferred letters whose retry is due into new batches; how many letters."""
    due = Batch.objects.filter(due_again(now)).values_list("pk", flat=True)
    return sum(_gather(batch, now) for batch in due)


@transaction.atomic
def _gather(number: int, now: datetime) -> int:
    old = Batch.objects.select_for_update(skip_locked=True).filter(due_again(now), pk=number).first()
    if old is None:
        return 0
    due = Letter.objects.filter(due_again(now), batch=old, state="deferred")
    _call_off(due, now)
    again = list(due.values_list("pk", flat=True))
    moved = 0
    if again:
        moved = _into_a_new_batch(Letter.objects.filter(pk__in=again), ["deferred"], old, now)
    rest = Letter.objects.filter(batch=old, state="deferred")
    old.retry_at = rest.aggregate(first=Min("retry_at"))["first"]
    old.save(update_fields=["retry_at"])
    return moved


def _call_off(letters: QuerySet[Letter], now: datetime) -> None:
    """Digests of those who have paused or left are not tried again: a reply may have been recorded just before."""
    for reason, people in (("paused", Q(subscriber__state="paused")), ("left", ~Q(subscriber__state__in=READERS))):
        stopped = letters.filter(people, kind="digest")
        queue.move(stopped, ["deferred"], "cancelled", decided_at=now, reason=reason, retry_at=None)


def _into_a_new_batch(letters: QuerySet[Letter], before: Iterable[str], old: Batch, now: datetime) -> int:
    batch = Batch.objects.create(lane=old.lane, oldest=old.oldest, label=old.label, posted_at=now)
    fresh = {"batch": batch, "retry_at": None, "dotted_at": None, "decided_at": None, "claim": None}
    return queue.move(letters, before, "waiting", **fresh)


def post_again(letter: Letter, before: Iterable[str], now: datetime) -> None:
    """The same letter once more, in a batch of its own, as old as its news is. Runs inside the caller's transaction."""
    _into_a_new_batch(Letter.objects.filter(pk=letter.pk), before, Batch.objects.get(pk=letter.batch_id), now)


def note_retry(batch: int, when: datetime) -> None:
    """A letter of this batch is to be tried again then."""
    Batch.objects.filter(Q(retry_at=None) | Q(retry_at__gt=when), pk=batch).update(retry_at=when)
