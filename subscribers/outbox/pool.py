"""Many letters at once to an e-mail provider: what `fleet` is over HTTP. A thread waits for each POST."""

from __future__ import annotations

import queue
import time
from concurrent.futures import ThreadPoolExecutor

from subscribers.outbox.happening import BACK, Event
from subscribers.outbox.policy import STREAK, Outcome
from subscribers.outbox.provider import ProviderSession
from subscribers.outbox.providerurl import Provider
from subscribers.outbox.sessions import Sessions
from subscribers.outbox.wire import Mail


class Pool(Sessions[ProviderSession]):
    """Sessions with a provider: one a letter under way."""

    channel = "provider"
    follows = False

    def __init__(self, provider: Provider) -> None:
        super().__init__(lambda: ProviderSession(provider))
        self.most = provider.connections
        self._posting = 0
        self._failures = 0  # letters in a row that it has not taken, and said nothing of us
        self._proven = False  # it has answered a letter, and made sense
        self._threads = ThreadPoolExecutor(self.most, thread_name_prefix="post")
        self._done: queue.SimpleQueue[tuple[int, Outcome, ProviderSession]] = queue.SimpleQueue()

    def room(self, wanted: int) -> int:
        """None any more once there was trouble. The first letter goes alone: whatever is wrong shows there, and one
        letter is in doubt.
        """
        most = min((self.most if self._proven else 1) - len(self._held) - self._posting, wanted)
        self._open(most)
        return 0 if self.trouble is not None else min(most, len(self._idle))

    def dot(self, key: int, following: tuple[int, Mail] | None = None) -> None:
        """Post a held letter. None follows it: its session is taken until the answer comes."""
        session = self._held.pop(key)
        self._posting += 1
        self._threads.submit(self._post, key, session)
        if following is not None:
            self._events.append((following[0], BACK))

    def _post(self, key: int, session: ProviderSession) -> None:
        self._done.put((key, session.dot(), session))

    def poll(self, seconds: float) -> list[Event]:
        """The answers that have come, or the first that comes in time."""
        pause = 0.0 if self._events else seconds
        while self._posting:
            try:
                key, outcome, session = self._done.get(timeout=pause) if pause else self._done.get_nowait()
            except queue.Empty:
                break
            self._posting -= 1
            self._proven = self._proven or session.trouble is None
            self._failures = self._failures + 1 if outcome.kind == "deferred" else 0
            streak = outcome._replace(kind="channel") if self._failures == STREAK else None
            self.trouble = session.trouble or streak or self.trouble
            self._idle.append(session)
            self._events.append((key, outcome))
            pause = 0.0
        else:
            if pause and not self._events:
                time.sleep(pause)
        return self._taken()

    def close(self) -> None:
        """Nothing more is posted. Who has posted is waited for: what the provider says then is not heard any more."""
        self._threads.shutdown(cancel_futures=True)
        super().close()
