"""The letters that a run has in hand: claimed, loaded and rendered a few at a time, given back batch by batch."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from subscribers.models import Batch
from subscribers.outbox import queue
from subscribers.outbox.message import Message
from subscribers.outbox.queue import Claim, Owed
from subscribers.outbox.wire import Mail, prepared

RENDER_AT_ONCE = 200  # letters held in memory as bytes, besides those under way
RENEW_EVERY = 15.0  # seconds; a lease lasts four of them
PEOPLE_EVERY = 5.0  # seconds: so long a person's mail may wait behind a batch of digests

Render = Callable[[Sequence[Owed]], Mapping[int, Message | Exception]]
Failed = Callable[[Owed, Exception], None]


class Hand:
    """Claimed letters. `failed` hears of each that is no mail, and its error."""

    def __init__(self, render: Render, clock: Callable[[], datetime], failed: Failed) -> None:
        self.claim_of: dict[int, Claim] = {}  # by letter, until something is recorded of it
        self._render, self._clock, self._failed = render, clock, failed
        self._ready: deque[tuple[Owed, Mail]] = deque()
        self._loaded: deque[Owed] = deque()
        self._open: Counter[Claim] = Counter()  # letters of each claim that nothing is recorded of
        self._dry = False  # there was nothing more to claim
        self._renewed = self._looked = time.monotonic()

    def __len__(self) -> int:
        return len(self._ready)

    def fill(self, least: int, may_claim: Callable[[], bool]) -> None:
        """Have so many letters ready, when there are so many."""
        while len(self._ready) < least:
            while len(self._loaded) < least and not self._dry and may_claim():
                self._dry = not self._claim(tuple(Batch.Lane))
            if not self._loaded:
                return
            self._prepare([self._loaded.popleft() for _ in range(min(RENDER_AT_ONCE, len(self._loaded)))])

    def look_for_people(self, may_claim: Callable[[], bool]) -> None:
        """Now and then, whether there is people's mail: it goes before what is in hand."""
        now = time.monotonic()
        if now - self._looked >= PEOPLE_EVERY and may_claim():
            self._looked = now
            behind, self._loaded = self._loaded, deque()
            while len(self._loaded) < RENDER_AT_ONCE and self._claim((Batch.Lane.PEOPLE,)):
                pass
            first, self._ready = self._ready, deque()
            self._prepare(list(self._loaded))
            self._ready.extend(first)
            self._loaded = behind

    def take(self) -> tuple[Owed, Mail] | None:
        """The next letter."""
        return self._ready.popleft() if self._ready else None

    def put_back(self, letter: Owed, mail: Mail) -> None:
        """A letter that never had its turn comes next."""
        self._ready.appendleft((letter, mail))

    def recorded(self, letters: Iterable[int]) -> None:
        """There is no more to do about these letters; a batch without any other is given back."""
        forget = self.claim_of.pop
        done = Counter(filter(None, [forget(number, None) for number in letters]))
        for claimed, count in done.items():
            self._open[claimed] -= count
            if self._open[claimed] <= 0:
                del self._open[claimed]
                queue.release(claimed, self._clock())

    def renew(self) -> None:
        """Keep the leases, and let go of what somebody else has claimed since."""
        now = time.monotonic()
        if now - self._renewed < RENEW_EVERY or not self._open:
            return
        self._renewed = now
        lost = self._open.keys() - queue.renew(self._open, self._clock())
        if lost:
            self._ready = deque(pair for pair in self._ready if self.claim_of[pair[0].pk] not in lost)
            self._loaded = deque(letter for letter in self._loaded if self.claim_of[letter.pk] not in lost)

    def drop(self) -> None:
        """Nothing more is taken: what is not under way waits for another run."""
        dropped = [*(letter for letter, _ in self._ready), *self._loaded]
        self._ready.clear()
        self._loaded.clear()
        self.recorded(letter.pk for letter in dropped)

    def give_back(self) -> None:
        """Release every batch."""
        for claimed in list(self._open):
            queue.release(claimed, self._clock())
        self._open.clear()

    def _claim(self, lanes: Sequence[int]) -> bool:
        """Claim a batch and load its letters; whether there was one. One without letters is not the end."""
        claimed = queue.claim(self._clock(), lanes)
        if claimed is None:
            return False
        letters = queue.waiting_letters(claimed)
        if letters:
            self._open[claimed] = len(letters)
        else:
            queue.release(claimed, self._clock())
        self.claim_of.update((letter.pk, claimed) for letter in letters)
        self._loaded.extend(letters)
        return True

    def _prepare(self, letters: Sequence[Owed]) -> None:
        messages = self._render(letters) if letters else {}
        for letter in letters:
            message = messages[letter.pk]
            try:
                if isinstance(message, Exception):
                    raise message
                self._ready.append((letter, prepared(message)))
            except Exception as error:
                self._failed(letter, error)
