"""The outbox's queue: post, claim, turn (dot and record), release, gather. Each is one short transaction.

Here and in `membership` alone a letter's state changes, each time by comparing and setting. The states
and legal moves are in `policy`. A claim is a batch's number: whoever holds an older one can't dot any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Min, Q, QuerySet

from subscribers.models import Batch, Event, Letter
from subscribers.outbox.policy import MOVES

LEASE = timedelta(seconds=60)
LEGAL: Mapping[str, frozenset[str]] = {before: frozenset(after) for before, after in MOVES.items()}


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to send a batch's letters, while its number is the batch's newest."""

    batch: int
    number: int
    lane: int


@dataclass(frozen=True, slots=True)
class Record:
    """What became of a letter. `reason` for cancelled ones, `retry_at` for deferred ones."""

    letter: int
    state: str
    reply: str = ""
    address: str = ""
    reason: str = ""
    retry_at: datetime | None = None


def post(letters: Sequence[Letter], lane: int, oldest: datetime, now: datetime, *, unknown: bool = False) -> Batch:
    """Put letters in the outbox as one batch. Runs inside the caller's transaction.

    `unknown`: they may have been sent before a backup was put back, so they are not to be sent now.
    """
    batch = Batch.objects.create(lane=lane, oldest=oldest, posted_at=now, done_at=now if unknown else None)
    for letter in letters:
        letter.batch, letter.posted_at = batch, now
        if unknown:
            letter.state, letter.decided_at = "unknown", now
    Letter.objects.bulk_create(letters, batch_size=500)
    return batch


def move(letters: QuerySet[Letter], before: Iterable[str], after: str, **values: object) -> int:
    """Compare and set: the letters among these that are in a state `before` get the state `after`; how many."""
    legal = [state for state in before if after in LEGAL[state]]
    return letters.filter(state__in=legal).update(state=after, **values)


@transaction.atomic
def claim(now: datetime) -> Claim | None:
    """Claim the open batch that comes first by lane, then age; None when nothing may be claimed now.

    A lease that reaches further than any lease can was written by a clock that was ahead: it doesn't hold
    (stealing a batch is always safe, since its former holder can't dot any more). Letters dotted under an
    older claim whose reply was never recorded become `unknown` here.
    """
    free = Q(lease=None) | Q(lease__lt=now) | Q(lease__gt=now + 2 * LEASE)
    waiting = Batch.objects.filter(free, done_at=None).order_by("lane", "oldest", "id")
    batch = waiting.select_for_update(skip_locked=True).first()
    if batch is None:
        return None
    batch.claim += 1
    batch.lease = now + LEASE
    batch.save(update_fields=["claim", "lease"])
    _lose_track(batch, now)
    return Claim(batch.pk, batch.claim, batch.lane)


def _lose_track(batch: Batch, now: datetime) -> None:
    """The dotted letters of an older claim: nobody knows whether the server took them."""
    lost = Letter.objects.filter(batch=batch, state="dotted").exclude(claim=batch.claim)
    events = [
        Event(kind="unknown", at=now, subscriber_id=person, letter_id=letter, data={"why": "no reply recorded"})
        for letter, person in lost.values_list("id", "subscriber_id")
    ]
    Event.objects.bulk_create(events)
    move(lost, ["dotted"], "unknown", decided_at=now, reply="the sender stopped before it recorded a reply")


def held(claimed: Claim) -> QuerySet[Batch]:
    """The claimed batch, locked, while the claim is the newest; else nothing."""
    return Batch.objects.select_for_update().filter(pk=claimed.batch, claim=claimed.number, done_at=None)


def renew(claimed: Claim, now: datetime) -> bool:
    """Say that the claimer is alive; False when the batch has a newer claim."""
    mine = Batch.objects.filter(pk=claimed.batch, claim=claimed.number, done_at=None)
    return mine.update(lease=now + LEASE) == 1


@transaction.atomic
def turn(
    claimed: Claim, records: Sequence[Record], dots: Sequence[int], now: datetime, revived: set[int] | None = None
) -> set[int]:
    """Record what became of the letters before, and mark the next ones `dotted`; the ids that may be dotted.

    One commit does both. Only an id that is returned may get its final dot: the others' readers have left,
    the next digest carries them, or the batch has a newer claim. Letters that a late reply decides after they
    had been taken for unknown are added to `revived`.
    """
    mine = held(claimed).exists()
    for record in records:
        if _record(claimed, record, now, mine) == "unknown" and revived is not None:
            revived.add(record.letter)
    if not mine:
        return set()
    granted = list(
        Letter.objects.select_for_update()
        .filter(pk__in=dots, batch=claimed.batch, state="waiting")
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    dotted = {"claim": claimed.number, "dotted_at": now, "attempts": F("attempts") + 1}
    move(Letter.objects.filter(pk__in=granted), ["waiting"], "dotted", **dotted)
    return set(granted)


def _record(claimed: Claim, record: Record, now: datetime, mine: bool) -> str:
    """A reply to a dot counts under its own claim, even late; before the dot only the newest claim may speak.

    The state that the letter had before, or "" when the record does not count.
    """
    letter = Letter.objects.select_for_update().filter(pk=record.letter, batch=claimed.batch).first()
    if letter is None:
        return ""
    if letter.claim == claimed.number and letter.state in ("dotted", "unknown"):
        before = [letter.state]
    elif mine and letter.state == "waiting":
        before = ["waiting"]
    else:
        return ""
    values: dict[str, object] = {"decided_at": now, "reply": record.reply[:300], "reason": record.reason}
    state = record.state
    if state == "deferred":
        values |= {"retry_at": record.retry_at, "decided_at": None}
    if state == "deferred" and (reason := _not_again(letter)):
        state, values = "cancelled", {"decided_at": now, "reason": reason, "reply": record.reply[:300]}
    if before == ["waiting"]:
        values |= {"attempts": F("attempts") + 1}
    if move(Letter.objects.filter(pk=letter.pk), before, state, **values):
        if state == "deferred" and record.retry_at is not None:
            note_retry(letter.batch_id, record.retry_at)
        data = {"reply": record.reply[:300], "address": record.address, "reason": record.reason}
        Event.objects.create(
            kind=state,
            at=now,
            subscriber_id=letter.subscriber_id,
            letter=letter,
            data={k: v for k, v in data.items() if v},
        )
    return before[0]


def _not_again(letter: Letter) -> str:
    """Why a letter that was under way is not tried again, though it could be: its reader left or paused; else ""."""
    if letter.last:
        return "left"
    return "paused" if letter.kind == "digest" and letter.subscriber.state == "paused" else ""


@transaction.atomic
def release(claimed: Claim, now: datetime) -> None:
    """Give the batch back: done when nothing in it waits, else free to be claimed again."""
    batch = held(claimed).first()
    if batch is None:
        return
    mine = Letter.objects.filter(batch=batch)
    if not mine.filter(state__in=["waiting", "dotted"]).exists():
        batch.done_at = now
    batch.lease = None
    batch.retry_at = mine.filter(state="deferred").aggregate(first=Min("retry_at"))["first"]
    batch.save(update_fields=["done_at", "lease", "retry_at"])


def gather(now: datetime) -> int:
    """Put deferred letters whose retry is due into new batches; how many letters."""
    due = Batch.objects.filter(retry_at__lte=now).values_list("pk", flat=True)
    return sum(_gather(batch, now) for batch in due)


@transaction.atomic
def _gather(number: int, now: datetime) -> int:
    old = Batch.objects.select_for_update(skip_locked=True).filter(pk=number, retry_at__lte=now).first()
    if old is None:
        return 0
    due = Letter.objects.filter(batch=old, state="deferred", retry_at__lte=now)
    again = list(due.values_list("pk", flat=True))
    moved = 0
    if again:
        moved = _into_a_new_batch(Letter.objects.filter(pk__in=again), ["deferred"], old, now)
    rest = Letter.objects.filter(batch=old, state="deferred")
    old.retry_at = rest.aggregate(first=Min("retry_at"))["first"]
    old.save(update_fields=["retry_at"])
    return moved


def _into_a_new_batch(letters: QuerySet[Letter], before: Iterable[str], old: Batch, now: datetime) -> int:
    batch = Batch.objects.create(lane=old.lane, oldest=old.oldest, posted_at=now)
    fresh = {"batch": batch, "retry_at": None, "dotted_at": None, "decided_at": None, "claim": None}
    return move(letters, before, "waiting", **fresh)


def post_again(letter: Letter, before: Iterable[str], now: datetime) -> None:
    """The same letter once more, in a batch of its own, as old as its news is. Runs inside the caller's transaction."""
    _into_a_new_batch(Letter.objects.filter(pk=letter.pk), before, Batch.objects.get(pk=letter.batch_id), now)


def note_retry(batch: int, when: datetime) -> None:
    """A letter of this batch is to be tried again then."""
    Batch.objects.filter(Q(retry_at=None) | Q(retry_at__gt=when), pk=batch).update(retry_at=when)


def waiting() -> int:
    """How many letters wait for a claim or a retry."""
    open_batches = Q(batch__done_at=None) | Q(batch__retry_at__isnull=False)
    return Letter.objects.filter(open_batches, state__in=["waiting", "deferred"]).count()
