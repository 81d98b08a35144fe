"""The letters that a run has in hand: claimed, loaded and rendered a few at a time, given back batch by batch."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from subscribers.models import Batch
from subscribers.outbox import queue
from subscribers.outbox.message import Message
from subscribers.outbox.policy import Expired, expired
from subscribers.outbox.queue import Claim, Owed
from subscribers.outbox.rates import Pace
from subscribers.outbox.wire import Mail, prepared

RENDER_AT_ONCE = 200  # letters held in memory as bytes, besides those under way
RENDER_PACED = 10  # the same under a rate: others must not wait for them
RENEW_EVERY = 15.0  # seconds; a lease lasts four of them
PEOPLE_EVERY = 5.0  # seconds: so long a person's mail may wait behind a batch of digests
HOLDS_EVERY = 1.0  # seconds: so long what an operator stops may go on

Render = Callable[[Sequence[Owed]], Mapping[int, Message | Exception]]
Failed = Callable[[Owed, Exception], None]


class Hand:
    """Claimed letters, given out at a pace. `failed` hears of each that is no mail, and its error."""

    def __init__(self, render: Render, clock: Callable[[], datetime], failed: Failed, pace: Pace) -> None:
        self.claim_of: dict[int, Claim] = {}  # by letter, until something is recorded of it
        self.pace = pace
        self._render, self._clock, self._failed = render, clock, failed
        self._people: deque[tuple[Owed, Mail]] = deque()  # ready, and before all others
        self._ready: deque[tuple[Owed, Mail]] = deque()
        self._loaded: deque[Owed] = deque()
        self._open: Counter[Claim] = Counter()  # letters of each claim that nothing is recorded of
        self._dry = False  # there was nothing more to claim
        self._renewed = self._looked = self._asked = time.monotonic()

    def __len__(self) -> int:
        return len(self._people) + len(self._ready)

    def fill(self, least: int, may_claim: Callable[[], bool]) -> None:
        """Have so many letters ready, when there are so many."""
        while len(self) < least:
            while len(self._people) + len(self._loaded) < least and not self._dry and may_claim():
                self._dry = not self._claim(tuple(Batch.Lane))
            if not self._loaded:
                return
            part = RENDER_PACED if self.pace.limited() else RENDER_AT_ONCE
            self._ready.extend(self._prepared([self._loaded.popleft() for _ in range(min(part, len(self._loaded)))]))

    def look_for_people(self, may_claim: Callable[[], bool]) -> None:
        """Now and then, whether there is people's mail: it goes before what is in hand."""
        now = time.monotonic()
        if now - self._looked >= PEOPLE_EVERY and may_claim():
            self._looked = now
            while len(self._people) < RENDER_AT_ONCE and self._claim((Batch.Lane.PEOPLE,)):
                pass

    def take(self) -> tuple[Owed, Mail] | None:
        """The next letter that may go now. People's mail, which comes first, always may."""
        if self._people:
            self.pace.overdraw(1)
            return self._people.popleft()
        if not self._ready or not self.pace.ready():
            return None
        self.pace.spend()
        return self._ready.popleft()

    def put_back(self, letter: Owed, mail: Mail) -> None:
        """A letter that never had its turn comes next, and what its turn cost is not lost."""
        self.pace.regain()
        of_people = self.claim_of[letter.pk].lane == Batch.Lane.PEOPLE
        (self._people if of_people else self._ready).appendleft((letter, mail))

    def recorded(self, letters: Iterable[int]) -> None:
        """There is no more to do about these letters; a batch without any other is given back."""
        forget = self.claim_of.pop
        done = Counter(filter(None, [forget(number, None) for number in letters]))
        for claimed, count in done.items():
            self._open[claimed] -= count
            if self._open[claimed] <= 0:
                del self._open[claimed]
                queue.release(claimed, self._clock())

    def is_done_by_others(self) -> bool:
        """Whether other senders are at work."""
        return queue.others_claims(self._open, self._clock())

    def renew(self) -> None:
        """Keep the leases, and let go of what somebody else has claimed since."""
        now = time.monotonic()
        if now - self._renewed < RENEW_EVERY or not self._open:
            return
        self._renewed = now
        lost = self._open.keys() - queue.renew(self._open, self._clock())
        if lost:
            self._take_out(lambda claimed: claimed in lost)

    def heed_holds(self) -> None:
        """Give back what an operator has stopped meanwhile."""
        now = time.monotonic()
        if now - self._asked >= HOLDS_EVERY and self._open:
            self._asked = now
            stopped = queue.stopped(self._open)
            if stopped:
                self.drop(lambda claimed: claimed in stopped)

    def drop(self, which: Callable[[Claim], bool] = lambda _: True) -> None:
        """Nothing more of these is taken: what is not under way waits for another run."""
        self.recorded(self._take_out(which))

    def _take_out(self, which: Callable[[Claim], bool]) -> list[int]:
        """The letters not under way of these claims; they are in this hand no more."""
        ready = [letter for letter, _ in (*self._people, *self._ready)]
        out = {letter.pk for letter in (*ready, *self._loaded) if which(self.claim_of[letter.pk])}
        if out:
            self._people = deque(pair for pair in self._people if pair[0].pk not in out)
            self._ready = deque(pair for pair in self._ready if pair[0].pk not in out)
            self._loaded = deque(letter for letter in self._loaded if letter.pk not in out)
        return list(out)

    def give_back(self) -> None:
        """Release every batch."""
        for claimed in list(self._open):
            queue.release(claimed, self._clock())
        self._open.clear()

    def _claim(self, lanes: Sequence[int]) -> bool:
        """Claim a batch and load its letters; whether there was one. One without letters is not the end.

        People's mail is ready at once, and goes before whatever is in hand. Of a batch that somebody else had claimed
        from us meanwhile, what is still under way here is left to its end: it waits for another claim.
        """
        claimed = queue.claim(self._clock(), lanes, self._open)
        if claimed is None:
            return False
        letters = [letter for letter in queue.waiting_letters(claimed) if letter.pk not in self.claim_of]
        if letters:
            self._open[claimed] = len(letters)
        else:
            queue.release(claimed, self._clock())
        self.claim_of.update((letter.pk, claimed) for letter in letters)
        if claimed.lane == Batch.Lane.PEOPLE:
            self._people.extend(self._prepared(letters))
        else:
            self._loaded.extend(letters)
        return True

    def _prepared(self, letters: Sequence[Owed]) -> list[tuple[Owed, Mail]]:
        now = self._clock()
        late = {letter.pk: Expired() for letter in letters if expired(letter.kind, now - letter.posted_at)}
        fresh = [letter for letter in letters if letter.pk not in late]
        messages = {**late, **(self._render(fresh) if fresh else {})}
        ready: list[tuple[Owed, Mail]] = []
        for letter in letters:
            message = messages[letter.pk]
            try:
                if isinstance(message, Exception):
                    raise message
                ready.append((letter, prepared(message)))
            except Exception as error:
                self._failed(letter, error)
        return ready
