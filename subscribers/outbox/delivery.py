"""Sending what the queue owes: claim batches, stage letters up to their last dots, commit, dot, record.

A letter's final dot leaves only after the commit that marks it `dotted`, and only when that commit found it
waiting: of a letter whose reader has left in between, the body is thrown away. Many letters hold their dots on
connections of their own while one commit marks them all and records what became of the group before. See `policy` for
what a reply means.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import OperationalError, connection

from subscribers.outbox import channel, rates, retries
from subscribers.outbox.fleet import HELD, Event, Fleet
from subscribers.outbox.hand import Hand, Render
from subscribers.outbox.policy import Outcome
from subscribers.outbox.queue import Owed
from subscribers.outbox.rates import Pace
from subscribers.outbox.turns import Dot
from subscribers.outbox.verdicts import Verdicts
from subscribers.outbox.wire import Mail

CLAIM_FOR = timedelta(seconds=60)  # a run that isn't asked to empty the queue stops claiming then
TURN_AFTER = 0.2  # seconds that a letter holds its dot at most, or a reply waits to be recorded
LOOK_UP = 1.0  # seconds between two looks at leases, people's mail and whether to stop
OUTLAST = 30.0  # seconds that a run waits for a database it has lost, to tell it what it knows
ASK_AGAIN = 0.25  # seconds between two tries to reach it

Clock = Callable[[], datetime]


@dataclass
class Run:
    """One run of `deliver`: letters in hand and under way, and when their turns come."""

    fleet: Fleet
    render: Render
    clock: Clock
    may_claim: Callable[[], bool]
    stop: Callable[[], bool]

    def __post_init__(self) -> None:
        self.hand = Hand(self.render, self.clock, self._no_mail, Pace((rates.ALL, self.fleet.channel)))
        self.verdicts = Verdicts(self.hand, self.clock)
        self._under_way: dict[int, tuple[Owed, Mail]] = {}  # staged, held or dotted
        self._staging: set[int] = set()
        self._late: set[int] = set()  # of these: not waited for any more
        self._held: dict[int, None] = {}  # in the order of their coming
        self._paced = False  # a letter in hand waits for its time
        self._since: float | None = None  # when the first of held or replies came

    @property
    def counts(self) -> Counter[str]:
        """Letters by what became of them."""
        return self.verdicts.counts

    @property
    def revived(self) -> set[int]:
        """Letters whose end was taken back."""
        return self.verdicts.revived

    def go(self) -> None:
        """Until there is nothing more to send, or to wait for."""
        while True:
            self._take_on()
            if self.verdicts and not self._under_way:
                self._turn()
            if self.fleet.trouble is not None and not self._under_way:
                self.verdicts.rest(self.fleet.trouble)
            if not self._under_way and not self.hand:
                return
            self._hear(self.fleet.poll(self._pause()))
            if self._turn_is_due():
                self._turn()

    def end(self) -> None:
        """Whatever has happened: nothing more leaves, what is known is recorded, and the batches are given back.

        Also to a database that is being started anew: else replies would be lost, and batches claimed for a minute.
        """
        if connection.errors_occurred and not connection.in_atomic_block and not connection.is_usable():
            self._outlast()
        self.fleet.close()
        self.verdicts.record()
        self.hand.give_back()

    def _outlast(self) -> None:
        """Wait for the database, and for the replies to the dots that have left."""
        until, back, heard = time.monotonic() + OUTLAST, _reached(), self.fleet.poll(0)
        dotted = self._under_way.keys() - self._staging - self._held.keys()
        while not back or dotted - {key for key, _ in heard}:
            if time.monotonic() > until or self.stop():
                break
            time.sleep(ASK_AGAIN)
            back = back or _reached()
            heard += self.fleet.poll(0)
        if back:
            self._hear(heard)

    def _take_on(self) -> None:
        """Stage what can be staged; fill up before the hand is empty."""
        if self.verdicts.resting or self.stop():
            self.hand.drop()
            return
        self.hand.renew()
        self.hand.heed_holds()
        self.hand.look_for_people(self.may_claim)
        if self._paced and not self.may_claim():
            self.hand.drop()  # the rate leaves more than this run has time for
        self._paced = False
        if len(self.hand) < self.fleet.most:
            self.hand.fill(self.fleet.most, self.may_claim)
        for _ in range(self.fleet.room(len(self.hand)) if self.hand else 0):
            taken = self._next()
            if taken is None:
                return
            self.fleet.stage(*taken)

    def _next(self) -> tuple[int, Mail] | None:
        """The next letter in hand, under way from now on."""
        taken = None if self.verdicts.resting else self.hand.take()
        if taken is None:
            self._paced = bool(self.hand)
            return None
        number = taken[0].pk
        self._under_way[number] = taken
        self._staging.add(number)
        return number, taken[1]

    def _pause(self) -> float:
        """Seconds until something has to be done even when nothing happens."""
        longest = min(LOOK_UP, self.hand.pace.wait()) if self._paced else LOOK_UP
        if self._since is None:
            return longest
        return max(0.0, min(longest, self._since + TURN_AFTER - time.monotonic()))

    def _hear(self, events: Iterable[Event]) -> None:
        """Of letters that hold their dots now, whose end is known, or that never had their turn."""
        for key, what in events:
            self._staging.discard(key)
            self._late.discard(key)
            if what == HELD:
                self._held[key] = None
            else:
                self._held.pop(key, None)
                letter, mail = self._under_way.pop(key)
                if not isinstance(what, Outcome):
                    self.hand.put_back(letter, mail)
                    continue
                self.verdicts.settle(letter, what)
            if self._since is None:
                self._since = time.monotonic()

    def _turn_is_due(self) -> bool:
        """When half of those that answer hold their dots, or have waited long enough; a reply alone waits for them."""
        if not self._held and not self.verdicts:
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
        granted = self.verdicts.record(dots)
        # Who spoke, or left, before the dot did not get the letter, for certain.
        self._hear(self.fleet.poll(0))
        for key in [dot.letter for dot in dots if dot.letter in self._held]:
            del self._held[key]
            if key in granted:
                self.fleet.dot(key, self._next() if self.fleet.follows else None)
            else:
                self.fleet.abandon(key)
                del self._under_way[key]
                self.hand.recorded([key])

    def _no_mail(self, letter: Owed, error: Exception) -> None:
        self.verdicts.no_mail(letter, error)


def _reached() -> bool:
    """Whether the database answers, over a new connection."""
    connection.close()
    try:
        connection.ensure_connection()
    except OperationalError:
        return False
    return True


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
    retries.gather(started)

    def may_claim() -> bool:
        now = clock()
        return (until_empty or now - started <= CLAIM_FOR) and channel.rests_until(now) is None

    run = Run(connect(), render, clock, may_claim, stop)
    try:
        run.go()
    finally:
        run.end()
    return run
