"""A turn: one commit records what became of letters, and marks the next ones `dotted`.

Nearly all letters go the short way: one statement for the whole group, on PostgreSQL and SQLite alike, from waiting to
dotted and from dotted to what the server said. What it does not take (a late reply, a letter to be tried again, one
whose reader has left) is looked at one by one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from django.db import OperationalError, connection, transaction
from django.db.models import F

from subscribers.models import Event, Letter
from subscribers.outbox import queue, retries
from subscribers.outbox.queue import Claim
from subscribers.outbox.statements import array, array_of_texts, rows

TRIES = 5
REPLY_MOST = 300  # characters
SHORT = ("accepted", "refused", "unknown")  # outcomes that the short way records
FIGURES = re.compile(r"\d{3}(?: [245]\.\d{1,3}\.\d{1,3})?(?!\S)")  # RFC 5321 and RFC 3463
T = TypeVar("T")


class Dot(NamedTuple):
    """A letter that holds its dot."""

    claimed: Claim
    letter: int


class Record(NamedTuple):
    """What became of a letter. `reason` for cancelled ones, `retry_at` for deferred ones."""

    claimed: Claim
    letter: int
    state: str
    reply: str = ""
    address: str = ""
    reason: str = ""
    retry_at: datetime | None = None


class Took(NamedTuple):
    """What the short way did of a letter: whose it is, and its state now."""

    person: int
    state: str


# The whole group comes in a handful of parameters, however large it is: five arrays (letters, batches, claim numbers,
# next states, replies), on SQLite one JSON text. `mine` locks the batches while their claim is the newest, so that
# nobody claims them in between. A letter that somebody changes meanwhile is compared again by PostgreSQL when its
# lock is free. Planned once: each letter is found by its primary key.
_TOGETHER = """
WITH mine AS ({mine})
UPDATE subscribers_letter AS letter SET
  state = told.state,
  claim = CASE told.state WHEN 'dotted' THEN told.claim ELSE letter.claim END,
  dotted_at = CASE told.state WHEN 'dotted' THEN {now} ELSE letter.dotted_at END,
  decided_at = CASE told.state WHEN 'dotted' THEN letter.decided_at ELSE {now} END,
  reply = CASE told.state WHEN 'dotted' THEN letter.reply ELSE told.reply END,
  attempts = letter.attempts + CASE letter.state WHEN 'waiting' THEN 1 ELSE 0 END
FROM {told}
WHERE letter.id = told.letter AND letter.batch_id = told.batch AND (
  letter.state = 'dotted' AND letter.claim = told.claim AND told.state <> 'dotted' AND NOT letter.last
  OR letter.state = 'waiting' AND told.state IN ('dotted', 'refused')
    AND EXISTS (SELECT 1 FROM mine WHERE mine.id = told.batch AND mine.claim = told.claim)
)
RETURNING id, subscriber_id, {state}
"""
_ON_POSTGRES = _TOGETHER.format(
    mine="SELECT id, claim FROM subscribers_batch WHERE id = ANY (%s::bigint[]) AND done_at IS NULL FOR NO KEY UPDATE",
    now="%s::timestamptz",
    state="letter.state",
    told="unnest(%s::bigint[], %s::bigint[], %s::integer[], %s::text[], %s::text[])"
    " AS told (letter, batch, claim, state, reply)",
)
_ON_SQLITE = _TOGETHER.format(
    mine="SELECT batch.id, batch.claim FROM json_each(%s) AS item JOIN subscribers_batch AS batch"
    " ON batch.id = item.value WHERE batch.done_at IS NULL",
    now="%s",
    state="state",
    told="(SELECT item.value ->> 0 AS letter, item.value ->> 1 AS batch, item.value ->> 2 AS claim,"
    " item.value ->> 3 AS state, item.value ->> 4 AS reply FROM json_each(%s) AS item) AS told",
)


def turn(records: Sequence[Record], dots: Sequence[Dot], now: datetime, revived: set[int] | None = None) -> set[int]:
    """Record what became of the letters before, and mark the next ones `dotted`; the ids that may be dotted.

    One commit does both. Only an id that is returned may get its final dot: the others' readers have left,
    the next digest carries them, or the batch has a newer claim. Letters that a late reply decides after they
    had been taken for unknown are added to `revived`.
    """
    if all(record.state == "accepted" for record in records):
        # One statement is a transaction by itself. A reply that it does not take is late: nothing waits for it.
        done = _repeated(lambda: _together(records, dots, now))
        late = [record for record in records if record.letter not in done]
        if late:
            _repeated(lambda: _one_by_one(late, now, revived))
    else:
        done = _repeated(lambda: _all(records, dots, now, revived))
    return {dot.letter for dot in dots if dot.letter in done and done[dot.letter].state == "dotted"}


def _repeated(work: Callable[[], T]) -> T:
    """PostgreSQL ends one of two transactions that wait for each other: it is done again."""
    for _ in range(TRIES - 1):
        try:
            return work()
        except OperationalError as error:
            if "deadlock" not in str(error) or connection.in_atomic_block:
                raise
    return work()


@transaction.atomic
def _all(records: Sequence[Record], dots: Sequence[Dot], now: datetime, revived: set[int] | None) -> Mapping[int, Took]:
    short = [record for record in records if record.state in SHORT]
    done = _together(short, dots, now)
    Event.objects.bulk_create(
        _event(record, record.state, done[record.letter].person, now)
        for record in short
        if record.letter in done and record.state != "accepted"
    )
    _one_by_one([record for record in records if record.letter not in done], now, revived)
    return done


def _together(records: Sequence[Record], dots: Sequence[Dot], now: datetime) -> Mapping[int, Took]:
    """The short way, and the letters that took it."""
    told: list[tuple[int, int, int, str, str]] = [
        *((r.letter, r.claimed.batch, r.claimed.number, r.state, r.reply[:REPLY_MOST]) for r in records),
        *((dot.letter, dot.claimed.batch, dot.claimed.number, "dotted", "") for dot in dots),
    ]
    if not told:
        return {}
    told.sort()  # so that two who lock the same letters tend to do so in one order
    letters, batches, claims, states, replies = zip(*told, strict=True)
    when = connection.ops.adapt_datetimefield_value(now)
    if connection.vendor == "postgresql":
        arrays = array(letters), array(batches), array(claims), array(states), array_of_texts(replies)
        found = rows(_ON_POSTGRES, array(set(batches)), when, when, *arrays)
    else:
        found = rows(_ON_SQLITE, json.dumps(list(set(batches))), when, when, json.dumps(told))
    return {letter: Took(person, state) for letter, person, state in found}


@transaction.atomic
def _one_by_one(records: Sequence[Record], now: datetime, revived: set[int] | None) -> None:
    for record in sorted(records, key=lambda record: record.letter):
        if _record(record, now) == "unknown" and revived is not None:
            revived.add(record.letter)


def _record(record: Record, now: datetime) -> str:
    """A reply to a dot counts under its own claim, even late; before the dot only the newest claim may speak.

    The state that the letter had before, or "" when the record does not count.
    """
    claimed = record.claimed
    mine = queue.held(claimed).exists()
    letter = Letter.objects.select_for_update().filter(pk=record.letter, batch=claimed.batch).first()
    if letter is None:
        return ""
    before = letter.state
    after_the_dot = letter.claim == claimed.number and before in ("dotted", "unknown")
    if not after_the_dot and not (mine and before == "waiting"):
        return ""
    if letter.last and letter.subscriber.state == "forgotten":
        record = record._replace(reply=_figures(record.reply), address="")
    state, values = _next(letter, record, now)
    if before == "waiting":
        values |= {"attempts": F("attempts") + 1}
    if queue.move(Letter.objects.filter(pk=letter.pk), [before], state, **values):
        if state == "deferred" and record.retry_at is not None:
            retries.note_retry(letter.batch_id, record.retry_at)
        if state != "accepted":
            _event(record, state, letter.subscriber_id, now).save()
    return before


def _figures(reply: str) -> str:
    """What is kept of a reply about a person who was erased: its code and status. The rest may name them, anyhow."""
    found = FIGURES.match(reply)
    return found[0] if found else ""


def _next(letter: Letter, record: Record, now: datetime) -> tuple[str, dict[str, object]]:
    """The letter's next state and values: one to be tried again is not, when its reader has left or paused."""
    values: dict[str, object] = {"decided_at": now, "reply": record.reply[:REPLY_MOST], "reason": record.reason}
    if record.state != "deferred":
        return record.state, values
    if reason := _not_again(letter):
        return "cancelled", {**values, "reason": reason}
    return "deferred", {**values, "retry_at": record.retry_at, "decided_at": None}


def _not_again(letter: Letter) -> str:
    """Why a letter that was under way is not tried again, though it could be: its reader left or paused; else ""."""
    if letter.last:
        return "left"
    return "paused" if letter.kind == "digest" and letter.subscriber.state == "paused" else ""


def _event(record: Record, state: str, person: int, now: datetime) -> Event:
    """Of what was not accepted. An accepted letter's own row says when, and what the server answered."""
    data = {"reply": record.reply[:REPLY_MOST], "address": record.address, "reason": record.reason}
    said = {name: value for name, value in data.items() if value}
    return Event(kind=state, at=now, subscriber_id=person, letter_id=record.letter, data=said)
