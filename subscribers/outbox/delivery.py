"""Sending what the queue owes: claim batches, stage letters up to their last dots, commit, dot, record.

A letter's final dot leaves only after the commit that marks it `dotted`, and only when that commit found it
waiting: of a letter whose reader has left in between, the body is thrown away. Many letters hold their dots on
connections of their own while one commit marks them all and records what became of the group before. See `policy` for
what a reply means.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection

from subscribers.models import Event
from subscribers.outbox import channel, queue, turns
from subscribers.outbox.fleet import BACK, HELD, Fleet, Happened
from subscribers.outbox.hand import Hand, Render
from subscribers.outbox.policy import Outcome, Refusal, about_mailbox, enhanced, retry_after
from subscribers.outbox.queue import Owed
from subscribers.outbox.turns import Dot, Record
from subscribers.outbox.wire import Mail, text

CLAIM_FOR = timedelta(seconds=60)  # a run that isn't asked to empty the queue stops claiming then
TURN_AFTER = 0.2  # seconds that a letter holds its dot at most, or a reply waits to be recorded
LOOK_UP = 1.0  # seconds between two looks at leases, people's mail and whether to stop

Clock = Callable[[], datetime]


@dataclass
class Run:
    """One run of `deliver`: letters in hand and under way, replies not recorded yet, and what was counted."""

    fleet: Fleet
    render: Render
    clock: Clock
    may_claim: Callable[[], bool]
    stop: Callable[[], bool]
    counts: Counter[str] = field(default_factory=Counter)
    revived: set[int] = field(default_factory=set)  # letters whose end was taken back
    resting: bool = False
    disliked: tuple[int | None, str] | None = None  # what this server says to everybody
    doubtful: bool = True  # the channel had trouble or refusals since the last accepted letter

    def __post_init__(self) -> None:
        self.hand = Hand(self.render, self.clock, self._no_mail)
        self._under_way: dict[int, tuple[Owed, Mail]] = {}  # staged, held or dotted
        self._staging: set[int] = set()
        self._late: set[int] = set()  # of these: not waited for any more
        self._held: dict[int, None] = {}  # in the order of their coming
        self._replies: list[Record] = []
        self._since: float | None = None  # when the first of held or replies came

    def go(self) -> None:
        """Until there is nothing more to send, or to wait for."""
        while True:
            self._take_on()
            if self._replies and not self._under_way:
                self._turn()
            if self.fleet.trouble is not None and not self._under_way:
                self._rest(self.fleet.trouble)
            if not self._under_way and not self.hand:
                return
            for key, what in self.fleet.poll(self._pause()):
                self._happened(key, what)
            if self._turn_is_due():
                self._turn()

    def end(self) -> None:
        """Whatever has happened: nothing more leaves, what is known is recorded, and the batches are given back."""
        self.fleet.close()
        if connection.errors_occurred and not connection.in_atomic_block and not connection.is_usable():
            connection.close()  # a database that was started anew hears the last replies after all
        self._record_replies()
        self.hand.give_back()

    def _take_on(self) -> None:
        """Stage what can be staged; fill up before the hand is empty."""
        if self.resting or self.stop():
            self.hand.drop()
            return
        self.hand.renew()
        self.hand.look_for_people(self.may_claim)
        if len(self.hand) < self.fleet.most:
            self.hand.fill(self.fleet.most, self.may_claim)
        for _ in range(self.fleet.room(len(self.hand)) if self.hand else 0):
            taken = self._next()
            if taken is None:
                return
            self.fleet.stage(*taken)

    def _next(self) -> tuple[int, Mail] | None:
        """The next letter in hand, under way from now on."""
        taken = None if self.resting else self.hand.take()
        if taken is None:
            return None
        letter, mail = taken
        self._under_way[letter.pk] = taken
        self._staging.add(letter.pk)
        return letter.pk, mail

    def _pause(self) -> float:
        """Seconds until something has to be done even when nothing happens."""
        if self._since is None:
            return LOOK_UP
        return max(0.0, self._since + TURN_AFTER - time.monotonic())

    def _happened(self, key: int, what: Happened) -> None:
        self._staging.discard(key)
        self._late.discard(key)
        self._held.pop(key, None)
        if what == HELD:
            self._held[key] = None
        elif what == BACK:
            self.hand.put_back(*self._under_way.pop(key))
            return
        elif isinstance(what, Outcome):
            letter, _ = self._under_way.pop(key)
            self._settle(letter, what)
        self._since = self._since or time.monotonic()

    def _turn_is_due(self) -> bool:
        """When half of those that answer hold their dots, or have waited long enough; a reply alone waits for them."""
        if not self._held and not self._replies:
            self._since = None
        if self._since is None:
            return False
        if self._held and len(self._held) >= len(self._staging) - len(self._late):
            return True
        if time.monotonic() - self._since < TURN_AFTER:
            return False
        self._late = set(self._staging)
        return True

    def _turn(self) -> None:
        """Record the last group, mark the next one, let its dots go."""
        self._since = None
        dots = [Dot(self.hand.claim_of[key], key) for key in self._held]
        granted = self._record_replies(dots)
        # Who spoke, or left, before the dot did not get the letter, for certain.
        for key, what in self.fleet.poll(0):
            self._happened(key, what)
        for key in [dot.letter for dot in dots if dot.letter in self._held]:
            del self._held[key]
            if key in granted:
                self.fleet.dot(key, self._next())
            else:
                self.fleet.abandon(key)
                self._under_way.pop(key)
                self.hand.recorded([key])

    def _record_replies(self, dots: Sequence[Dot] = ()) -> set[int]:
        """Record what was answered, and mark these dots; which of them may leave. What raises is told once more by
        `end`: a reply counts once, however often it is told."""
        granted = turns.turn(self._replies, dots, self.clock(), self.revived)
        self.hand.recorded(record.letter for record in self._replies)
        self._replies = []
        return granted

    def _settle(self, letter: Owed, outcome: Outcome) -> None:
        """Note an outcome for the next turn. Trouble of our own stops the run and blames nobody."""
        now = self.clock()
        if outcome.kind == "channel":
            self.hand.recorded([letter.pk])
            self._rest(outcome)
            return
        if outcome.kind == "refused" and self.disliked == (outcome.code, enhanced(outcome.reply)):
            outcome = Outcome("deferred", outcome.stage, outcome.code, outcome.reply)
        self._replies.append(self._record(letter, outcome, now))
        self.counts[self._replies[-1].state] += 1
        if outcome.kind == "refused":
            self.doubtful = True
            if not about_mailbox(outcome.code, outcome.reply):
                self._suspect(letter, outcome)
        elif outcome.kind == "accepted" and self.doubtful:
            channel.note(outcome, letter.pk, now)
            self.doubtful = False

    def _suspect(self, letter: Owed, outcome: Outcome) -> None:
        """Record a refusal at once: with the four before it, it may turn out to be trouble of our own."""
        self._record_replies()
        again = channel.note(outcome, letter.pk, self.clock())
        if again:
            self.resting, self.disliked = True, (outcome.code, enhanced(outcome.reply))
            self.counts["refused"] -= len(again)
            self.counts["deferred"] += len(again)
            self.revived.update(again)

    def _rest(self, outcome: Outcome) -> None:
        """All connections that are at it meet the same trouble: it is one."""
        if not self.resting:
            channel.trouble(outcome, self.clock())
        self.resting = True
        self.hand.drop()

    def _record(self, letter: Owed, outcome: Outcome, now: datetime) -> Record:
        claimed = self.hand.claim_of[letter.pk]
        reply = f"{outcome.code or ''} {outcome.reply}".strip()
        if outcome.kind != "deferred":
            return Record(claimed, letter.pk, outcome.kind, reply, letter.email)
        delay = retry_after(letter.kind, letter.attempts + 1, now - letter.posted_at)
        if delay is None:
            return Record(claimed, letter.pk, "cancelled", reply, letter.email, reason="expired")
        return Record(claimed, letter.pk, "deferred", reply, letter.email, retry_at=now + delay)

    def _no_mail(self, letter: Owed, error: Exception) -> None:
        """One letter that can't be composed stops only itself: cancelled, carried by the next digest, one alert.

        One whose address no server can be told is refused.
        """
        if isinstance(error, Refusal):
            self._settle(letter, error.outcome)
            return
        said = text(f"{type(error).__name__}: {error}")[:300]
        self._replies.append(Record(self.hand.claim_of[letter.pk], letter.pk, "cancelled", said, reason="unrenderable"))
        self.counts["cancelled"] += 1
        data = {"what": "a letter can't be composed", "message_id": letter.message_id, "error": said}
        Event.objects.create(
            kind="alert", at=self.clock(), letter_id=letter.pk, subscriber_id=letter.subscriber_id, data=data
        )


def _never() -> bool:
    return False


def deliver(
    connect: Callable[[], Fleet],
    render: Render,
    clock: Clock,
    *,
    until_empty: bool = False,
    stop: Callable[[], bool] = _never,
) -> Run:
    """Send what may be claimed; the run, with its counts by outcome.

    `connect` gives the ways out; `render` each letter's Message, or the error it met. Once `stop` holds, what is under
    way ends and nothing else begins.
    """
    started = clock()
    queue.gather(started)

    def may_claim() -> bool:
        now = clock()
        return (until_empty or now - started <= CLAIM_FOR) and channel.rests_until(now) is None

    run = Run(connect(), render, clock, may_claim, stop)
    try:
        run.go()
    finally:
        run.end()
    return run
