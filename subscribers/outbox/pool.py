"""Many letters at once to an e-mail provider: what `fleet` is over HTTP. A thread waits for each POST."""

from __future__ import annotations

import queue
import time
from concurrent.futures import ThreadPoolExecutor

from subscribers.outbox.happening import BACK, HELD, Event
from subscribers.outbox.policy import Outcome, Refusal
from subscribers.outbox.provider import ProviderSession
from subscribers.outbox.providerurl import Provider
from subscribers.outbox.wire import Mail


class Pool:
    """Sessions with a provider: one a letter under way."""

    channel = "provider"
    follows = False

    def __init__(self, provider: Provider) -> None:
        self.trouble: Outcome | None = None
        self.most = provider.connections
        self._provider = provider
        self._held: dict[int, ProviderSession] = {}
        self._idle: list[ProviderSession] = []
        self._posting = 0
        self._threads = ThreadPoolExecutor(self.most, thread_name_prefix="post")
        self._done: queue.SimpleQueue[tuple[int, Outcome, ProviderSession]] = queue.SimpleQueue()
        self._events: list[Event] = []

    def room(self, wanted: int) -> int:
        """None any more once there was trouble."""
        most = min(self.most - len(self._held) - self._posting, wanted)
        while self.trouble is None and len(self._idle) < most:
            session = ProviderSession(self._provider)
            try:
                session.open()
            except Refusal as refusal:
                self.trouble = refusal.outcome
            else:
                self._idle.append(session)
        return 0 if self.trouble is not None else min(most, len(self._idle))

    def stage(self, key: int, mail: Mail) -> None:
        """Make the provider's message of a letter; nothing leaves."""
        session = self._idle.pop()
        try:
            session.stage(mail.message)
        except Refusal as refusal:
            self._idle.append(session)
            self._events.append((key, refusal.outcome))
        else:
            self._held[key] = session
            self._events.append((key, HELD))

    def dot(self, key: int, following: tuple[int, Mail] | None = None) -> None:
        """Post a held letter. None follows it: its session is taken until the answer comes."""
        session = self._held.pop(key)
        self._posting += 1
        self._threads.submit(self._post, key, session)
        if following is not None:
            self._events.append((following[0], BACK))

    def _post(self, key: int, session: ProviderSession) -> None:
        self._done.put((key, session.dot(), session))

    def abandon(self, key: int) -> None:
        """Take a held letter back."""
        session = self._held.pop(key)
        session.abandon()
        self._idle.append(session)

    def poll(self, seconds: float) -> list[Event]:
        """The answers that have come, or the first that comes in time."""
        pause = 0.0 if self._events else seconds
        while self._posting:
            try:
                key, outcome, session = self._done.get(timeout=pause) if pause else self._done.get_nowait()
            except queue.Empty:
                break
            self._posting -= 1
            self.trouble = session.trouble or self.trouble
            self._idle.append(session)
            self._events.append((key, outcome))
            pause = 0.0
        else:
            if pause and not self._events:
                time.sleep(pause)
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        """Nothing more is posted. Who has posted is waited for: what the provider says then is not heard any more."""
        self._threads.shutdown(cancel_futures=True)
        for session in (*self._held.values(), *self._idle):
            session.close()
