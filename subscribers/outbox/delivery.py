"""Sending what the queue owes: claim a batch, stage each letter up to its last dot, commit, dot, record.

A letter's final dot leaves only after the commit that marks it `dotted`, and only when that commit found it
waiting: of a letter whose reader has left in between, the body is thrown away. The reply to one dot is recorded
in the commit that marks the next. See `policy` for what a reply means.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection

from subscribers.models import Event, Letter
from subscribers.outbox import channel, queue
from subscribers.outbox.message import Message
from subscribers.outbox.policy import Outcome, Refusal, retry_after
from subscribers.outbox.queue import Claim, Record
from subscribers.outbox.transport import Transport

RENDER_AT_ONCE = 100  # letters held in memory as bytes
RENEW_EVERY = 15.0  # seconds; a lease lasts four of them
CLAIM_FOR = timedelta(seconds=60)  # a run that isn't asked to empty the queue stops claiming then

Clock = Callable[[], datetime]
Render = Callable[[Sequence[Letter]], Mapping[int, Message | Exception]]


@dataclass
class Run:
    """One run of `deliver`: the open session, outcomes not recorded yet, and what was counted."""

    connect: Callable[[], Transport]
    render: Render
    clock: Clock
    session: Transport | None = None
    pending: list[Record] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    resting: bool = False
    revived: set[int] = field(default_factory=set)  # letters whose end was taken back
    doubtful: bool = True  # the channel had trouble or refusals since the last accepted letter


def deliver(connect: Callable[[], Transport], render: Render, clock: Clock, *, until_empty: bool = False) -> Run:
    """Send what may be claimed; the run, with its counts by outcome.

    `connect` gives an open session or raises Refusal; `render` each letter's Message, or the error it met.
    """
    run, started = Run(connect, render, clock), clock()
    queue.gather(started)
    try:
        while channel.rests_until(clock()) is None and not run.resting:
            claimed = queue.claim(clock())
            if claimed is None:
                break
            _batch(run, claimed)
            if not until_empty and clock() - started > CLAIM_FOR:
                break
    finally:
        if run.session is not None:
            run.session.close()
    return run


def _batch(run: Run, claimed: Claim) -> None:
    """Send a batch's waiting letters; give it back whatever happens."""
    with _renewed(run, claimed):
        try:
            for letter, message in _messages(run, claimed):
                _letter(run, claimed, letter, message)
                if run.resting:
                    break
        finally:
            queue.turn(claimed, run.pending, [], run.clock(), run.revived)
            run.pending = []
            queue.release(claimed, run.clock())


def _messages(run: Run, claimed: Claim) -> Iterator[tuple[Letter, Message | Exception]]:
    """The batch's waiting letters with their bytes, a few at a time. The address is read here, at the claim."""
    waiting = Letter.objects.filter(batch=claimed.batch, state="waiting").select_related("subscriber").order_by("id")
    numbers = list(waiting.values_list("pk", flat=True))
    for start in range(0, len(numbers), RENDER_AT_ONCE):
        letters = list(waiting.filter(pk__in=numbers[start : start + RENDER_AT_ONCE]))
        messages = run.render(letters)
        for letter in letters:
            yield letter, messages[letter.pk]


def _letter(run: Run, claimed: Claim, letter: Letter, message: Message | Exception) -> None:
    """Everything but the dot, the commit, the dot."""
    if isinstance(message, Exception):
        _unrenderable(run, letter, message)
        return
    try:
        session = _opened(run)
    except Refusal as refusal:
        _settle(run, claimed, letter, refusal.outcome)
        return
    except (OSError, ValueError) as trouble:  # whatever keeps us from a server is no letter's fault
        _settle(run, claimed, letter, Outcome("channel", "CONNECT", None, f"{type(trouble).__name__}: {trouble}"))
        return
    try:
        session.stage(message)
    except Refusal as refusal:
        _settle(run, claimed, letter, refusal.outcome)
        return
    except ValueError as no_mail:
        _unrenderable(run, letter, no_mail)
        return
    pending, run.pending = run.pending, []
    granted = queue.turn(claimed, pending, [letter.pk], run.clock(), run.revived)
    if letter.pk not in granted:
        session.abandon()
        return
    _settle(run, claimed, letter, session.dot())


def _opened(run: Run) -> Transport:
    """The run's session, opened anew when there is none or it broke. Raises Refusal."""
    if run.session is None or not run.session.alive:
        if run.session is not None:
            run.session.close()
        run.session = None
        run.session = run.connect()
    return run.session


def _settle(run: Run, claimed: Claim, letter: Letter, outcome: Outcome) -> None:
    """Note an outcome for the next turn. Trouble of our own stops the run and blames nobody."""
    now = run.clock()
    if outcome.kind == "channel":
        channel.trouble(outcome, now)
        run.resting = True
        return
    run.pending.append(_record(letter, outcome, now))
    run.counts[run.pending[-1].state] += 1
    if outcome.kind == "refused":
        _suspect(run, claimed, letter, outcome)
    elif outcome.kind == "accepted" and run.doubtful:
        channel.note(outcome, letter.pk, now)
        run.doubtful = False


def _suspect(run: Run, claimed: Claim, letter: Letter, outcome: Outcome) -> None:
    """Record a refusal at once: with the four before it, it may turn out to be trouble of our own."""
    now, run.doubtful = run.clock(), True
    queue.turn(claimed, run.pending, [], now, run.revived)
    run.pending = []
    again = channel.note(outcome, letter.pk, now)
    if again:
        run.resting = True
        run.counts["refused"] -= len(again)
        run.counts["deferred"] += len(again)
        run.revived.update(again)


def _record(letter: Letter, outcome: Outcome, now: datetime) -> Record:
    reply = f"{outcome.code or ''} {outcome.reply}".strip()
    address = letter.subscriber.email
    if outcome.kind != "deferred":
        return Record(letter.pk, outcome.kind, reply, address)
    delay = retry_after(letter.kind, letter.attempts + 1, now - letter.posted_at)
    if delay is None:
        return Record(letter.pk, "cancelled", reply, address, reason="expired")
    return Record(letter.pk, "deferred", reply, address, retry_at=now + delay)


def _unrenderable(run: Run, letter: Letter, error: Exception) -> None:
    """One letter that can't be composed stops only itself: cancelled, carried by the next digest, one alert."""
    said = f"{type(error).__name__}: {error}"[:300]
    run.pending.append(Record(letter.pk, "cancelled", said, reason="unrenderable"))
    run.counts["cancelled"] += 1
    data = {"what": "a letter can't be composed", "message_id": letter.message_id, "error": said}
    Event.objects.create(kind="alert", at=run.clock(), letter=letter, subscriber=letter.subscriber, data=data)


class _renewed:  # noqa: N801 - reads as a word in the `with` line
    """Keeps a claim's lease alive from a thread of its own, since a mail server may take minutes to answer."""

    def __init__(self, run: Run, claimed: Claim) -> None:
        self.run, self.claimed = run, claimed
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._renew, name="lease", daemon=True)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()

    def _renew(self) -> None:
        while not self.over.wait(RENEW_EVERY):
            try:
                alive = queue.renew(self.claimed, self.run.clock())
            finally:
                connection.close()
            if not alive:
                return
