"""Sessions that hold a letter each, without a line to wait at: what a folder and a provider have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from subscribers.outbox.happening import HELD, Event
from subscribers.outbox.message import Message
from subscribers.outbox.policy import Outcome, Refusal
from subscribers.outbox.wire import Mail


class Session(Protocol):
    """A way for one letter at a time; each step raises Refusal."""

    def open(self) -> None: ...
    def stage(self, message: Message) -> None: ...
    def abandon(self) -> None: ...
    def close(self) -> None: ...


S = TypeVar("S", bound=Session)


class Sessions(Generic[S]):
    """Those that are idle, those that hold a letter, and what has happened. `make` gives one that is not open yet."""

    def __init__(self, make: Callable[[], S]) -> None:
        self.trouble: Outcome | None = None
        self._make = make
        self._held: dict[int, S] = {}
        self._idle: list[S] = []
        self._events: list[Event] = []

    def _open(self, idle: int) -> None:
        """Have so many idle ones, unless there is trouble."""
        while self.trouble is None and len(self._idle) < idle:
            session = self._make()
            try:
                session.open()
            except Refusal as refusal:
                self.trouble = refusal.outcome
            else:
                self._idle.append(session)

    def stage(self, key: int, mail: Mail) -> None:
        """Everything but the dot, in an idle session: nothing leaves."""
        session = self._idle.pop()
        try:
            session.stage(mail.message)
        except Refusal as refusal:
            self._idle.append(session)
            self._events.append((key, refusal.outcome))
        else:
            self._held[key] = session
            self._events.append((key, HELD))

    def abandon(self, key: int) -> None:
        """Take a held letter back."""
        session = self._held.pop(key)
        session.abandon()
        self._idle.append(session)

    def _taken(self) -> list[Event]:
        """What has happened since the last time."""
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        """What is staged is taken back."""
        for session in (*self._held.values(), *self._idle):
            session.close()
