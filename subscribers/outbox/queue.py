"""The outbox's queue: post, claim, renew, release. Each is one short transaction; a turn is `turns`', trying again
`retries`'.

Here and in `membership` alone a letter's state changes, each time by comparing and setting. The states and legal moves
are in `policy`. A claim is a batch's number: whoever holds an older one can't dot any more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Count, Min, Q, QuerySet

from subscribers import bulk
from subscribers.models import Batch, Event, Letter
from subscribers.outbox import holds
from subscribers.outbox.policy import MOVES
from subscribers.outbox.statements import rows

LEASE = timedelta(seconds=60)
LEGAL: Mapping[str, frozenset[str]] = {before: frozenset(after) for before, after in MOVES.items()}


class Claim(NamedTuple):
    """The right to send a batch's letters, while its number is the batch's newest."""

    batch: int
    number: int
    lane: int


class Owed(NamedTuple):
    """A letter to be sent, with what sending it needs of its reader: the address is that of the claim."""

    pk: int
    subscriber_id: int
    kind: str
    slot: datetime
    message_id: str
    content: dict[str, Any]
    posted_at: datetime
    attempts: int
    email: str
    key: str


_OWED = (*Owed._fields[:-2], "subscriber__email", "subscriber__key")


def owed(letters: QuerySet[Letter]) -> list[Owed]:
    """These letters as they are sent, in their order."""
    return list(map(Owed._make, letters.values_list(*_OWED)))


def post(letters: Sequence[Letter], lane: int, oldest: datetime, now: datetime, *, unknown: bool = False) -> Batch:
    """Put letters in the outbox as one batch. Runs inside the caller's transaction.

    `unknown`: they may have been sent before a backup was put back, so they are not to be sent now.
    """
    batch = _batch(lane, oldest, now, unknown)
    for letter in letters:
        letter.batch, letter.posted_at = batch, now
        if unknown:
            letter.state, letter.decided_at = "unknown", now
    Letter.objects.bulk_create(letters, batch_size=500)
    return batch


class Fresh(NamedTuple):
    """A letter before it is posted; its content as the text of its JSON."""

    kind: str
    subscriber_id: int
    slot: datetime
    message_id: str
    content: str


_WRITTEN = ("id", *Fresh._fields, "batch_id", "posted_at", "state", "decided_at", "attempts", "last", "reason", "reply")


def post_many(
    letters: Sequence[Fresh], oldest: datetime, now: datetime, *, unknown: bool = False, label: str = ""
) -> Sequence[int]:
    """As `post`, for the digests of many readers; the ids of their letters. What is held by its `label` is not
    claimed."""
    batch = _batch(Batch.Lane.EDITIONS, oldest, now, unknown, label)
    ids, at = bulk.reserved(Letter, len(letters)), bulk.instant(now)
    common = (
        (batch.pk, at, "unknown", at, 0, False, "", "")
        if unknown
        else (batch.pk, at, "waiting", None, 0, False, "", "")
    )
    rows = (
        (number, kind, person, bulk.instant(slot), name, content, *common)
        for number, (kind, person, slot, name, content) in zip(ids, letters, strict=True)
    )
    bulk.insert(Letter, _WRITTEN, rows)
    return ids


def _batch(lane: int, oldest: datetime, now: datetime, unknown: bool, label: str = "") -> Batch:
    done = now if unknown else None
    return Batch.objects.create(lane=lane, oldest=oldest, posted_at=now, done_at=done, label=label)


def move(letters: QuerySet[Letter], before: Iterable[str], after: str, **values: object) -> int:
    """Compare and set: the letters among these that are in a state `before` get the state `after`; how many."""
    legal = [state for state in before if after in LEGAL[state]]
    return letters.filter(state__in=legal).update(state=after, **values)


@transaction.atomic
def claim(now: datetime, lanes: Sequence[int] = tuple(Batch.Lane), mine: Iterable[Claim] = ()) -> Claim | None:
    """Claim the open batch that comes first by lane, then age; None when nothing may be claimed now, since none waits
    or operators hold what does.

    Not one of those that the claimer has (`mine`): one that was stopped for long, or whose clock was put forward, finds
    its own leases run out, and would hand over once more what is under way already.

    A lease that reaches further than any lease can was written by a clock that was ahead: it doesn't hold
    (stealing a batch is always safe, since its former holder can't dot any more). Letters dotted under an
    older claim whose reply was never recorded become `unknown` here.
    """
    held = holds.labels()
    if holds.EVERYTHING in held:
        return None
    free = Q(lease=None) | Q(lease__lt=now) | Q(lease__gt=now + 2 * LEASE)
    waiting = Batch.objects.filter(free, done_at=None, lane__in=lanes).order_by("lane", "oldest", "id")
    if held:
        waiting = waiting.exclude(label__in=held)
    had = [claimed.batch for claimed in mine]
    if had:
        waiting = waiting.exclude(pk__in=had)
    batch = waiting.select_for_update(skip_locked=True).first()
    if batch is None:
        return None
    batch.claim += 1
    batch.lease = now + LEASE
    batch.save(update_fields=["claim", "lease"])
    if batch.claim > 1:
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


def others_claims(mine: Iterable[Claim], now: datetime) -> bool:
    """Whether somebody else has a batch under a lease."""
    leased = Batch.objects.filter(lease__gt=now, lease__lte=now + 2 * LEASE, done_at=None)
    return leased.exclude(pk__in=[claimed.batch for claimed in mine]).exists()


def renew(claims: Iterable[Claim], now: datetime) -> set[Claim]:
    """Say that the claimer is alive; those of the claims that are still the newest of their batch."""
    numbers = {claimed.batch: claimed for claimed in claims}
    mine = Batch.objects.select_for_update().filter(pk__in=numbers, done_at=None).order_by("pk")
    with transaction.atomic():
        rows = mine.values_list("pk", "claim")
        still = {numbers[batch] for batch, number in rows if numbers[batch].number == number}
        Batch.objects.filter(pk__in=[claimed.batch for claimed in still]).update(lease=now + LEASE)
    return still


def stopped(claims: Iterable[Claim]) -> set[Claim]:
    """Those of the claims whose batches operators hold by now."""
    held = holds.labels()
    if not held or holds.EVERYTHING in held:
        return set(claims) if held else set()
    mine = Batch.objects.filter(pk__in=[claimed.batch for claimed in claims], label__in=held)
    batches = set(mine.values_list("pk", flat=True))
    return {claimed for claimed in claims if claimed.batch in batches}


# The content comes as text: psycopg would read it byte by byte.
_WAITING = """
SELECT letter.id, letter.subscriber_id, letter.kind, letter.slot, letter.message_id, letter.content::text,
  letter.posted_at, letter.attempts, person.email, person.key
FROM subscribers_letter AS letter JOIN subscribers_subscriber AS person ON person.id = letter.subscriber_id
WHERE letter.batch_id = %s AND letter.state = 'waiting' ORDER BY letter.id
"""


def waiting_letters(claimed: Claim) -> list[Owed]:
    """The letters of a claimed batch that are to be sent."""
    if connection.vendor != "postgresql":
        return owed(Letter.objects.filter(batch=claimed.batch, state="waiting").order_by("pk"))
    found, read = rows(_WAITING, claimed.batch), json.JSONDecoder().raw_decode
    return [Owed._make((*row[:5], read(row[5])[0], *row[6:])) for row in found]


@transaction.atomic
def release(claimed: Claim, now: datetime) -> None:
    """Give the batch back: done when nothing in it waits, else free to be claimed again."""
    batch = held(claimed).first()
    if batch is None:
        return
    found = Letter.objects.filter(batch=batch).aggregate(
        open=Count("id", filter=Q(state__in=["waiting", "dotted"])),
        first=Min("retry_at", filter=Q(state="deferred")),
    )
    batch.done_at = None if found["open"] else now
    batch.lease = None
    batch.retry_at = found["first"]
    batch.save(update_fields=["done_at", "lease", "retry_at"])


def waiting() -> int:
    """How many letters wait for a claim or a retry."""
    open_batches = Q(batch__done_at=None) | Q(batch__retry_at__isnull=False)
    return Letter.objects.filter(open_batches, state__in=["waiting", "deferred"]).count()
