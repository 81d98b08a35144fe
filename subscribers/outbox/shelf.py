"""Many letters at once into a folder: what `fleet` is for a mail server. Here nothing has to be waited for."""

from __future__ import annotations

from subscribers.outbox.folder import FolderSession
from subscribers.outbox.happening import HELD, Event
from subscribers.outbox.mailurl import Folder
from subscribers.outbox.policy import Outcome, Refusal
from subscribers.outbox.wire import Mail

AT_ONCE = 8  # letters held for one commit; a kill leaves as many unknown, and here more would win nothing


class Shelf:
    """A folder with room for letters that are staged."""

    channel = "folder"
    follows = True

    def __init__(self, folder: Folder) -> None:
        self.trouble: Outcome | None = None
        self.most = AT_ONCE
        self._folder = folder
        self._held: dict[int, FolderSession] = {}
        self._idle: list[FolderSession] = []
        self._events: list[Event] = []

    def room(self, wanted: int) -> int:
        """The folder is made when the first letter wants in."""
        most = min(self.most, wanted + len(self._held))
        while self.trouble is None and len(self._held) + len(self._idle) < most:
            session = FolderSession(self._folder)
            try:
                session.open()
            except Refusal as refusal:
                self.trouble = refusal.outcome
            else:
                self._idle.append(session)
        return len(self._idle)

    def stage(self, key: int, mail: Mail) -> None:
        """Write the letter beside its place."""
        session = self._idle.pop()
        try:
            session.stage(mail.message)
        except Refusal as refusal:
            self._idle.append(session)
            self._events.append((key, refusal.outcome))
        else:
            self._held[key] = session
            self._events.append((key, HELD))

    def poll(self, seconds: float) -> list[Event]:  # noqa: ARG002
        """What has happened since the last time."""
        events, self._events = self._events, []
        return events

    def dot(self, key: int, following: tuple[int, Mail] | None = None) -> None:
        """Put a letter in its place, and stage the next."""
        session = self._held.pop(key)
        self._events.append((key, session.dot()))
        self._idle.append(session)
        if following is not None:
            self.stage(*following)

    def abandon(self, key: int) -> None:
        """Remove what was staged."""
        session = self._held.pop(key)
        session.abandon()
        self._idle.append(session)

    def close(self) -> None:
        """What is staged is removed."""
        for session in (*self._held.values(), *self._idle):
            session.close()
